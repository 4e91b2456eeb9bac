package server

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// memcachedPair is a memcached and a Redis client of one server.
func memcachedPair(t *testing.T, args ...string) (mem, redis *testClient) {
	srv := newTestServer(t, args...)
	return newTestClient(t, srv, newMemcacheFront(srv)), newTestClient(t, srv, &respFront{})
}

var casWord = regexp.MustCompile(`\b\d{17,}\b|c\d{17,}`)

// exchange is a request and the reply that it must get; CAS values in a reply
// are written as #.
type exchange struct{ request, reply string }

func (c *testClient) converse(exchanges []exchange) {
	c.t.Helper()
	for _, e := range exchanges {
		got := casWord.ReplaceAllStringFunc(c.do(e.request), func(w string) string {
			if w[0] == 'c' {
				return "c#"
			}
			return "#"
		})
		if got != e.reply {
			c.t.Errorf("%q\n got %q\nwant %q", e.request, got, e.reply)
		}
	}
}

func TestMemcachedStoresAndReads(t *testing.T) {
	mem, _ := memcachedPair(t)
	mem.converse([]exchange{
		{"get a\r\n", "END\r\n"},
		{"set a 7 0 2\r\nhi\r\n", "STORED\r\n"},
		{"get a\r\n", "VALUE a 7 2\r\nhi\r\nEND\r\n"},
		{"get a none a\r\n", "VALUE a 7 2\r\nhi\r\nVALUE a 7 2\r\nhi\r\nEND\r\n"},
		{"gets a\r\n", "VALUE a 7 2 #\r\nhi\r\nEND\r\n"},
		{"add a 0 0 1\r\nx\r\n", "NOT_STORED\r\n"},
		{"replace none 0 0 1\r\nx\r\n", "NOT_STORED\r\n"},
		{"append a 9 0 1\r\n!\r\nprepend a 9 0 2\r\n<<\r\nget a\r\n", "STORED\r\nSTORED\r\nVALUE a 7 5\r\n<<hi!\r\nEND\r\n"},
		{"cas a 0 0 1 12\r\nx\r\ncas none 0 0 1 12\r\nx\r\n", "EXISTS\r\nNOT_FOUND\r\n"},
		{"set e 0 -1 1\r\nx\r\nget e\r\n", "STORED\r\nEND\r\n"},
		{"touch a 100\r\nmg a t\r\ntouch none 1\r\ngat 200 a\r\nmg a t\r\n",
			"TOUCHED\r\nHD t100\r\nNOT_FOUND\r\nVALUE a 7 5\r\n<<hi!\r\nEND\r\nHD t200\r\n"},
		{"delete a noreply\r\ndelete a\r\n", "NOT_FOUND\r\n"},
		{"set n 0 0 2\r\n10\r\ndecr n 1\r\nget n\r\nincr n 5\r\ndecr n 99\r\nget n\r\n",
			"STORED\r\n9\r\nVALUE n 0 2\r\n9 \r\nEND\r\n14\r\n0\r\nVALUE n 0 2\r\n0 \r\nEND\r\n"},
		{"set m 0 0 20\r\n18446744073709551615\r\nincr m 2\r\n", "STORED\r\n1\r\n"},
		{"set w 0 0 3\r\nabc\r\nincr w 1\r\n", "STORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
		{"flush_all\r\nget n\r\n", "OK\r\nEND\r\n"},
	})
}

func TestMemcachedMetaStates(t *testing.T) {
	mem, _ := memcachedPair(t)
	mem.converse([]exchange{
		{"mg a v N30\r\nmg a v t\r\nmg a\r\n", "VA 0 W\r\n\r\nVA 0 t30 Z\r\n\r\nHD Z\r\n"},
		{"ms a 2 T100\r\nhi\r\nmg a h\r\nmg a h\r\n", "HD\r\nHD h0\r\nHD h1\r\n"},
		{"mg a R30 v\r\nmg a R200 v\r\nmg a R200 v\r\n", "VA 2\r\nhi\r\nVA 2 W\r\nhi\r\nVA 2 Z\r\nhi\r\n"},
		{"mg new N0\r\nappend new 0 0 1\r\nx\r\nmg new v h\r\n", "HD W\r\nSTORED\r\nVA 1 h0\r\nx\r\n"},
		{"md a I T30\r\nmg a v t\r\nmg a v\r\n", "HD\r\nVA 2 t30 X W\r\nhi\r\nVA 2 Z X\r\nhi\r\n"},
		{"ms a 3 I C1\r\nnew\r\nmg a v t\r\n", "HD\r\nVA 3 t30 Z X\r\nnew\r\n"},
		{"ms a 3\r\nnew\r\nmg a v t\r\n", "HD\r\nVA 3 t-1\r\nnew\r\n"},
		{"ms a 1 E77 c\r\nx\r\nms a 1 C77 E78 c\r\ny\r\nms a 1 C77 c\r\nz\r\n", "HD c77\r\nHD c78\r\nEX c0\r\n"},
		{"md a x\r\nmg a s v f\r\nmd a C1\r\nmd a q\r\nmd a\r\n", "HD\r\nVA 0 s0 f0\r\n\r\nEX\r\nNF\r\n"},
		{"ma n\r\nma n N0 J13 v\r\nma n D7 v t\r\nma n MD D100 v\r\nma n q\r\n", "NF\r\nVA 2\r\n13\r\nVA 2 t-1\r\n20\r\nVA 1\r\n0\r\n"},
		{"ms l 1 MA\r\nx\r\nms l 1 MA N60\r\nx\r\nms l 1 MP\r\ny\r\nmg l v t\r\n", "NS\r\nHD\r\nHD\r\nVA 2 t60\r\nyx\r\n"},
		{"ms d 1 T10\r\nx\r\nmg d t T70\r\nmg d T80 t\r\n", "HD\r\nHD t10\r\nHD t80\r\n"},
		{"ms AAE= 1 b k\r\nz\r\nmg AAE= b k v\r\nmg AAE= b u\r\n", "HD kAAE= b\r\nVA 1 kAAE= b\r\nz\r\nHD\r\n"},
	})
}

func TestMemcachedAndRedisShareStrings(t *testing.T) {
	mem, redis := memcachedPair(t)
	redisDo := func(want string, args ...string) {
		t.Helper()
		if got := redis.do(string(bulkRequest(args...))); got != want {
			t.Errorf("%v answers %q, want %q", args, got, want)
		}
	}
	redisDo("+OK\r\n", "SET", "r", "10")
	mem.converse([]exchange{
		{"gets r\r\n", "VALUE r 0 2 #\r\n10\r\nEND\r\n"},
		{"decr r 1\r\nget r\r\n", "9\r\nVALUE r 0 1\r\n9\r\nEND\r\n"},
	})
	redisDo(":10\r\n", "INCR", "r")
	mem.converse([]exchange{{"set m 5 0 2\r\n41\r\n", "STORED\r\n"}})
	redisDo("$2\r\n41\r\n", "GET", "m")

	cas := strings.Fields(mem.do("gets m\r\n"))[4]
	redisDo(":42\r\n", "INCR", "m")
	mem.converse([]exchange{
		{"cas m 0 0 1 " + cas + "\r\nx\r\n", "EXISTS\r\n"},
		{"get m\r\n", "VALUE m 5 2\r\n42\r\nEND\r\n"},
	})
	cas = strings.Fields(mem.do("gets m\r\n"))[4]
	redisDo(":3\r\n", "APPEND", "m", "0")
	mem.converse([]exchange{{"cas m 0 0 1 " + cas + "\r\nx\r\n", "EXISTS\r\n"}})

	cas = strings.Fields(mem.do("gets r\r\n"))[4]
	mem.converse([]exchange{{"cas r 3 0 1 " + cas + "\r\nx\r\nget r\r\n", "STORED\r\nVALUE r 3 1\r\nx\r\nEND\r\n"}})
}

// TestMemcachedReplyInParts shows that a reply larger than the session may
// hold is made in parts and comes whole.
func TestMemcachedReplyInParts(t *testing.T) {
	mem, _ := memcachedPair(t)
	value := strings.Repeat("v", 500_000)
	keys := ""
	for n := range 30 {
		key := fmt.Sprintf("k%02d", n)
		mem.do(fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value))
		keys += " " + key
	}
	largest := 0
	var got bytes.Buffer
	s := mem.s
	s.mu.Lock()
	s.feed(mem.ex, []byte("get"+keys+"\r\nmn\r\n"))
	for {
		largest = max(largest, len(s.out.Buf))
		got.Write(s.out.Buf)
		s.written(mem.ex, len(s.out.Buf))
		if !s.stalled {
			break
		}
		s.resume(mem.ex)
	}
	s.mu.Unlock()
	if n := strings.Count(got.String(), "VALUE k"); n != 30 || !strings.HasSuffix(got.String(), "END\r\nMN\r\n") {
		t.Errorf("%d values, ends with %q", n, got.String()[got.Len()-20:])
	}
	if limit := maxBurstBytes + len(value) + 100; largest > limit {
		t.Errorf("the session held %d bytes of output, want at most %d", largest, limit)
	}

	mem.do("flush_all\r\n")
	const items = 5000
	for n := range items {
		mem.do(fmt.Sprintf("set dumped:%d 0 0 1\r\nx\r\n", n))
	}
	for _, dump := range []struct{ request, line, end string }{
		{"lru_crawler metadump all\r\n", "key=dumped%3A", "END\r\n"},
		{"lru_crawler mgdump hash\r\n", "mg dumped:", "EN\r\n"},
	} {
		out := mem.do(dump.request + "mn\r\n")
		if !strings.HasSuffix(out, dump.end+"MN\r\n") || strings.Count(out, dump.line) != items {
			t.Errorf("%q: %d lines, ends with %q", dump.request, strings.Count(out, dump.line), out[max(0, len(out)-30):])
		}
	}
}

