package server

import (
	"fmt"
	"testing"
)

// entryReply is what XREAD answers with one entry f: v of one stream.
func entryReply(key, id, v string) string {
	return fmt.Sprintf("*1\r\n*2\r\n$%d\r\n%s\r\n*1\r\n*2\r\n$%d\r\n%s\r\n*2\r\n$1\r\nf\r\n$%d\r\n%s\r\n", len(key), key, len(id), id, len(v), v)
}

// TestStreamReadersAllGet proves that an entry goes to everybody who waits for
// the stream, that $ means the end as it was when the wait began, and that an
// entry which is gone by then wakes nobody.
func TestStreamReadersAllGet(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2")
	writer := newTestClient(t, srv, &respFront{})
	writer.do("XADD s 1-1 f old\r\n")
	var replies []chan string
	for _, request := range []string{
		"XREAD BLOCK 0 STREAMS s $", "XREAD COUNT 1 BLOCK 0 STREAMS other s $ $", "XREAD BLOCK 60000 STREAMS s 5-0", "XREAD BLOCK 0 STREAMS s $",
	} {
		replies = append(replies, newTestClient(t, srv, &respFront{}).waiting(request))
	}
	if got := execReply(writer, "XADD s 2-1 f gone", "XDEL s 2-1"); got != "*2\r\n$3\r\n2-1\r\n:1\r\n" {
		t.Fatalf("the transaction answers %q", got)
	}
	if n := len(srv.waiting.sessions()); n != 4 {
		t.Fatalf("%d clients wait after an entry came and went", n)
	}
	if got := writer.do("XADD s 3-1 f new\r\nXADD s 6-1 f newer\r\n"); got != "$3\r\n3-1\r\n$3\r\n6-1\r\n" {
		t.Errorf("the writer gets %q", got)
	}
	answered(t, "the first", replies[0], entryReply("s", "3-1", "new"))
	answered(t, "who waits for two streams", replies[1], entryReply("s", "3-1", "new"))
	answered(t, "who waits for a later ID", replies[2], entryReply("s", "6-1", "newer"))
	answered(t, "the last", replies[3], entryReply("s", "3-1", "new"))
	left(t, srv)
}

// TestStreamLastWaits proves that + of an absent stream waits for its first
// entry.
func TestStreamLastWaits(t *testing.T) {
	srv := newTestServer(t)
	writer, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	reply := c.waiting("XREAD BLOCK 0 STREAMS s +")
	writer.do("XADD s 1-1 f a\r\n")
	answered(t, "who waits", reply, entryReply("s", "1-1", "a"))
	if got := c.do("XREAD BLOCK 0 STREAMS s +\r\n"); got != entryReply("s", "1-1", "a") {
		t.Errorf("with an entry there, + answers %q", got)
	}
	left(t, srv)
}

// TestStreamGroupTakesTurns proves that an entry goes to one consumer of a
// group, the one who came first, and that both groups get it.
func TestStreamGroupTakesTurns(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2")
	writer := newTestClient(t, srv, &respFront{})
	writer.do("XGROUP CREATE s g $ MKSTREAM\r\nXGROUP CREATE s h $\r\n")
	var replies []chan string
	for _, who := range []string{"g alice", "g bob", "h carol"} {
		replies = append(replies, newTestClient(t, srv, &respFront{}).waiting("XREADGROUP GROUP "+who+" BLOCK 0 STREAMS s >"))
	}
	writer.do("XADD s 1-1 f a\r\n")
	answered(t, "alice", replies[0], entryReply("s", "1-1", "a"))
	answered(t, "carol", replies[2], entryReply("s", "1-1", "a"))
	if n := len(srv.waiting.sessions()); n != 1 {
		t.Fatalf("%d clients wait, want bob alone", n)
	}
	if got := writer.do("XADD s 2-1 f b\r\nXPENDING s g\r\n"); got != "$3\r\n2-1\r\n*4\r\n:2\r\n$3\r\n1-1\r\n$3\r\n2-1\r\n"+
		"*2\r\n*2\r\n$5\r\nalice\r\n$1\r\n1\r\n*2\r\n$3\r\nbob\r\n$1\r\n1\r\n" {
		t.Errorf("the writer gets %q", got)
	}
	answered(t, "bob", replies[1], entryReply("s", "2-1", "b"))
	left(t, srv)
}

// TestStreamWaitsEnd proves the ways in which a wait for entries ends without
// one.
func TestStreamWaitsEnd(t *testing.T) {
	const noGroup = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n"
	for _, tc := range []struct{ what, request, then, want string }{
		{"the time is up", "XREAD BLOCK 20 STREAMS s $", "", "*-1\r\n"},
		{"the time is up for a group", "XREADGROUP GROUP g c BLOCK 20 STREAMS s >", "", "*-1\r\n"},
		{"the group is deleted", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XGROUP DESTROY s g\r\n", noGroup},
		{"the stream is deleted", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "DEL s\r\n", noGroup},
		{"the database is emptied", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "FLUSHALL\r\n", noGroup},
		{"the stream is overwritten", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "SET s v\r\n", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"},
		{"a reader outlives all that", "XREAD BLOCK 0 STREAMS s $", "DEL s\r\nSET s v\r\nDEL s\r\nXADD s 1-1 f x\r\n", entryReply("s", "1-1", "x")},
	} {
		srv := newTestServer(t)
		other, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
		other.do("XGROUP CREATE s g $ MKSTREAM\r\n")
		reply := c.waiting(tc.request)
		if tc.then != "" {
			other.do(tc.then)
		}
		answered(t, tc.what, reply, tc.want)
		left(t, srv)
	}
	srv := newTestServer(t)
	if got := execReply(newTestClient(t, srv, &respFront{}), "XREAD BLOCK 0 STREAMS s $"); got != "*1\r\n*-1\r\n" {
		t.Errorf("in a transaction, a read that would wait answers %q", got)
	}
}
