package script

import (
	"strings"
	"testing"
)

// TestNesting: what is nested too deep is refused, before it costs anything, and
// what is merely long is not.
func TestNesting(t *testing.T) {
	nest := func(open, middle, shut string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
	}
	for _, tc := range []struct {
		what, code string
		line       int // of the refusal, 0: it is compiled
	}{
		{"tables", "return " + nest("{", "", "}", 1_000_000), 1},
		{"some tables", "return " + nest("{", "", "}", 150), 0},
		{"parentheses", "return \n\n" + nest("(", "1", ")", 1_000_000), 3},
		{"signs", "return " + nest("- ", "1", "", 3_000_000), 1},
		{"denials", "return " + nest("not ", "1", "", 201), 1},
		{"blocks", nest("do ", "", " end ", 300), 1},
		{"functions", nest("return function() ", "", " end", 300), 1},
		{"conditions", nest("if x then ", "", " end ", 150), 0},
		{"a list of tables", "return {" + strings.Repeat("{},", 5000) + "}", 0},
		{"a sum", "return " + strings.Repeat("1+", 5000) + "1", 0},
		{"a long sum", "return " + strings.Repeat("1+", 50_000) + "1", -1},
		{"a chain of strings", "return " + strings.Repeat("'a'..", 50_000) + "'a'", -1},
		{"brackets in strings", "return '" + strings.Repeat("(", 500) + "' .. \"\\\"" + strings.Repeat("{", 500) + "\" .. [==[" + strings.Repeat("[", 500) + "]==]", 0},
		{"brackets in comments", "--" + strings.Repeat("(", 500) + "\n--[[" + strings.Repeat("(\n", 500) + "]] return 1", 0},
		{"an endless string", "return '" + strings.Repeat("(", 500), -2},
		{"differences", "return " + strings.Repeat("1-1-", 500) + "1", 0},
	} {
		_, err := Compile(tc.code)
		got := ""
		if err != nil {
			got = err.Error()
		}
		deep := strings.HasSuffix(got, errTooDeep.Error())
		switch {
		case tc.line == 0 && err != nil, tc.line == -2 && (deep || err == nil), tc.line == -1 && !deep,
			tc.line > 0 && !strings.HasSuffix(got, "user_script:"+string(rune('0'+tc.line))+": "+errTooDeep.Error()):
			t.Errorf("%s: %.200q", tc.what, got)
		}
	}
}
