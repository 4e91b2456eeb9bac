package server

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// invalidated are the keys of a stream of RESP3 pushes that holds nothing else.
func invalidated(stream string) []string {
	var keys []string
	for _, push := range strings.Split(stream, "invalidate\r\n")[1:] {
		words := strings.Split(push, "\r\n")
		for i := 2; i < len(words) && strings.HasPrefix(words[i-1], "$"); i += 2 {
			keys = append(keys, words[i])
		}
	}
	return keys
}

// eventually waits for a condition that something else brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// tracked returns the counts of INFO: keys, items, clients and prefixes.
func tracked(c *testClient) (keys, items, clients, prefixes int) {
	for _, line := range strings.Split(c.do("INFO stats clients\r\n"), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(value)
		switch name {
		case "tracking_total_keys":
			keys = n
		case "tracking_total_items":
			items = n
		case "tracking_clients":
			clients = n
		case "tracking_total_prefixes":
			prefixes = n
		}
	}
	return keys, items, clients, prefixes
}

// The table never holds more keys than tracking-table-max-keys; who held what
// was forgotten is told, behind the reply, and INFO counts what is there.
func TestTrackingTableIsLimited(t *testing.T) {
	srv := newTestServer(t, "--tracking-table-max-keys", "100")
	a, b := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("HELLO 3\r\nCLIENT TRACKING ON\r\n")
	held := map[string]bool{}
	for i := range 1000 {
		key := fmt.Sprint("key:", i)
		reply := a.do("GET " + key + "\r\n")
		if !strings.HasPrefix(reply, "_\r\n") {
			t.Fatalf("the reply is not in front: %q", reply)
		}
		held[key] = true
		for _, gone := range invalidated(reply) {
			if !held[gone] {
				t.Fatalf("told about %s, which was not held", gone)
			}
			delete(held, gone)
		}
		if keys, items, clients, _ := tracked(b); keys != len(held) || items != keys || keys > 100 || clients != 1 {
			t.Fatalf("INFO shows %d keys, %d items, %d clients; the client holds %d keys", keys, items, clients, len(held))
		}
	}
	if len(held) < 50 {
		t.Errorf("only %d keys are remembered of 100", len(held))
	}
	b.do("CONFIG SET tracking-table-max-keys 10\r\n")
	eventually(t, "10 keys", func() bool { keys, _, _, _ := tracked(b); return keys <= 10 })
	for _, gone := range invalidated(a.do("")) {
		delete(held, gone)
	}
	if keys, _, _, _ := tracked(b); keys != len(held) {
		t.Errorf("%d keys in the table, the client holds %d", keys, len(held))
	}
	b.do("CONFIG SET tracking-table-max-keys 0\r\n")
	for i := range 300 {
		if reply := a.do(fmt.Sprint("GET key:", i, "\r\n")); reply != "_\r\n" {
			t.Fatalf("without a limit: %q", reply)
		}
	}
}

// What was remembered for clients that are gone, or track no more, is let go.
func TestTrackingEnds(t *testing.T) {
	srv := newTestServer(t)
	a, b, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("CLIENT TRACKING ON\r\nGET x\r\n")
	b.do("CLIENT TRACKING ON BCAST PREFIX p PREFIX q\r\n")
	if keys, items, clients, prefixes := tracked(c); keys != 1 || items != 1 || clients != 2 || prefixes != 2 {
		t.Fatalf("%d keys, %d items, %d clients, %d prefixes", keys, items, clients, prefixes)
	}
	b.do("CLIENT TRACKING OFF\r\n")
	srv.endSession(a.s)
	eventually(t, "an empty table", func() bool {
		keys, items, clients, prefixes := tracked(c)
		return keys+items+clients+prefixes == 0
	})
	if bits := srv.listening.load(); bits != 0 {
		t.Errorf("listeners are left: %b", bits)
	}
	c.do("SET x 1\r\nGET x\r\n")
	if keys, _, _, _ := tracked(c); keys != 0 {
		t.Error("a key is remembered though nobody tracks")
	}
}

// A key that very many hold, and a prefix that very many gave, are told beside
// the loop.
func TestManyHoldOneKey(t *testing.T) {
	for _, how := range []string{"", " BCAST PREFIX k"} {
		srv := newTestServer(t)
		clients := testAudience(t, srv, 3*inlineCost, "HELLO 3")
		for _, c := range clients {
			c.do("CLIENT TRACKING ON" + how + "\r\nGET key\r\n")
		}
		w := newTestClient(t, srv, &respFront{})
		w.do("SET key 1\r\n")
		for i, c := range clients {
			eventually(t, fmt.Sprintf("client %d is told%s", i, how), func() bool { return c.s.pushes.size() > 0 })
			if got := c.do(""); got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n" {
				t.Fatalf("client %d is told %q", i, got)
			}
		}
	}
}

// A client that reads by a command that runs on a worker is told that the value
// is old after it has got it.
func TestInvalidationComesBehindAWorkersReply(t *testing.T) {
	srv := newTestServer(t)
	a, b := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("HELLO 3\r\nCLIENT TRACKING ON\r\n")
	large := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2097152\r\n" + strings.Repeat("v", 2<<20) + "\r\n"
	for range 20 {
		b.do(large)
		if got := a.do(""); got != "" && got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n" {
			t.Fatalf("told %.100q", got)
		}
		var wg sync.WaitGroup
		var reply string
		wg.Go(func() { reply = a.do("GETRANGE k 0 -1\r\n") })
		wg.Go(func() { b.do(large) })
		wg.Wait()
		if !strings.HasPrefix(reply, "$2097152\r\n") {
			t.Fatalf("the reply starts with %.60q", reply)
		}
	}
}