func TestMemcachedDelayedFlush(t *testing.T) {
	mem, _ := memcachedPair(t)
	mem.converse([]exchange{
		{"set a 0 0 1\r\nx\r\nflush_all 1\r\nget a\r\n", "STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\n"},
	})
	for deadline := time.Now().Add(10 * time.Second); mem.do("get a\r\n") != "END\r\n"; {
		if time.Now().After(deadline) {
			t.Fatal("the item is still there 10 s after flush_all 1")
		}
		time.Sleep(10 * time.Millisecond)
	}
	mem.converse([]exchange{
		{"set a 0 0 1\r\nx\r\nflush_all 1000\r\nflush_all 0\r\nset a 0 0 1\r\ny\r\nget a\r\n",
			"STORED\r\nOK\r\nOK\r\nSTORED\r\nVALUE a 0 1\r\ny\r\nEND\r\n"},
	})
}

func TestMemcachedWatchers(t *testing.T) {
	srv := newTestServer(t)
	mem, watcher := newTestClient(t, srv, newMemcacheFront(srv)), newTestClient(t, srv, newMemcacheFront(srv))
	if got := watcher.do("watch fetchers mutations deletions\r\n"); got != "OK\r\n" {
		t.Fatalf("watch answers %q", got)
	}
	mem.do("set a 0 100 2\r\nhi\r\nget a\r\nmg none v\r\ndelete a\r\n")
	got := regexp.MustCompile(`(ts|cfd)=[0-9.]+ ?`).ReplaceAllString(watcher.do("ignored\r\n")+string(watcher.s.pushes.take(nil, maxWatchBytes)), "")
	want := `gid=1 type=item_get key=a status=not_found clsid=0 size=0
gid=2 type=item_store key=a status=stored cmd=set ttl=100 clsid=1 size=2
gid=3 type=item_get key=a status=found clsid=1 size=2
gid=4 type=item_get key=none status=not_found clsid=0 size=0
gid=5 type=item_get key=a status=found clsid=1 size=2
gid=6 type=deleted key=a cmd=delete clsid=1 size=0
`
	if got != want {
		t.Errorf("the watcher saw\n%swant\n%s", got, want)
	}
	srv.endSession(watcher.s)
	if srv.memcached.observed.Load() != 0 || srv.memcached.watchers.count() != 0 {
		t.Error("commands are still observed after the watcher has left")
	}
}

