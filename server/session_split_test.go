package server

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// splitPieces are requests whose replies do not depend on the time, the
// malformed last: what follows one of those is not executed.
var splitPieces = []string{
	"PING\r\n",
	"\r\n",
	"  SET inline \"a b\\x41\\n\"\r\nGET inline\r\n",
	"*0\r\n",
	"*-1\r\n",
	wire("SET", "k", "v"),
	wire("GET", "k"),
	wire("APPEND", "grow", strings.Repeat("x", 5000)),
	wire("STRLEN", "grow"),
	wire("SET", "wide", strings.Repeat("0123456789", 30_000)),
	wire("GETRANGE", "wide", "299990", "-1"),
	wire("GET", "missing"),
	wire("MSET", "a", "1", "b", "2", "c", "3"),
	wire("MGET", "c", "b", "a", "nope"),
	wire("INCR", "k"),
	wire("NOSUCH", "with", "arguments"),
	wire("GET"),
	wire("COMMAND", "DOCS", "get"), // on a worker: the session parks
	wire("CLIENT", "REPLY", "SKIP") + wire("SET", "silent", "1"),
	wire("SELECT", "1") + wire("DBSIZE") + wire("SELECT", "0"),
	wire("ECHO", "\r\n$3\r\n*1\r\n"),
	strings.Repeat(wire("PING"), 200),
	wire("MGET", slices.Repeat([]string{"k"}, 2000)...),
}

var splitMalformed = []string{
	"*1\r\n$-1\r\n",
	"*x\r\n",
	"*2\r\n$3\r\nGET\r\n+k\r\n",
	"*2147483648\r\n",
	"*1\r\n$536870913\r\n",
	"SET \"unbalanced\r\n",
	"*" + strings.Repeat("1", 70_000) + "\r\n",
	strings.Repeat("i", 70_000) + "\r\n",
	"*1\r\n$" + strings.Repeat("1", 70_000) + "\r\n",
	wire("QUIT") + wire("SET", "after", "quit"),
}

