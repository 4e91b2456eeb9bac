package server

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/engine"
	"larder/server/command"
)

// newBlockingServer makes a server on which LPOP and RPOPLPUSH block: their
// last argument is the timeout in ms, and LPOP may have several keys.
func newBlockingServer(t *testing.T) *Server {
	t.Helper()
	srv := newTestServer(t, "--io-threads", "2")
	for _, name := range []string{"lpop", "rpoplpush"} {
		cmd := srv.lookup([]byte(name))
		pop := cmd.Handler
		cmd.Arity, cmd.onlyKey = -3, false
		last := -2
		if name == "rpoplpush" {
			last = 2
		}
		cmd.Specs = []command.KeySpec{{First: 1, Last: last, Step: 1}}
		cmd.Handler = func(c *command.Ctx) {
			keys, args := c.Keys, c.Args
			ms, err := strconv.Atoi(string(args[len(args)-1]))
			if err != nil {
				c.Out.Error("ERR no timeout")
				return
			}
			sources := []int{0}
			if name == "lpop" {
				sources = nil
				for i := range keys {
					sources = append(sources, i)
				}
			}
			for _, i := range sources {
				if _, there := c.Engine.Peek(c.DB, keys[i], c.NowMs); there {
					c.Args = args[:len(args)-1]
					if name == "lpop" {
						c.Keys, c.Args = keys[i:i+1], [][]byte{args[0], args[i+1]}
					}
					pop(c)
					c.Keys, c.Args = keys, args
					return
				}
			}
			c.Block(command.BlockRequest{TimeoutMs: int64(ms), Keys: sources})
		}
	}
	return srv
}

// waiting sends a request and waits until the client is blocked by it.
func (c *testClient) waiting(request string) (reply chan string) {
	c.t.Helper()
	reply = make(chan string, 1)
	before := len(c.s.srv.waiting.sessions())
	go func() { reply <- c.do(request + "\r\n") }()
	until(c.t, "the client waits", func() bool { return len(c.s.srv.waiting.sessions()) > before || len(reply) > 0 })
	return reply
}

// sessions are all that wait.
func (r *waitRoom) sessions() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*session
	for s := range r.bySession {
		all = append(all, s)
	}
	return all
}

// answered waits for a reply.
func answered(t testing.TB, what string, reply chan string, want string) {
	t.Helper()
	select {
	case got := <-reply:
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: no reply within 30 s", what)
	}
}

// left tells that nothing of those who waited remains.
func left(t testing.TB, srv *Server) {
	t.Helper()
	waiters, timeouts, keys, gone := srv.waiting.counts()
	if waiters+timeouts+keys+gone+srv.waiting.gone != 0 || srv.listening.load() != 0 {
		t.Errorf("%d waiters, %d timeouts, %d keys, %d for keys that go remain; listeners %b", waiters, timeouts, keys, gone, srv.listening.load())
	}
}

// TestBlockedAreServedInOrder proves that who came first is served first, that
// one who waits for several keys is served once, and that the one who pushes
// sees what he pushed gone.
func TestBlockedAreServedInOrder(t *testing.T) {
	srv := newBlockingServer(t)
	pusher := newTestClient(t, srv, &respFront{})
	var replies []chan string
	for i := range 4 {
		c := newTestClient(t, srv, &respFront{})
		keys := []string{"a", "a b", "b a", "a"}[i]
		replies = append(replies, c.waiting("LPOP "+keys+" 0"))
	}
	if got := pusher.do("RPUSH a 1\r\nLLEN a\r\nRPUSH b 2\r\nEXISTS b\r\n"); got != ":1\r\n:0\r\n:1\r\n:0\r\n" {
		t.Errorf("the pusher gets %q", got)
	}
	answered(t, "the first", replies[0], "$1\r\n1\r\n")
	answered(t, "the second", replies[1], "$1\r\n2\r\n")
	if got := pusher.do("RPUSH a 3 4 5\r\nLRANGE a 0 -1\r\n"); got != ":3\r\n*1\r\n$1\r\n5\r\n" {
		t.Errorf("the pusher gets %q", got)
	}
	answered(t, "the third", replies[2], "$1\r\n3\r\n")
	answered(t, "the fourth", replies[3], "$1\r\n4\r\n")
	left(t, srv)
}

