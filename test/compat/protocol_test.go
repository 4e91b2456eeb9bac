package compat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// closeWait is how long the tests watch a connection that the oracle does not
// close. A server that closes later than this passes.
const closeWait = 150 * time.Millisecond

// closeDeadline is how long a server may take to close a connection that the
// oracle closes.
const closeDeadline = 3 * time.Second

// streamDeadline bounds one exchange of a byte stream.
const streamDeadline = 15 * time.Second

// exchangeStream sends chunks one write each, then ends the sending side, and
// returns everything that the server answers until it closes in turn.
func exchangeStream(addr string, chunks [][]byte) ([]byte, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(streamDeadline)); err != nil {
		return nil, err
	}
	type result struct {
		raw []byte
		err error
	}
	answer := make(chan result, 1)
	go func() {
		raw, err := io.ReadAll(c)
		answer <- result{raw, err}
	}()
	for _, chunk := range chunks {
		// A server that has closed already refuses the rest; what it said
		// before is the answer.
		if _, err := c.Write(chunk); err != nil {
			break
		}
	}
	_ = c.(*net.TCPConn).CloseWrite()
	r := <-answer
	if isTimeout(r.err) {
		return r.raw, fmt.Errorf("no end of the answer within %v of the end of the request", streamDeadline)
	}
	return r.raw, nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// streamTries is how often a differing pair of answers is asked for again. A
// server that closes while bytes of the client are on their way resets the
// connection, and a reset may overtake the end of the answer.
const streamTries = 4

// answers returns both servers' answers to the same chunks.
func answers(t *testing.T, oracle, subject string, chunks [][]byte) (want, got []byte) {
	t.Helper()
	for range streamTries {
		var err error
		if want, err = exchangeStream(oracle, chunks); err != nil {
			t.Fatalf("oracle: %v", err)
		}
		if got, err = exchangeStream(subject, chunks); err != nil {
			t.Fatalf("larder: %v; the answer so far is %s", err, shown(got))
		}
		if bytes.Equal(want, got) {
			break
		}
	}
	return want, got
}

// closesAlone says whether the server closes a connection after request
// though the client keeps it open. wait bounds the watching.
func closesAlone(addr string, request []byte, wait time.Duration) (bool, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false, err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(request); errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return true, nil // it closed before it had all of the request
	} else if err != nil {
		return false, err
	}
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, c)
	return !isTimeout(err), nil
}

// checkStream compares the answer to a request, and whether it closes the
// connection. A difference that the table covers under name is none.
func checkStream(t *testing.T, table *harness.Differences, name string, oracle, subject *harness.Server, request []byte) {
	t.Helper()
	addr := func(s *harness.Server) string {
		if strings.HasPrefix(name, "memcached") {
			return s.MemAddr
		}
		return s.Addr
	}
	want, got := answers(t, addr(oracle), addr(subject), [][]byte{request})
	if !bytes.Equal(want, got) && !table.Covers(harness.Stream, name) {
		t.Errorf("request %s\noracle  %s\nlarder  %s", shown(request), shown(want), shown(got))
	}
	closed, err := closesAlone(addr(oracle), request, closeWait)
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	wait := closeWait
	if closed {
		wait = closeDeadline
	}
	also, err := closesAlone(addr(subject), request, wait)
	if err == nil && also && !closed { // the oracle may only have been slow
		closed, err = closesAlone(addr(oracle), request, closeDeadline)
	}
	if (err != nil || also != closed) && !table.Covers(harness.Stream, name) {
		t.Errorf("request %s\noracle closes: %v, larder closes: %v (%v)", shown(request), closed, also, err)
	}
}

func shown(p []byte) string {
	if len(p) > 400 {
		return fmt.Sprintf("%q… (%d bytes) …%q", p[:200], len(p), p[len(p)-60:])
	}
	return fmt.Sprintf("%q", p)
}

