package record

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

func command(words string) Command {
	c := Command{}
	for word := range strings.FieldsSeq(words) {
		c.Args = append(c.Args, []byte(word))
	}
	return c
}

func encodeRecord(r *Record, baseMs int64) []byte {
	size := r.BodySize()
	return r.AppendBody(AppendPrefix(nil, r.TimeMs, baseMs, size))
}

// sameRecord compares what a record says, not where it is kept.
func sameRecord(a, b *Record) bool {
	return a.TimeMs == b.TimeMs && reflect.DeepEqual(a.Commands, b.Commands)
}

func TestRecordsComeBack(t *testing.T) {
	const now = 1_790_000_000_000
	large := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	tests := []struct {
		name string
		rec  Record
		size int // bytes, 0: not checked
	}{
		{"a short command", Record{TimeMs: now, Commands: []Command{command("SET key value")}}, 5 + 4 + 4 + 6},
		{"an empty argument", Record{TimeMs: now, Commands: []Command{{Args: [][]byte{[]byte("SET"), {}, {}}}}}, 0},
		{"seed, database and kind", Record{TimeMs: now + 3, Commands: []Command{
			{DB: 15, Seed: math.MaxUint64, Kind: MaxKind, Args: [][]byte{[]byte("SPOP"), []byte("s")}}}}, 0},
		{"a clock that went back", Record{TimeMs: now - 90_000_000, Commands: []Command{command("INCR n")}}, 0},
		{"before 1970", Record{TimeMs: math.MinInt64 / 2, Commands: []Command{command("INCR n")}}, 0},
		{"a transaction", Record{TimeMs: now, Commands: []Command{
			command("SET a 1"), {DB: 3, Args: [][]byte{[]byte("INCR"), []byte("b")}}, {Seed: 7, Args: [][]byte{[]byte("SPOP"), []byte("c")}}}}, 0},
		{"lengths of more than one byte", Record{TimeMs: now, Commands: []Command{{DB: 1000, Args: [][]byte{large[:127], large[:128], large[:16384], large}}}}, 0},
	}
	var all []byte
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := encodeRecord(&tt.rec, now)
			if body := tt.rec.BodySize(); len(tt.rec.AppendBody(nil)) != body {
				t.Errorf("the body has %d bytes, announced were %d", len(tt.rec.AppendBody(nil)), body)
			}
			if tt.size != 0 && len(b) != tt.size {
				t.Errorf("it takes %d bytes, want %d", len(b), tt.size)
			}
			var got Record
			rest, fault := Decode(append(b, "rest"...), now, &got)
			if fault != "" || string(rest) != "rest" || !sameRecord(&got, &tt.rec) {
				t.Errorf("decoded as %+v, rest %q, fault %q", got, rest, fault)
			}
			for cut := range b {
				if cut > 64 && cut < len(b)-64 {
					continue
				}
				if _, fault := Decode(b[:cut], now, &got); fault == "" {
					t.Fatalf("the first %d of %d bytes are a record", cut, len(b))
				}
			}
			all = append(all, b...)
		})
	}
	var got Record
	for _, tt := range tests {
		var fault string
		if all, fault = Decode(all, now, &got); fault != "" || !sameRecord(&got, &tt.rec) {
			t.Errorf("%s: read as one of many: %+v, %s", tt.name, got, fault)
		}
	}
}

func TestRecordsAllocateNothing(t *testing.T) {
	rec := Record{TimeMs: 1_790_000_000_000, Commands: []Command{command("SET key value")}}
	buf := make([]byte, 0, 256)
	var got Record
	if n := testing.AllocsPerRun(100, func() {
		b := AppendPrefix(buf, rec.TimeMs, rec.TimeMs, rec.BodySize())
		b = rec.AppendBody(b)
		if _, fault := Decode(b, rec.TimeMs, &got); fault != "" {
			t.Fatal(fault)
		}
	}); n != 0 {
		t.Errorf("writing and reading a record allocates %v times", n)
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		bytes []byte
	}{
		{"no commands", []byte{0, 1, 0}},
		{"more commands than bytes", []byte{0, 3, 200, 1, 0}},
		{"an unknown form", []byte{0, 5, 1, 4, 1, 1, 'x'}},
		{"no arguments", []byte{0, 3, 1, 0, 0}},
		{"more arguments than bytes", []byte{0, 5, 1, 0, 9, 1, 'x'}},
		{"an argument beyond the record", []byte{0, 5, 1, 0, 1, 2, 'x'}},
		{"bytes behind the last command", []byte{0, 6, 1, 0, 1, 1, 'x', 0}},
		{"a database that cannot be", []byte{0, 10, 1, 2, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 'x'}},
	}
	for _, tt := range tests {
		var rec Record
		if _, fault := Decode(tt.bytes, 0, &rec); fault == "" {
			t.Errorf("%s: read as %+v", tt.name, rec)
		}
	}
}

// FuzzRecord: whatever the bytes are, reading ends, and what it accepts is what
// writing produces.
func FuzzRecord(f *testing.F) {
	rec := Record{TimeMs: 5, Commands: []Command{command("SET key value"), {DB: 2, Seed: 9, Kind: 3, Args: [][]byte{[]byte("INCR"), nil}}}}
	f.Add(encodeRecord(&rec, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var rec, again Record
		rest, fault := Decode(b, 0, &rec)
		if fault != "" {
			return
		}
		if len(rest) >= len(b) || len(rec.args) > len(b) {
			t.Fatalf("%d bytes hold %d arguments and leave %d bytes", len(b), len(rec.args), len(rest))
		}
		if rest, fault := Decode(encodeRecord(&rec, 0), 0, &again); fault != "" || len(rest) > 0 || !sameRecord(&rec, &again) {
			t.Fatalf("%+v came back as %+v (%s)", rec, again, fault)
		}
	})
}