func TestMemcachedAdmin(t *testing.T) {
	mem, _ := memcachedPair(t, "--memcached-enable-shutdown", "yes")
	mem.converse([]exchange{
		{"version\r\nverbosity 1\r\nmn\r\n", "VERSION 1.6.45\r\nOK\r\nMN\r\n"},
		{"stats reset\r\nstats sizes\r\nstats nosuch\r\n", "RESET\r\nSTAT sizes_status disabled\r\nEND\r\nERROR\r\n"},
		{"cache_memlimit 4\r\n", "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"},
		{"cache_memlimit 64\r\n", "OK\r\n"},
		{"stats detail on\r\nset p:1 0 0 1\r\nx\r\nget p:1 p:2\r\ndelete p:1\r\nstats detail dump\r\nstats detail off\r\n",
			"OK\r\nSTORED\r\nVALUE p:1 0 1\r\nx\r\nEND\r\nDELETED\r\nPREFIX p get 2 hit 1 set 1 del 1\r\nEND\r\nOK\r\n"},
		{"lru tune 60 60 1 1\r\nlru mode flat\r\nslabs automove 1\r\nlru_crawler enable\r\n",
			"ERROR hot and warm pcts must not exceed 80\r\nOK\r\nOK\r\nOK\r\n"},
	})
	if got := mem.s.srv.cfg.Load().MaxMemoryBytes; got != 64<<20 {
		t.Errorf("maxmemory is %d after cache_memlimit 64", got)
	}
	mem.do("set a 0 0 1\r\nx\r\nget a none\r\nmg a\r\nincr a 1\r\nincr none 1\r\n")
	stats := mem.do("stats\r\n")
	for _, line := range []string{"cmd_get 5", "get_hits 3", "get_misses 2", "cmd_set 2", "cmd_meta 1", "incr_misses 1", "curr_items 1", "delete_hits 1"} {
		if !strings.Contains(stats, "STAT "+line+"\r\n") {
			t.Errorf("stats lacks %q:\n%s", line, stats)
		}
	}
	if conns := mem.do("stats conns\r\n"); !strings.Contains(conns, ":addr tcp:127.0.0.1:1\r\n") {
		t.Errorf("stats conns answers %q", conns)
	}
	mem.do("shutdown\r\n")
	select {
	case <-mem.s.srv.ShutdownRequested():
	default:
		t.Error("shutdown asks for nothing")
	}
}

