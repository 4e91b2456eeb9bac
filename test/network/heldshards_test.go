package network

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// soon bounds what is to be answered although a script holds shards.
const soon = 5 * time.Second

// holder is a server on which a script holds the shards of some keys, and loops.
type holder struct {
	*server
	memAddr string
	script  *client
	held    []string // keys whose shards it holds
	free    string   // a key of another shard
}

// startForHolding runs larder with both protocols.
func startForHolding(t *testing.T, args ...string) *holder {
	t.Helper()
	port := freePort(t)
	return &holder{server: start(t, append([]string{"--memcached-port", strconv.Itoa(port)}, args...)...),
		memAddr: "127.0.0.1:" + strconv.Itoa(port)}
}

// hold starts a script that holds n keys named by prefix until it is killed, and
// finds a key that it does not hold. All exist and are 5, but for the last one
// that is held, which does not.
func (h *holder) hold(prefix string, n int) {
	h.t.Helper()
	h.holdWith(prefix, n, "redis.call('exists', KEYS[1]) while true do end")
}

// holdWith is hold with a script whose first command uses the first key.
func (h *holder) holdWith(prefix string, n int, script string) {
	h.t.Helper()
	c := h.dial()
	h.held = nil
	for i := range n {
		h.held = append(h.held, prefix+strconv.Itoa(i))
		c.do(command("SET", h.held[i], "5"), "+OK\r\n")
	}
	c.do(command("DEL", h.held[n-1]), ":1\r\n")
	var others []string
	for i := range 100 {
		others = append(others, prefix+"other"+strconv.Itoa(i))
		c.do(command("SET", others[i], "5"), "+OK\r\n")
	}
	listener := h.dial()
	listener.do("SUBSCRIBE held\r\n", "*3\r\n$9\r\nsubscribe\r\n$4\r\nheld\r\n:1\r\n")
	h.script = h.dial()
	h.script.send(command(append([]string{"EVAL",
		strings.Replace(script, " while", " redis.call('publish', 'held', '') while", 1), strconv.Itoa(n)}, h.held...)...))
	listener.expect("*3\r\n$7\r\nmessage\r\n$4\r\nheld\r\n$0\r\n\r\n")
	for _, key := range others {
		c := h.dial()
		c.send(command("EXISTS", key))
		if c.arrives(4, 200*time.Millisecond) == ":1\r\n" {
			h.free = key
			return
		}
	}
	h.t.Fatal("the script seems to hold every shard")
}

// release kills the script.
func (h *holder) release() {
	h.t.Helper()
	h.dial().do("SCRIPT KILL\r\n", "+OK\r\n")
	h.script.expect("-ERR Script killed by user")
}

func (h *holder) dialMemcached() *client { return dial(h.t, "tcp", h.memAddr) }

// arrives returns what comes within the time, at most n bytes.
func (c *client) arrives(n int, within time.Duration) string {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		c.t.Fatal(err)
	}
	got, have := make([]byte, n), 0
	for have < n {
		m, err := c.Read(got[have:])
		have += m
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	return string(got[:have])
}

// promptly sends a request that has to be answered although a script runs.
func (c *client) promptly(request, want string) {
	c.t.Helper()
	c.send(request)
	if got := c.arrives(len(want), soon); got != want {
		c.t.Errorf("while a script runs, %.80q answers %.200q, want %.200q", request, got, want)
	}
}

// waiter is a client that waits for what a script holds.
type waiter struct {
	*client
	request string
	want    string // the whole reply, or its end after "…"
	got     string
}

func (w *waiter) done() bool {
	if end, ok := strings.CutPrefix(w.want, "…"); ok {
		return strings.HasSuffix(w.got, end)
	}
	return w.got == w.want
}

// read takes what there is of the reply within the time.
func (w *waiter) read(within time.Duration) {
	for deadline := time.Now().Add(within); !w.done() && time.Now().Before(deadline); {
		w.got += w.arrives(1<<10, min(10*time.Millisecond, within))
	}
}

// memFrame is a request of memcached's binary protocol without extras or value,
// for a key of n bytes.
func memFrame(opcode, n byte, key string) string {
	return string([]byte{0x80, opcode, 0, n, 0, 0, 0, 0, 0, 0, 0, n}) + strings.Repeat("\x00", 12) + key
}

// heldRequest is a request that a script makes wait. <k> stands for a key that the
// script holds and that no other request names, <f> for one that it does not hold,
// <m> for one that it holds and that does not exist.
type heldRequest struct{ request, want string }