// TestBlockedKeepTheirPlace proves that a key of another type serves nobody
// and costs nobody its place, and that a pipeline goes on behind the reply.
func TestBlockedKeepTheirPlace(t *testing.T) {
	srv := newBlockingServer(t)
	pusher, first, second := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	one := first.waiting("LPOP a 0\r\nPING\r\nLPOP a 0\r\nECHO end")
	two := second.waiting("LPOP a 0")
	pusher.do("SET a string\r\nDEL a\r\n")
	if n := len(srv.waiting.sessions()); n != 2 {
		t.Fatalf("%d clients wait after a string came", n)
	}
	pusher.do("RPUSH a 1 2 3\r\n")
	answered(t, "the second", two, "$1\r\n2\r\n")
	answered(t, "the first", one, "$1\r\n1\r\n+PONG\r\n$1\r\n3\r\n$3\r\nend\r\n")
	left(t, srv)
}

// TestBlockedByTransaction proves that a transaction serves those who wait at
// its end, with what is there then, and blocks nobody itself.
func TestBlockedByTransaction(t *testing.T) {
	srv := newBlockingServer(t)
	pusher, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	reply := c.waiting("LPOP a 0")
	if got := execReply(pusher, "RPUSH a 1", "DEL a", "LPOP a 0", "RPUSH a 2", "LLEN a"); got != "*5\r\n:1\r\n:1\r\n*-1\r\n:1\r\n:1\r\n" {
		t.Errorf("the transaction answers %q", got)
	}
	answered(t, "who waits", reply, "$1\r\n2\r\n")
	reply = c.waiting("LPOP a 0")
	execReply(pusher, "RPUSH a 3", "KEYS x") // on a worker
	answered(t, "who waits", reply, "$1\r\n3\r\n")
	left(t, srv)
}

// TestBlockedChain proves that what serving one client makes ready serves the
// next.
func TestBlockedChain(t *testing.T) {
	srv := newBlockingServer(t)
	pusher := newTestClient(t, srv, &respFront{})
	var replies []chan string
	for i := range 5 {
		c := newTestClient(t, srv, &respFront{})
		replies = append(replies, c.waiting(fmt.Sprintf("RPOPLPUSH k%d k%d 0", i, i+1)))
	}
	if got := pusher.do("RPUSH k0 x\r\nLRANGE k5 0 -1\r\nEXISTS k0 k1 k2 k3 k4\r\n"); got != ":1\r\n*1\r\n$1\r\nx\r\n:0\r\n" {
		t.Errorf("the pusher gets %q", got)
	}
	for i, r := range replies {
		answered(t, fmt.Sprint("link ", i), r, "$1\r\nx\r\n")
	}
	left(t, srv)
}

// TestBlockedBySwap proves that lists which SWAPDB brings serve those who wait.
func TestBlockedBySwap(t *testing.T) {
	srv := newBlockingServer(t)
	other, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	other.do("SELECT 1\r\nRPUSH a 1\r\n")
	reply := c.waiting("LPOP a 0")
	other.do("SWAPDB 0 1\r\n")
	answered(t, "who waits", reply, "$1\r\n1\r\n")
	left(t, srv)
}

