package harness

import (
	"fmt"
	"strings"
)

// Runner runs histories on a pair of servers.
type Runner struct {
	// Oracle and Subject may be servers of either kind; a history must use
	// only what both have.
	Oracle, Subject *Server
	// Intended lists differences that are no mismatch; nil for none.
	Intended *Differences
	// Restore is sent to both servers before each history, after the key
	// space was emptied; it undoes what histories of a family may change.
	Restore [][]string
	// Equal replaces Compare when set.
	Equal func(step Step, oracle, subject Reply) string
}

// Mismatch is the first step of a history to which the replies differ.
type Mismatch struct {
	History History
	// At is the index of the step.
	At int
	// Why is the comparator's short answer.
	Why             string
	Oracle, Subject Reply
}

// Signature groups mismatches that probably have one cause: the command and
// the classes of the two replies.
func (m *Mismatch) Signature() string {
	subject := replyClass(m.Subject)
	if strings.HasPrefix(subject, "ERR unknown command") && !strings.HasPrefix(replyClass(m.Oracle), "ERR unknown command") {
		// All calls of a command that is not there are one fault.
		name, _, _ := strings.Cut(m.History.Steps[m.At].Name(), " ")
		return name + " | unknown to the subject"
	}
	return fmt.Sprintf("%s | %s | %s", m.History.Steps[m.At].Name(), replyClass(m.Oracle), subject)
}

// replyClass is an error's text without its arguments, or the type of a reply.
func replyClass(r Reply) string {
	if r.Closed {
		return "closed"
	}
	if r.Value.IsError() {
		text := string(r.Value.Str)
		if cut := strings.IndexAny(text, "'`"); cut > 0 {
			text = text[:cut]
		}
		return text
	}
	if r.Value.Kind != 0 {
		if r.Value.Null {
			return "null"
		}
		return string(r.Value.Kind)
	}
	word, _, _ := strings.Cut(r.String(), " ")
	return word[:min(len(word), 24)]
}

// String prints the history up to the mismatch and both replies.
func (m *Mismatch) String() string {
	var b strings.Builder
	h := m.History
	h.Steps = h.Steps[:m.At+1]
	b.WriteString(h.Transcript())
	fmt.Fprintf(&b, "# %s\n# oracle:  %s\n# subject: %s\n", m.Why, clip(m.Oracle.String()), clip(m.Subject.String()))
	return b.String()
}

// maxShown bounds a reply in a failure message, in bytes.
const maxShown = 2000

func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:maxShown], len(s))
}

// Run runs a history on both servers from an empty key space and returns the
// first mismatch, or nil. An error means that the run itself failed.
func (r *Runner) Run(h History) (*Mismatch, error) {
	for _, s := range []*Server{r.Oracle, r.Subject} {
		if err := r.empty(s); err != nil {
			return nil, err
		}
	}
	oracle := NewSession(r.Oracle, h.Proto)
	defer oracle.Close()
	subject := NewSession(r.Subject, h.Proto)
	defer subject.Close()
	compare := Compare
	if r.Equal != nil {
		compare = r.Equal
	}
	for i, step := range h.Steps {
		a, err := oracle.Do(step)
		if err != nil {
			return nil, fmt.Errorf("step %d (%s): %w", i, clip(step.String()), err)
		}
		b, err := subject.Do(step)
		if err != nil {
			return &Mismatch{History: h, At: i, Why: err.Error(), Oracle: a,
				Subject: Reply{Raw: []byte(err.Error())}}, r.alive()
		}
		if why := compare(step, a, b); why != "" {
			intended, diverges := r.Intended.Intended(step, a, b)
			if !intended {
				return &Mismatch{History: h, At: i, Why: why, Oracle: a, Subject: b}, r.alive()
			}
			if diverges {
				return nil, nil
			}
		}
		if step.Want != nil && Compare(step, Reply{Value: a.Value, Raw: step.Want}, a) != "" {
			return &Mismatch{History: h, At: i, Why: "the oracle does not answer what the transcript records", Oracle: a, Subject: b}, nil
		}
	}
	return nil, nil
}

// alive returns an error when the subject's process has ended, because then
// no further history can run on it.
func (r *Runner) alive() error {
	if r.Subject.Exited() {
		return fmt.Errorf("%s has ended; its output:\n%s", r.Subject.Name, r.Subject.Output())
	}
	return nil
}

// empty brings a server back to its first state.
func (r *Runner) empty(s *Server) error {
	if s.Addr != "" {
		c, err := DialRESP(s.Addr, 2)
		if err != nil {
			return fmt.Errorf("%s: %w; its output:\n%s", s.Name, err, s.Output())
		}
		defer c.Close()
		for _, words := range append([][]string{{"FLUSHALL"}}, r.Restore...) {
			v, err := c.Do(words...)
			if err != nil {
				return fmt.Errorf("%s: %v between histories: %w", s.Name, words, err)
			}
			if v.IsError() {
				return fmt.Errorf("%s: %v between histories answers %s", s.Name, words, v.Str)
			}
		}
	}
	if s.MemAddr != "" {
		session := NewSession(s, 2)
		defer session.Close()
		if _, err := session.Do(Step{Op: OpText, Args: [][]byte{[]byte("flush_all\r\n")}}); err != nil {
			return err
		}
	}
	return nil
}
