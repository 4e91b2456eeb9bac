package server

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// testAudience makes n clients that have sent request.
func testAudience(t *testing.T, srv *Server, n int, request string) []*testClient {
	t.Helper()
	clients := make([]*testClient, n)
	for i := range clients {
		clients[i] = newTestClient(t, srv, &respFront{})
		clients[i].do(strings.ReplaceAll(request, "%d", strconv.Itoa(i)) + "\r\n")
	}
	return clients
}

// payloads are the last words of all messages in a stream of RESP2.
func payloads(stream string) []string {
	var out []string
	for _, m := range strings.Split(stream, "message\r\n")[1:] {
		words := strings.Split(m, "\r\n")
		for i := range words {
			if i+1 == len(words) || strings.HasPrefix(words[i+1], "*") || words[i+1] == "" {
				out = append(out, words[i])
				break
			}
		}
	}
	return out
}

// A message for many is delivered beside the loop: the publisher waits, its
// messages arrive in order, all receivers see those of all publishers in the
// same order, and each is counted.
func TestPublishToMany(t *testing.T) {
	const receivers, messages = 1500, 4
	for _, kind := range []struct{ subscribe, publish string }{
		{"SUBSCRIBE news", "PUBLISH news"}, {"SSUBSCRIBE news", "SPUBLISH news"}, {"PSUBSCRIBE n*s", "PUBLISH news"}, {"PSUBSCRIBE n-%d", "PUBLISH n-7"},
	} {
		t.Run(kind.subscribe, func(t *testing.T) {
			srv := newTestServer(t)
			subscribers := testAudience(t, srv, receivers, kind.subscribe)
			want := receivers
			if strings.HasSuffix(kind.publish, "7") {
				want = 1
			}
			var wg sync.WaitGroup
			for _, who := range []string{"a", "b"} {
				p := newTestClient(t, srv, &respFront{})
				wg.Go(func() {
					for i := range messages {
						if got := p.do(kind.publish + " " + who + strconv.Itoa(i) + "\r\n"); got != fmt.Sprintf(":%d\r\n", want) {
							t.Errorf("PUBLISH answers %q, want %d receivers", got, want)
						}
					}
				})
			}
			wg.Wait()
			first := ""
			for i, c := range subscribers {
				got := payloads(c.do(""))
				if want == 1 && i != 7 {
					if len(got) > 0 {
						t.Fatalf("subscriber %d got %v", i, got)
					}
					continue
				}
				seen := strings.Join(got, " ")
				if first == "" {
					first = seen
				}
				if seen != first {
					t.Fatalf("subscriber %d saw %s, another %s", i, seen, first)
				}
				for _, who := range []string{"a", "b"} {
					for n := range messages {
						if !strings.Contains(" "+seen+" ", " "+who+strconv.Itoa(n)+" ") || n > 0 && strings.Index(seen, who+strconv.Itoa(n)) < strings.Index(seen, who+strconv.Itoa(n-1)) {
							t.Fatalf("subscriber %d saw %s", i, seen)
						}
					}
				}
			}
			if first == "" {
				t.Fatal("nobody saw anything")
			}
		})
	}
}

// The publisher of a message for many is parked, and its loop goes on.
func TestPublishToManyParks(t *testing.T) {
	srv := newTestServer(t)
	testAudience(t, srv, inlineCost+1, "SUBSCRIBE a")
	testAudience(t, srv, 3, "SUBSCRIBE b")
	p := newTestClient(t, srv, &respFront{})
	for _, c := range []struct {
		channel string
		parks   bool
	}{{"a", true}, {"b", false}} {
		p.s.mu.Lock()
		p.s.feed(p.ex, []byte("PUBLISH "+c.channel+" x\r\n"))
		if parks := p.s.parked || strings.HasPrefix(string(p.s.out.Buf), ":5"); parks != c.parks {
			t.Errorf("PUBLISH %s: the publisher is parked: %t", c.channel, parks)
		}
		p.s.mu.Unlock()
		p.do("")
	}
}