func TestMemcachedBinary(t *testing.T) {
	mem, _ := memcachedPair(t)
	ask := func(name string, request []byte, status uint16, value string) {
		t.Helper()
		reply := mem.do(string(request))
		if status == 0xffff {
			if reply != "" {
				t.Errorf("%s answers %q, want silence", name, reply)
			}
			return
		}
		if len(reply) < 24 || uint16(reply[6])<<8|uint16(reply[7]) != status || !strings.HasSuffix(reply, value) {
			t.Errorf("%s answers %q, want status %d and %q", name, reply, status, value)
		}
	}
	const silence = 0xffff
	ask("get miss", binaryRequest(0x00, "", "a", ""), 1, "Not found")
	ask("getq miss", binaryRequest(0x09, "", "a", ""), silence, "")
	ask("setq", binaryRequest(0x11, noExtras, "a", "1"), silence, "")
	ask("addq", binaryRequest(0x12, noExtras, "a", "1"), 2, "Data exists for key.")
	ask("appendq", binaryRequest(0x19, "", "a", "2"), silence, "")
	ask("getk", binaryRequest(0x0c, "", "a", ""), 0, "a12")
	ask("incr", binaryRequest(0x05, "\x00\x00\x00\x00\x00\x00\x00\x03"+noExtras+"\x00\x00\x00\x00", "a", ""), 0, "\x00\x00\x00\x00\x00\x00\x00\x0f")
	ask("incr without create", binaryRequest(0x05, "\x00\x00\x00\x00\x00\x00\x00\x03"+noExtras+"\xff\xff\xff\xff", "b", ""), 1, "Not found")
	ask("gat", binaryRequest(0x1d, "\x00\x00\x00\x10", "a", ""), 0, "15")
	ask("replace miss", binaryRequest(0x03, noExtras, "b", "x"), 1, "Not found")
	ask("prepend miss", binaryRequest(0x0f, "", "b", "x"), 5, "Not stored.")
	ask("verbosity", binaryRequest(0x1b, "\x00\x00\x00\x01", "", ""), 0, "")
	ask("sasl list", binaryRequest(0x20, "", "", ""), 0x81, "Unknown command")
	ask("sasl auth", binaryRequest(0x21, "", "PLAIN", "\x00u\x00p"), 0x81, "Unknown command")
	ask("stat", binaryRequest(0x10, "", "nosuch", ""), 1, "Not found")
	ask("version", binaryRequest(0x0b, "", "", ""), 0, "1.6.45")
	ask("flushq", binaryRequest(0x18, "", "", ""), silence, "")
	ask("noop", binaryRequest(0x0a, "", "", ""), 0, "")
	ask("get after flush", binaryRequest(0x00, "", "a", ""), 1, "Not found")
	ask("quit", binaryRequest(0x07, "", "", ""), 0, "")
	if mem.s.closing != closeFlushed {
		t.Error("quit does not close")
	}
}

