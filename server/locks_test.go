package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"larder/engine"
)

// heldKeys returns n keys of shards that a shard apart does not have, and one of
// that shard.
func heldKeys(e *engine.Engine, n int) (held []string, free string) {
	apart := e.Key([]byte("free")).Shard
	for i := 0; len(held) < n; i++ {
		if k := e.Key(fmt.Appendf(nil, "k%d", i)); k.Shard != apart {
			held = append(held, string(k.Name))
		}
	}
	return held, "free"
}

// holdAllBut locks every shard but that of a key, as a script would that runs
// for long, and returns what lets go of them.
func holdAllBut(e *engine.Engine, key string) (release func()) {
	var shards []*engine.Shard
	for _, s := range e.Shards() {
		if s != e.Key([]byte(key)).Shard {
			shards = append(shards, s)
		}
	}
	lockLong(shards, nil)
	return func() { unlockEach(shards, true) }
}

// TestRequestsWaitForHeldShards has many clients of both protocols ask for keys
// of held shards, several at a time, and for one that nobody holds. The latter
// are answered; the others are when the shards are free, in order.
func TestRequestsWaitForHeldShards(t *testing.T) {
	srv := newTestServer(t, "--maxmemory", "64mb")
	keys, free := heldKeys(srv.engine, 6)
	setup := newTestClient(t, srv, newMemcacheFront(srv))
	for _, k := range append(keys, free) {
		setup.do("set " + k + " 0 0 1\r\n5\r\n")
	}
	watcher := newTestClient(t, srv, newMemcacheFront(srv))
	if got := watcher.do("watch fetchers mutations\r\n"); got != "OK\r\n" {
		t.Fatal(got)
	}
	value := func(k string) string { return "VALUE " + k + " 0 1\r\n5\r\n" }
	all := strings.Join(append(keys, free), " ")
	values := ""
	for _, k := range append(keys, free) {
		values += value(k)
	}
	requests := []struct {
		memcached     bool
		request, want string
	}{
		{true, "get " + all + "\r\nset " + keys[0] + " 0 0 1\r\n5\r\nversion\r\n", values + "END\r\nSTORED\r\nVERSION " + memcachedVersion + "\r\n"},
		{true, "get " + free + " " + keys[1] + "\r\nget " + keys[2] + "\r\n", value(free) + value(keys[1]) + "END\r\n" + value(keys[2]) + "END\r\n"},
		{true, "gat 0 " + keys[3] + " " + keys[4] + "\r\n", value(keys[3]) + value(keys[4]) + "END\r\n"},
		{true, "gat 0 " + keys[3] + " " + strings.Repeat("x", 251) + "\r\nmn\r\n", "CLIENT_ERROR bad command line format\r\nMN\r\n"},
		{true, "flush_all 1000\r\nlru_crawler mgdump hash\r\n", ""},
		{false, "MGET " + all + "\r\nGET " + keys[5] + "\r\n", "*7\r\n" + strings.Repeat("$1\r\n5\r\n", 8)},
	}
	release := holdAllBut(srv.engine, free)
	var wg sync.WaitGroup
	var clients []*testClient
	for _, r := range requests {
		for range 4 {
			var f front = &respFront{}
			if r.memcached {
				f = newMemcacheFront(srv)
			}
			c := newTestClient(t, srv, f)
			clients = append(clients, c)
			wg.Go(func() {
				switch got := c.do(r.request); {
				case r.want == "":
					if !strings.HasSuffix(got, "EN\r\n") || strings.Count(got, "mg ") != len(keys)+1 {
						t.Errorf("the dump is %q", got)
					}
				case got != r.want:
					t.Errorf("%q answers %q, want %q", r.request, got, r.want)
				}
			})
		}
	}
	for _, c := range clients {
		until(t, "all wait", func() bool {
			c.s.mu.Lock()
			defer c.s.mu.Unlock()
			return c.s.parked
		})
	}
	if got := setup.do("get " + free + "\r\n"); got != value(free)+"END\r\n" {
		t.Errorf("the key that nobody holds is %q", got)
	}
	release()
	wg.Wait()
}

// TestPauseHoldsMemcachedBack pauses writes, and then everything: what is held
// back goes on in its order when the pause ends, once.
func TestPauseHoldsMemcachedBack(t *testing.T) {
	for _, c := range []struct{ mode, before, held string }{
		{"WRITE", "get a\r\nmg a v\r\nversion\r\n", "set a 0 0 1\r\n2\r\n"},
		{"WRITE", "get a\r\n", "gat 0 a\r\n"},
		{"WRITE", "get a\r\n", "touch a 0\r\n"},
		{"WRITE", "get a\r\n", "mg a T0 v\r\n"},
		{"WRITE", "get a\r\n", "incr a 1\r\n"},
		{"WRITE", "get a\r\n", "delete a\r\n"},
		{"WRITE", "get a\r\n", "flush_all\r\n"},
		{"ALL", "", "version\r\n"},
	} {
		t.Run(c.mode+" "+c.held[:len(c.held)-2], func(t *testing.T) {
			srv := newTestServer(t)
			admin := newTestClient(t, srv, &respFront{})
			client := newTestClient(t, srv, newMemcacheFront(srv))
			tail := "incr a 1\r\nget a\r\n"
			client.do("set a 0 0 1\r\n1\r\n")
			plain := client.do(c.before + c.held + tail)
			client.do("set a 0 0 1\r\n1\r\n")
			if got := admin.do("CLIENT PAUSE 100000 " + c.mode + "\r\n"); got != "+OK\r\n" {
				t.Fatal(got)
			}
			paused := make(chan string)
			go func() { paused <- client.do(c.before + c.held + tail) }()
			until(t, "it is held back", func() bool { return srv.pause.waitingCount() == 1 })
			if c.mode == "WRITE" {
				if got := admin.do("GET a\r\n"); got != "$1\r\n1\r\n" {
					t.Errorf("during the pause a is %q", got)
				}
			}
			srv.pause.resume()
			if got := <-paused; got != plain {
				t.Errorf("with a pause the replies are %q, without %q", got, plain)
			}
		})
	}
}
