package clients

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// cliPatience bounds one run of redis-cli; none needs more than two seconds.
const cliPatience = 30 * time.Second

// A cliCase is one run of redis-cli that ends by itself.
type cliCase struct {
	name string
	args []string // "{dir}" stands for a folder with the files of cliFiles
	in   string   // what it reads
	want string   // all that it prints
	// like is for output that depends on times: a regular expression for all of
	// it, instead of want.
	like string
}

// cliData is what the cases find in the server, as requests for --pipe.
const cliData = `SET a 1
SET long xxxxxxxxxxxxxxxxxxxx
SETRANGE zero 1 b
RPUSH l 1 2 3
HSET h f v g w
SADD s 1 2
ZADD z 1.5 m
XADD st 1-1 f v
`

var cliFiles = map[string]string{
	"set.lua": "redis.call('SET', KEYS[1], ARGV[1]); return {KEYS[1], redis.call('GET', KEYS[1]), #ARGV}",
}

var cliCases = []cliCase{
	{name: "a command", args: []string{"GET", "a"}, want: "1\n"},
	{name: "an error", args: []string{"INCR", "long"}, want: "ERR value is not an integer or out of range\n\n"},
	{name: "commands from standard input", in: "SET q 1\nINCRBY q 41\nGET missing\nDEL q\n", want: "OK\n42\n\n1\n"},
	{name: "--no-raw", args: []string{"--no-raw", "MGET", "a", "missing"}, want: "1) \"1\"\n2) (nil)\n"},
	{name: "-3", args: []string{"-3", "--no-raw", "HGETALL", "h"}, want: "1# \"f\" => \"v\"\n2# \"g\" => \"w\"\n"},
	{name: "-3 of a set and a double", args: []string{"-3", "--no-raw"}, in: "SMEMBERS s\nZSCORE z m\nGET missing\n",
		want: "1~ \"1\"\n2~ \"2\"\n(double) 1.5\n(nil)\n"},
	{name: "--csv", args: []string{"--csv", "MGET", "a", "long", "missing"}, want: "\"1\",\"xxxxxxxxxxxxxxxxxxxx\",NULL\n"},
	{name: "--json", args: []string{"--json", "HGETALL", "h"}, want: "{\"f\":\"v\",\"g\":\"w\"}\n"},
	{name: "--json of scores", args: []string{"--json", "ZRANGE", "z", "0", "-1", "WITHSCORES"}, want: "[[\"m\",1.5]]\n"},
	{name: "--json of an error", args: []string{"--json", "MGET", "a", "missing"}, want: "[\"1\",null]\n"},
	{name: "--quoted-json", args: []string{"--quoted-json", "GET", "zero"}, want: "\"\\\\x00b\"\n"},
	{name: "--quoted-input", args: []string{"--quoted-input", "STRLEN", `"\x7a\x65ro"`}, want: "2\n"},
	{name: "-d", args: []string{"-d", "|", "MGET", "a", "a"}, want: "1|1\n"},
	{name: "-x", args: []string{"-x", "SETRANGE", "x", "0"}, in: "from stdin", want: "10\n"},
	{name: "-X", args: []string{"-X", "tag", "SETRANGE", "x2", "0", "tag"}, in: "tagged", want: "6\n"},
	{name: "-r and -i", args: []string{"-r", "3", "-i", "0.01", "INCR", "counter"}, want: "1\n2\n3\n"},
	{name: "-n", args: []string{"-n", "3", "DBSIZE"}, want: "0\n"},
	{name: "--scan", args: []string{"--scan", "--pattern", "lon?"}, want: "long\n"},
	{name: "--scan --quoted-pattern", args: []string{"--scan", "--quoted-pattern", `"lon\x67"`}, want: "long\n"},
	{name: "--eval", args: []string{"--eval", "{dir}/set.lua", "e", ",", "v", "w"}, want: "e\nv\n2\n"},
	{name: "a transaction", in: "MULTI\nSET t 1\nINCR t\nEXEC\n", want: "OK\nQUEUED\nQUEUED\nOK\n2\n"},
	{name: "help", in: "help APPEND\n", like: `(?s).*APPEND.*key value.*since.*2\.0\.0.*`},
	{name: "--bigkeys", args: []string{"--bigkeys", "-i", "0.001"}, like: `(?s).*Sampled 8 keys in the keyspace!` +
		`.*Biggest string found '"long"' has 20 bytes.*3 strings with 23 bytes \(.*`},
	{name: "--bigkeys of containers", args: []string{"--bigkeys"}, like: `(?s).*Sampled 8 keys in the keyspace!` +
		`.*list found '"l"' has 3 items.*hash found '"h"' has 2 fields.*stream found '"st"' has 1 entries` +
		`.*set found '"s"' has 2 members.*zset found '"z"' has 1 members.*`},
	{name: "--memkeys", args: []string{"--memkeys", "--memkeys-samples", "5"},
		like: `(?s).*Sampled 8 keys in the keyspace!.*Biggest string found '"long"' has \d+ bytes.*`},
	{name: "--memkeys of containers", args: []string{"--memkeys"},
		like: `(?s).*list found '"l"' has \d+ bytes.*hash found '"h"' has \d+ bytes.*1 zsets with \d+ bytes.*`},
	{name: "--latency", args: []string{"--latency", "-i", "0.1"}, like: `\d+ \d+ \d+\.\d\d \d+\n`},
	{name: "--latency --csv", args: []string{"--csv", "--latency", "-i", "0.1"}, like: `\d+,\d+,\d+\.\d\d,\d+\n`},
	{name: "--intrinsic-latency", args: []string{"--intrinsic-latency", "1"}, like: `(?s)Max latency so far.* total runs \(avg latency: .*`},
}

