package compat

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// startPair starts an oracle and a subject with the same extra directives.
func startPair(t *testing.T, extra ...string) (oracle, subject *harness.Server) {
	t.Helper()
	oracle, err := harness.StartRedis("own oracle", extra...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := oracle.Stop(); err != nil {
			t.Error(err)
		}
	})
	return oracle, startSubject(t, extra...)
}

// TestPassword compares a server that wants a password.
func TestPassword(t *testing.T) {
	oracle, subject := startPair(t, "--requirepass", "secret")
	table := intended(t)
	t.Run("requests", func(t *testing.T) { passwordRequests(t, table, oracle, subject) })
	noUnusedStreams(t, table, "password ")
}

func passwordRequests(t *testing.T, table *harness.Differences, oracle, subject *harness.Server) {
	for _, request := range []string{
		"PING\r\n", "GET a\r\n", "NOSUCH\r\n", "AUTH\r\n", "AUTH wrong\r\nGET a\r\n", "AUTH secret\r\nSET a 1\r\nGET a\r\n",
		"AUTH default secret\r\nPING\r\n", "AUTH default wrong\r\nPING\r\n", "AUTH nosuch secret\r\nPING\r\n",
		"HELLO\r\n", "HELLO 3\r\n", "HELLO 3 AUTH default wrong\r\nPING\r\n", "HELLO 3 AUTH default\r\n", "HELLO 9\r\n",
		"AUTH secret\r\nRESET\r\nGET a\r\n", "QUIT\r\n", "RESET\r\nPING\r\n", "CLIENT ID\r\n", "COMMAND COUNT\r\n", "SELECT 1\r\n",
		"ECHO a b c\r\n", "*1\r\n$3\r\nfoo\r\n", "*20\r\n$4\r\nMGET\r\n", "*2\r\n$4\r\nECHO\r\n$20000\r\n",
	} {
		name := strings.Join(strings.Fields(request), " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkStream(t, table, "password "+name, oracle, subject, []byte(request))
		})
	}
}

// TestMaxClients fills the connections that a server takes, and compares what
// the next one is told.
func TestMaxClients(t *testing.T) {
	const most = 8
	oracle, subject := startPair(t, "--maxclients", fmt.Sprint(most))
	refusal := func(s *harness.Server) string {
		for range most {
			must(t, dial(t, s), "PING")
		}
		c, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(streamDeadline))
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			t.Errorf("%s: connection %d gets no line: %v", s.Name, most+1, err)
		}
		return line
	}
	if a, b := refusal(oracle), refusal(subject); a != b {
		t.Errorf("one connection too many: oracle says %q, larder %q", a, b)
	}
}

// TestOutOfMemory compares the refusal of writes beyond maxmemory when
// nothing may be evicted; reads and deletes go on.
func TestOutOfMemory(t *testing.T) {
	r := respPair(t)
	h := harness.History{Family: "out of memory", Proto: 2, Steps: commands(
		"0> SET a 1", "0> CONFIG SET maxmemory 1", "0> SET b 1", "0> APPEND a x", "0> INCR n", "0> GET a", "0> SETBIT b 1 1", "0> MSET b 1 c 2",
		"0> EXPIRE a 100000", "0> TTL a", "0> GETDEL a", "0> SETRANGE b 1 x", "0> COPY a b", "0> RENAME a b", "0> DBSIZE", "0> DEL a",
		"0> SET b", "0> NOSUCH", "0> CONFIG SET maxmemory 0", "0> SET b 1", "0> GET b")}
	r.Restore = [][]string{{"CONFIG", "SET", "maxmemory", "0"}}
	m, err := r.Run(h)
	for _, s := range []*harness.Server{servers.redis, servers.subject} {
		must(t, dial(t, s), "CONFIG", "SET", "maxmemory", "0")
	}
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		t.Error(m)
	}
}

var monitorOwn = regexp.MustCompile(`^\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] `)

