package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the folder of go.mod.
const root = "../.."

// A source is one Go file of the project, whatever its build tags.
type source struct {
	path  string // relative to root, with slashes
	dir   string // its folder, with slashes
	test  bool
	lines int
	fset  *token.FileSet
	file  *ast.File
}

var sources = sync.OnceValues(readSources)

// all returns every Go file of the project.
func all(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("found %d Go files under %s: the search is broken", len(list), root)
	}
	return list
}

func readSources() ([]source, error) {
	var list []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			hidden := path != root && strings.HasPrefix(name, ".")
			if hidden || slices.Contains([]string{"testdata", "bin", "out"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := readSource(path)
		if err == nil {
			list = append(list, s)
		}
		return err
	})
	return list, err
}

func readSource(path string) (source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, path)
	if err != nil {
		return source{}, err
	}
	s := source{
		path:  filepath.ToSlash(relative),
		dir:   filepath.ToSlash(filepath.Dir(relative)),
		test:  strings.HasSuffix(path, "_test.go"),
		lines: strings.Count(string(text), "\n"),
		fset:  token.NewFileSet(),
	}
	s.file, err = parser.ParseFile(s.fset, s.path, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// imports lists the paths that s imports.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		paths = append(paths, path)
	}
	return paths
}

// within reports whether a folder or import path is top or lies below it.
func within(path, top string) bool {
	return path == top || strings.HasPrefix(path, top+"/")
}