// TestBlockedEnd proves the ways out: the time is up, CLIENT UNBLOCK, and the
// end of the connection, after which others are served.
func TestBlockedEnd(t *testing.T) {
	srv := newBlockingServer(t)
	admin := newTestClient(t, srv, &respFront{})
	for _, step := range []struct {
		what    string
		request string
		unblock string
		want    string
	}{
		{"a timeout", "LPOP a b 20", "", "*-1\r\n"},
		{"a timeout in RESP3", "HELLO 3\r\nLPOP a 20\r\nHELLO 2\r\nPING", "", "_\r\n"},
		{"unblocked", "LPOP a 0", "", "*-1\r\n"},
		{"unblocked as if late", "LPOP a 0", " TIMEOUT", "*-1\r\n"},
		{"unblocked with an error", "LPOP a 60000", " error", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"},
		{"WAIT", "WAIT 1 20", "", ":0\r\n"},
		{"WAIT for ever", "WAIT 1 0", " TIMEOUT", ":0\r\n"},
		{"WAIT for nothing", "WAIT 0 0", "", ":0\r\n"},
		{"WAITAOF", "WAITAOF 0 1 20", "", "*2\r\n:0\r\n:0\r\n"},
	} {
		c := newTestClient(t, srv, &respFront{})
		reply := c.waiting(step.request)
		if strings.HasPrefix(step.what, "unblocked") || step.unblock != "" {
			unblock := fmt.Sprintf("CLIENT UNBLOCK %d%s\r\n", c.s.id, step.unblock)
			if list := admin.do(fmt.Sprintf("CLIENT LIST ID %d\r\n", c.s.id)); !strings.Contains(list, " flags=b ") {
				t.Errorf("%s: CLIENT LIST shows %q", step.what, list)
			}
			if info := admin.do("INFO clients\r\n"); !strings.Contains(info, "blocked_clients:1\r\n") {
				t.Errorf("%s: INFO shows %q", step.what, info)
			}
			if got := admin.do(unblock); got != ":1\r\n" {
				t.Errorf("%s: CLIENT UNBLOCK answers %q", step.what, got)
			}
			if got := admin.do(unblock); got != ":0\r\n" {
				t.Errorf("%s: a second CLIENT UNBLOCK answers %q", step.what, got)
			}
		}
		select {
		case got := <-reply:
			if !strings.Contains(got, step.want) || !strings.HasPrefix(step.request, "HELLO") && got != step.want {
				t.Errorf("%s: got %q, want %q", step.what, got, step.want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: no reply", step.what)
		}
		left(t, srv)
	}
	hangsUp := newTestClient(t, srv, &respFront{})
	hangsUp.s.mu.Lock()
	hangsUp.s.feed(hangsUp.ex, []byte("LPOP a 0\r\n"))
	if hangsUp.s.endInput(); hangsUp.s.closing != closeNow {
		t.Error("a client that hangs up while it is blocked is not closed")
	}
	hangsUp.s.mu.Unlock()
	srv.endSession(hangsUp.s)
	dead, next := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	gone := dead.waiting("LPOP a 0")
	reply := next.waiting("LPOP a 0")
	srv.endSession(dead.s)
	<-gone
	admin.do("RPUSH a 1\r\n")
	answered(t, "behind a connection that was closed", reply, "$1\r\n1\r\n")
	left(t, srv)
}

// TestBlockedCommandsAreCounted proves that a command that waited counts once,
// when it is answered.
func TestBlockedCommandsAreCounted(t *testing.T) {
	srv := newBlockingServer(t)
	pusher, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	reply := c.waiting("LPOP a 0")
	if stats := pusher.do("INFO commandstats\r\n"); strings.Contains(stats, "cmdstat_lpop") {
		t.Error("a command that waits is counted")
	}
	pusher.do("RPUSH a 1\r\n")
	answered(t, "who waits", reply, "$1\r\n1\r\n")
	if stats := pusher.do("INFO commandstats\r\n"); !strings.Contains(stats, "cmdstat_lpop:calls=1,") {
		t.Error("a command that has waited is not counted once")
	}
}

// TestBlockedUntilGone proves that a command which asks for it runs again when
// its key goes away or changes its type, whoever does that.
func TestBlockedUntilGone(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2")
	cmd := srv.lookup([]byte("rpop"))
	pop := cmd.Handler
	cmd.Handler = func(c *command.Ctx) { // blocks while the list has one element
		it, there := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs)
		switch {
		case !there:
			c.Out.Error("NOGROUP it is gone")
		case it.Type() != engine.TypeList:
			c.Out.Error(command.ErrWrongType)
		case listLen(it) == 1:
			c.Block(command.BlockRequest{Gone: true})
		default:
			pop(c)
		}
	}
	admin, mem := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, newMemcacheFront(srv))
	const gone = "-NOGROUP it is gone\r\n"
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"pushed", func() { admin.do("LPUSH a x\r\n") }, "$6\r\nmarker\r\n"},
		{"deleted", func() { admin.do("DEL a\r\n") }, gone},
		{"renamed", func() { admin.do("RENAME a b\r\n") }, gone},
		{"replaced", func() { admin.do("SET a string\r\n") }, "-" + command.ErrWrongType + "\r\n"},
		{"flushed", func() { admin.do("FLUSHALL\r\n") }, gone},
		{"flushed by memcached", func() { mem.do("flush_all\r\n") }, gone},
		{"swapped", func() { admin.do("SWAPDB 0 1\r\n") }, gone},
		{"expired at once", func() { admin.do("PEXPIRE a -1\r\n") }, gone},
		{"expired and swept", func() {
			admin.do("PEXPIRE a 1\r\n")
			s := srv.engine.Key([]byte("a")).Shard
			until(t, "the key is swept", func() bool {
				s.Lock()
				defer s.Unlock()
				var sweeper engine.Sweeper
				n, _ := sweeper.Sweep(s, time.Now().UnixMilli())
				return n > 0
			})
		}, gone},
		{"in a transaction", func() { execReply(admin, "LPUSH a x", "DEL a") }, gone},
	} {
		admin.do("FLUSHALL\r\nRPUSH a marker\r\n")
		c := newTestClient(t, srv, &respFront{})
		reply := c.waiting("RPOP a")
		if _, _, keys, until := srv.waiting.counts(); keys != 1 || until != 1 {
			t.Errorf("%s: %d keys are waited for, %d of them until they are gone", step.what, keys, until)
		}
		step.do()
		answered(t, "a key that is "+step.what, reply, step.want)
		left(t, srv)
	}
}

