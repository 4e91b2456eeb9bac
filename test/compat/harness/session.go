package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// maxConns bounds the connections of one kind in a history.
const maxConns = 8

// replyDeadline bounds how long one reply may take.
const replyDeadline = 10 * time.Second

// goneDeadline bounds the wait for a key to expire.
const goneDeadline = 5 * time.Second

// maxScanRounds bounds one SCAN iteration.
const maxScanRounds = 200_000

// Reply is what a server answered to a step.
type Reply struct {
	// Value is the parsed reply of a RESP step.
	Value Value
	// Raw is the reply's bytes; for memcached steps with CAS values replaced
	// by the order in which the server first showed them.
	Raw []byte
	// Closed is set when the server closed the connection instead of, or in
	// the middle of, an answer.
	Closed bool
}

// String is the reply as transcripts show it.
func (r Reply) String() string {
	s := escape(bytes.TrimSuffix(r.Raw, []byte("\r\n")))
	if len(r.Raw) == 0 && !r.Closed {
		s = noReply
	}
	if r.Closed {
		s = strings.TrimSpace(s + " (connection closed)")
	}
	return s
}

// Session is the run of one history on one server.
type Session struct {
	server *Server
	proto  int
	resp   [maxConns]*RESPConn
	text   [maxConns]*textConn
	binary [maxConns]*binaryConn
	cas    casOrder

	hearing hearing
}

// NewSession opens a session; connections are dialed when a step needs them.
func NewSession(server *Server, proto int) *Session {
	return &Session{server: server, proto: proto, cas: casOrder{order: map[uint64]int{}}}
}

// Close closes all connections of the session.
func (s *Session) Close() {
	for i := range maxConns {
		if s.resp[i] != nil {
			s.resp[i].Close()
		}
		if s.text[i] != nil {
			_ = s.text[i].c.Close()
		}
		if s.binary[i] != nil {
			_ = s.binary[i].c.Close()
		}
	}
}

// RESPConn is a client connection that speaks RESP.
type RESPConn struct {
	c   net.Conn
	r   *RESPReader
	out []byte
}

// DialRESP connects to a RESP address and, for version 3, says HELLO 3.
func DialRESP(addr string, proto int) (*RESPConn, error) {
	c, err := net.DialTimeout("tcp", addr, replyDeadline)
	if err != nil {
		return nil, err
	}
	rc := &RESPConn{c: c, r: NewRESPReader(c)}
	if proto == 3 {
		v, err := rc.Do("HELLO", "3")
		if err == nil && v.Kind != '%' {
			err = fmt.Errorf("HELLO 3 answers %q", v.Raw)
		}
		if err != nil {
			rc.Close()
			return nil, err
		}
	}
	return rc, nil
}

// Do sends one command and reads its reply.
func (c *RESPConn) Do(words ...string) (Value, error) {
	return c.DoArgs(Command(0, words...).Args)
}

// DoArgs sends one command and reads its reply.
func (c *RESPConn) DoArgs(args [][]byte) (Value, error) {
	if err := c.send(args); err != nil {
		return Value{}, err
	}
	return c.r.Read()
}

// send sends commands and starts the time that their replies may take.
func (c *RESPConn) send(commands ...[][]byte) error {
	if err := c.c.SetDeadline(time.Now().Add(replyDeadline)); err != nil {
		return err
	}
	c.out = c.out[:0]
	for _, args := range commands {
		c.out = AppendCommand(c.out, args)
	}
	_, err := c.c.Write(c.out)
	return err
}

// Close closes the connection.
func (c *RESPConn) Close() { _ = c.c.Close() }

// Do runs a step. Errors are failures of the harness or of the server to
// answer at all; a closed connection is a reply.
func (s *Session) Do(step Step) (Reply, error) {
	switch step.Op {
	case OpGone:
		return s.awaitGone(step)
	case OpScan:
		return s.scan(step)
	case OpHear:
		return s.hear(step)
	case OpText:
		return s.doText(step)
	case OpBinary:
		return s.doBinary(step)
	}
	if step.Name() == "DBSIZE" && len(step.Args) == 1 {
		// Redis counts keys that are past their deadline until something
		// touches them; a scan does, so that the count is exact.
		if _, err := s.scan(Step{Op: OpScan, Conn: step.Conn}); err != nil {
			return Reply{}, err
		}
	}
	return s.command(step.Conn, step.Args)
}

func (s *Session) command(conn int, args [][]byte) (Reply, error) {
	c := s.resp[conn]
	if c == nil {
		var err error
		if c, err = DialRESP(s.server.Addr, s.proto); err != nil {
			return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
		}
		s.resp[conn] = c
	}
	v, err := c.DoArgs(args)
	if err == nil {
		return Reply{Value: v, Raw: v.Raw}, nil
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Reply{}, fmt.Errorf("%s answers nothing within %v", s.server.Name, replyDeadline)
	}
	if isClosed(err) {
		c.Close()
		s.resp[conn] = nil
		return Reply{Raw: v.Raw, Closed: true}, nil
	}
	return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
}

func isClosed(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		(errors.As(err, &op) && !op.Timeout())
}

func (s *Session) awaitGone(step Step) (Reply, error) {
	deadline := time.Now().Add(goneDeadline)
	for {
		r, err := s.command(step.Conn, [][]byte{[]byte("EXISTS"), step.Args[0]})
		if err != nil || r.Closed {
			return r, err
		}
		if n, ok := r.Value.Int(); !ok || n == 0 || time.Now().After(deadline) {
			return r, nil
		}
		time.Sleep(500 * time.Microsecond)
	}
}

func (s *Session) scan(step Step) (Reply, error) {
	seen := map[string]bool{}
	cursor := []byte("0")
	for range maxScanRounds {
		args := append([][]byte{[]byte("SCAN"), cursor}, step.Args...)
		r, err := s.command(step.Conn, args)
		if err != nil || r.Closed || len(r.Value.Elems) != 2 {
			return r, err
		}
		for _, e := range r.Value.Elems[1].Elems {
			seen[string(e.Raw)] = true
		}
		cursor = r.Value.Elems[0].Str
		if string(cursor) == "0" {
			keys := make([]string, 0, len(seen))
			for k := range seen {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			return Reply{Raw: []byte(strings.Join(keys, ""))}, nil
		}
	}
	return Reply{}, fmt.Errorf("%s: SCAN does not come back to cursor 0 in %d rounds", s.server.Name, maxScanRounds)
}
