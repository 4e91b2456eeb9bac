package server

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"

	"larder/server/config"
)

// matches fails unless the pattern matches the whole reply.
func matches(t *testing.T, what, got, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?s)\A` + pattern + `\z`).MatchString(got) {
		t.Errorf("%s answers\n%s\nwhich does not match\n%s", what, got, pattern)
	}
}

func TestClientListLine(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	c.do("CLIENT SETNAME n\r\nCLIENT SETINFO LIB-NAME l\r\nCLIENT SETINFO LIB-VER v\r\nSELECT 2\r\nCLIENT NO-EVICT ON\r\nCLIENT NO-TOUCH ON\r\n")
	line := `id=1 addr=127\.0\.0\.1:1 laddr=127\.0\.0\.1:2 fd=-1 name=n age=\d+ idle=\d+ flags=eT db=2 sub=0 psub=0 ssub=0 multi=-1 watch=0 ` +
		`qbuf=\d+ qbuf-free=\d+ argv-mem=0 multi-mem=0 rbs=\d+ rbp=\d+ obl=\d+ oll=0 omem=0 tot-mem=\d+ events=r cmd=%s user=default redir=-1 resp=2 lib-name=l lib-ver=v\n`
	matches(t, "CLIENT LIST", c.do("CLIENT LIST\r\n"), `\$\d+\r\n`+strings.Replace(line, "%s", `client\|list`, 1)+`\r\n`)
	matches(t, "CLIENT INFO", c.do("CLIENT INFO\r\n"), `\$\d+\r\n`+strings.Replace(line, "%s", `client\|info`, 1)+`\r\n`)
	d := newTestClient(t, srv, &respFront{})
	matches(t, "CLIENT LIST ID", d.do("CLIENT LIST ID 2 1 9\r\n"), `\$\d+\r\nid=2 .*\nid=1 .*\n\r\n`)
	c.do("HELLO 3\r\n")
	matches(t, "CLIENT INFO in RESP3", c.do("CLIENT INFO\r\n"), `=\d+\r\ntxt:id=1 .* resp=3 .*\n\r\n`)
}

// TestKilledByOthers shows that a killed session is gone for all and loses
// its output, and that one which kills itself gets its reply.
func TestKilledByOthers(t *testing.T) {
	srv := newTestServer(t)
	a, b := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	if got := a.do("CLIENT KILL ID 2\r\n"); got != ":1\r\n" {
		t.Fatal(got)
	}
	if list := a.do("CLIENT LIST\r\n"); strings.Contains(list, "id=2 ") {
		t.Errorf("a killed client is listed: %s", list)
	}
	b.s.mu.Lock()
	b.s.resume(b.ex)
	closing := b.s.closing
	b.s.mu.Unlock()
	if closing != closeNow {
		t.Errorf("the killed session's state is %d", closing)
	}
	if got := a.do("CLIENT KILL ID 1 SKIPME no\r\n"); got != ":1\r\n" {
		t.Errorf("who kills itself hears %q", got)
	}
	if a.s.closing != closeFlushed {
		t.Errorf("who kills itself is in state %d", a.s.closing)
	}
}

// TestMonitorShowsCommands compares the lines with those of redis-server.
func TestMonitorShowsCommands(t *testing.T) {
	srv := newTestServer(t)
	m, c := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	m.do("MONITOR\r\n")
	c.do("set k \"a b\\x00\\xff\\n\\r\\t\\a\\b\\\\\\\"\"\r\nNOSUCH\r\nget\r\nAUTH user secret\r\nHELLO 2 AUTH default secret\r\nSELECT 4\r\nCONFIG GET hz\r\n")
	m.s.mu.Lock()
	m.s.takePushes()
	got := string(m.s.out.Buf)
	m.s.mu.Unlock()
	at := `\+\d+\.\d{6} `
	matches(t, "MONITOR", got,
		at+`\[0 127\.0\.0\.1:1\] "set" "k" "a b\\x00\\xff\\n\\r\\t\\a\\b\\\\\\""\r\n`+
			at+`\[0 127\.0\.0\.1:1\] "AUTH" "\(redacted\)" "\(redacted\)"\r\n`+
			at+`\[0 127\.0\.0\.1:1\] "HELLO" "2" "AUTH" "\(redacted\)" "\(redacted\)"\r\n`+
			at+`\[4 127\.0\.0\.1:1\] "SELECT" "4"\r\n`)
}