// streams are requests as bytes. Those that contain "flush" begin on an empty
// key space by themselves.
var streams = []struct{ name, request string }{
	{"empty", ""},
	{"empty line", "\r\n\r\nPING\r\n"},
	{"bare newlines", "\n\n\nPING\n"},
	{"inline", "PING\r\n"},
	{"inline newline only", "PING\nPING hello\n"},
	{"inline spaces", "  PING   hello  \r\n"},
	{"inline tabs", "PING\thello\r\n"},
	{"inline double quotes", "ECHO \"a b\"\r\nECHO \"\\x41\\n\\r\\t\\a\\b\\\\\\\"\"\r\nECHO \"\\q\\x4\\xzz\"\r\n"},
	{"inline single quotes", "ECHO 'a b'\r\nECHO 'it\\'s'\r\nECHO '\\x41\\n'\r\n"},
	{"inline empty quotes", "ECHO \"\"\r\nECHO ''\r\n"},
	{"inline unbalanced double", "PING\r\nECHO \"abc\r\nPING\r\n"},
	{"inline unbalanced single", "PING\r\nECHO 'abc\r\nPING\r\n"},
	{"inline quote then text", "ECHO \"abc\"def\r\nPING\r\n"},
	{"inline text then quote", "ECHO abc\"def\"\r\nPING\r\n"},
	{"inline nul byte", "ECHO a\x00b\r\nPING\r\n"},
	{"inline high bytes", "ECHO \xff\xfe\r\n"},
	{"inline carriage return inside", "ECHO a\rb\r\nPING\r\n"},
	{"inline unknown", "NOSUCH a b c\r\nPING\r\n"},
	{"inline without end", "PING"},
	{"inline too big", strings.Repeat("a", 70_000)},
	// So large that no read brings the end of the line before Redis sees that
	// the limit is passed: it does not look at the length of a line with an end.
	{"inline too big with end", strings.Repeat("a", 400_000) + "\r\nPING\r\n"},
	{"inline just within the limit", "ECHO " + strings.Repeat("a", 60_000) + "\r\n"},
	{"inline then multibulk", "PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n"},
	{"multibulk", "*1\r\n$4\r\nPING\r\n"},
	{"zero multibulk", "*0\r\n*1\r\n$4\r\nPING\r\n"},
	{"negative multibulk", "*-1\r\n*1\r\n$4\r\nPING\r\n"},
	{"very negative multibulk", "*-99999999999\r\nPING\r\n"},
	{"multibulk no number", "*abc\r\nPING\r\n"},
	{"multibulk empty number", "*\r\nPING\r\n"},
	{"multibulk number with space", "* 1\r\n$4\r\nPING\r\n"},
	{"multibulk plus sign", "*+1\r\n$4\r\nPING\r\n"},
	{"multibulk leading zero", "*01\r\n$4\r\nPING\r\n"},
	{"multibulk huge", "*1048577\r\nPING\r\n"},
	{"multibulk int32 limit", "*2147483648\r\nPING\r\n"},
	{"multibulk over int64", "*9223372036854775808\r\nPING\r\n"},
	{"multibulk newline only", "*1\n$4\nPING\n"},
	{"multibulk long count line", "*" + strings.Repeat("1", 70_000)},
	{"missing dollar", "*1\r\nPING\r\n"},
	{"wrong type byte", "*1\r\n:4\r\nPING\r\n"},
	{"wrong type byte in second", "*2\r\n$4\r\nECHO\r\n+abc\r\n"},
	{"nul instead of dollar", "*1\r\n\x00\r\n"},
	{"bulk negative", "*1\r\n$-1\r\nPING\r\n"},
	{"bulk very negative", "*1\r\n$-99\r\nPING\r\n"},
	{"bulk no number", "*1\r\n$abc\r\nPING\r\n"},
	{"bulk empty number", "*1\r\n$\r\nPING\r\n"},
	{"bulk too big", "*1\r\n$536870913\r\nPING\r\n"},
	{"bulk at the limit waits", "*2\r\n$4\r\nECHO\r\n$536870912\r\nabc"},
	{"bulk over int64", "*1\r\n$9223372036854775808\r\nPING\r\n"},
	{"bulk too short", "*1\r\n$3\r\nPING\r\n*1\r\n$4\r\nPING\r\n"},
	{"bulk too long", "*1\r\n$6\r\nPING\r\n*1\r\n$4\r\nPING\r\n"},
	{"bulk long length line", "*1\r\n$" + strings.Repeat("1", 70_000)},
	{"empty bulk as command", "*1\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n"},
	{"command then protocol error", "*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n*1\r\n$4\r\nPING\r\n"},
	{"half a multibulk", "*2\r\n$4\r\nECHO\r\n"},
	{"half a bulk", "*2\r\n$4\r\nECHO\r\n$10\r\nabc"},
	{"half a bulk after a command", "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$10\r\nabc"},
	{"http get", "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
	{"http post", "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nPING\r\n"},
	{"host header", "Host: localhost\r\nPING\r\n"},
	{"tls hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"},
	{"unknown long command", "*3\r\n$200\r\n" + strings.Repeat("x", 200) + "\r\n$200\r\n" + strings.Repeat("y", 200) + "\r\n$3\r\nabc\r\n"},
	{"unknown many arguments", "NOSUCH " + strings.Repeat("argument ", 60) + "\r\n"},
	{"unknown with newline", "*2\r\n$6\r\nNO\r\nUC\r\n$4\r\na\r\nb\r\n"},
	{"quit in a pipeline", "PING\r\nQUIT\r\nPING\r\n"},
	{"reply off", "PING\r\nCLIENT REPLY OFF\r\nPING\r\nGET a\r\nNOSUCH\r\nCLIENT REPLY ON\r\nPING\r\n"},
	{"reply off and quit", "PING\r\nCLIENT REPLY OFF\r\nPING\r\nQUIT\r\n"},
	{"reply skip", "CLIENT REPLY SKIP\r\nPING one\r\nPING two\r\n"},
	{"reply skip twice", "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING one\r\nPING two\r\n"},
	{"reply skip in off", "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\nPING on\r\n"},
	{"reply off with protocol error", "CLIENT REPLY OFF\r\nPING\r\n*1\r\nPING\r\n"},
	{"reply on", "CLIENT REPLY ON\r\nPING\r\n"},
	{"reset inside reply off", "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n"},
	{"hello 3 null", "HELLO 3 extra\r\nGET nosuch\r\n"},
	{"resp2 null", "GET nosuch\r\nMGET nosuch nosuch2\r\n"},
	{"select then reset", "SELECT 3\r\nRESET\r\nSELECT 16\r\n"},
	{"error with reply types", "GET\r\nINCR\r\nSET a b c\r\nSETBIT a b c\r\n"},
}

func TestStreams(t *testing.T) {
	table := intended(t)
	t.Run("resp", func(t *testing.T) {
		for _, s := range streams {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				checkStream(t, table, "resp "+s.name, servers.redis, servers.subject, []byte(s.request))
			})
		}
	})
	noUnusedStreams(t, table, "resp ")
}

