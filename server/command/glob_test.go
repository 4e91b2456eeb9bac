package command

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatchGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", false}, {"**", "", false}, {"?", "", false},
		{"*", "a", true}, {"**", "abc", true}, {"a*", "a", true}, {"a**", "a", true}, {"*a", "a", true},
		{"a*c", "abbc", true}, {"a*c", "abcb", false}, {"a*b*c", "axbxbc", true}, {"?", "a", true}, {"?", "ab", false},
		{"h[ae]llo", "hello", true}, {"h[ae]llo", "hillo", false}, {"h[^e]llo", "hallo", true}, {"h[^e]llo", "hello", false},
		{"[a-c]", "b", true}, {"[c-a]", "b", true}, {"[a-c]", "d", false}, {"[^a-c]", "d", true},
		{"[abc", "c", true}, {"[abc", "d", false}, {"[^", "a", true}, {"[", "a", false}, {"[]", "a", false}, {"[^]", "]", true},
		{"[a-]", "a", true}, {"[a-]", "^", true}, {"[a-]", "-", false}, {"[a-]b", "b", true}, {"[-a]", "-", true},
		{`[\]]`, "]", true}, {`[\-z]`, "-", true}, {`[\^]`, "^", true}, {`[\`, `\`, true},
		{`\*`, "*", true}, {`\*`, "a", false}, {`\`, `\`, true}, {`\\`, `\`, true}, {`\a`, "a", true}, {`a\`, `a\`, true},
		{"A", "a", false}, {"[A-Z]", "a", false}, {"\x00*", "\x00\xff", true}, {"[\x80-\xff]", "\x90", true},
	} {
		if got := matchGlob([]byte(c.pattern), []byte(c.name)); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
	if g := newGlob([]byte("*")); !g.match(nil) {
		t.Error("KEYS * leaves out the empty key")
	}
	if !matchName([]byte("GET*"), []byte("getrange")) {
		t.Error("the case of a command's name counts")
	}
}

// TestMatchGlobTriesAllPlaces compares with a matcher that tries the rest of
// the pattern at each place after each star.
func TestMatchGlobTriesAllPlaces(t *testing.T) {
	matched := 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SliceOfN(rapid.SampledFrom([]byte(`ab*?[]^-\`)), 0, 8).Draw(t, "pattern")
		name := rapid.SliceOfN(rapid.SampledFrom([]byte("ab-]^")), 1, 6).Draw(t, "name")
		want := matchAnywhere(pattern, name)
		if want {
			matched++
		}
		if got := matchGlob(pattern, name); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
	})
	if matched == 0 {
		t.Error("no pattern matched")
	}
}

func matchAnywhere(pattern, name []byte) bool {
	if len(pattern) == 0 || len(name) == 0 {
		return len(bytes.TrimLeft(pattern, "*")) == 0 && len(name) == 0
	}
	if pattern[0] == '*' {
		return matchAnywhere(pattern[1:], name) || matchAnywhere(pattern, name[1:])
	}
	width, ok := matchOne(pattern, name[0])
	return ok && matchAnywhere(pattern[width:], name[1:])
}

// TestMatchGlobOfHostilePatterns ends only because the time is bounded by the
// product of the lengths: with a retry at each star it would take years.
func TestMatchGlobOfHostilePatterns(t *testing.T) {
	name := []byte(strings.Repeat("a", 5000))
	for _, pattern := range []string{strings.Repeat("a*", 500) + "b", strings.Repeat("*?", 500) + "b", strings.Repeat("*[ab]", 300) + "c"} {
		if matchGlob([]byte(pattern), name) {
			t.Errorf("%.20q… matches a name of the letter a", pattern)
		}
	}
}
