package report

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"larder/bench/stats"
)

func value(median, low, high float64) stats.Summary {
	return stats.Summary{Median: median, Min: low, Max: high, N: 3}
}

var sample = []Table{{
	Name: "throughput", Title: "CPU per operation <all>", Unit: "µs", Columns: []string{"redis", "memcached", "larder"},
	Rows: []Row{
		{Name: "SET, P=1", Chart: true, Cells: []Cell{{Summary: value(8, 7.9, 8.2)}, {}, {Summary: value(4, 3.9, 4.1)}},
			Score: &Score{Figure: value(0.5, 0.49, 0.51), Relation: AtMost, Target: 0.9, Of: "× redis"}},
		{Name: "GET & more", Chart: true, Cells: []Cell{{Summary: value(2, 2, 2)}, {}, {Missing: `ERR unknown command "GET"`}},
			Score: &Score{Relation: AtMost, Target: 0.9, Of: "× redis"}},
		{Name: "slow", Cells: []Cell{{Summary: value(100, 99, 120)}, {}, {Summary: value(250, 240, 260)}},
			Score: &Score{Figure: value(2.5, 2.4, 2.6), Relation: AtMost, Target: 1, Of: "× redis"}, Note: "by design"},
		{Name: "free", Cells: []Cell{{Summary: value(1, 1, 1)}, {}, {Summary: value(1, 1, 1)}}},
	},
	Notes: []string{"measured somehow"},
}}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name  string
		score *Score
		want  Verdict
	}{
		{"none asked", nil, NoVerdict},
		{"no figure", &Score{Relation: AtMost, Target: 1}, NotAvailable},
		{"at the limit", &Score{Figure: value(1, 0, 2), Relation: AtMost, Target: 1}, OK},
		{"above", &Score{Figure: value(1.01, 0, 2), Relation: AtMost, Target: 1}, Miss},
		{"enough", &Score{Figure: value(1.8, 0, 2), Relation: AtLeast, Target: 1.8}, OK},
		{"too little", &Score{Figure: value(1.79, 0, 2), Relation: AtLeast, Target: 1.8}, Miss},
	} {
		if got := (Row{Score: c.score}).Verdict(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if n := Tally(sample); n[OK] != 1 || n[Miss] != 1 || n[NotAvailable] != 1 || n[NoVerdict] != 1 {
		t.Errorf("tally %v", n)
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	if err := WriteText(&b, sample[0]); err != nil {
		t.Fatal(err)
	}
	want := `CPU per operation <all> (µs)
  load        redis               memcached  larder             score              target
  SET, P=1    8.00 [7.90..8.20]   –          4.00 [3.90..4.10]  0.50 [0.49..0.51]  ≤ 0.90 × redis  ok
  GET & more  2.00 [2.00..2.00]   –          not available      –                  ≤ 0.90 × redis  n/a
  slow        100 [99.0..120]     –          250 [240..260]     2.50 [2.40..2.60]  ≤ 1.00 × redis  MISS
  free        1.00 [1.00..1.00]   –          1.00 [1.00..1.00]
  - GET & more, larder: ERR unknown command "GET"
  - slow: by design
  - measured somehow

`
	// The columns are as wide as their widest cell, so compare without runs of blanks.
	squeeze := func(s string) string {
		lines := strings.Split(s, "\n")
		for i, l := range lines {
			lines[i] = strings.Join(strings.Fields(l), " ")
		}
		return strings.Join(lines, "\n")
	}
	if got := b.String(); squeeze(got) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	lines := strings.Split(b.String(), "\n")
	column := func(line, text string) int { return utf8.RuneCountInString(line[:strings.LastIndex(line, text)]) }
	if a, b := column(lines[2], "4.00 ["), column(lines[5], "1.00 ["); a != b {
		t.Errorf("larder's column starts at %d and at %d:\n%s", a, b, strings.Join(lines, "\n"))
	}
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, sample); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 4*3 + 3; len(lines) != want {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), want, b.String())
	}
	for _, want := range []string{
		"throughput,\"SET, P=1\",redis,µs,8,7.9,8.2,3,,,,\n",
		"throughput,\"SET, P=1\",score,× redis,0.5,0.49,0.51,3,≤,0.9,ok,\n",
		"throughput,GET & more,larder,µs,,,,0,,,,\"ERR unknown command \"\"GET\"\"\"\n",
		"throughput,slow,score,× redis,2.5,2.4,2.6,3,≤,1,MISS,by design\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}

func TestChartIsWellFormed(t *testing.T) {
	var b strings.Builder
	if err := WriteSVG(&b, "larder & <others>", "2026-01-01, 2 cores", sample); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	elements := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
	// Two main rows with redis and larder; the empty memcached cells draw nothing.
	if elements["svg"] != 1 || elements["rect"] != 4 {
		t.Errorf("elements %v", elements)
	}
	full := chartWidth - labelWidth - figureWidth
	for _, want := range []string{`width="` + figureInt(full) + `"`, `width="` + figureInt(full/2) + `"`, "not available", "larder &amp; &lt;others&gt;"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func figureInt(n int) string { return figure(float64(n)) }
