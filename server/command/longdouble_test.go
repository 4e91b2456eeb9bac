package command

import (
	"strings"
	"testing"
)

// TestLongDouble holds sums to what a C program with long double prints on
// x86. The first text is refused where the sum is "".
func TestLongDouble(t *testing.T) {
	for _, test := range []struct{ a, b, sum string }{
		{"0.1", "0.2", "0.3"},
		{"10.50", "0.1", "10.6"},
		{"3.0", "0", "3"},
		{"5.0e3", "2.0e2", "5200"},
		{"-0", "0", "0"},
		{"-1e-20", "0", "0"},
		{"1e17", "1", "100000000000000001"},
		{"9223372036854775807", "0", "9223372036854775807"},
		{"18446744073709551615", "0", "18446744073709551615"},
		{"18446744073709551617", "0", "18446744073709551616"},
		{"1e20", "1", "100000000000000000000"},
		{"0.1", "0", "0.1"},
		{"3.14159265358979323846", "0", "3.14159265358979324"},
		{"123456789.123456789", "0", "123456789.12345678899873747"},
		{".5", "5.", "5.5"},
		{"+3.25", "-1", "2.25"},
		{"0x1p3", "0X.8", "8.5"},
		{"1e-400", "1", "1"},
		{"0e999999999999", "1", "1"},
		{"1.18973149535723176502e4932", "-1.18973149535723176502e4932", "0"},
		{"1e4933", "0", ""},
		{"0x1p16384", "0", ""},
		{"1e-5000", "0", ""},
		{"1e99999999999999999999", "0", ""},
		{"nan", "0", ""},
		{"", "0", ""},
		{" 1", "0", ""},
		{"1 ", "0", ""},
		{"1\x00", "0", ""},
		{"1e", "0", ""},
		{"0x", "0", ""},
		{".", "0", ""},
		{"1_0", "0", ""},
		{strings.Repeat("1", maxLongDoubleText), "0", ""},
	} {
		a, ok := parseLongDouble([]byte(test.a))
		if ok != (test.sum != "") {
			t.Errorf("%.40q is a number: %v", test.a, ok)
			continue
		}
		if !ok {
			continue
		}
		b, ok := parseLongDouble([]byte(test.b))
		if !ok || !a.add(&b) {
			t.Errorf("%q + %q is no number", test.a, test.b)
			continue
		}
		if got := string(a.text()); got != test.sum {
			t.Errorf("%q + %q = %q, want %q", test.a, test.b, got, test.sum)
		}
	}
}

// TestLongDoubleOverflow shows which sums are refused.
func TestLongDoubleOverflow(t *testing.T) {
	for _, pair := range [][2]string{{"inf", "1"}, {"1", "-Infinity"}, {"inf", "-inf"}, {"1e4932", "1e4932"}} {
		a, aOK := parseLongDouble([]byte(pair[0]))
		b, bOK := parseLongDouble([]byte(pair[1]))
		if !aOK || !bOK || a.add(&b) {
			t.Errorf("%s + %s: parsed %v %v, want a sum that is not finite", pair[0], pair[1], aOK, bOK)
		}
	}
}

func FuzzLongDouble(f *testing.F) {
	for _, s := range []string{"0.1", "1e17", "-0x1.8p-3", "inf", "1e-4950", "123456789.123456789"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, ok := parseLongDouble(b)
		if !ok || x.f.IsInf() {
			return
		}
		text := x.text()
		again, ok := parseLongDouble(text)
		if !ok {
			t.Fatalf("%q prints as %q, which is no number", b, text)
		}
		if got := again.text(); string(got) != string(text) {
			t.Fatalf("%q prints as %q, and that as %q", b, text, got)
		}
	})
}