var heldText = []heldRequest{
	{"get <k>\r\n", "VALUE <k> 0 1\r\n5\r\nEND\r\n"},
	{"get <f> <k> <f>\r\n", "VALUE <f> 0 1\r\n5\r\nVALUE <k> 0 1\r\n5\r\nVALUE <f> 0 1\r\n5\r\nEND\r\n"},
	{"get <k> <m> <k> <f>\r\nmn\r\n", "VALUE <k> 0 1\r\n5\r\nVALUE <k> 0 1\r\n5\r\nVALUE <f> 0 1\r\n5\r\nEND\r\nMN\r\n"},
	{"get <f>\r\nset <k> 0 0 1\r\n6\r\nget <k>\r\nget <f>\r\n", "VALUE <f> 0 1\r\n5\r\nEND\r\nSTORED\r\nVALUE <k> 0 1\r\n6\r\nEND\r\nVALUE <f> 0 1\r\n5\r\nEND\r\n"},
	{"set <k> 0 0 1 noreply\r\n7\r\nincr <k> 1\r\n", "8\r\n"},
	{"mg <k> v\r\nmn\r\n", "VA 1\r\n5\r\nMN\r\n"},
	{"ms <k> 1\r\n7\r\nmg <k> v\r\n", "HD\r\nVA 1\r\n7\r\n"},
	{"ma <k>\r\n", "HD\r\n"},
	{"incr <k> 2\r\n", "7\r\n"},
	{"gat 100 <k>\r\n", "VALUE <k> 0 1\r\n5\r\nEND\r\n"},
	{"touch <k> 100\r\n", "TOUCHED\r\n"},
	{"delete <k>\r\nget <k>\r\n", "DELETED\r\nEND\r\n"},
	{"stats\r\n", "…END\r\n"},
	{"stats items\r\nversion\r\n", "…1.6.45\r\n"},
	{"lru_crawler metadump all\r\n", "…END\r\n"},
	{"lru_crawler mgdump hash\r\n", "…EN\r\n"},
	{memFrame(0x09, 3, "<m>") + memFrame(0x0a, 0, ""), "\x81\x0a" + strings.Repeat("\x00", 22)}, // getq, noop
}

var heldRESP = []heldRequest{
	{"GET <k>\r\n", "$1\r\n5\r\n"},
	{"GET <f>\r\nMGET <f> <k> <m>\r\nGET <f>\r\n", "$1\r\n5\r\n*3\r\n$1\r\n5\r\n$1\r\n5\r\n$-1\r\n$1\r\n5\r\n"},
	{"INCR <k>\r\n", ":6\r\n"},
	{"HELLO 3\r\nCLIENT TRACKING ON\r\nGET <k>\r\n", "…+OK\r\n$1\r\n5\r\n"},
	{"WATCH <k>\r\nMULTI\r\nGET <k>\r\nEXEC\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n5\r\n"},
	{"MULTI\r\nSET <k> 8\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"},
	{"DBSIZE\r\nPING\r\n", "…+PONG\r\n"},
	{"SCAN 0 COUNT 10000\r\nPING\r\n", "…+PONG\r\n"},
	{"SORT_RO <m> BY <m>*\r\n", "*0\r\n"},
	{"EVAL \"return redis.call('get', KEYS[1])\" 1 <k>\r\n", "$1\r\n5\r\n"},
}

// TestHeldShardStopsNobodyElse lets a script hold some shards for ever. Requests
// of all kinds that need one of them wait, and are right in the end; everybody
// else is answered at once, on every loop, and the script can be killed.
func TestHeldShardStopsNobodyElse(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		h := startForHolding(t, args...)
		h.hold("h", len(heldText)+len(heldRESP)+1)
		var waiters []*waiter
		send := func(c *client, r heldRequest) {
			words := strings.NewReplacer("<k>", h.held[len(waiters)], "<f>", h.free, "<m>", h.held[len(h.held)-1])
			r = heldRequest{words.Replace(r.request), words.Replace(r.want)}
			c.send(r.request)
			waiters = append(waiters, &waiter{client: c, request: r.request, want: r.want})
		}
		for _, r := range heldText {
			send(h.dialMemcached(), r)
		}
		for _, r := range heldRESP {
			send(h.dial(), r)
		}
		for range 8 {
			h.dial().promptly("PING\r\nGET "+h.free+"\r\nSET new"+h.free+" 1\r\n", "+PONG\r\n$1\r\n5\r\n")
			h.dialMemcached().promptly("get "+h.free+"\r\nmn\r\n", "VALUE "+h.free+" 0 1\r\n5\r\nEND\r\nMN\r\n")
		}
		for _, w := range waiters {
			if w.read(5 * time.Millisecond); w.done() {
				t.Errorf("%.80q was answered with %.80q although a script holds its key", w.request, w.got)
			}
		}
		h.release()
		for _, w := range waiters {
			if w.read(patience / 2); !w.done() {
				t.Errorf("%.80q answers %.200q, want %.200q", w.request, w.got, w.want)
			}
		}
		h.hold("g", 4)
		flushes := []*waiter{
			{client: h.dialMemcached(), request: "set a 0 0 1\r\n1\r\nflush_all\r\nget a\r\n", want: "STORED\r\nOK\r\nEND\r\n"},
			{client: h.dial(), request: "FLUSHALL\r\n", want: "+OK\r\n"},
		}
		for _, w := range flushes {
			w.send(w.request)
		}
		for range 8 {
			h.dial().promptly("PING\r\nEXISTS "+h.free+"\r\n", "+PONG\r\n:1\r\n")
		}
		h.release()
		for _, w := range flushes {
			if w.read(patience / 2); !w.done() {
				t.Errorf("%.80q answers %.200q, want %.200q", w.request, w.got, w.want)
			}
		}
	})
}

