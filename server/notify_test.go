package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"larder/server/command"
)

// Who subscribes to the event hears that a key has expired, and who has read it
// that its copy is of no use.
func TestExpiryIsTold(t *testing.T) {
	srv := newTestServer(t, "--notify-keyspace-events", "KEx")
	a, b, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("SUBSCRIBE __keyevent@0__:expired __keyspace@0__:k\r\n")
	b.do("HELLO 3\r\nCLIENT TRACKING ON\r\n")
	eventually(t, "k is read before it expires", func() bool {
		b.do("")
		a.do("")
		c.do("SET k 1 PX 30\r\n")
		return b.do("GET k\r\n") == "$1\r\n1\r\n"
	})
	eventually(t, "k has expired", func() bool { return c.do("GET k\r\n") == "$-1\r\n" })
	if got, want := a.do(""), "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$7\r\nexpired\r\n*3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:expired\r\n$1\r\nk\r\n"; got != want {
		t.Errorf("the subscriber is told %q", got)
	}
	if got := b.do(""); got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n" {
		t.Errorf("the reader is told %q", got)
	}
}

// The same for a key that is evicted, when there is no room for another one.
func TestEvictionIsTold(t *testing.T) {
	srv := newTestServer(t, "--notify-keyspace-events", "Ee", "--maxmemory", "16mb", "--maxmemory-policy", "allkeys-random")
	a, b, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	a.do("SUBSCRIBE __keyevent@0__:evicted\r\n")
	b.do("HELLO 3\r\nCLIENT TRACKING ON BCAST\r\n")
	value := strings.Repeat("v", 10_000)
	set := 0
	for ; set < 4000; set++ {
		c.do(fmt.Sprintf("SET key:%d %s\r\n", set, value))
	}
	evicted := payloads(a.do(""))
	if len(evicted) == 0 {
		t.Fatal("nothing was evicted")
	}
	told := map[string]int{}
	for _, key := range invalidated(b.do("")) {
		told[key]++
	}
	for _, key := range evicted {
		if !strings.HasPrefix(key, "key:") || told[key] < 2 {
			t.Fatalf("%q was evicted, and told %d times: once when it was set and once now", key, told[key])
		}
		if got := c.do("GET " + key + "\r\n"); got != "$-1\r\n" {
			t.Fatalf("%q is there still: %.40q", key, got)
		}
	}
}

// Events about one key are published in the order of its changes, however many
// subscribers there are.
func TestNotificationsKeepOrder(t *testing.T) {
	for _, subscribers := range []int{1, 2 * inlineCost} {
		srv := newTestServer(t, "--notify-keyspace-events", "E$")
		all := testAudience(t, srv, subscribers, "SUBSCRIBE __keyevent@0__:set __keyevent@0__:append")
		const rounds = 25
		var wg sync.WaitGroup
		for w := range 2 {
			c := newTestClient(t, srv, &respFront{})
			wg.Go(func() {
				for range rounds {
					c.do(fmt.Sprintf("SET n%d 5\r\nAPPEND n%d 0\r\n", w, w))
				}
			})
		}
		wg.Wait()
		srv.pubsub.publishWait(kindChannel, []byte("nobody"), nil) // behind all events
		for i, c := range all {
			stream := c.do("")
			for w := range 2 {
				events := ""
				for _, m := range strings.Split(stream, "*3\r\n") {
					if strings.HasSuffix(m, fmt.Sprintf("\r\nn%d\r\n", w)) {
						events += m[strings.LastIndex(m, ":")+1:][:1]
					}
				}
				if events != strings.Repeat("sa", rounds) {
					t.Fatalf("subscriber %d of %d hears %s", i, subscribers, events)
				}
			}
		}
	}
}

// The letters of notify-keyspace-events stand for the classes that Redis says.
func TestNotifyClasses(t *testing.T) {
	for letters, want := range map[string]command.EventClass{
		"": 0, "A": 0, "g$": 0, "K": command.EventKeyspace, "Kx": command.EventKeyspace | command.EventExpired,
		"AKE": command.EventAll | command.EventKeyspace | command.EventKeyevent,
		"AEm": command.EventAll | command.EventKeyevent | command.EventKeyMiss,
		"Kn":  command.EventKeyspace | command.EventNew,
	} {
		if got := notifyClasses(letters); got != want {
			t.Errorf("%q: %b, want %b", letters, got, want)
		}
	}
}