// TestSlowlogEntries shows what an entry keeps.
func TestSlowlogEntries(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	c.do("CLIENT SETNAME me\r\nCONFIG SET slowlog-log-slower-than 0\r\n")
	c.do("SET " + strings.Repeat("k", 200) + " v\r\n")
	c.do("DEL" + strings.Repeat(" x", 40) + "\r\n")
	c.do("CONFIG SET requirepass secret\r\n")
	got := c.do("SLOWLOG GET -1\r\n")
	if strings.Contains(got, "secret") || !strings.Contains(got, "$11\r\nrequirepass\r\n$10\r\n(redacted)\r\n") {
		t.Errorf("the slow log shows a password: %q", got)
	}
	for _, want := range []string{
		"*32\r\n$3\r\nDEL\r\n", "$23\r\n... (10 more arguments)\r\n",
		strings.Repeat("k", 128) + "... (72 more bytes)\r\n", "$11\r\n127.0.0.1:1\r\n$2\r\nme\r\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the slow log lacks %q: %q", want, got)
		}
	}
	matches(t, "SLOWLOG GET 1", c.do("SLOWLOG GET 1\r\n"), `\*1\r\n\*6\r\n:\d+\r\n:\d+\r\n:\d+\r\n\*3\r\n\$7\r\nSLOWLOG\r\n.*`)
}

// TestLatencyMonitor records an event and forgets it.
func TestLatencyMonitor(t *testing.T) {
	srv := newTestServer(t, "--enable-debug-command", "yes", "--latency-monitor-threshold", "5")
	c := newTestClient(t, srv, &respFront{})
	c.do("DEBUG SLEEP 0.006\r\n")
	c.do("PING\r\n") // fast: not recorded
	matches(t, "LATENCY LATEST", c.do("LATENCY LATEST\r\n"), `\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d+\r\n:(\d+)\r\n:\d+\r\n`)
	matches(t, "LATENCY HISTORY", c.do("LATENCY HISTORY command\r\n"), `\*1\r\n\*2\r\n:\d+\r\n:\d+\r\n`)
	matches(t, "LATENCY GRAPH", c.do("LATENCY GRAPH command\r\n"), `\$\d+\r\ncommand - high \d+ ms, low \d+ ms\n.*`)
	matches(t, "LATENCY DOCTOR", c.do("LATENCY DOCTOR\r\n"), `\$\d+\r\n1\. command: 1 slow seconds recorded.*`)
	if got := c.do("LATENCY RESET command nosuch\r\n"); got != ":1\r\n" {
		t.Errorf("LATENCY RESET answers %q", got)
	}
	if got := c.do("LATENCY LATEST\r\n"); got != "*0\r\n" {
		t.Errorf("after the reset: %q", got)
	}
}

