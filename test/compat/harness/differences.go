package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Difference is one intended difference between larder and an oracle.
type Difference struct {
	// Command is a pattern over the step as its transcript line shows it,
	// without the connection; anchored at both ends, case ignored.
	Command string
	// Oracle and Larder are patterns over the replies as transcripts show
	// them, anchored at both ends. Any other pair of replies is a fault.
	Oracle string
	Larder string
	// Example is a transcript whose last step shows the difference. It runs
	// in every complete run, so that an entry which has become untrue fails.
	Example string
	// Reason is why larder differs, for the people who read
	// docs/compatibility.md.
	Reason string
}

// Differences is a table of intended differences.
type Differences struct {
	rows []compiled
}

type compiled struct {
	Difference
	command, oracle, larder *regexp.Regexp
}

// NewDifferences compiles a table; a row that lacks a reason or an example is
// an error.
func NewDifferences(table []Difference) (*Differences, error) {
	d := &Differences{}
	for i, row := range table {
		if row.Reason == "" || row.Example == "" || row.Command == "" {
			return nil, fmt.Errorf("intended difference %d (%s): command, example and reason are required", i, row.Command)
		}
		c := compiled{Difference: row}
		for _, p := range []struct {
			text string
			to   **regexp.Regexp
		}{{row.Command, &c.command}, {row.Oracle, &c.oracle}, {row.Larder, &c.larder}} {
			re, err := regexp.Compile(`(?is)\A(?:` + p.text + `)\z`)
			if err != nil {
				return nil, fmt.Errorf("intended difference %d (%s): %w", i, row.Command, err)
			}
			*p.to = re
		}
		d.rows = append(d.rows, c)
	}
	return d, nil
}

// Intended says whether a row of the table covers this pair of replies.
func (d *Differences) Intended(step Step, oracle, subject Reply) bool {
	if d == nil {
		return false
	}
	_, text, _ := strings.Cut(step.String(), "> ")
	return slices.ContainsFunc(d.rows, func(c compiled) bool {
		return c.command.MatchString(text) && c.oracle.MatchString(oracle.String()) &&
			c.larder.MatchString(subject.String())
	})
}