// TestHeldShardStopsNoHousekeeping proves that while a script holds shards the
// others still make room under maxmemory, and lose what has expired.
func TestHeldShardStopsNoHousekeeping(t *testing.T) {
	for _, policy := range []string{"allkeys-adaptive", "allkeys-lru", "allkeys-lfu", "allkeys-random"} {
		t.Run(policy, func(t *testing.T) {
			h := startForHolding(t, "--io-threads", "2", "--maxmemory", "8mb", "--maxmemory-policy", policy,
				"--notify-keyspace-events", "Eex")
			large := strings.Repeat("x", 32<<10)
			c := h.dial()
			for i := range 200 {
				c.do(command("SET", "fill"+strconv.Itoa(i), large), "+OK\r\n")
			}
			h.hold("h", 2)
			evicted, expired := h.dial(), h.dial()
			evicted.do("SUBSCRIBE __keyevent@0__:evicted\r\n", "*3\r\n$9\r\nsubscribe\r\n$22\r\n__keyevent@0__:evicted\r\n:1\r\n")
			expired.do("SUBSCRIBE __keyevent@0__:expired\r\n", "*3\r\n$9\r\nsubscribe\r\n$22\r\n__keyevent@0__:expired\r\n:1\r\n")
			h.dial().promptly(command("SET", h.free, "1", "PX", "10"), "+OK\r\n")
			if got := expired.arrives(5, soon); got != "*3\r\n$" {
				t.Errorf("while a script holds shards, no key of another one expires (%q)", got)
			}
			// Keys of other shards, each on a connection of its own: those of the
			// held ones wait.
			answered := 0
			for i := range 100 {
				c := h.dial()
				c.send(command("SET", "more"+strconv.Itoa(i), large))
				if got := c.arrives(5, 50*time.Millisecond); got == "+OK\r\n" {
					answered++
				} else if got != "" {
					t.Fatalf("SET answers %q", got)
				}
			}
			if answered < 70 {
				t.Errorf("only %d of 100 SETs were answered while a script holds two keys", answered)
			}
			if got := evicted.arrives(5, soon); got != "*3\r\n$" {
				t.Errorf("nothing was evicted (%q)", got)
			}
			h.release()
			h.dial().promptly(command("SET", h.held[0], large), "+OK\r\n")
		})
	}
}