// Readers that keep copies, and drop those that they are told about, never hold
// a value that is older than what a writer had written before their last
// message.
func TestTrackedCopiesAreFresh(t *testing.T) {
	const keys, rounds = 20, 3000
	srv := newTestServer(t, "--tracking-table-max-keys", "15")
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for i := range 2 {
		w := newTestClient(t, srv, &respFront{})
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range rounds {
				switch key := r.IntN(keys); r.IntN(4) {
				case 0:
					w.do(fmt.Sprintf("DEL k%d\r\n", key))
				case 1:
					w.do(fmt.Sprintf("SET k%d %d PX 1\r\n", key, r.IntN(1000)))
				default:
					w.do(fmt.Sprintf("SET k%d %d\r\n", key, r.IntN(1_000_000)))
				}
			}
		})
	}
	copies := make([]map[string]string, 3)
	clients := make([]*testClient, 3)
	for i := range copies {
		copies[i], clients[i] = map[string]string{}, newTestClient(t, srv, &respFront{})
		clients[i].do("HELLO 3\r\nCLIENT TRACKING ON\r\n")
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprint("k", r.IntN(keys))
				apply(copies[i], key, clients[i].do("GET "+key+"\r\n"))
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	// All deadlines are over after a look at each key; then the copies that are
	// left are those of the server.
	w := newTestClient(t, srv, &respFront{})
	time.Sleep(2 * time.Millisecond) // the longest deadline
	for i, c := range clients {
		for key := range keys {
			w.do(fmt.Sprintf("GET k%d\r\n", key))
		}
		apply(copies[i], "", c.do(""))
		for key, value := range copies[i] {
			w.do("HELLO 3\r\n")
			if now := w.do("GET " + key + "\r\n"); now != value {
				t.Errorf("reader %d holds %q of %s, the server %q", i, value, key, now)
			}
		}
	}
}

// apply keeps the value that a reply holds for key, in front of or between
// invalidations, in the order in which they came.
func apply(copies map[string]string, key, stream string) {
	for stream != "" {
		if push, ok := strings.CutPrefix(stream, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$"); ok {
			_, rest, _ := strings.Cut(push, "\r\n")
			gone, rest, _ := strings.Cut(rest, "\r\n")
			delete(copies, gone)
			stream = rest
			continue
		}
		lines := strings.SplitAfterN(stream, "\r\n", 3)
		n := 1
		if strings.HasPrefix(stream, "$") {
			n = 2
		}
		value := strings.Join(lines[:n], "")
		copies[key] = value
		stream = stream[len(value):]
	}
}

// Clients come, track in all ways and go, while keys change.
func TestTrackersComeAndGo(t *testing.T) {
	srv := newTestServer(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for round := range 80 {
				c := newTestClient(t, srv, &respFront{})
				if round%2 == 0 {
					c.do("HELLO 3\r\n")
				}
				c.do([]string{"CLIENT TRACKING ON\r\n", "CLIENT TRACKING ON BCAST PREFIX a PREFIX k1\r\n", "CLIENT TRACKING ON OPTIN NOLOOP\r\n",
					"CLIENT TRACKING ON REDIRECT 1\r\n", "CLIENT TRACKING ON BCAST\r\n", "SUBSCRIBE x\r\n"}[(round+i)%6])
				for n := range 50 {
					c.do(fmt.Sprintf("CLIENT CACHING YES\r\nMGET k%d k%d\r\nSET k%d %d\r\n", n%30, (n+7)%30, (n*i)%30, n))
				}
				if round%20 == 0 {
					c.do("FLUSHALL\r\nCONFIG SET tracking-table-max-keys " + strconv.Itoa(10+round) + "\r\n")
				}
				if round%3 == 0 {
					c.do("CLIENT TRACKING OFF\r\n")
				}
				srv.endSession(c.s)
			}
		})
	}
	wg.Wait()
	c := newTestClient(t, srv, &respFront{})
	eventually(t, "an empty table", func() bool {
		keys, items, clients, prefixes := tracked(c)
		return keys+items+clients+prefixes == 0
	})
}

// CLIENT LIST shows how a client tracks.
func TestTrackingIsShown(t *testing.T) {
	srv := newTestServer(t)
	target := newTestClient(t, srv, &respFront{})
	for _, c := range []struct{ request, flags, redir string }{
		{"CLIENT TRACKING OFF", "N", "-1"},
		{"CLIENT TRACKING ON", "t", "0"},
		{"CLIENT TRACKING ON BCAST", "tB", "0"},
		{"CLIENT TRACKING ON REDIRECT 1", "t", "1"},
	} {
		a := newTestClient(t, srv, &respFront{})
		a.do(c.request + "\r\n")
		if got := a.do("CLIENT INFO\r\n"); !strings.Contains(got, " flags="+c.flags+" ") || !strings.Contains(got, " redir="+c.redir+" ") {
			t.Errorf("%s: %s", c.request, got)
		}
	}
	a := newTestClient(t, srv, &respFront{})
	a.do("HELLO 3\r\nCLIENT TRACKING ON REDIRECT 1\r\nGET k\r\n")
	srv.endSession(target.s)
	if got := a.do("SET k 1\r\n"); got != "+OK\r\n>2\r\n$21\r\ntracking-redir-broken\r\n:1\r\n" {
		t.Errorf("told %q", got)
	}
	if got := a.do("CLIENT INFO\r\n"); !strings.Contains(got, " flags=tR ") {
		t.Error(got)
	}
	if got := a.do("CLIENT TRACKINGINFO\r\n"); !strings.Contains(got, "broken_redirect") {
		t.Error(got)
	}
}