// TestStatistics follows the counters from the commands to INFO and through
// CONFIG RESETSTAT.
func TestStatistics(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	c.do("SET a 1\r\nGET a\r\nGET b\r\nGET\r\nINCR a\r\nSET s x\r\nINCR s\r\nNOSUCH\r\nAUTH default x\r\nAUTH nobody x\r\n")
	info := c.do("INFO everything\r\n")
	for _, want := range []string{
		`\ncmdstat_get:calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=0\r`,
		`\ncmdstat_incr:calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=1\r`,
		`\nerrorstat_ERR:count=3\r`, `\nerrorstat_WRONGPASS:count=1\r`, `\ntotal_error_replies:4\r`,
		`\ntotal_commands_processed:8\r`, `\nkeyspace_hits:1\r`, `\nkeyspace_misses:1\r`, `\nacl_access_denied_auth:1\r`,
		`\nlatency_percentiles_usec_get:p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}\r`,
		`\nrdb_changes_since_last_save:3\r`, `\ntotal_net_input_bytes:[1-9]\d+\r`, `\ntotal_net_output_bytes:\d+\r`,
		`\nconnected_clients:1\r`, `\ndb0:keys=2,expires=0,avg_ttl=0\r`, `\nredis_version:7\.2\.4\r`,
	} {
		if !regexp.MustCompile(want).MatchString(info) {
			t.Errorf("INFO does not match %q", want)
		}
	}
	matches(t, "LATENCY HISTOGRAM", c.do("LATENCY HISTOGRAM get\r\n"), `\*2\r\n\$3\r\nget\r\n\*4\r\n\$5\r\ncalls\r\n:2\r\n\$14\r\nhistogram_usec\r\n\*.*`)
	c.do("CONFIG RESETSTAT\r\n")
	info = c.do("INFO everything\r\n")
	for _, gone := range []string{"cmdstat_get", "errorstat_", "latency_percentiles_usec_get", "total_error_replies:4", "keyspace_hits:1"} {
		if strings.Contains(info, gone) {
			t.Errorf("after CONFIG RESETSTAT INFO still has %s", gone)
		}
	}
	c.do("GET a\r\n")
	if info = c.do("INFO commandstats\r\n"); !strings.Contains(info, "cmdstat_get:calls=1,") {
		t.Errorf("after CONFIG RESETSTAT nothing is counted: %s", info)
	}
}

// TestLatencyTrackingOff shows that the histograms can be switched off.
func TestLatencyTrackingOff(t *testing.T) {
	srv := newTestServer(t, "--latency-tracking", "no")
	c := newTestClient(t, srv, &respFront{})
	c.do("GET a\r\n")
	if got := c.do("LATENCY HISTOGRAM\r\n"); got != "*0\r\n" {
		t.Errorf("LATENCY HISTOGRAM answers %q", got)
	}
}

func TestErrorCodesAreBounded(t *testing.T) {
	var e errorCodes
	for i := range 2 * maxErrorCodes {
		e.note([]byte("-E" + formatInt(int64(i)) + " text\r\n"))
	}
	counts := e.sorted()
	if len(counts) != maxErrorCodes+1 {
		t.Fatalf("%d codes are kept", len(counts))
	}
	for _, c := range counts {
		if c.code == otherErrors && c.count != maxErrorCodes {
			t.Errorf("%d errors count as others, want %d", c.count, maxErrorCodes)
		}
	}
}

// TestConfigRewrite writes the file anew and keeps what it said otherwise.
func TestConfigRewrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "larder.conf")
	if err := os.WriteFile(path, []byte("# mine\nhz 10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	parsed, err := config.Parse([]string{path}, config.Environment{WorkDir: dir, ReadFile: os.ReadFile, Glob: filepath.Glob})
	if err != nil {
		t.Fatal(err)
	}
	level := ""
	srv, err := New(Options{Config: config.NewStore(parsed.Config), ConfigFile: path, Log: zap.NewNop(), SetLogLevel: func(l string) { level = l }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Shutdown(0) })
	c := newTestClient(t, srv, &respFront{})
	if got := c.do("CONFIG SET hz 30 loglevel warning maxmemory 3mb\r\nCONFIG REWRITE\r\n"); got != "+OK\r\n+OK\r\n" {
		t.Fatal(got)
	}
	if level != "warning" {
		t.Errorf("the log's level became %q", level)
	}
	if srv.engine.Limit() != 3<<20 {
		t.Errorf("the engine's limit is %d", srv.engine.Limit())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# mine\nhz 30\n", "loglevel warning\n", "maxmemory 3mb\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode changed: %v %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(path + ".tmp-*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestShutdownCommand asks for the end without replying.
func TestShutdownCommand(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	if got := c.do("SHUTDOWN NOSAVE NOW\r\n"); got != "" {
		t.Errorf("SHUTDOWN answers %q", got)
	}
	select {
	case <-srv.ShutdownRequested():
	default:
		t.Error("nobody asks the owner of the server to end it")
	}
}
