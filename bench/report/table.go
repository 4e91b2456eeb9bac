// Package report holds the tables of a comparison and writes them as text for
// a terminal, as CSV for programs and as an SVG chart for pages.
package report

import (
	"fmt"
	"strings"

	"larder/bench/stats"
)

// A Table compares contenders: one column each.
type Table struct {
	Name    string // short, as -only picks it
	Title   string
	Unit    string // of the cells
	Columns []string
	Rows    []Row
	Notes   []string // how it was measured, what to mind
}

// A Row is one load or property, with one cell for each column of its table.
type Row struct {
	Name  string
	Cells []Cell
	Score *Score // nil when nothing is asked of this row
	Note  string
	Chart bool // a main row, drawn in the chart
}

// A Cell is the figure of one contender, or why it has none.
type Cell struct {
	Summary stats.Summary
	Missing string // "" when there is a figure
}

// A Relation says on which side of the target a good figure lies.
type Relation string

// The relations.
const (
	AtMost  Relation = "≤"
	AtLeast Relation = "≥"
)

// A Score is the figure that is held against a target.
type Score struct {
	Figure   stats.Summary // N == 0: not available
	Relation Relation
	Target   float64
	// Of names what the figure is a multiple of ("× redis") or its unit.
	Of string
}

// A Verdict is the outcome of a row.
type Verdict string

// The verdicts. NoVerdict is that of a row without a target.
const (
	NoVerdict    Verdict = ""
	OK           Verdict = "ok"
	Miss         Verdict = "MISS"
	NotAvailable Verdict = "n/a"
)

// Verdict compares the median with the target. A figure that is not there is
// never a pass.
func (r Row) Verdict() Verdict {
	switch s := r.Score; {
	case s == nil:
		return NoVerdict
	case s.Figure.N == 0:
		return NotAvailable
	case s.Relation == AtMost && s.Figure.Median <= s.Target, s.Relation == AtLeast && s.Figure.Median >= s.Target:
		return OK
	}
	return Miss
}

// Tally counts the verdicts of all rows.
func Tally(tables []Table) map[Verdict]int {
	n := make(map[Verdict]int)
	for _, t := range tables {
		for _, r := range t.Rows {
			n[r.Verdict()]++
		}
	}
	return n
}

// figure prints a number with three significant digits or so.
func figure(v float64) string {
	switch a := max(v, -v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// spread prints a median with the range around it.
func spread(s stats.Summary) string {
	if s.N <= 1 {
		return figure(s.Median)
	}
	return fmt.Sprintf("%s [%s..%s]", figure(s.Median), figure(s.Min), figure(s.Max))
}

func (c Cell) text() string {
	if c.Missing != "" {
		return "not available"
	}
	if c.Summary.N == 0 {
		return "–"
	}
	return spread(c.Summary)
}

func (s *Score) text() (got, want string) {
	if s == nil {
		return "", ""
	}
	want = strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Relation, figure(s.Target), s.Of))
	if s.Figure.N == 0 {
		return "–", want
	}
	return spread(s.Figure), want
}
