package house

import (
	"flag"
	"fmt"
	"go/ast"
	"os"
	"testing"
)

// update lowers the ratchet to the present maxima.
var update = flag.Bool("update", false, "lower the size ratchet to what the code needs now")

// Ceilings that the ratchet never exceeds.
const (
	mostFileLines     = 600
	mostFunctionLines = 90
)

// ratchetFile holds the sizes that code may not exceed. They may only fall.
const ratchetFile = "testdata/ratchet.txt"

// A sizes is a pair of maxima, in lines.
type sizes struct {
	file, function int
}

const ratchetFormat = "file-lines %d\nfunction-lines %d\n"

func readRatchet(t *testing.T) sizes {
	t.Helper()
	text, err := os.ReadFile(ratchetFile)
	if err != nil {
		t.Fatal(err)
	}
	var s sizes
	if _, err := fmt.Sscanf(string(text), ratchetFormat, &s.file, &s.function); err != nil {
		t.Fatalf("%s: %v", ratchetFile, err)
	}
	return s
}

// No file and no function (tests excepted) is longer than the ratchet says.
// `go test ./test/house -update` lowers it; nothing raises it.
func TestSizes(t *testing.T) {
	limit := readRatchet(t)
	if limit.file > mostFileLines || limit.function > mostFunctionLines {
		t.Errorf("%s allows %+v; the ceilings are %d and %d", ratchetFile, limit, mostFileLines, mostFunctionLines)
	}
	var largest sizes
	for _, s := range all(t) {
		if s.test {
			continue
		}
		largest.file = max(largest.file, s.lines)
		if s.lines > limit.file {
			t.Errorf("%s has %d lines; the ratchet stands at %d: split it by concept", s.path, s.lines, limit.file)
		}
		for _, f := range functions(s) {
			largest.function = max(largest.function, f.lines)
			if f.lines > limit.function {
				t.Errorf("%s:%d: %s has %d lines; the ratchet stands at %d: split it by stage", s.path, f.line, f.name, f.lines, limit.function)
			}
		}
	}
	if *update && !t.Failed() {
		text := fmt.Sprintf(ratchetFormat, largest.file, largest.function)
		if err := os.WriteFile(ratchetFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("longest file %d lines, longest function %d; the ratchet stands at %d and %d", largest.file, largest.function, limit.file, limit.function)
}

// A function is a declaration or a literal.
type function struct {
	name        string
	line, lines int
}

func functions(s source) []function {
	var found []function
	add := func(name string, n ast.Node) {
		first, last := s.fset.Position(n.Pos()).Line, s.fset.Position(n.End()).Line
		found = append(found, function{name, first, last - first + 1})
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Name.Name, n)
		case *ast.FuncLit:
			add("a function literal", n)
		}
		return true
	})
	return found
}
