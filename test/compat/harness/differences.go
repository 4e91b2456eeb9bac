package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Kind says what an intended difference is about.
type Kind string

const (
	// Replies differ: Command is a pattern over the step as its transcript
	// line shows it without the connection; Oracle, Larder and Example are
	// required.
	Replies Kind = "reply"
	// Names that the oracle lists and larder does not: Command is a pattern
	// over "LIST name", LIST being the kind of list, as in "INFO hz" or
	// "stats settings maxconns".
	Missing Kind = "missing"
	// Added is a name that larder lists and the oracle does not.
	Added Kind = "added"
	// Stream is a malformed byte stream that is answered otherwise: Command
	// is a pattern over its name in the tests, as in "resp tls hello".
	Stream Kind = "stream"
	// Described differs in COMMAND INFO or COMMAND DOCS: Command is a
	// pattern over "name aspect", as in "set arity".
	Described Kind = "described otherwise"
)

// Difference is one intended difference between larder and an oracle. All
// patterns are regular expressions anchored at both ends, case ignored.
type Difference struct {
	Kind    Kind
	Command string
	// Title says what differs, as docs/compatibility.md shows it.
	Title string
	// Oracle and Larder are patterns over the replies as transcripts show
	// them. Any other pair of replies is a fault.
	Oracle, Larder string
	// Example is a transcript whose last step shows the difference. It runs
	// each time, so that an entry which has become untrue fails.
	Example string
	// Diverges says that the servers' states differ after such a reply, so that
	// a history ends there.
	Diverges bool
	// Reason is why larder differs, for the people who read
	// docs/compatibility.md.
	Reason string
}

// Differences is a table of intended differences that notes which were met.
type Differences struct {
	rows []compiled
	mu   sync.Mutex // guards used; no I/O under it
	used map[int]bool
}

type compiled struct {
	Difference
	command, oracle, larder *regexp.Regexp
}

// NewDifferences compiles a table; a row that lacks a reason or an example is
// an error.
func NewDifferences(table []Difference) (*Differences, error) {
	d := &Differences{used: map[int]bool{}}
	for i, row := range table {
		needsExample := row.Kind == Replies
		if row.Kind == "" || row.Command == "" || row.Title == "" || row.Reason == "" || needsExample != (row.Example != "") {
			return nil, fmt.Errorf("intended difference %d (%s): kind, command, title and reason are required, and an example for replies only", i, row.Command)
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

// Intended says whether a row of the table covers this pair of replies, and
// whether the servers' states differ after it.
func (d *Differences) Intended(step Step, oracle, subject Reply) (intended, diverges bool) {
	if d == nil {
		return false, false
	}
	_, text, _ := strings.Cut(step.String(), "> ")
	i := slices.IndexFunc(d.rows, func(c compiled) bool {
		return c.Kind == Replies && c.command.MatchString(text) &&
			c.oracle.MatchString(oracle.String()) && c.larder.MatchString(subject.String())
	})
	if i < 0 {
		return false, false
	}
	return true, d.rows[i].Diverges
}

// Covers says whether a row of the kind matches name, and notes that it does.
func (d *Differences) Covers(kind Kind, name string) bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found := false
	for i, c := range d.rows {
		if c.Kind == kind && c.command.MatchString(name) {
			d.used[i] = true
			found = true
		}
	}
	return found
}

// Unused lists the rows of a kind that start with prefix and covered nothing.
func (d *Differences) Unused(kind Kind, prefix string) []string {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var unused []string
	for i, c := range d.rows {
		if c.Kind == kind && strings.HasPrefix(c.Command, prefix) && !d.used[i] {
			unused = append(unused, c.Command)
		}
	}
	return unused
}
