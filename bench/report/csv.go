package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"larder/bench/stats"
)

// csvColumns are the columns of the CSV file. A row of a table takes one line
// for each contender and, when it has a target, one for its score, in which
// the contender is "score".
var csvColumns = []string{"table", "load", "contender", "unit", "median", "min", "max", "samples", "relation", "target", "verdict", "remark"}

// WriteCSV writes all tables as one CSV file with a header line.
func WriteCSV(w io.Writer, tables []Table) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvColumns); err != nil {
		return err
	}
	for _, t := range tables {
		for _, r := range t.Rows {
			for i, c := range r.Cells {
				line := append([]string{t.Name, r.Name, t.Columns[i], t.Unit}, numbers(c.Summary)...)
				if err := out.Write(append(line, "", "", "", c.Missing)); err != nil {
					return err
				}
			}
			if r.Score == nil {
				continue
			}
			line := append([]string{t.Name, r.Name, "score", r.Score.Of}, numbers(r.Score.Figure)...)
			line = append(line, string(r.Score.Relation), number(r.Score.Target), string(r.Verdict()), r.Note)
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func numbers(s stats.Summary) []string {
	if s.N == 0 {
		return []string{"", "", "", "0"}
	}
	return []string{number(s.Median), number(s.Min), number(s.Max), strconv.Itoa(s.N)}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
