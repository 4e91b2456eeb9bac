package house

import (
	"regexp"
	"strings"
	"testing"
)

func TestPackagesHaveDocComments(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range all(t) {
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil && strings.TrimSpace(s.file.Doc.Text()) != ""
	}
	for dir, ok := range documented {
		if !ok {
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
