package config

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The real redis-server (7.0) says what CONFIG GET prints and what CONFIG SET
// answers.

// differentDefaults are the directives of Redis whose default, started on no
// configuration at all, is not ours.
var differentDefaults = map[string]string{
	"bind":             "safe defaults: Redis without a file listens on every address",
	"dir":              "each test has its own",
	"io-threads":       "larder's event loops: 0 is one a core",
	"maxmemory-policy": "larder is a cache",
	"syslog-ident":     "the program's name",
	"save":             "given on the command line here, to keep Redis from writing",
	"port":             "given on the command line here",
	"unixsocket":       "given on the command line here",
}

// newer are the directives that Redis 7.2 has and 7.0 has not.
var newer = []string{
	"aof-rewrite-cpulist", "bgsave-cpulist", "bio-cpulist", "server-cpulist",
	"cluster-announce-human-nodename", "locale-collate",
	"set-max-listpack-entries", "set-max-listpack-value",
}

func TestDefaultsMatchRedis(t *testing.T) {
	redis := startRedis(t)
	theirs := map[string]string{}
	reply := redis.call("CONFIG", "GET", "*")
	for pair := range slices.Chunk(reply.items, 2) {
		theirs[pair[0]] = pair[1]
	}
	if len(theirs) < 150 {
		t.Fatalf("CONFIG GET * answered %d directives: %v", len(theirs), reply)
	}
	ours := map[string]string{}
	for _, s := range Default("/start").Get("*") {
		ours[s.Name] = s.Value
	}
	for name, want := range theirs {
		got, known := ours[name]
		switch _, different := differentDefaults[name]; {
		case !known:
			t.Errorf("Redis knows %s, larder does not", name)
		case different && got == want:
			t.Errorf("%s is listed as different and is not: both say %q", name, got)
		case !different && got != want:
			t.Errorf("%s is %q, in Redis %q", name, got, want)
		}
	}
	for name := range ours {
		own := name == "net-driver" || name == "import" || strings.HasPrefix(name, "memcached-") || strings.HasPrefix(name, "backup-")
		if _, known := theirs[name]; !known && !own && !slices.Contains(newer, name) {
			t.Errorf("larder knows %s, Redis 7.0 does not: is it newer, or larder's own?", name)
		}
	}
}

// sets are CONFIG SET commands in order, each followed by a CONFIG GET of its
// first name. Redis and larder have to answer all alike.
var sets = [][]string{
	{"maxmemory", "1GB"}, {"maxmemory", "1m"}, {"maxmemory", "1b"}, {"maxmemory", "1.5gb"}, {"maxmemory", "12zz"},
	{"maxmemory", "5%"}, {"maxmemory", "-1"}, {"maxmemory", " 1"}, {"maxmemory", "1gib"},
	{"maxmemory-clients", "5%"}, {"maxmemory-clients", "0%"}, {"maxmemory-clients", "101%"}, {"maxmemory-clients", "x%"},
	{"maxmemory-clients", "-5%"}, {"maxmemory-clients", "05%"}, {"maxmemory-clients", "7"}, {"maxmemory-clients", "zz"},
	{"maxmemory-policy", "ALLKEYS-LRU"}, {"maxmemory-policy", "lru"}, {"hz", "501"}, {"hz", "0"}, {"hz", "abc"}, {"hz", ""}, {"hz", " 10"}, {"hz", "01"}, {"hz", "+1"}, {"hz", "-1"},
	{"maxclients", "0"}, {"appendfsync", "sometimes"}, {"appendfsync", "ALWAYS"}, {"appendonly", "maybe"},
	{"databases", "3"}, {"DataBases", "3"}, {"dir", "/"}, {"dbfilename", "a"}, {"enable-debug-command", "yes"},
	{"foo", "1"}, {"hz", "20", "FOO", "1"}, {"hz", "20", "maxclients", "0"}, {"hz", "5", "HZ", "6"},
	{"save", "900 1 300 10"}, {"save", "900 0"}, {"save", "900  1"}, {"save", "0 1"}, {"save", "1 2 3"}, {"save", "a b"}, {"save", "-1 2"}, {"save", ""},
	{"client-output-buffer-limit", "normal 1mb 2 3"}, {"client-output-buffer-limit", "replica 1mb 2 3 normal 0 0 0"},
	{"client-output-buffer-limit", "SLAVE 4 5 6"}, {"client-output-buffer-limit", ""}, {"client-output-buffer-limit", "normal 1 2"},
	{"client-output-buffer-limit", "foo 1 2 3"}, {"client-output-buffer-limit", "normal 1x 2 3"}, {"client-output-buffer-limit", "normal 1 2 -3"},
	{"latency-tracking-info-percentiles", "50.123456 0.0 100.0"}, {"latency-tracking-info-percentiles", "99.99999 1e1"},
	{"latency-tracking-info-percentiles", ""}, {"latency-tracking-info-percentiles", "101"}, {"latency-tracking-info-percentiles", "a"},
	{"notify-keyspace-events", "KEA"}, {"notify-keyspace-events", "KElx"}, {"notify-keyspace-events", "g$lshzxetd"},
	{"notify-keyspace-events", "Kn"}, {"notify-keyspace-events", "Em$"}, {"notify-keyspace-events", "Q"}, {"notify-keyspace-events", ""},
	{"shutdown-on-sigterm", "save force"}, {"shutdown-on-sigterm", "force save"}, {"shutdown-on-sigterm", "default now"},
	{"shutdown-on-sigterm", ""}, {"shutdown-on-sigterm", "zz"}, {"shutdown-on-sigint", "default"},
	{"oom-score-adj-values", "1 2"}, {"oom-score-adj-values", "1 2 3000"}, {"oom-score-adj-values", "1 2 x"}, {"oom-score-adj-values", "300 200 100"},
	{"proto-max-bulk-len", "1"}, {"proto-max-bulk-len", "1mb"}, {"client-query-buffer-limit", "1mb"}, {"hash-max-listpack-value", "1k"},
	{"lua-time-limit", "x"}, {"lua-time-limit", "12"}, {"busy-reply-threshold", "-1"}, {"list-max-listpack-size", "-5"},
	{"slowlog-log-slower-than", "-1"}, {"slowlog-log-slower-than", "-2"}, {"lfu-decay-time", "9223372036854775808"},
	{"timeout", "2147483648"}, {"maxmemory-eviction-tenacity", "101"}, {"slave-priority", "5"}, {"replica-priority", "6"},
}

