package house

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// undocumented are the packages that were laid before their doc.go. A package
// leaves the list when it has one; none joins it.
var undocumented = []string{"engine", "server"}

func TestPackagesHaveDocComments(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range all(t) {
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil && strings.TrimSpace(s.file.Doc.Text()) != ""
	}
	for dir, ok := range documented {
		switch known := slices.Contains(undocumented, dir); {
		case ok && known:
			t.Errorf("%s is documented: take it off the list of undocumented packages", dir)
		case !ok && !known:
			t.Errorf("no file of %s has a comment above its package clause that says what the package is for", dir)
		}
	}
}

// unfinished is put together so that this file does not match itself.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// What is left to do stands in an issue with an owner, not in a comment.
func TestNothingIsLeftToDo(t *testing.T) {
	for _, s := range all(t) {
		for _, group := range s.file.Comments {
			for _, comment := range group.List {
				if word := unfinished.FindString(comment.Text); word != "" {
					t.Errorf("%s: a comment says %s: do it now, or write an issue", s.fset.Position(comment.Pos()), word)
				}
			}
		}
	}
}
