package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// codeOfFile matches a block of code in a page with the line before it that
// names the file in which it stands.
var codeOfFile = regexp.MustCompile("(?s)`([a-z0-9_/]+\\.go)`:\n\n```go\n(.*?)```")

// TestAddingACommand holds docs/adding-a-command.md to the code that it shows.
func TestAddingACommand(t *testing.T) {
	const root, page = "../..", "docs/adding-a-command.md"
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks := codeOfFile.FindAllStringSubmatch(string(text), -1)
	if len(blocks) != strings.Count(string(text), "```go") || len(blocks) == 0 {
		t.Errorf("%s: %d blocks of code name their file, of %d", page, len(blocks), strings.Count(string(text), "```go"))
	}
	for _, b := range blocks {
		code, err := os.ReadFile(filepath.Join(root, b[1]))
		if err != nil {
			t.Errorf("%s: %v", page, err)
		} else if !strings.Contains(string(code), b[2]) {
			t.Errorf("%s: %s has no such code any more:\n%s", page, b[1], b[2])
		}
	}
}