// noUnusedStreams complains of rows of the table that no stream needed.
func noUnusedStreams(t *testing.T, table *harness.Differences, prefix string) {
	t.Helper()
	for _, row := range table.Unused(harness.Stream, prefix) {
		t.Errorf("the intended difference %q is not met: take it out of the table", row)
	}
}

// pipelineFamily has commands whose replies do not depend on the time or
// the connection, so that their bytes can be compared as one stream.
var pipelineFamily = family{
	name:  "pipeline",
	spoil: 10,
	rows: []string{
		"SET key value", "GET key", "APPEND key small", "STRLEN key", "INCR key", "MGET key*", "MSET (key small)*",
		"GETRANGE key index index", "SETRANGE key offset small", "SETBIT key bit binary01", "BITCOUNT key", "DEL key*",
		"EXISTS key*", "TYPE key", "PING", "PING small", "ECHO value", "RENAME key key", "NOSUCH key", "GET",
	},
}

// TestPipelines sends whole histories as one byte stream, cut at random
// places, and compares the streams of replies.
func TestPipelines(t *testing.T) {
	cuts := []struct {
		name string
		most int // bytes a chunk; 0: one chunk
	}{{"one write", 0}, {"one byte", 1}, {"few bytes", 7}, {"packets", 1500}, {"large", 40_000}}
	for _, cut := range cuts {
		t.Run(cut.name, func(t *testing.T) {
			for i := range 4 {
				seed := *flagSeed + uint64(i)
				h := pipelineFamily.generate(seed, length())
				var request []byte
				request = harness.AppendCommand(request, harness.Command(0, "FLUSHALL").Args)
				for _, s := range h.Steps {
					if len(s.Args) > 0 {
						request = harness.AppendCommand(request, s.Args)
					}
				}
				chunks := split(rand.New(rand.NewPCG(seed, 1)), request, cut.most)
				want, got := answers(t, servers.redis.Addr, servers.subject.Addr, chunks)
				reportFirstDifference(t, h, want, got)
			}
		})
	}
}

func split(r *rand.Rand, p []byte, most int) [][]byte {
	if most == 0 {
		return [][]byte{p}
	}
	var chunks [][]byte
	for len(p) > 0 {
		n := min(len(p), 1+r.IntN(most))
		chunks = append(chunks, p[:n])
		p = p[n:]
		if most == 1 && len(chunks) > 4000 {
			return append(chunks, p) // enough single bytes
		}
	}
	return chunks
}

func reportFirstDifference(t *testing.T, h harness.History, want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	a, b := harness.NewRESPReader(bytes.NewReader(want)), harness.NewRESPReader(bytes.NewReader(got))
	for i := 0; ; i++ {
		v, errA := a.Read()
		w, errB := b.Read()
		if errA == nil && errB == nil && bytes.Equal(v.Raw, w.Raw) {
			continue
		}
		step := "FLUSHALL"
		if i > 0 && i <= len(h.Steps) {
			step = h.Steps[i-1].String()
		}
		t.Errorf("seed %d, reply %d (%s): oracle %s (%v), larder %s (%v)", h.Seed, i, step, shown(v.Raw), errA, shown(w.Raw), errB)
		return
	}
}
