package harness

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A step of the kind OpHear shows what all connections are sent because of a
// command, unasked messages included: the command runs on its connection, and
// then each connection sends a PING with a word that nobody else knows, so that
// what comes before its answer is all there was.
//
// Two servers may differ in what nobody relies on, and the text of the reply is
// brought into one form for that:
//
//   - The messages that a connection sends itself stand behind its replies, as
//     they do since Redis 7.2.
//   - Those that several patterns of a connection cause, the invalidations of
//     one command, and the replies of UNSUBSCRIBE without names, have no order;
//     they are sorted.
//   - The null of an invalidation of all keys is Redis's in the protocol of the
//     client that tracks, even if another one, of the other protocol, is told.
//   - The ids of clients are "id:" and the number of the connection. In a
//     command "{id:N}" stands for the id of connection N.

// hearing is a session's state for such steps.
type hearing struct {
	ids     [maxConns]string // client ids as decimal numbers
	known   []knownID        // all ids so far, those of closed connections too
	multi   [maxConns]bool   // MULTI is open: a PING would be queued
	caching [maxConns]bool   // CLIENT CACHING was sent: it would be about the PING
	word    int              // numbers the words
}

// knownID is how an id is shown: by its connection and how often that was
// opened.
type knownID struct{ id, label string }

// hear runs a step of the kind OpHear.
func (s *Session) hear(step Step) (Reply, error) {
	for i := 0; i <= step.Conn; i++ {
		if err := s.greet(i); err != nil {
			return Reply{}, err
		}
	}
	args := make([][]byte, len(step.Args))
	for i, a := range step.Args {
		args[i] = s.withIDs(a)
	}
	var told [maxConns]string
	order := []int{step.Conn} // the command comes first
	for i := range maxConns {
		if i != step.Conn && s.resp[i] != nil && !s.hearing.multi[i] && !s.hearing.caching[i] {
			order = append(order, i)
		}
	}
	for _, i := range order {
		values, err := s.exchangeOrWait(i, i == step.Conn, args)
		if err != nil && !isClosed(err) {
			return Reply{}, fmt.Errorf("%s: connection %d: %w", s.server.Name, i, err)
		}
		for _, line := range s.heard(values, i == step.Conn && len(step.Args) == 1, step.Name() == "CLIENT GETREDIR") {
			told[i] += fmt.Sprintf("%d %s\r\n", i, line)
		}
		if err != nil {
			told[i] += fmt.Sprintf("%d closed\r\n", i)
			s.resp[i].Close()
			s.resp[i], s.hearing.multi[i], s.hearing.caching[i] = nil, false, false
		}
	}
	return Reply{Raw: []byte(strings.Join(told[:], ""))}, nil
}

func (s *Session) exchangeOrWait(i int, acts bool, args [][]byte) ([]Value, error) {
	if acts {
		return s.exchange(i, args)
	}
	return s.barrier(i)
}

// greet opens a connection and learns its id.
func (s *Session) greet(i int) error {
	if s.resp[i] != nil {
		return nil
	}
	r, err := s.command(i, [][]byte{[]byte("CLIENT"), []byte("ID")})
	if err != nil {
		return err
	}
	id, ok := r.Value.Int()
	if !ok {
		return fmt.Errorf("%s: CLIENT ID answers %s", s.server.Name, r)
	}
	s.hearing.ids[i] = strconv.FormatInt(id, 10)
	label := fmt.Sprintf("id:%d/%d", i, len(s.hearing.known))
	s.hearing.known = append(s.hearing.known, knownID{s.hearing.ids[i], label})
	return nil
}

// withIDs replaces {id:N}.
func (s *Session) withIDs(arg []byte) []byte {
	text, ok := strings.CutPrefix(string(arg), "{id:")
	if n, err := strconv.Atoi(strings.TrimSuffix(text, "}")); ok && err == nil && n >= 0 && n < maxConns && s.hearing.ids[n] != "" {
		return []byte(s.hearing.ids[n])
	}
	return arg
}

// exchange sends a command and returns all that comes before the answer to a
// PING behind it; where a PING would have a meaning, one reply and the messages
// before it. So there a command must have one reply.
//
// The two are not sent at once, because what a command tells others may stand
// behind all that was sent at once.
func (s *Session) exchange(i int, args [][]byte) ([]Value, error) {
	h := &s.hearing
	if err := s.resp[i].send(args); err != nil {
		return nil, err
	}
	var values []Value
	for len(values) == 0 || message(values[len(values)-1]) != "" {
		v, err := s.resp[i].r.Read()
		if err != nil {
			return values, notSilent(err)
		}
		values = append(values, v)
	}
	reply := values[len(values)-1]
	switch name := strings.ToUpper(string(args[0])); name {
	case "MULTI":
		h.multi[i] = h.multi[i] || !reply.IsError()
	case "EXEC", "DISCARD", "RESET", "QUIT":
		h.multi[i], h.caching[i] = false, false
	case "CLIENT":
		if len(args) == 3 && strings.EqualFold(string(args[1]), "CACHING") && string(reply.Str) == "OK" {
			h.caching[i] = true
		}
	default:
		h.caching[i] = h.caching[i] && h.multi[i]
	}
	if h.multi[i] || h.caching[i] {
		return values, nil
	}
	more, err := s.barrier(i)
	return append(values, more...), err
}

