package harness

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Op is the kind of a step.
type Op uint8

const (
	// OpCommand sends Args as one RESP command on connection Conn.
	OpCommand Op = iota
	// OpGone polls EXISTS Args[0] on connection Conn until it answers 0: the
	// wait for a key whose deadline is a few milliseconds away.
	OpGone
	// OpScan iterates SCAN with Args as options until the cursor is 0 again
	// and yields the set of all keys returned.
	OpScan
	// OpText sends Args[0] as it is on memcached text connection Conn and
	// yields all that is answered. "{cas:N}" in it stands for the N-th most
	// recent CAS value that this server has shown in this history.
	OpText
	// OpBinary sends Args[0] as it is on memcached binary connection Conn.
	// The CAS field of a request header holds, when its top bit is set, the
	// N of a "{cas:N}" in the bits below.
	OpBinary
	// OpHear sends Args as one RESP command on connection Conn and yields what
	// all connections are sent until then; see hear.go.
	OpHear
)

// Step is one move of a history.
type Step struct {
	Op   Op
	Conn int
	Args [][]byte
	// Want is the recorded reply of a transcript with expectations; nil when
	// the oracle's reply is the expectation.
	Want []byte
	// Line is where a transcript file has the step; 0 for generated ones.
	Line int
}

// Command makes a step from words.
func Command(conn int, words ...string) Step {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	return Step{Op: OpCommand, Conn: conn, Args: args}
}

// Name is the command's name in upper case, with its subcommand for the
// commands that have any; "" for a command without words.
func (s Step) Name() string {
	switch s.Op {
	case OpGone:
		return "wait-gone"
	case OpScan:
		return "scan-all"
	case OpText:
		word, _, _ := bytes.Cut(s.Args[0], []byte(" "))
		word, _, _ = bytes.Cut(word, []byte("\r"))
		return "text " + string(bytes.ToLower(word))
	case OpBinary:
		if len(s.Args[0]) > 1 {
			return fmt.Sprintf("binary 0x%02x", s.Args[0][1])
		}
		return "binary"
	}
	if len(s.Args) == 0 {
		return ""
	}
	name := strings.ToUpper(string(s.Args[0]))
	if hasSubcommands[name] && len(s.Args) > 1 {
		name += " " + strings.ToUpper(string(s.Args[1]))
	}
	return name
}

var hasSubcommands = map[string]bool{
	"CLIENT": true, "CONFIG": true, "COMMAND": true, "OBJECT": true, "DEBUG": true,
	"MEMORY": true, "SLOWLOG": true, "LATENCY": true, "PUBSUB": true,
}

// History is a run of steps against an empty server.
type History struct {
	// Family names the generator.
	Family string
	// Seed is what the generator was seeded with; 0 for a written transcript.
	Seed uint64
	// Proto is 2 or 3: RESP connections of version 3 begin with HELLO 3.
	Proto int
	Steps []Step
}