// Messages that others send while one for many is on its way do not overtake
// it, and those who subscribe meanwhile do not get it.
func TestBacklogKeepsOrder(t *testing.T) {
	srv := newTestServer(t)
	many := testAudience(t, srv, 2*inlineCost, "SUBSCRIBE many few")
	few := many[:1]
	for _, c := range many[1:] {
		c.do("UNSUBSCRIBE few\r\n")
	}
	ps := &srv.pubsub
	for i := range 300 {
		if n := ps.publishLater(kindChannel, []byte("many"), []byte(strconv.Itoa(2*i))); n != len(many) {
			t.Fatalf("%d receivers", n)
		}
		if n := ps.publishLater(kindChannel, []byte("few"), []byte(strconv.Itoa(2*i+1))); n != 1 {
			t.Fatalf("%d receivers", n)
		}
	}
	late := newTestClient(t, srv, &respFront{})
	late.do("SUBSCRIBE many\r\n")
	ps.publishWait(kindChannel, []byte("many"), []byte("end"))
	got := payloads(few[0].do(""))
	if len(got) != 601 {
		t.Fatalf("%d messages", len(got))
	}
	for i, text := range got[:600] {
		if text != strconv.Itoa(i) {
			t.Fatalf("message %d is %s", i, text)
		}
	}
	if got := payloads(late.do("")); len(got) != 1 || got[0] != "end" {
		t.Fatalf("who came last saw %v", got)
	}
}

// A subscriber that does not read is closed at the limit for subscribers.
func TestSlowSubscriberIsClosed(t *testing.T) {
	srv := newTestServer(t, "--client-output-buffer-limit", "pubsub 100kb 0 0")
	slow, p := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	slow.do("SUBSCRIBE a\r\n")
	message := "PUBLISH a " + strings.Repeat("x", 10<<10) + "\r\n"
	for range 9 {
		if got := p.do(message); got != ":1\r\n" {
			t.Fatal(got)
		}
	}
	if slow.s.killed.Load() {
		t.Fatal("closed below the limit")
	}
	p.do(message)
	p.do(message)
	if !slow.s.killed.Load() || srv.outputLimitClosed.Load() != 1 {
		t.Fatalf("killed %t, counted %d", slow.s.killed.Load(), srv.outputLimitClosed.Load())
	}
}

// A large message is kept once for all its receivers, and arrives as it is.
func TestLargeMessageIsShared(t *testing.T) {
	srv := newTestServer(t)
	subscribers := testAudience(t, srv, 20, "SUBSCRIBE a")
	subscribers[0].do("HELLO 3\r\n")
	subscribers[0].do("RESET\r\n")
	subscribers[0].do("HELLO 3\r\n")
	subscribers[0].do("SUBSCRIBE a\r\n")
	text := strings.Repeat("x", lastingBytes)
	p := newTestClient(t, srv, &respFront{})
	p.do("*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$" + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n")
	a, b := subscribers[1].s.pushes.chunks, subscribers[2].s.pushes.chunks
	if len(a) != 1 || len(b) != 1 || &a[0][0] != &b[0][0] {
		t.Error("two receivers hold two copies")
	}
	for i, c := range subscribers {
		first := "*"
		if i == 0 {
			first = ">"
		}
		if got, want := c.do(""), first+"3\r\n$7\r\nmessage\r\n$1\r\na\r\n$16384\r\n"+text+"\r\n"; got != want {
			t.Fatalf("subscriber %d got %.100q", i, got)
		}
	}
}

// Sessions come and go while others publish; in the end nothing is left.
func TestSubscribersComeAndGo(t *testing.T) {
	srv := newTestServer(t)
	var comers, publishers sync.WaitGroup
	stop := make(chan struct{})
	for i := range 4 {
		comers.Go(func() {
			for round := range 60 {
				c := newTestClient(t, srv, &respFront{})
				for n := range 40 {
					c.do(fmt.Sprintf("SUBSCRIBE c%d x%d\r\nPSUBSCRIBE c%d* p%d-%d-%d\r\n", n%7, n, n%5, i, round, n))
					if n%3 == 0 {
						c.do(fmt.Sprintf("UNSUBSCRIBE x%d\r\nPUNSUBSCRIBE c%d*\r\n", n, n%5))
					}
				}
				srv.endSession(c.s)
			}
		})
		p := newTestClient(t, srv, &respFront{})
		publishers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					p.do(fmt.Sprintf("PUBLISH c%d hello\r\n", n%7))
				}
			}
		})
	}
	comers.Wait()
	close(stop)
	publishers.Wait()
	ps := &srv.pubsub
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.total.Load() != 0 || len(ps.patterns) != 0 || len(ps.byName[kindChannel])+len(ps.byName[kindPattern]) != 0 {
		t.Errorf("%d subscriptions, %d patterns, %d names are left", ps.total.Load(), len(ps.patterns), len(ps.byName[kindChannel])+len(ps.byName[kindPattern]))
	}
}