// barrier sends a PING on a connection and returns all values that come before
// its answer.
func (s *Session) barrier(i int) ([]Value, error) {
	s.hearing.word++
	word := fmt.Sprintf("heard:%d", s.hearing.word)
	c := s.resp[i]
	if err := c.send([][]byte{[]byte("PING"), []byte(word)}); err != nil {
		return nil, err
	}
	var values []Value
	for {
		v, err := c.r.Read()
		switch {
		case err != nil:
			return values, notSilent(err)
		case string(v.Str) == word, len(v.Elems) == 2 && string(v.Elems[0].Str) == "pong" && string(v.Elems[1].Str) == word:
			return values, nil
		case v.Kind == '+' && string(v.Str) == "QUEUED":
			s.hearing.multi[i] = true // DISCARD was refused
			return values, nil
		}
		values = append(values, v)
	}
}

// notSilent makes a timeout an error that says what was expected.
func notSilent(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("nothing comes within %v", replyDeadline)
	}
	return err
}

// message is the first word of a message that was sent unasked, "" if the value
// is a reply.
func message(v Value) string {
	if v.Kind != '>' && v.Kind != '*' || len(v.Elems) < 2 {
		return ""
	}
	switch word := string(v.Elems[0].Str); word {
	case "message", "pmessage", "smessage", "invalidate", "tracking-redir-broken":
		return word
	}
	return ""
}

// heard writes what a connection was sent, one line a value, in one form. anId
// tells that an integer is the id of a client.
func (s *Session) heard(values []Value, sortNames, anID bool) []string {
	var replies, names []string
	var messages, together []string // together: the last messages, as far as they have no order
	var last Value                  // of these
	flush := func() {
		slices.Sort(together)
		messages, together = append(messages, together...), nil
	}
	for _, v := range values {
		switch word := message(v); {
		case word == "" && sortNames && len(v.Elems) == 3 && strings.Contains(string(v.Elems[0].Str), "unsubscribe"):
			names = append(names, escape(v.Elems[1].Raw))
			replies = append(replies, escape(v.Elems[0].Raw)+escape(v.Elems[2].Raw))
		case word == "":
			replies = append(replies, s.withoutIDs(v, anID))
		default:
			if message(last) != word || word != "invalidate" && !sameEvent(last, v) {
				flush()
			}
			last = v
			together = append(together, s.withoutIDs(v, false))
		}
	}
	flush()
	slices.Sort(names)
	return slices.Concat(replies, names, messages)
}

// sameEvent tells whether two messages of patterns are about one message.
func sameEvent(a, b Value) bool {
	return len(a.Elems) == 4 && len(b.Elems) == 4 && bytes.Equal(a.Elems[2].Raw, b.Elems[2].Raw) && bytes.Equal(a.Elems[3].Raw, b.Elems[3].Raw)
}

var versionInReply = regexp.MustCompile(`version\\r\\n\$\d+\\r\\n[0-9.]+`)

// withoutIDs is a value with what is each server's own replaced. An integer is
// an id if anID says so.
func (s *Session) withoutIDs(v Value, anID bool) string {
	if message(v) == "invalidate" && v.Elems[1].Null {
		return "invalidate null"
	}
	text := escape(v.Raw)
	if anID && v.Kind == ':' || strings.Contains(text, "redirect") || strings.Contains(text, "tracking-redir-broken") || versionInReply.MatchString(text) {
		for _, k := range s.hearing.known {
			text = strings.ReplaceAll(text, ":"+k.id+`\r\n`, ":"+k.label+`\r\n`)
		}
	}
	return versionInReply.ReplaceAllString(text, "version")
}

// heardTheSame compares what was heard. Lists that have no order are sorted.
func heardTheSame(name string, oracle, subject Reply) string {
	a, b := string(oracle.Raw), string(subject.Raw)
	if strings.HasPrefix(name, "PUBSUB") && strings.HasSuffix(name, "CHANNELS") {
		a, b = sortedWords(a), sortedWords(b)
	}
	switch {
	case a == b:
		return ""
	case strings.HasSuffix(name, " HELP"):
		return "" // each server's own words
	}
	return "not the same is heard"
}

func sortedWords(text string) string {
	words := strings.Split(text, `\r\n`)
	slices.Sort(words)
	return strings.Join(words, " ")
}