func listLen(it engine.Item) int {
	l := it.List()
	return l.Len()
}

// TestBlockedCrowd proves under load that nothing that is pushed is lost or
// delivered twice, while clients come and go.
func TestBlockedCrowd(t *testing.T) {
	srv := newBlockingServer(t)
	const pushers, poppers, each = 3, 4, 100
	var wg, pushing sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	pushed := make(chan struct{})
	for range poppers {
		c := newTestClient(t, srv, &respFront{})
		wg.Go(func() {
			for last := false; ; {
				reply := strings.Split(c.do("LPOP a b 5\r\n"), "\r\n")
				if len(reply) > 2 {
					mu.Lock()
					got[reply[1]]++
					mu.Unlock()
					continue
				}
				if last {
					return // all had been pushed before, and nothing was there
				}
				select {
				case <-pushed:
					last = true
				default:
				}
			}
		})
	}
	for p := range pushers {
		c := newTestClient(t, srv, &respFront{})
		pushing.Go(func() {
			for i := range each {
				key := string("ab"[i%2])
				if i%5 == 0 {
					execReply(c, fmt.Sprintf("RPUSH %s %d-%d", key, p, i), "PING")
				} else {
					c.do(fmt.Sprintf("RPUSH %s %d-%d\r\n", key, p, i))
				}
			}
		})
	}
	pushing.Wait()
	close(pushed)
	wg.Wait()
	if len(got) != pushers*each {
		t.Errorf("%d elements came, want %d", len(got), pushers*each)
	}
	for e, n := range got {
		if n != 1 {
			t.Errorf("%s came %d times", e, n)
		}
	}
	left(t, srv)
}
