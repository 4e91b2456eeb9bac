package config

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	tests := []struct {
		line string
		want []string
	}{
		{"", nil},
		{"  \t ", nil},
		{"port 6379", []string{"port", "6379"}},
		{"  port\t 6379  ", []string{"port", "6379"}},
		{`save ""`, []string{"save", ""}},
		{`save ''`, []string{"save", ""}},
		{`a "b c" d`, []string{"a", "b c", "d"}},
		{`a "\x41\n\r\t\b\a\"\\\q"`, []string{"a", "A\n\r\t\b\a\"\\q"}},
		{`a "\xzz"`, []string{"a", "xzz"}},
		{`a 'b\n\'c'`, []string{"a", `b\n'c`}},
		{`a b"c d"`, []string{"a", "bc d"}},
		{`a b#c # d`, []string{"a", "b#c", "#", "d"}},
		{"a \xff\x01", []string{"a", "\xff\x01"}},
	}
	for _, tt := range tests {
		got, err := splitWords(tt.line)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("splitWords(%q) = %q, %v; want %q", tt.line, got, err, tt.want)
		}
	}
}

func TestSplitWordsUnbalanced(t *testing.T) {
	for _, line := range []string{`a "b`, `a 'b`, `a "b"c`, `a 'b'c`, `a "b\`, `"`, `a "b""c"`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("splitWords(%q) = %q, want an error", line, got)
		}
	}
}

// What quoteWord writes, splitWords reads; and whatever splitWords reads can be
// written again.
func FuzzSplitWords(f *testing.F) {
	for _, seed := range []string{"", "port 6379", `a "b\x00c" 'd'`, `"\`, "a\x00b", "é 'ü'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitWords(line)
		if err != nil {
			return
		}
		var quoted []string
		for _, word := range words {
			quoted = append(quoted, quoteWord(word))
		}
		again, err := splitWords(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Errorf("%q splits into %q, which is written %q and reads %q, %v", line, words, quoted, again, err)
		}
	})
}

func TestMemory(t *testing.T) {
	tests := []struct {
		word string
		want int64
		err  error
	}{
		{"0", 0, nil}, {"1", 1, nil}, {"1b", 1, nil},
		{"1k", 1000, nil}, {"1kb", 1024, nil}, {"1K", 1000, nil}, {"1Kb", 1024, nil},
		{"3m", 3_000_000, nil}, {"3mb", 3 << 20, nil},
		{"2g", 2_000_000_000, nil}, {"2GB", 2 << 30, nil},
		{"9223372036854775807", 1<<63 - 1, nil},
		{"9223372036854775808", 0, errOverflow},
		{"9007199254740992kb", 0, errOverflow},
		{"", 0, errNotMemory}, {"mb", 0, errNotMemory}, {"1.5gb", 0, errNotMemory},
		{"-1", 0, errNotMemory}, {" 1", 0, errNotMemory}, {"1 mb", 0, errNotMemory},
		{"1gib", 0, errNotMemory}, {"12zz", 0, errNotMemory}, {"5%", 0, errNotMemory},
	}
	for _, tt := range tests {
		got, err := parseMemory(tt.word)
		if got != tt.want || err != tt.err {
			t.Errorf("parseMemory(%q) = %d, %v; want %d, %v", tt.word, got, err, tt.want, tt.err)
		}
		if err != nil {
			continue
		}
		if again, err := parseMemory(formatMemory(got)); again != got || err != nil {
			t.Errorf("formatMemory(%d) = %q, which reads %d, %v", got, formatMemory(got), again, err)
		}
	}
}

func TestMatchGlob(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*", "port", true}, {"*", "", true}, {"", "", true}, {"", "port", false},
		{"max*", "maxmemory", true}, {"MAX*", "maxmemory", true}, {"*mem*", "maxmemory", true},
		{"*max*", "list-max-listpack-size", true}, {"*y*y", "maxmemory", false},
		{"por?", "port", true}, {"por?", "por", false}, {"p[n-p]rt", "port", true},
		{"p[^n-p]rt", "port", false}, {"p[p-n]rt", "port", true}, {"p[xo]rt", "port", true},
		{`po\rt`, "port", true}, {`p[\o]rt`, "port", true}, {"p[o", "po", true},
		{"a*b*c*d", "a-b-c-d-c", false}, {"a*b*c*d", "aXbXcXbd", true}, {"**t", "port", true},
		{`port\`, "port", false}, {`port\`, `port\`, true},
	}
	for _, tt := range tests {
		if got := matchGlob(tt.pattern, tt.name); got != tt.want {
			t.Errorf("matchGlob(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}
