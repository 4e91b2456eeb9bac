package resp

import (
	"math"
	"strconv"
	"testing"
)

// TestWriter shows each reply in both protocols.
func TestWriter(t *testing.T) {
	for _, c := range []struct {
		name         string
		write        func(w *Writer)
		resp2, resp3 string // resp3 "": as resp2
	}{
		{"ok", func(w *Writer) { w.OK() }, "+OK\r\n", ""},
		{"simple", func(w *Writer) { w.Simple("PONG") }, "+PONG\r\n", ""},
		{"error", func(w *Writer) { w.Error("ERR a\r\nb") }, "-ERR a  b\r\n", ""},
		{"int", func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ""},
		{"flags", func(w *Writer) { w.Flag(true); w.Flag(false) }, ":1\r\n:0\r\n", ""},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\nb")) }, "$4\r\na\r\nb\r\n", ""},
		{"empty bulk", func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", ""},
		{"bulk of a number", func(w *Writer) { w.BulkInt(-42) }, "$3\r\n-42\r\n", ""},
		{"null", func(w *Writer) { w.Null() }, "$-1\r\n", "_\r\n"},
		{"null array", func(w *Writer) { w.NullArray() }, "*-1\r\n", "_\r\n"},
		{"array", func(w *Writer) { w.Array(2); w.Int(1); w.BulkString("b") }, "*2\r\n:1\r\n$1\r\nb\r\n", ""},
		{"map", func(w *Writer) { w.Map(1); w.BulkString("k"); w.Int(1) }, "*2\r\n$1\r\nk\r\n:1\r\n", "%1\r\n$1\r\nk\r\n:1\r\n"},
		{"set", func(w *Writer) { w.Set(1); w.BulkString("m") }, "*1\r\n$1\r\nm\r\n", "~1\r\n$1\r\nm\r\n"},
		{"push", func(w *Writer) { w.Push(1); w.BulkString("m") }, "*1\r\n$1\r\nm\r\n", ">1\r\n$1\r\nm\r\n"},
		{"bools", func(w *Writer) { w.Bool(true); w.Bool(false) }, ":1\r\n:0\r\n", "#t\r\n#f\r\n"},
		{"double", func(w *Writer) { w.Double(0.5) }, "$3\r\n0.5\r\n", ",0.5\r\n"},
		{"text of a double", func(w *Writer) { w.DoubleText([]byte("0.50")) }, "$4\r\n0.50\r\n", ",0.50\r\n"},
		{"infinite", func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", "a\nb") }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n"},
		{"raw", func(w *Writer) { w.Raw([]byte("+X\r\n")) }, "+X\r\n", ""},
	} {
		if c.resp3 == "" {
			c.resp3 = c.resp2
		}
		for proto, want := range map[int]string{0: c.resp2, 2: c.resp2, 3: c.resp3} {
			w := Writer{Buf: []byte("before|"), Proto: proto}
			c.write(&w)
			if got := string(w.Buf); got != "before|"+want {
				t.Errorf("%s in RESP%d: got %q, want %q behind what was there", c.name, proto, got, want)
			}
		}
	}
}

func TestAppendDouble(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1, "1"}, {-3, "-3"}, {0.5, "0.5"}, {math.NaN(), "nan"}, {math.Inf(1), "inf"},
		{1 << 52, "4503599627370496"}, {0.1, "0.1"}, {math.MaxFloat64, "1.7976931348623157e+308"},
		{-0.1, "-0.1"}, {1e17, "100000000000000000"}, {-1e18, "-1000000000000000000"}, {1e19, "1e+19"}, {1.5e19, "1.5e+19"},
		{12345678901234567890, "12345678901234567000"}, {1e21, "1e+21"}, {1e100, "1e+100"}, {5e-324, "5e-324"},
		{0.001, "0.001"}, {0.000001, "0.000001"}, {0.0000001, "1e-7"}, {0.00012345678, "1.2345678e-4"}, {0.0012345678, "0.0012345678"},
		{9999.1234567, "9999.1234567"}, {12345.1234567, "1.23451234567e+4"}, {12345.123456, "12345.123456"},
		{3.14159265358979, "3.14159265358979"}, {1.0 / 3, "0.3333333333333333"}, {-2.5e-10, "-2.5e-10"},
	} {
		got := string(AppendDouble(nil, c.f))
		if got != c.want {
			t.Errorf("%v is written as %s, want %s", c.f, got, c.want)
		}
		if back, err := strconv.ParseFloat(got, 64); err != nil || back != c.f && !math.IsNaN(c.f) {
			t.Errorf("%s is read back as %v (%v)", got, back, err)
		}
	}
}

func TestParseInt(t *testing.T) {
	for _, s := range []string{"0", "1", "-1", "9223372036854775807", "-9223372036854775808", "10"} {
		want, _ := strconv.ParseInt(s, 10, 64)
		if n, ok := ParseInt([]byte(s)); !ok || n != want {
			t.Errorf("%s is parsed as %d, %v", s, n, ok)
		}
	}
	for _, s := range []string{"", "-", "-0", "+1", "01", "-01", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "184467440737095516160"} {
		if n, ok := ParseInt([]byte(s)); ok {
			t.Errorf("%q is parsed as %d", s, n)
		}
	}
}

// TestWritingAllocatesNothing holds the replies of hot commands to it.
func TestWritingAllocatesNothing(t *testing.T) {
	w := Writer{Buf: make([]byte, 0, 1024), Proto: 3}
	value := make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		w.Buf = w.Buf[:0]
		w.OK()
		w.Int(123456)
		w.Bulk(value)
		w.BulkInt(-99)
		w.Null()
		w.Array(3)
		w.Map(2)
		w.Double(1.25)
		w.Error("ERR no")
	}); n != 0 {
		t.Errorf("writing allocates %v times", n)
	}
}