// cli is the command line that reaches a server.
func cli(t *testing.T, addr string, args ...string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"redis-cli", "-h", host, "-p", port}, args...)
}

// runCLI runs redis-cli to its end and returns what it prints.
func runCLI(t *testing.T, addr, in string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cliPatience)
	defer cancel()
	argv := cli(t, addr, args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(in)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	// It ends with 1 after an error reply; what it printed says more.
	if err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return string(out)
}

// fill loads what the cases need by --pipe, whose output it checks.
func fill(t *testing.T, addr string) {
	t.Helper()
	data := strings.ReplaceAll(cliData, "\n", "\r\n")
	want := fmt.Sprintf("All data transferred. Waiting for the last reply...\nLast reply received from server.\nerrors: 0, replies: %d\n",
		strings.Count(data, "\n"))
	if got := runCLI(t, addr, data, "--pipe"); got != want {
		t.Fatalf("--pipe printed %q, want %q", got, want)
	}
}

// TestRedisCLI runs redis-cli in every mode that ends by itself.
func TestRedisCLI(t *testing.T) {
	require(t, "redis-cli")
	dir := t.TempDir()
	for name, text := range cliFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cliCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			fill(t, server.Addr)
			args := slices.Clone(c.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "{dir}", dir)
			}
			got := runCLI(t, server.Addr, c.in, args...)
			if c.like == "" && got != c.want {
				t.Errorf("it printed %q, want %q", got, c.want)
			}
			if c.like != "" && !regexp.MustCompile(`^(?:`+c.like+`)$`).MatchString(got) {
				t.Errorf("it printed %q, want %s", got, c.like)
			}
		})
	}
}

// TestRedisCLIHotKeys needs a policy that counts how often keys are used.
func TestRedisCLIHotKeys(t *testing.T) {
	require(t, "redis-cli")
	server := startServer(t, "--maxmemory-policy", "allkeys-lfu")
	fill(t, server.Addr)
	runCLI(t, server.Addr, strings.Repeat("GET long\n", 2000))
	got := runCLI(t, server.Addr, "", "--hotkeys")
	// The summary begins with the hottest.
	if !regexp.MustCompile(`keyspace!\nhot key found with counter: [1-9]\d*\tkeyname: "long"\n`).MatchString(got) {
		t.Errorf("--hotkeys printed %q, want the key \"long\" first", got)
	}
}

// TestRedisCLIEndless runs the modes that go on until they are ended.
func TestRedisCLIEndless(t *testing.T) {
	require(t, "redis-cli", "stdbuf")
	const column = `\S+\s+`
	tests := []struct {
		name  string
		args  []string
		lines []string // regular expressions for the first lines
		// act is a command for another redis-cli, repeated until all lines came.
		act []string
	}{
		{"--stat", []string{"--stat", "-i", "0.05"}, []string{`-+ data -.*`, `keys\s+mem\s+clients.*`,
			`\d+\s+` + column + `\d+\s+0\s+\d+ \(\+0\)\s+\d+\s*`, `\d+\s+` + column + `\d+\s+0\s+\d+ \(\+\d+\)\s+\d+\s*`}, nil},
		{"--latency-history", []string{"--latency-history", "-i", "0.05"}, []string{`\d+ \d+ \d+\.\d\d \d+`}, nil},
		{"--latency-dist", []string{"--latency-dist", "-i", "0.05"}, []string{`-+`, `\. - \* #.*`}, nil},
		{"--lru-test", []string{"--lru-test", "100"}, []string{`\d+ Gets/sec \| Hits: \d+ .*`}, nil},
		{"monitor", []string{"MONITOR"}, []string{`OK`, `\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "ECHO" "seen"`}, []string{"ECHO", "seen"}},
		{"subscribe", []string{"SUBSCRIBE", "news"}, []string{"subscribe", "news", "1", "message", "news", "hello"},
			[]string{"PUBLISH", "news", "hello"}},
		{"psubscribe -3 --json", []string{"-3", "--json", "PSUBSCRIBE", "n*"}, []string{`Reading messages.*`, `\["psubscribe","n\*",1\]`, `\["pmessage","n\*","news","hello"\]`},
			[]string{"PUBLISH", "news", "hello"}},
		{"-r -1", []string{"-r", "-1", "-i", "0.01", "INCR", "n"}, []string{"1", "2", "3"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			fill(t, server.Addr)
			ctx, cancel := context.WithTimeout(t.Context(), cliPatience)
			defer cancel()
			// A pipe makes redis-cli keep what it prints; stdbuf lets it go line by line.
			argv := append([]string{"-oL"}, cli(t, server.Addr, tt.args...)...)
			cmd := exec.CommandContext(ctx, "stdbuf", argv...)
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				cancel()
				_ = cmd.Wait() // it was killed
			}()
			lines := make(chan string)
			go func() {
				defer close(lines)
				for scanner := bufio.NewScanner(out); scanner.Scan(); {
					lines <- scanner.Text()
				}
			}()
			expectLines(t, server.Addr, lines, tt.lines, tt.act)
			go func() {
				for range lines { // until it is killed
				}
			}()
		})
	}
}

// expectLines compares the first lines, and repeats a command while none come.
func expectLines(t *testing.T, addr string, lines <-chan string, want, act []string) {
	t.Helper()
	deadline := time.After(cliPatience)
	for i, pattern := range want {
		for got := false; !got; {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatalf("it ended before line %d", i+1)
				}
				if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(line) {
					t.Fatalf("line %d is %q, want %s", i+1, line, pattern)
				}
				got = true
			case <-time.After(100 * time.Millisecond):
				if act != nil {
					runCLI(t, addr, "", act...)
				}
			case <-deadline:
				t.Fatalf("line %d did not come within %v", i+1, cliPatience)
			}
		}
	}
}
