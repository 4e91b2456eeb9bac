package compat

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// TestIntendedDifferencesAreReal runs each example: its last step must show
// the difference that the table states, and the steps before it none.
func TestIntendedDifferencesAreReal(t *testing.T) {
	needLarder(t)
	table := intended(t)
	for _, d := range differences {
		if d.Kind != harness.Replies {
			continue
		}
		t.Run(d.Command, func(t *testing.T) {
			h, err := harness.ParseTranscript(d.Command, d.Example)
			if err != nil {
				t.Fatal(err)
			}
			r, err := pairFor(t, h)
			if err != nil {
				t.Fatal(err)
			}
			r.Intended = nil
			covered := func(m *harness.Mismatch) bool {
				yes, _ := table.Intended(h.Steps[m.At], m.Oracle, m.Subject)
				return yes
			}
			m, err := r.Run(h)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case m == nil:
				t.Error("the example shows no difference: take the row out of the table")
			case m.At != len(h.Steps)-1:
				t.Errorf("a step before the last differs:\n%s", m)
			case !covered(m):
				t.Errorf("the replies are not those of the table:\n%s", m)
			}
		})
	}
}

// TestDifferencesTable shows that the table itself is well formed, in any run.
func TestDifferencesTable(t *testing.T) {
	if _, err := harness.NewDifferences(differences); err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if d.Kind == harness.Replies {
			if _, err := harness.ParseTranscript(d.Command, d.Example); err != nil {
				t.Errorf("%s: %v", d.Command, err)
			}
		}
	}
}

const compatibilityPage = "../../docs/compatibility.md"

// TestCompatibilityPage keeps docs/compatibility.md the same as the table.
func TestCompatibilityPage(t *testing.T) {
	want := compatibilityText()
	if *flagUpdate {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(compatibilityPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(compatibilityPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table says; run go test ./test/compat -run TestCompatibilityPage -update", compatibilityPage)
	}
}

var pageSections = []struct {
	kind        harness.Kind
	title, text string
}{
	{harness.Replies, "Replies", "Requests that larder answers otherwise."},
	{harness.Stream, "Malformed requests", "Bytes that are no request, or come at the wrong time, and are answered otherwise."},
	{harness.Missing, "Missing", "Commands and fields that the other server lists and larder does not."},
	{harness.Added, "Added", "Commands and fields that larder lists and the other server does not."},
	{harness.Described, "Described otherwise", "What COMMAND INFO and COMMAND DOCS say otherwise."},
}

func compatibilityText() string {
	var b strings.Builder
	b.WriteString(`# Compatibility

larder answers as redis-server 7.0 and memcached 1.6 do: the tests in
test/compat run the same random histories of commands on larder and on those
servers and compare the replies byte for byte. What differs on purpose is
listed here, and anything else that differs is a fault worth a report.

Commands and options that came after Redis 7.0 and memcached 1.6.18 are held
to recorded transcripts in test/compat/testdata/newer, each naming its source.
Doubles, such as scores, are printed as by Redis 7.2, with the fewest digits that
read back the same: 0.1, where 7.0 prints 0.10000000000000001.

This page is generated from test/compat/differences.go, where the patterns of
requests and replies stand; a row that is no longer true fails the tests.
`)
	for _, s := range pageSections {
		rows := slices.DeleteFunc(slices.Clone(differences), func(d harness.Difference) bool { return d.Kind != s.kind })
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| what | why |\n|---|---|\n", s.title, s.text)
		for _, d := range rows {
			fmt.Fprintf(&b, "| %s | %s |\n", cell(d.Title), cell(d.Reason))
		}
	}
	return b.String()
}

// cell writes a text so that its bars do not end a table's cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
