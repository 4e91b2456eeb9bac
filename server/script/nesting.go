package script

import (
	"errors"
	"reflect"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// Bounds of what scripts may nest. The compiler of gopher-lua calls itself for
// each level, and a stack that runs over ends the process.

const (
	// maxLevels is how deep brackets, blocks and operators in front of a value may
	// be nested, as in C (LUAI_MAXCCALLS).
	maxLevels = 200
	// maxTreeDepth is how deep the tree of a script may be otherwise: in C a sum
	// of a million numbers needs no more stack than one of two.
	maxTreeDepth = 20_000
)

var errTooDeep = errors.New("chunk has too many syntax levels")

// blockWords are how much a keyword changes the depth.
var blockWords = map[string]int{"function": 1, "do": 1, "if": 1, "repeat": 1, "end": -1, "until": -1}

// checkLevels looks at the text of a script alone, so that one that is nested too
// deep costs no more than reading it. It returns the line of the first such place,
// 0 if there is none. Text that is no Lua passes: the parser knows better.
func checkLevels(code string) (line int) {
	line = 1
	depth, signs := 0, 0
	for i := 0; i < len(code); {
		n, step, sign := token(code[i:])
		line += strings.Count(code[i:i+n], "\n")
		i += n
		switch {
		case sign:
			signs++
		case step != blank:
			depth, signs = depth+step, 0
		}
		if depth+signs > maxLevels {
			return line
		}
	}
	return 0
}

// blank is the step of what stands between tokens.
const blank = 100

// token returns the length of the token, space or comment at the start of s,
// which is not empty, and by how much it changes the depth; sign tells that it is
// an operator that may stand in front of a value.
func token(s string) (n, step int, sign bool) {
	switch c := s[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return 1, blank, false
	case strings.HasPrefix(s, "--"):
		if n := longBracket(s[2:]); n > 0 {
			return 2 + n, blank, false
		}
		if n := strings.IndexByte(s, '\n'); n >= 0 {
			return n, blank, false
		}
		return len(s), blank, false
	case c == '"' || c == '\'':
		return quoted(s), 0, false
	case c == '[':
		if n := longBracket(s); n > 0 {
			return n, 0, false
		}
		return 1, 1, false
	case c == '(' || c == '{':
		return 1, 1, false
	case c == ')' || c == '}' || c == ']':
		return 1, -1, false
	case c == '-' || c == '#':
		return 1, 0, true
	case isWord(c):
		for n = 1; n < len(s) && isWord(s[n]); n++ {
		}
		return n, blockWords[s[:n]], s[:n] == "not"
	}
	return 1, 0, false
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quoted is the length of the string at the start of s.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0], '\n':
			return i + 1
		}
	}
	return len(s)
}

// longBracket is the length of a string or comment in long brackets, 0 if s does
// not begin with any.
func longBracket(s string) int {
	level := 1
	for level < len(s) && s[level] == '=' {
		level++
	}
	if s == "" || s[0] != '[' || level >= len(s) || s[level] != '[' {
		return 0
	}
	end := "]" + strings.Repeat("=", level-1) + "]"
	if n := strings.Index(s, end); n >= 0 {
		return n + len(end)
	}
	return len(s)
}

// tooDeep tells whether the tree of a script is deeper than the compiler can
// follow.
func tooDeep(chunk []ast.Stmt) bool {
	type node struct {
		v     reflect.Value
		depth int
	}
	left := []node{{reflect.ValueOf(chunk), 0}}
	for len(left) > 0 {
		n := left[len(left)-1]
		left = left[:len(left)-1]
		if n.depth > maxTreeDepth {
			return true
		}
		switch n.v.Kind() {
		case reflect.Interface, reflect.Pointer:
			if !n.v.IsNil() {
				left = append(left, node{n.v.Elem(), n.depth})
			}
		case reflect.Slice:
			for i := range n.v.Len() {
				left = append(left, node{n.v.Index(i), n.depth})
			}
		case reflect.Struct:
			for i := range n.v.NumField() {
				left = append(left, node{n.v.Field(i), n.depth + 1})
			}
		}
	}
	return false
}
