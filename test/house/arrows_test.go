package house

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "larder"

// everything is the arrow of the package that wires the others.
const everything = "everything"

// arrows is section 1 of the design: a folder and what it may import of the
// project besides its own subfolders. The longest folder that fits a package is
// the one that counts. Test files obey the same arrows.
var arrows = []struct {
	folder string
	may    []string
}{
	{"cmd/larder", []string{everything}},
	{"server", []string{"server", "protocol", "engine"}},
	{"server/command", []string{"protocol", "engine"}},
	{"server/config", nil},
	{"replication", []string{"persistence", "engine"}},
	{"persistence", []string{"protocol/resp", "protocol/rdb", "protocol/record", "engine"}},
	{"protocol", nil},
	{"engine", nil},
	{"bench", []string{"protocol"}},
	{"test", nil},
}

// modules is what the packages of a folder may import from outside the project
// and the standard library. Folders that are not named may import any module
// that go.mod requires.
var modules = map[string][]string{
	"protocol":       {"golang.org/x/sys", "github.com/cespare/xxhash/v2", "github.com/tidwall/redcon"},
	"engine":         {"golang.org/x/sys", "github.com/cespare/xxhash/v2", "github.com/tidwall/redcon"},
	"server/command": {"github.com/cespare/xxhash/v2", "github.com/tidwall/redcon"},
	"server/config":  {},
}

// forTests may be imported by every test.
const forTests = "pgregory.net/rapid"

// bans is what a folder's code (tests excepted) has to be given instead of
// taking it itself: import paths, and functions as "package.Name".
var bans = map[string][]string{
	"server/command": {"net", "os", "time.Now", "time.Since", "time.Until"},
	"server/config":  {"net", "os", "time.Now", "time.Since", "time.Until"},
	"engine":         {"net", "time.Now", "time.Since", "time.Until"},
}

// topLevel is what may stand in the project's root.
var topLevel = strings.Fields("cmd server engine protocol replication persistence bench docs test go.mod go.sum Makefile LICENSE README.md")

func TestImportArrows(t *testing.T) {
	for _, s := range all(t) {
		for _, path := range s.imports() {
			if fault := arrowFault(s.dir, path, s.test); fault != "" {
				t.Errorf("%s: %s", s.path, fault)
			}
		}
	}
}

// arrowFault says why a file in dir may not import path, or "".
func arrowFault(dir, path string, test bool) string {
	inside, ours := strings.CutPrefix(path, module+"/")
	if ours {
		folder, may, found := arrowsOf(dir)
		if !found {
			return fmt.Sprintf("%s has no arrows: add it to the table, and to the design", dir)
		}
		if slices.Contains(may, everything) || within(inside, folder) {
			return ""
		}
		if !slices.ContainsFunc(may, func(top string) bool { return within(inside, top) }) {
			return fmt.Sprintf("%s may not import %s; it may import %v", folder, inside, may)
		}
		return ""
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") || test && within(path, forTests) {
		return ""
	}
	for folder, allowed := range modules {
		if within(dir, folder) && !slices.ContainsFunc(allowed, func(top string) bool { return within(path, top) }) {
			return fmt.Sprintf("%s may not import %s; of other modules it may import %v", folder, path, allowed)
		}
	}
	return ""
}

// arrowsOf finds the row that counts for a folder.
func arrowsOf(dir string) (folder string, may []string, found bool) {
	for _, row := range arrows {
		if within(dir, row.folder) && len(row.folder) > len(folder) {
			folder, may, found = row.folder, row.may, true
		}
	}
	return folder, may, found
}

func TestArrowFaults(t *testing.T) {
	tests := []struct {
		dir, path string
		test      bool
		fault     bool
	}{
		{"cmd/larder", "larder/server/config", false, false},
		{"server", "larder/server/command", false, false},
		{"server/loop", "larder/engine/mem", false, false},
		{"server", "larder/persistence", false, true},
		{"server", "larder/replication", true, true},
		{"server/command", "larder/engine", false, false},
		{"server/command", "larder/server", false, true},
		{"server/command", "larder/server/config", false, true},
		{"server/commander", "larder/server/config", false, false},
		{"engine", "larder/engine/mem", false, false},
		{"engine/mem", "larder/engine", false, false},
		{"engine", "larder/protocol/resp", true, true},
		{"protocol/resp", "larder/engine", false, true},
		{"persistence", "larder/protocol/resp", false, false},
		{"persistence", "larder/protocol/rdb", false, false},
		{"persistence", "larder/protocol/memcache", false, true},
		{"bench/load", "larder/server", true, true},
		{"test/compat", "larder/engine", true, true},
		{"surprise", "larder/engine", false, true},
		{"engine", "golang.org/x/sys/unix", false, false},
		{"engine", "go.uber.org/zap", false, true},
		{"engine", "pgregory.net/rapid", false, true},
		{"engine", "pgregory.net/rapid", true, false},
		{"server", "go.uber.org/zap", false, false},
		{"engine", "encoding/binary", false, false},
	}
	for _, tt := range tests {
		if got := arrowFault(tt.dir, tt.path, tt.test); (got != "") != tt.fault {
			t.Errorf("arrowFault(%q, %q, test %v) = %q, want a fault: %v", tt.dir, tt.path, tt.test, got, tt.fault)
		}
	}
}

func TestBans(t *testing.T) {
	for _, s := range all(t) {
		if s.test {
			continue
		}
		for folder, banned := range bans {
			if !within(s.dir, folder) {
				continue
			}
			for _, path := range s.imports() {
				if slices.ContainsFunc(banned, func(top string) bool { return within(path, top) }) {
					t.Errorf("%s imports %s, which %s may not use", s.path, path, folder)
				}
			}
			for _, call := range selectors(s.file) {
				if slices.Contains(banned, call) {
					t.Errorf("%s uses %s, which %s may not use: it is handed the time", s.path, call, folder)
				}
			}
		}
	}
}

// selectors lists "package.Name" for everything of that shape in a file.
func selectors(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				found = append(found, x.Name+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// Hidden entries and the folders that .gitignore names are nobody's business.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case slices.Contains(topLevel, name):
			seen++
		case strings.HasPrefix(name, "."), isIgnored(string(ignored), name):
		default:
			t.Errorf("%s does not belong to the top level, which is: %s", name, strings.Join(topLevel, " "))
		}
	}
	if seen < 5 {
		t.Errorf("only %d known entries in %s: the test looks at the wrong folder", seen, root)
	}
}

func isIgnored(patterns, name string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		if ok, err := filepath.Match(strings.Trim(pattern, "/"), name); err == nil && ok {
			return true
		}
	}
	return false
}