// TestMonitor compares what MONITOR shows of another connection's commands;
// the time and the address are masked.
func TestMonitor(t *testing.T) {
	shown := func(s *harness.Server) []string {
		watcher, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = watcher.Close() }()
		_ = watcher.SetDeadline(time.Now().Add(streamDeadline))
		lines := bufio.NewReader(watcher)
		if _, err := watcher.Write([]byte("MONITOR\r\n")); err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || line != "+OK\r\n" {
			t.Fatalf("%s: MONITOR answers %q (%v)", s.Name, line, err)
		}
		c := dial(t, s)
		for _, step := range commands(`0> SET a "b\r\n\x00\xff\"\\"`, "0> select 2", "0> GET nosuch", "0> NOSUCH x", "0> GET", "0> CONFIG GET hz", "0> INCR a", `0> ECHO "\t\x07\x08"`, "0> PING last") {
			if _, err := c.DoArgs(step.Args); err != nil {
				t.Fatal(err)
			}
		}
		var out []string
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: MONITOR ends early: %v; so far %q", s.Name, err, out)
			}
			out = append(out, monitorOwn.ReplaceAllString(line, "+TIME [$1 ADDR] "))
			if strings.Contains(line, "last") {
				return out
			}
		}
	}
	a, b := shown(servers.redis), shown(servers.subject)
	if !slices.Equal(a, b) {
		t.Errorf("MONITOR shows\noracle %q\nlarder %q", a, b)
	}
}

// TestClientKill kills another connection in each of the ways, and itself.
func TestClientKill(t *testing.T) {
	for _, how := range []string{"ID %s", "ADDR %s", "ID %s SKIPME no", "LADDR", "old form %s", "self"} {
		t.Run(how, func(t *testing.T) {
			for _, s := range []*harness.Server{servers.redis, servers.subject} {
				if answer, gone := killOne(t, s, how); !gone {
					t.Errorf("%s: CLIENT KILL %s answers %s and the connection lives on", s.Name, how, answer)
				}
			}
		})
	}
}

func killOne(t *testing.T, s *harness.Server, how string) (answer string, gone bool) {
	t.Helper()
	killer, victim := dial(t, s), dial(t, s)
	fields := map[string]string{}
	for _, word := range strings.Fields(string(must(t, victim, "CLIENT", "INFO").Str)) {
		name, value, _ := strings.Cut(word, "=")
		fields[name] = value
	}
	var v harness.Value
	switch how {
	case "old form %s":
		v = must(t, killer, "CLIENT", "KILL", fields["addr"])
	case "ADDR %s":
		v = must(t, killer, "CLIENT", "KILL", "ADDR", fields["addr"])
	case "LADDR":
		// All connections share the server's address; id limits it to one.
		v = must(t, killer, "CLIENT", "KILL", "LADDR", fields["laddr"], "ID", fields["id"])
	case "self":
		v = must(t, victim, "CLIENT", "KILL", "ID", fields["id"], "SKIPME", "no")
	default:
		v = must(t, killer, append([]string{"CLIENT", "KILL"}, strings.Fields(fmt.Sprintf(how, fields["id"]))...)...)
	}
	want := ":1\r\n"
	if how == "old form %s" {
		want = "+OK\r\n"
	}
	if string(v.Raw) != want {
		t.Errorf("%s: CLIENT KILL %s answers %s, want %q", s.Name, how, shown(v.Raw), want)
	}
	_, err := victim.Do("PING")
	return string(bytes.TrimSpace(v.Raw)), err != nil
}

// TestClientPause holds writes of other connections back and lets reads
// through; the held write is answered once the pause has ended.
func TestClientPause(t *testing.T) {
	for _, s := range []*harness.Server{servers.redis, servers.subject} {
		admin, writer, reader := dial(t, s), dial(t, s), dial(t, s)
		must(t, admin, "FLUSHALL")
		must(t, admin, "CLIENT", "PAUSE", "10000", "WRITE")
		done := make(chan error, 1)
		go func() {
			_, err := writer.Do("SET", "a", "1")
			done <- err
		}()
		// The write is blocked once the server says so.
		deadline := time.Now().Add(streamDeadline)
		for !strings.Contains(string(must(t, admin, "INFO", "clients").Str), "blocked_clients:1") {
			if time.Now().After(deadline) {
				t.Fatalf("%s: INFO never shows the blocked write", s.Name)
			}
			time.Sleep(time.Millisecond)
		}
		if v := must(t, reader, "GET", "a"); !v.Null {
			t.Errorf("%s: a write went through a pause", s.Name)
		}
		select {
		case <-done:
			t.Errorf("%s: a write was answered during a pause", s.Name)
		default:
		}
		must(t, admin, "CLIENT", "UNPAUSE")
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: the held write fails: %v", s.Name, err)
			}
		case <-time.After(streamDeadline):
			t.Fatalf("%s: the held write is not answered after UNPAUSE", s.Name)
		}
		if v := must(t, reader, "GET", "a"); string(v.Str) != "1" {
			t.Errorf("%s: the held write was lost: %s", s.Name, v.Raw)
		}
	}
}
