package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes a table in aligned columns:
//
//	Title (unit)
//	load        redis              larder             score            target
//	SET, P=1    8.08 [8.01..8.20]  7.02 [6.99..7.10]  0.87 [0.86..0.88]  ≤ 0.90 × redis  ok
//
// The reasons for missing figures and the notes follow the rows.
func WriteText(w io.Writer, t Table) error {
	head := append([]string{"load"}, t.Columns...)
	lines := [][]string{append(head, "score", "target", "")}
	for _, r := range t.Rows {
		line := []string{r.Name}
		for _, c := range r.Cells {
			line = append(line, c.text())
		}
		got, want := r.Score.text()
		lines = append(lines, append(line, got, want, string(r.Verdict())))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", t.Title, t.Unit)
	align(&b, lines)
	for _, remark := range append(remarks(t), t.Notes...) {
		fmt.Fprintf(&b, "  - %s\n", remark)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// remarks are why figures are missing, each reason once, and the rows' notes.
func remarks(t Table) []string {
	rows := make(map[string][]string) // that have no figure, by contender and reason
	var reasons, notes []string
	for _, r := range t.Rows {
		for i, c := range r.Cells {
			if c.Missing == "" {
				continue
			}
			reason := t.Columns[i] + ": " + shorten(c.Missing)
			if rows[reason] == nil {
				reasons = append(reasons, reason)
			}
			rows[reason] = append(rows[reason], r.Name)
		}
		if r.Note != "" {
			notes = append(notes, r.Name+": "+r.Note)
		}
	}
	for i, reason := range reasons {
		if n := len(rows[reason]); n > 1 {
			reasons[i] = fmt.Sprintf("%s (%d rows)", reason, n)
		} else {
			reasons[i] = rows[reason][0] + ", " + reason
		}
	}
	return append(reasons, notes...)
}

// align writes lines with every column as wide as its widest cell.
func align(b *strings.Builder, lines [][]string) {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var row strings.Builder
		for i, cell := range line {
			row.WriteString("  " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
}

// maxReason bounds a reason in the text; the CSV file has all of it.
const maxReason = 160

func shorten(reason string) string {
	if runes := []rune(reason); len(runes) > maxReason {
		return string(runes[:maxReason]) + "…"
	}
	return reason
}
