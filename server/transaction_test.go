package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// inMulti writes a transaction of the given inline requests.
func inMulti(requests ...string) string {
	return "MULTI\r\n" + strings.Join(requests, "\r\n") + "\r\nEXEC\r\n"
}

// execReply is what c answers to the EXEC of inMulti.
func execReply(c *testClient, requests ...string) string {
	c.t.Helper()
	reply := c.do(inMulti(requests...))
	want := "+OK\r\n" + strings.Repeat("+QUEUED\r\n", len(requests))
	rest, ok := strings.CutPrefix(reply, want)
	if !ok {
		c.t.Fatalf("%.200q is not queued: %.200q", requests, reply)
	}
	return rest
}

// TestLongTransactions proves that a transaction which a loop cannot run, from
// the start or from the middle on, gives the replies of a short one, that it
// is one even so, and that the session goes on behind it.
func TestLongTransactions(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1")
	c, other := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	big := strings.Repeat("x", 2<<20)
	c.do(string(bulkRequest("SET", "big", big)))
	many := make([]string, 2*longTransaction)
	for i := range many {
		many[i] = "INCR n"
	}
	var counted strings.Builder
	for i := range many {
		fmt.Fprintf(&counted, ":%d\r\n", i+1)
	}
	for _, step := range []struct {
		what     string
		requests []string
		want     string
	}{
		{"many commands", many, fmt.Sprintf("*%d\r\n%s", len(many), counted.String())},
		{"a heavy command in the middle", []string{"INCR n", "COPY big copy", "STRLEN copy", "SELECT 2", "SET k 2", "SELECT 0", "GET k"},
			"*7\r\n:513\r\n:1\r\n:2097152\r\n+OK\r\n+OK\r\n+OK\r\n$-1\r\n"},
		{"heavy commands only", []string{"BITCOUNT big", "BITCOUNT big"}, "*2\r\n:8388608\r\n:8388608\r\n"},
		{"a command for a worker", []string{"SET k 1", "KEYS k", "CLIENT UNBLOCK 1000", "INCR k"}, "*4\r\n+OK\r\n*1\r\n$1\r\nk\r\n:0\r\n:2\r\n"},
	} {
		if got := execReply(c, step.requests...); got != step.want {
			t.Errorf("%s: got %.300q, want %.300q", step.what, got, step.want)
		}
		if got := c.do("PING\r\n"); got != "+PONG\r\n" {
			t.Errorf("%s: afterwards PING answers %q", step.what, got)
		}
		if got := other.do("DBSIZE\r\n"); got[0] != ':' {
			t.Errorf("%s: locks remain", step.what)
		}
	}
	if got := execReply(c, "SET k 1", "CLIENT LIST", "INFO keyspace"); !strings.Contains(got, "cmd=exec") ||
		!strings.Contains(got, "multi=3") || !strings.Contains(got, "db0:keys=4") {
		t.Errorf("CLIENT LIST and INFO in a transaction say %q", got)
	}
}

// TestTransactionsAreOne proves that others never see a part of a transaction,
// whichever way it runs. Each adds to two counters in different shards, and
// whoever reads both finds them equal.
func TestTransactionsAreOne(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2")
	const rounds = 300
	var wg sync.WaitGroup
	run := func(f func(c *testClient)) {
		c := newTestClient(t, srv, &respFront{})
		wg.Go(func() {
			for range rounds {
				f(c)
			}
		})
	}
	run(func(c *testClient) { c.do(inMulti("INCR a", "INCR b")) })
	run(func(c *testClient) { c.do(inMulti("INCR b", "DBSIZE", "INCR a")) })
	run(func(c *testClient) { c.do(inMulti("INCR b", "KEYS *", "INCR a")) })
	run(func(c *testClient) { c.do(inMulti("CLIENT LIST", "INCR b", "INCR a")) })
	run(func(c *testClient) { c.do("INFO\r\nCLIENT LIST\r\nFLUSHDB\r\n") })
	var differ string
	run(func(c *testClient) {
		reply := strings.Split(c.do("MGET a b\r\n"), "\r\n")
		if len(reply) > 4 && reply[2] != reply[4] || len(reply) <= 4 && reply[1] != reply[2] {
			differ = strings.Join(reply, " ")
		}
	})
	wg.Wait()
	if differ != "" {
		t.Errorf("MGET saw a part of a transaction: %s", differ)
	}
}