// TestBusyScript proves that who needs what a script holds is told so when the
// script has run for busy-reply-threshold: those that wait already, and those
// that come then, at once. Nobody else is, and the commands that were refused are
// not run when the script has ended.
func TestBusyScript(t *testing.T) {
	const (
		busyScript   = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
		memcached    = "SERVER_ERROR a script has been running for long on the key or its neighbours: try again later\r\n"
		binaryFrame  = "\x81\x00\x00\x00\x00\x00\x00\x86…"
		busyFunction = "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.\r\n"
	)
	requests := []heldRequest{
		{"GET <k>\r\nPING\r\n", busyScript + "+PONG\r\n"},
		{"SET <k> 9\r\n", busyScript},
		{"MSET <f> 5 <k> 9\r\n", busyScript},
		{"DBSIZE\r\n", busyScript},
		{"SCAN 0 COUNT 1000\r\n", busyScript},
		{"KEYS *\r\n", busyScript},
		{"FLUSHALL\r\n", busyScript},
		{"WATCH <k>\r\n", busyScript},
		{"BLPOP <m> 0\r\n", busyScript},
		{"SUNIONSTORE <m> <m> <f>\r\n", busyScript},
		{"EVAL \"return redis.call('set', KEYS[1], 9)\" 1 <k>\r\n", busyScript},
		{"MULTI\r\nSET <k> 9\r\nEXEC\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: " + busyScript[1:] + "-ERR EXEC without MULTI\r\n"},
		{"CLIENT REPLY SKIP\r\nSET <k> 9\r\nPING\r\n", "+PONG\r\n"},
		{"get <k>\r\nmn\r\n", memcached + "MN\r\n"},
		{"get <f> <k> <f>\r\nmn\r\n", "VALUE <f> 0 1\r\n5\r\n" + memcached + "MN\r\n"},
		{"set <k> 0 0 1\r\n9\r\n", memcached},
		{"set <k> 0 0 1 noreply\r\n9\r\nmn\r\n", "MN\r\n"},
		{"mg <k> v\r\n", memcached},
		{"incr <k> 1\r\n", memcached},
		{"gat 0 <k>\r\n", memcached},
		{"flush_all\r\nmn\r\n", memcached + "MN\r\n"},
		{"lru_crawler metadump all\r\n", "…" + memcached},
	}
	eachDriver(t, func(t *testing.T, args []string) {
		h := startForHolding(t, append(args, "--lua-time-limit", "0")...)
		h.hold("h", 2)
		send := func(r heldRequest) *waiter {
			words := strings.NewReplacer("<k>", h.held[0], "<f>", h.free, "<m>", h.held[1])
			w := &waiter{request: words.Replace(r.request), want: words.Replace(r.want)}
			if r.request[0] >= 'a' {
				w.client = h.dialMemcached()
			} else {
				w.client = h.dial()
			}
			w.send(w.request)
			return w
		}
		var early []*waiter
		for _, r := range requests {
			early = append(early, send(r))
		}
		for _, w := range early {
			if w.read(5 * time.Millisecond); w.done() && !strings.HasSuffix(w.want, "PONG\r\n") {
				t.Errorf("before the threshold %.80q is answered with %.80q", w.request, w.got)
			}
		}
		h.dial().promptly("CONFIG SET busy-reply-threshold 1\r\n", "+OK\r\n")
		for _, w := range early {
			if w.read(soon); !w.done() {
				t.Errorf("of those that wait, %.80q is answered with %.200q, want %.200q", w.request, w.got, w.want)
			}
		}
		for _, r := range requests {
			w := send(r)
			if w.read(soon); !w.done() {
				t.Errorf("when the script is busy, %.80q is answered with %.200q, want %.200q", w.request, w.got, w.want)
			}
		}
		binary := h.dialMemcached()
		binary.promptly(memFrame(0x00, byte(len(h.held[0])), h.held[0]), strings.TrimSuffix(binaryFrame, "…"))
		h.dial().promptly("GET "+h.free+"\r\nMULTI\r\nSET "+h.free+" 5\r\nEXEC\r\n", "$1\r\n5\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n")
		h.release()
		h.dial().promptly("MGET "+h.held[0]+" "+h.held[1]+" "+h.free+"\r\n", "*3\r\n$1\r\n5\r\n$-1\r\n$1\r\n5\r\n")

		c := h.dial()
		c.do(command("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function(keys) redis.call('get', keys[1]) while true do end end)"), "$1\r\nl\r\n")
		function := h.dial()
		function.send(command("FCALL", "f", "1", h.held[0]))
		eventually(t, "the function holds its key", func() bool {
			c := h.dial()
			c.send("GET " + h.held[0] + "\r\n")
			return c.arrives(len(busyFunction), time.Second) == busyFunction
		})
		h.dial().promptly("SCRIPT KILL\r\n", "-NOTBUSY No scripts in execution right now.\r\n")
		h.dial().promptly("FUNCTION KILL\r\n", "+OK\r\n")
		function.expect("-ERR")
	})
}

// TestShutdownEndsScripts proves that the server ends soon although a script
// loops, with or without a snapshot to write, and that SHUTDOWN NOSAVE also ends
// one that has written.
func TestShutdownEndsScripts(t *testing.T) {
	const loop = " while true do end"
	for name, c := range map[string]struct{ save, script, end string }{
		"signal":                 {"", "redis.call('get', KEYS[1])", ""},
		"signal with a snapshot": {"3600 1", "redis.call('get', KEYS[1])", ""},
		"SHUTDOWN":               {"", "redis.call('get', KEYS[1])", "SHUTDOWN\r\n"},
		"NOSAVE after a write":   {"3600 1", "redis.call('set', KEYS[1], 1)", "SHUTDOWN NOSAVE\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := startForHolding(t, "--save", c.save, "--shutdown-timeout", "60")
			h.holdWith("h", 2, c.script+loop)
			waiting := h.dial()
			waiting.send("INCR h0\r\n")
			if c.end == "" {
				h.signal(termination)
			} else {
				h.dial().send(c.end)
			}
			if code := h.awaitExit(soon); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if got := h.script.rest(); !strings.HasPrefix(got, "-ERR") {
				t.Errorf("the script's client got %q", got)
			}
			if !strings.Contains(h.out.String(), "scripts were still running") {
				t.Error("the log does not say that a script was ended")
			}
		})
	}
}