// A client with many subscriptions makes and ends them beside the loop.
func TestManySubscriptions(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	var request strings.Builder
	request.WriteString("*3001\r\n$9\r\nSUBSCRIBE\r\n")
	for i := range 3000 {
		fmt.Fprintf(&request, "$4\r\n%04d\r\n", i)
	}
	if got := c.do(request.String()); !strings.HasSuffix(got, "2999\r\n:3000\r\n") {
		t.Fatalf("the replies end with %.100q", got[max(0, len(got)-100):])
	}
	if channels, _, _ := srv.pubsub.counts(c.s); channels != 3000 {
		t.Fatalf("%d channels", channels)
	}
	if got := c.do("UNSUBSCRIBE\r\n"); strings.Count(got, "unsubscribe") != 3000 || !strings.HasSuffix(got, ":0\r\n") {
		t.Fatalf("the replies end with %.100q", got[max(0, len(got)-100):])
	}
	c.do(request.String())
	srv.endSession(c.s)
	for deadline := time.Now().Add(10 * time.Second); srv.pubsub.total.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d subscriptions are left of a client that is gone", srv.pubsub.total.Load())
		}
	}
}

// CLIENT LIST and INFO tell about subscriptions.
func TestSubscriptionsAreShown(t *testing.T) {
	srv := newTestServer(t)
	a, b := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("SUBSCRIBE x y\r\nPSUBSCRIBE p\r\nSSUBSCRIBE s1 s2 s3\r\n")
	if got := b.do("CLIENT LIST TYPE PUBSUB\r\n"); !strings.Contains(got, " flags=P ") || !strings.Contains(got, " sub=2 psub=1 ssub=3 ") || strings.Count(got, "id=") != 1 {
		t.Error(got)
	}
	if got := b.do("CLIENT LIST TYPE NORMAL\r\n"); !strings.Contains(got, " flags=N ") || !strings.Contains(got, " sub=0 psub=0 ssub=0 ") || strings.Count(got, "id=") != 1 {
		t.Error(got)
	}
	info := b.do("INFO\r\n")
	for _, line := range []string{"pubsub_clients:1", "pubsub_channels:2", "pubsub_patterns:1", "pubsubshard_channels:3"} {
		if !strings.Contains(info, "\r\n"+line+"\r\n") {
			t.Errorf("INFO does not show %s", line)
		}
	}
}

// A transaction, or a script, that publishes to many goes on where it runs; its
// messages come in order, and a script that is run again with more locks has
// published once.
func TestPublishNested(t *testing.T) {
	srv := newTestServer(t)
	subscribers := testAudience(t, srv, 2*inlineCost, "SUBSCRIBE a b")
	p := newTestClient(t, srv, &respFront{})
	want := fmt.Sprintf("*4\r\n:%d\r\n+OK\r\n:%[1]d\r\n:1\r\n", len(subscribers))
	if got := execReply(p, "PUBLISH a 1", "SET x 1", "PUBLISH b 2", "INCR n"); got != want {
		t.Errorf("EXEC answers %q, want %q", got, want)
	}
	script := `EVAL "redis.call('publish','a','3') redis.call('get','undeclared') redis.call('set',KEYS[1],'v') return redis.call('publish','b','4')" 1 k` + "\r\n"
	if got, want := p.do(script), fmt.Sprintf(":%d\r\n", len(subscribers)); got != want {
		t.Errorf("the script answers %q, want %q", got, want)
	}
	if got := p.do("PUBLISH a 5\r\n"); got != fmt.Sprintf(":%d\r\n", len(subscribers)) {
		t.Errorf("PUBLISH answers %q", got)
	}
	for i, c := range subscribers {
		if got := strings.Join(payloads(c.do("")), " "); got != "1 2 3 4 5" {
			t.Fatalf("subscriber %d hears %s", i, got)
		}
	}
}

// While a worker runs a transaction, its own messages wait for the reply.
func TestOwnMessagesComeBehindALongTransaction(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	c.do("HELLO 3\r\nSUBSCRIBE a\r\nCLIENT TRACKING ON\r\n")
	requests := []string{"PUBLISH a first", "GET k"}
	for range longTransaction {
		requests = append(requests, "SET k v")
	}
	got := execReply(c, requests...)
	want := fmt.Sprintf("*%d\r\n:1\r\n_\r\n%s", len(requests), strings.Repeat("+OK\r\n", longTransaction)) +
		">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nfirst\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	if got != want {
		t.Errorf("got %.200q … %.200q", got, got[max(0, len(got)-200):])
	}
}