// Transcript writes the history in the form that ParseTranscript reads.
func (h History) Transcript() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# family %s, seed %d\nresp %d\n", h.Family, h.Seed, h.Proto)
	for _, s := range h.Steps {
		b.WriteString(s.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// String is the step as a transcript line.
func (s Step) String() string {
	switch s.Op {
	case OpText:
		return fmt.Sprintf("t%d> %s", s.Conn, quote(s.Args[0]))
	case OpBinary:
		return fmt.Sprintf("b%d> %s", s.Conn, hex.EncodeToString(s.Args[0]))
	}
	var b strings.Builder
	switch s.Op {
	case OpGone:
		fmt.Fprintf(&b, "gone%d>", s.Conn)
	case OpScan:
		fmt.Fprintf(&b, "scan%d>", s.Conn)
	case OpHear:
		fmt.Fprintf(&b, "hear%d>", s.Conn)
	default:
		fmt.Fprintf(&b, "%d>", s.Conn)
	}
	for _, a := range s.Args {
		b.WriteByte(' ')
		b.WriteString(quote(a))
	}
	return b.String()
}

// quote leaves plain words bare and writes all else in double quotes, with
// the escapes that redis-cli understands.
func quote(p []byte) string {
	plain := len(p) > 0
	for _, c := range p {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '\'' || c == '#' {
			plain = false
			break
		}
	}
	if plain {
		return string(p)
	}
	return `"` + escape(p) + `"`
}

func escape(p []byte) string {
	var b strings.Builder
	for _, c := range p {
		switch {
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ParseTranscript reads a transcript: comment lines (#), "resp N", and one
// line a step. A line "< REPLY" after a step records the reply it must have,
// escaped as strings are and, as binary frames have none, without the last
// CRLF.
func ParseTranscript(name, text string) (History, error) {
	h := History{Family: name, Proto: 2}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if err := h.parseLine(line, i+1); err != nil {
			return History{}, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	return h, nil
}

func (h *History) parseLine(line string, number int) error {
	if v, ok := strings.CutPrefix(line, "resp "); ok {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || (n != 2 && n != 3) {
			return fmt.Errorf("resp wants 2 or 3, not %q", v)
		}
		h.Proto = n
		return nil
	}
	if v, ok := strings.CutPrefix(line, "<"); ok {
		return h.parseWant(strings.TrimPrefix(v, " "))
	}
	head, rest, ok := strings.Cut(line, ">")
	if !ok {
		return fmt.Errorf("neither a step (N> …), a reply (< …) nor a comment: %q", line)
	}
	s := Step{Line: number}
	digits := head
	for prefix, op := range map[string]Op{"t": OpText, "b": OpBinary, "gone": OpGone, "scan": OpScan, "hear": OpHear} {
		if v, ok := strings.CutPrefix(head, prefix); ok {
			s.Op, digits = op, v
		}
	}
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n >= maxConns {
			return fmt.Errorf("connection %q is no number from 0 to %d", digits, maxConns-1)
		}
		s.Conn = n
	}
	var err error
	if s.Op == OpBinary {
		var frame []byte
		if frame, err = hex.DecodeString(strings.ReplaceAll(rest, " ", "")); err == nil {
			s.Args = [][]byte{frame}
		}
	} else {
		s.Args, err = splitWords(rest)
	}
	if err == nil && (s.Op == OpText || s.Op == OpGone) && len(s.Args) != 1 {
		err = fmt.Errorf("a %s step has one word, not %d", s.Name(), len(s.Args))
	}
	h.Steps = append(h.Steps, s)
	return err
}

// noReply is how a transcript records that nothing is answered.
const noReply = "(nothing)"

func (h *History) parseWant(text string) error {
	if len(h.Steps) == 0 {
		return fmt.Errorf("a reply stands before the first step")
	}
	last := &h.Steps[len(h.Steps)-1]
	if last.Want != nil {
		return fmt.Errorf("the step above has its reply already; write one line")
	}
	if text == noReply {
		last.Want = []byte{}
		return nil
	}
	want, err := unescape(text)
	if last.Op != OpBinary {
		want = append(want, '\r', '\n')
	}
	last.Want = want
	return err
}

func unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if i == len(s) {
			return nil, fmt.Errorf("lone backslash at the end of %q", s)
		}
		switch s[i] {
		case 'r':
			out = append(out, '\r')
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'x':
			if i+2 >= len(s) {
				return nil, fmt.Errorf(`\x wants two hex digits in %q`, s)
			}
			b, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return nil, fmt.Errorf(`\x wants two hex digits in %q`, s)
			}
			out = append(out, b[0])
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out, nil
}

func splitWords(s string) ([][]byte, error) {
	var words [][]byte
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return words, nil
		}
		if s[0] != '"' {
			end := strings.IndexAny(s, " \t")
			if end < 0 {
				end = len(s)
			}
			words = append(words, []byte(s[:end]))
			s = s[end:]
			continue
		}
		end := 1
		for end < len(s) && s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) {
			return nil, fmt.Errorf("unbalanced quotes in %q", s)
		}
		word, err := unescape(s[1:end])
		if err != nil {
			return nil, err
		}
		words = append(words, word)
		s = s[end+1:]
	}
}