// wire is a command as an array of bulk strings.
func wire(name string, args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n$%d\r\n%s\r\n", len(args)+1, len(name), name)
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// However the network cuts a conversation into pieces, its replies are the same
// and it ends at the same place.
func TestSplitsDoNotMatter(t *testing.T) {
	srv := newTestServer(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 150 {
		var script strings.Builder
		for range 1 + rng.IntN(8) {
			script.WriteString(splitPieces[rng.IntN(len(splitPieces))])
		}
		if round%2 == 1 {
			script.WriteString(splitMalformed[round/2%len(splitMalformed)])
			script.WriteString(wire("SET", "after", "the end"))
		}
		input := []byte(script.String())
		whole, wholeEnd := converse(t, srv, input, func() int { return len(input) })
		most := max(1<<rng.IntN(18), len(input)/2000)
		pieces, piecesEnd := converse(t, srv, input, func() int { return 1 + rng.IntN(most) })
		if !bytes.Equal(whole, pieces) || wholeEnd != piecesEnd {
			t.Fatalf("round %d: cut into at most %d bytes, the replies differ\ninput  %.300q\nwhole  %.300q (ends: %v)\npieces %.300q (ends: %v)",
				round, most, input, whole, wholeEnd, pieces, piecesEnd)
		}
	}
}

// converse feeds input to a new session of an empty server, in pieces of the
// sizes that size returns and by both ways in which drivers feed. It returns
// the replies and whether the session ended the connection.
func converse(t *testing.T, srv *Server, input []byte, size func() int) (replies []byte, ended bool) {
	c := newTestClient(t, srv, &respFront{})
	defer srv.endSession(c.s)
	c.do(wire("FLUSHALL"))
	for len(input) > 0 {
		n := min(size(), len(input))
		c.s.mu.Lock()
		if room := c.s.space(); room != nil {
			n = copy(room[:min(n, len(room))], input)
			c.s.fed(c.ex, n)
			c.s.mu.Unlock()
			replies = append(replies, c.do("")...)
		} else {
			c.s.mu.Unlock()
			replies = append(replies, c.do(string(input[:n]))...)
		}
		input = input[n:]
		if c.s.closing != stayOpen {
			return replies, true
		}
	}
	return replies, false
}

// A large request that comes a byte at a time takes time linear in its length.
// The limit is a hundred times what that needs, and a tenth of what looking at
// all that has come for each byte would.
func TestByteAtATimeTakesLinearTime(t *testing.T) {
	srv := newTestServer(t)
	for name, large := range map[string]string{
		"one large argument": wire("SET", "k", strings.Repeat("v", 2<<20)),
		"many arguments":     wire("DEL", slices.Repeat([]string{"k"}, 200_000)...),
		"inline":             strings.Repeat("x", 65_000) + "\r\n",
	} {
		c := newTestClient(t, srv, &respFront{})
		start := time.Now()
		c.s.mu.Lock()
		for i := range len(large) {
			if room := c.s.space(); room != nil {
				room[0] = large[i]
				c.s.fed(c.ex, 1)
			} else {
				c.s.feed(c.ex, []byte{large[i]})
			}
		}
		c.s.mu.Unlock()
		if c.do("") == "" { // wide requests are answered by a worker
			t.Errorf("%s: no reply", name)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(large), took)
		}
	}
}

// A client that announces much and sends little must not make the server hold
// much.
func TestAnnouncedBytesAreNotAllocated(t *testing.T) {
	srv := newTestServer(t)
	for _, announced := range []string{
		"*1000000000\r\n",
		"*2147483647\r\n$3\r\nGET\r\n",
		"*2\r\n$3\r\nSET\r\n$536870912\r\n",
		"*3\r\n$536870912\r\n",
	} {
		c := newTestClient(t, srv, &respFront{})
		if got := c.do(announced); got != "" {
			t.Errorf("%q was answered by %q", announced, got)
		}
		f := c.s.front.(*respFront)
		if held := cap(c.s.in) + f.parser.HeldBytes(); held > 2*bufferBytes {
			t.Errorf("after %q the session holds %d bytes", announced, held)
		}
	}
}

// Once its large request has been executed, a session is as small as before.
func TestLargeRequestsLeaveNothing(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	wide := make([]string, 100_000)
	for i := range wide {
		wide[i] = "k"
	}
	for _, large := range []string{
		wire("SET", "large", strings.Repeat("v", 32<<20)),
		wire("MGET", wide...),
	} {
		for i := 0; i < len(large); i += 50_000 {
			c.do(large[i:min(i+50_000, len(large))])
		}
		f := c.s.front.(*respFront)
		if held := cap(c.s.in) + cap(c.s.unsent) + cap(c.s.out.Buf) + f.parser.HeldBytes(); held > 4096 {
			t.Errorf("after a request of %d bytes the idle session holds %d", len(large), held)
		}
		for _, a := range c.ex.args[:cap(c.ex.args)] {
			if a != nil {
				t.Errorf("after a request of %d bytes the executor still points to %.20q", len(large), a)
				break
			}
		}
	}
}

// AUTH lifts the limits for strangers for what follows it in the same pipeline.
func TestAuthCountsForTheRestOfThePipeline(t *testing.T) {
	srv := newTestServer(t, "--requirepass", "secret")
	c := newTestClient(t, srv, &respFront{})
	wide := wire("MGET", slices.Repeat([]string{"k"}, 20)...)
	if got := c.do(wire("AUTH", "secret") + wide); !strings.HasPrefix(got, "+OK\r\n*20\r\n") {
		t.Errorf("AUTH and a wide request in one pipeline: %.80q", got)
	}
	stranger := newTestClient(t, srv, &respFront{})
	if got := stranger.do(wide); got != "-ERR Protocol error: unauthenticated multibulk length\r\n" {
		t.Errorf("a wide request of a stranger: %.80q", got)
	}
}

// The query buffer limit holds while a large argument is read directly into
// the session's buffer, too.
func TestQueryBufferLimitWhileAwaitingAnArgument(t *testing.T) {
	srv := newTestServer(t, "--client-query-buffer-limit", "1mb")
	c := newTestClient(t, srv, &respFront{})
	head := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$50000000\r\n"
	sent := 0
	for piece := head; c.s.closing == stayOpen; piece = strings.Repeat("v", 60_000) {
		c.s.mu.Lock()
		if room := c.s.space(); room != nil {
			n := copy(room, piece)
			c.s.fed(c.ex, n)
			sent += n
		} else {
			c.s.feed(c.ex, []byte(piece))
			sent += len(piece)
		}
		c.s.mu.Unlock()
		if sent > 4<<20 {
			t.Fatalf("the session took %d bytes of a request, the limit is 1 MiB", sent)
		}
	}
	if sent <= 1<<20 {
		t.Errorf("closed after %d bytes, below the limit of 1 MiB", sent)
	}
}