func TestMemcachedRefusals(t *testing.T) {
	mem, _ := memcachedPair(t, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
	const most = 10_000 // of 1,000 bytes each
	n, reply := 0, "STORED\r\n"
	for ; n < most && reply == "STORED\r\n"; n++ {
		reply = mem.do(fmt.Sprintf("set fill:%d 0 0 1000\r\n%s\r\n", n, strings.Repeat("x", 1000)))
	}
	if reply != "SERVER_ERROR out of memory storing object\r\n" {
		t.Errorf("with 4 MiB of memory the %d. value of 1000 bytes is answered with %q", n, reply)
	}
	mem.converse([]exchange{
		{"delete fill:0\r\nget fill:0\r\n", "DELETED\r\nEND\r\n"},
		{"set fill:1 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\nget fill:1\r\n", "SERVER_ERROR object too large for cache\r\nEND\r\n"},
	})
	locked, _ := memcachedPair(t, "--requirepass", "secret")
	locked.converse([]exchange{{"get a\r\n", "CLIENT_ERROR unauthenticated\r\n"}})
	tight, _ := memcachedPair(t, "--memcached-disable-flush-all", "yes", "--memcached-disable-dumping", "yes", "--memcached-disable-watch", "yes")
	tight.converse([]exchange{
		{"flush_all\r\n", "CLIENT_ERROR flush_all not allowed\r\n"},
		{"lru_crawler metadump all\r\n", "ERROR metadump not allowed\r\n"},
		{"watch\r\n", "CLIENT_ERROR watch commands not allowed\r\n"},
		{"shutdown\r\n", "ERROR: shutdown not enabled\r\n"},
	})
}

// TestMemcachedWatchersSeeEvictions fills the memory until items have to go.
func TestMemcachedWatchersSeeEvictions(t *testing.T) {
	srv := newTestServer(t, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
	mem, watcher := newTestClient(t, srv, newMemcacheFront(srv)), newTestClient(t, srv, newMemcacheFront(srv))
	watcher.do("watch evictions\r\n")
	line := regexp.MustCompile(`type=eviction key=fill%3A\d+ fetch=no ttl=100 la=\d+ clsid=1 size=\d+\n`)
	seen := ""
	for n := 0; n < 10_000 && seen == ""; n++ {
		mem.do(fmt.Sprintf("set fill:%d 0 100 1000\r\n%s\r\n", n, strings.Repeat("x", 1000)))
		seen = string(watcher.s.pushes.take(nil, maxWatchBytes))
	}
	if !line.MatchString(seen) {
		t.Errorf("the watcher saw %q", seen)
	}
}
