package server

import (
	"io"
	"net"
	"testing"
	"time"
)

// line is a connection on which a test says and hears.
type line struct {
	t *testing.T
	c net.Conn
}

func dialLine(t *testing.T, path string) line {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return line{t, c}
}

func (l line) say(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l.c, text); err != nil {
		l.t.Fatal(err)
	}
}

// hears reads exactly want.
func (l line) hears(want string) {
	l.t.Helper()
	got := make([]byte, len(want))
	_ = l.c.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := io.ReadFull(l.c, got)
	if string(got[:n]) != want {
		l.t.Fatalf("heard %q and %v, want %q", got[:n], err, want)
	}
}

// hearsNothing tells that no reply has come, some time after it could have.
func (l line) hearsNothing() {
	l.t.Helper()
	var b [64]byte
	_ = l.c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if n, err := l.c.Read(b[:]); n > 0 || err == nil {
		l.t.Fatalf("heard %q before the record was durable", b[:n])
	}
}

// TestRepliesWaitForTheirRecord proves that a reply to what has changed
// something leaves when the record is durable and not before, on every way that
// a command can take, while others are answered.
func TestRepliesWaitForTheirRecord(t *testing.T) {
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			srv, path := startTestServer(t, args...)
			defer srv.Shutdown(5 * time.Second)
			c := &testCommitter{}
			c.waits.Store(true)
			commitTo(srv, c)
			durable := func() {
				c.durable.Store(c.Last())
				srv.Committed()
			}
			recorded := func(n uint64) { until(t, "it is recorded", func() bool { return c.Last() >= n }) }
			a, b := dialLine(t, path), dialLine(t, path)
			for _, x := range []struct{ say, hear string }{
				{"SET a 1\r\n", "+OK\r\n"},
				{"GET a\r\nINCR a\r\nGET a\r\n", "$1\r\n1\r\n:2\r\n$1\r\n2\r\n"},
				{"MULTI\r\nINCR a\r\nLPUSH l x y\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:3\r\n:2\r\n"},
				{"EVAL \"return redis.call('INCR','a')\" 0\r\n", ":4\r\n"},
				{"SUNIONSTORE s t\r\nDEL l a\r\n", ":0\r\n:2\r\n"},
				{wire("MSET", "x", string(make([]byte, wideBytes)), "y", "2"), "+OK\r\n"},
				{"FUNCTION FLUSH\r\n", "+OK\r\n"},
			} {
				last := c.Last()
				a.say(x.say)
				recorded(last + 1)
				a.hearsNothing()
				b.say("PING\r\nGET nothing\r\n")
				b.hears("+PONG\r\n$-1\r\n")
				durable()
				a.hears(x.hear)
			}
			// Who is served waits for the record of his own command.
			a.say("BLPOP q 0\r\n")
			until(t, "the client waits", func() bool { return len(srv.waiting.sessions()) == 1 })
			last := c.Last()
			b.say("RPUSH q v\r\n")
			recorded(last + 2)
			b.hearsNothing()
			a.hearsNothing()
			durable()
			b.hears(":1\r\n")
			a.hears("*2\r\n$1\r\nq\r\n$1\r\nv\r\n")
			// What changes nothing does not wait, nor does anybody if nobody has to.
			a.say("GET x:none\r\nDEL none\r\nINCR q q\r\n")
			a.hears("$-1\r\n:0\r\n-ERR wrong number of arguments for 'incr' command\r\n")
			c.waits.Store(false)
			a.say("SET a 5\r\n")
			a.hears("+OK\r\n")
			// While there is no room, who writes waits, and nobody else.
			c.full.Store(true)
			m := dialLine(t, path)
			a.say("SET a 7\r\nGET a\r\n")
			m.say("MULTI\r\nINCR m\r\nEXEC\r\n")
			m.hears("+OK\r\n")
			a.hearsNothing()
			b.say("GET y\r\n")
			b.hears("$1\r\n2\r\n")
			c.full.Store(false)
			a.hears("+OK\r\n$1\r\n7\r\n")
			m.hears("+QUEUED\r\n*1\r\n:1\r\n")
			_ = m.c.Close()
			until(t, "the client is gone", func() bool { return srv.clients.count() == 2 })
			// A client that is closed while it waits is gone.
			c.waits.Store(true)
			a.say("SET a 6\r\n")
			a.hearsNothing()
			b.say("CLIENT KILL TYPE normal SKIPME yes\r\n")
			b.hears(":1\r\n")
			_ = a.c.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := a.c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the killed client hears %v", err)
			}
		})
	}
}
