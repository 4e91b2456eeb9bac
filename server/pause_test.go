package server

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// until waits for a condition, for at most 10 s.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

// waiting is the number of sessions that a pause holds back.
func (g *pauseGate) waitingCount() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// TestPauseHoldsBackInOrder pauses writes: reads go on, writes wait, and the
// end of the pause lets them run in the order in which they came, each once.
func TestPauseHoldsBackInOrder(t *testing.T) {
	srv := newTestServer(t)
	admin := newTestClient(t, srv, &respFront{})
	if got := admin.do("CLIENT PAUSE 100000 WRITE\r\n"); got != "+OK\r\n" {
		t.Fatal(got)
	}
	const clients = 5
	var wg sync.WaitGroup
	replies := make([]string, clients)
	for i := range clients {
		c := newTestClient(t, srv, &respFront{})
		// A command before and behind the one that waits, in one piece.
		wg.Go(func() { replies[i] = c.do("GET n\r\nINCR n\r\nPING\r\n") })
		until(t, "the client waits", func() bool { return srv.pause.waitingCount() == i+1 })
	}
	if got := admin.do("GET n\r\nINFO clients\r\n"); !strings.HasPrefix(got, "$-1\r\n") || !strings.Contains(got, "\r\nblocked_clients:5\r\n") {
		t.Errorf("while writes wait: %q", got)
	}
	if list := admin.do("CLIENT LIST\r\n"); strings.Count(list, " flags=b ") != clients {
		t.Errorf("CLIENT LIST does not show who waits: %s", list)
	}
	if got := admin.do("CLIENT UNPAUSE\r\n"); got != "+OK\r\n" {
		t.Fatal(got)
	}
	wg.Wait()
	slices.Sort(replies)
	for i, got := range replies {
		if want := "$-1\r\n:" + string(rune('1'+i)) + "\r\n+PONG\r\n"; got != want {
			t.Errorf("reply %d is %q, want %q", i, got, want)
		}
	}
	if got := admin.do("INCR n\r\n"); got != ":6\r\n" {
		t.Errorf("after the pause: %q", got)
	}
}

// TestPauseEndsByItself lets a pause of everything run out; what is longer or
// stricter wins over what comes later.
func TestPauseEndsByItself(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	start := time.Now()
	c.do("CLIENT PAUSE 200 ALL\r\n")
	srv.pause.pause(pauseWrites, start.UnixMilli()+1, start.UnixMilli())
	if got := c.do("PING\r\n"); got != "+PONG\r\n" {
		t.Errorf("PING answers %q", got)
	}
	// The wall clock that the pause goes by has whole milliseconds.
	if waited := time.Since(start); waited < 195*time.Millisecond {
		t.Errorf("a later, weaker pause cut the first one short: %v", waited)
	}
	if srv.pause.waitingCount() != 0 {
		t.Error("somebody still waits")
	}
}

// TestPauseForgetsWhoLeft ends a session while it waits.
func TestPauseForgetsWhoLeft(t *testing.T) {
	srv := newTestServer(t)
	admin := newTestClient(t, srv, &respFront{})
	admin.do("CLIENT PAUSE 100000 WRITE\r\n")
	c := newTestClient(t, srv, &respFront{})
	c.feed([]byte("SET a 1\r\n"))
	if srv.pause.waitingCount() != 1 {
		t.Fatal("the write does not wait")
	}
	srv.endSession(c.s)
	if srv.pause.waitingCount() != 0 {
		t.Error("a session that has ended still waits")
	}
	admin.do("CLIENT UNPAUSE\r\n")
	if got := admin.do("EXISTS a\r\n"); got != ":0\r\n" {
		t.Errorf("what a closed connection had asked for ran: %q", got)
	}
}