// TestWatchedCounter proves optimistic locking: of clients that count in a
// transaction guarded by WATCH none loses an addition.
func TestWatchedCounter(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2")
	const clients, rounds = 4, 100
	var wg sync.WaitGroup
	for range clients {
		c := newTestClient(t, srv, &respFront{})
		wg.Go(func() {
			for range rounds {
				for {
					var n int
					if reply := c.do("WATCH n\r\nGET n\r\n"); !strings.HasSuffix(reply, "$-1\r\n") {
						_, _ = fmt.Sscanf(strings.Split(reply, "\r\n")[2], "%d", &n)
					}
					if execReply(c, fmt.Sprint("SET n ", n+1)) != "*-1\r\n" {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	c := newTestClient(t, srv, &respFront{})
	if got, want := c.do("GET n\r\n"), fmt.Sprintf("$3\r\n%d\r\n", clients*rounds); got != want {
		t.Errorf("the counter is %q, want %q", got, want)
	}
	if clients, keys := srv.watches.watching(); clients+keys != 0 {
		t.Errorf("%d clients and %d keys remain watched", clients, keys)
	}
}

// TestTransactionWithoutRoom proves what happens when memory is short: a write
// is not queued, and EXEC of writes that are queued already is refused whole.
func TestTransactionWithoutRoom(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1", "--maxmemory-policy", "noeviction")
	c := newTestClient(t, srv, &respFront{})
	const oom = "OOM command not allowed when used memory > 'maxmemory'."
	c.do("SET k 1\r\nMULTI\r\nSET k 2\r\n")
	srv.engine.SetLimit(1)
	if got := c.do("EXEC\r\n"); got != "-EXECABORT Transaction discarded because of: "+oom+"\r\n" {
		t.Errorf("EXEC answers %q", got)
	}
	if got := c.do("MULTI\r\nSET k 2\r\nGET k\r\nEXEC\r\n"); got !=
		"+OK\r\n-"+oom+"\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n" {
		t.Errorf("a transaction answers %q", got)
	}
	if got := execReply(c, "GET k", "DEL k"); got != "*2\r\n$1\r\n1\r\n:1\r\n" {
		t.Errorf("a transaction that needs no room answers %q", got)
	}
}

// TestTransactionsAreCounted proves that commandstats, the slow log and
// monitors see the commands of a transaction, and behind them EXEC.
func TestTransactionsAreCounted(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1", "--slowlog-log-slower-than", "0")
	c, monitor := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	monitor.do("MONITOR\r\n")
	for _, step := range []struct {
		requests []string
		seen     []string
	}{
		{[]string{"SET a 1", "INCR b c"}, nil},
		{[]string{"SET a 1", "INCR a"}, []string{`"MULTI"`, `"SET" "a" "1"`, `"INCR" "a"`, `"EXEC"`}},
		{[]string{"SET a 1", "KEYS x"}, []string{`"MULTI"`, `"SET" "a" "1"`, `"KEYS" "x"`, `"EXEC"`}},
	} {
		if step.seen == nil {
			c.do("MULTI\r\nSET a 1\r\nNOSUCH\r\nEXEC\r\n")
			step.seen = []string{`"MULTI"`, `"EXEC"`}
		} else {
			execReply(c, step.requests...)
		}
		var seen []string
		for _, line := range strings.Split(strings.TrimSpace(monitor.do("")), "\r\n") {
			_, words, _ := strings.Cut(line, "] ")
			seen = append(seen, words)
		}
		if fmt.Sprint(seen) != fmt.Sprint(step.seen) {
			t.Errorf("a monitor sees %q, want %q", seen, step.seen)
		}
	}
	stats := c.do("INFO commandstats\r\n")
	for _, want := range []string{"cmdstat_exec:calls=3,", "cmdstat_multi:calls=3,", "cmdstat_set:calls=2,", "cmdstat_keys:calls=1,", "cmdstat_incr:calls=1,"} {
		if !strings.Contains(stats, want) {
			t.Errorf("commandstats lack %s", want)
		}
	}
	if log := c.do("SLOWLOG GET 20\r\n"); strings.Contains(log, "EXEC") || strings.Count(log, "$3\r\nSET\r\n") != 2 {
		t.Errorf("the slow log is %q", log)
	}
}

// TestPausedTransaction proves that CLIENT PAUSE WRITE holds back an EXEC that
// would write, and lets one go that only reads.
func TestPausedTransaction(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1")
	writer, reader, admin := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	writer.do("MULTI\r\nINCR n\r\n")
	reader.do("MULTI\r\nGET n\r\n")
	admin.do("CLIENT PAUSE 60000 WRITE\r\n")
	if got := reader.do("EXEC\r\n"); got != "*1\r\n$-1\r\n" {
		t.Errorf("a transaction that reads answers %q", got)
	}
	done := make(chan string)
	go func() { done <- writer.do("EXEC\r\n") }()
	for {
		writer.s.mu.Lock()
		paused := writer.s.paused
		writer.s.mu.Unlock()
		if paused {
			break
		}
	}
	if got := admin.do("GET n\r\n"); got != "$-1\r\n" {
		t.Errorf("during the pause the counter is %q", got)
	}
	admin.do("CLIENT UNPAUSE\r\n")
	if got := <-done; got != "*1\r\n:1\r\n" {
		t.Errorf("after the pause EXEC answers %q", got)
	}
}

// TestTransactionsInAFullCache proves that a transaction finds room in a cache
// that is full, by evicting before it begins, for small values and for large.
func TestTransactionsInAFullCache(t *testing.T) {
	for _, size := range []int{4_000, 300_000} {
		srv := newTestServer(t, "--io-threads", "1", "--maxmemory", "32mb", "--maxmemory-policy", "allkeys-lru")
		srv.memory.start()
		t.Cleanup(srv.memory.stop)
		c := newTestClient(t, srv, &respFront{})
		value := strings.Repeat("v", size)
		const batch = 8
		for n, total := 0, 3*(32<<20)/2/size; n < total; n += batch {
			var b strings.Builder
			b.WriteString("MULTI\r\n")
			for i := range batch {
				b.Write(bulkRequest("SET", fmt.Sprint("key:", n+i), value))
			}
			b.WriteString("EXEC\r\n")
			if reply := c.do(b.String()); strings.Contains(reply, "-") {
				t.Fatalf("with values of %d bytes, behind %d keys: %.300q", size, n, reply)
			}
		}
	}
}