func TestSetMatchesRedis(t *testing.T) {
	redis := startRedis(t)
	store := NewStore(Default("/start"))
	if _, err := store.Set([]string{"save", ""}, SetOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, pairs := range sets {
		want := redis.call(append([]string{"CONFIG", "SET"}, pairs...)...).text
		got := "OK"
		if _, err := store.Set(pairs, SetOptions{Local: true}); err != nil {
			got = "ERR " + err.Error()
		}
		if pairs[0] == "maxmemory-policy" {
			want = strings.ReplaceAll(want, "noeviction", "noeviction, allkeys-adaptive")
		}
		if got != want {
			t.Errorf("CONFIG SET %q:\n got %s\nwant %s", pairs, got, want)
		}
		if byName[strings.ToLower(pairs[0])] == nil || differentDefaults[strings.ToLower(pairs[0])] != "" && want != "OK" {
			continue
		}
		wantValue := strings.Join(redis.call("CONFIG", "GET", pairs[0]).items, " ")
		setting := store.Load().Get(pairs[0])[0]
		if gotValue := setting.Name + " " + setting.Value; gotValue != wantValue {
			t.Errorf("CONFIG GET %s after CONFIG SET %q:\n got %s\nwant %s", pairs[0], pairs, gotValue, wantValue)
		}
	}
}

// A redisServer is the oracle and one connection to it.
type redisServer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// startRedis starts redis-server on a unix socket; the test's end stops it.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test compares with the real redis-server: install the package redis-server")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			return &redisServer{t, conn, bufio.NewReader(conn)}
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server does not answer: %v", err)
		}
	}
}

// A reply is a line or the items of a flat array.
type reply struct {
	text  string
	items []string
}

func (r *redisServer) call(args ...string) reply {
	r.t.Helper()
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(r.conn, request.String()); err != nil {
		r.t.Fatal(err)
	}
	line := r.line()
	if line[0] != '*' {
		return reply{text: line[1:]}
	}
	var items []string
	for range r.number(line) {
		bulk := make([]byte, r.number(r.line())+2)
		if _, err := io.ReadFull(r.in, bulk); err != nil {
			r.t.Fatal(err)
		}
		items = append(items, string(bulk[:len(bulk)-2]))
	}
	return reply{items: items}
}

func (r *redisServer) line() string {
	r.t.Helper()
	line, err := r.in.ReadString('\n')
	if err != nil || len(line) < 3 {
		r.t.Fatalf("reading from redis-server: %q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

func (r *redisServer) number(line string) int {
	r.t.Helper()
	n, err := strconv.Atoi(line[1:])
	if err != nil {
		r.t.Fatalf("redis-server sent %q: %v", line, err)
	}
	return n
}
