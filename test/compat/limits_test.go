package compat

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// maxGrowth is how much memory the misbehaving clients of these tests may
// cost a server, in bytes.
const maxGrowth = 64 << 20

// startSubject starts a server of the subject's kind for one test.
func startSubject(t *testing.T, extra ...string) *harness.Server {
	t.Helper()
	var s *harness.Server
	var err error
	if selfComparison() {
		s, err = harness.StartRedis("own redis-server", extra...)
	} else {
		s, err = harness.StartLarder("own larder", servers.binary, append(subjectArgs, extra...)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// checkGrowth fails when the server has grown by more than maxGrowth.
func checkGrowth(t *testing.T, s *harness.Server, before int64) {
	t.Helper()
	after, err := s.RSS()
	if err != nil {
		t.Fatal(err)
	}
	if after-before > maxGrowth {
		t.Errorf("resident memory grew from %d MiB to %d MiB", before>>20, after>>20)
	}
}

func rss(t *testing.T, s *harness.Server) int64 {
	t.Helper()
	n, err := s.RSS()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// unread connects a client, lets it send count GETs of key and read nothing.
// The channel yields once the client has sent all of it or could not go on.
func unread(t *testing.T, s *harness.Server, key string, count int) (net.Conn, <-chan error) {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	// The server must have taken the connection before its end means anything.
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len("+PONG\r\n"))); err != nil {
		t.Fatal(err)
	}
	request := harness.AppendCommand(nil, harness.Command(0, "GET", key).Args)
	sent := make(chan error, 1)
	go func() {
		for range count {
			if _, err := c.Write(request); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	return c, sent
}

// TestClientThatNeverReads asks for replies that no socket buffer holds and
// reads none. The output limit ends the connection, and others are served
// meanwhile.
func TestClientThatNeverReads(t *testing.T) {
	s := startSubject(t, "--client-output-buffer-limit", "normal", "2mb", "1mb", "5")
	other := dial(t, s)
	must(t, other, "SET", "big", strings.Repeat("x", 16<<20))
	must(t, other, "STRLEN", "big")
	before := rss(t, s)
	c, sent := unread(t, s, "big", 4000)
	deadline := time.Now().Add(streamDeadline)
	for {
		must(t, other, "PING")
		checkGrowth(t, s, before)
		if time.Now().After(deadline) {
			t.Fatal("the client that never reads is still connected")
		}
		if n := strings.Count(string(must(t, other, "CLIENT", "LIST").Str), "\n"); n == 1 {
			break // only the connection that asks is left
		}
		time.Sleep(time.Millisecond)
	}
	_ = c.Close()
	<-sent
}

// TestPipelineThatIsNotRead asks for 400 MB in replies of 100 kB and reads
// none, with no limit on the output. Replies that nobody takes are not made
// (redis-server makes them all), so they may not cost memory, and others are
// served.
func TestPipelineThatIsNotRead(t *testing.T) {
	if selfComparison() {
		t.Skip("redis-server holds all replies of a pipeline")
	}
	s := startSubject(t)
	other := dial(t, s)
	must(t, other, "SET", "big", strings.Repeat("x", 100_000))
	must(t, other, "GET", "big")
	before := rss(t, s)
	c, sent := unread(t, s, "big", 4000)
	for range 1000 {
		must(t, other, "PING")
		checkGrowth(t, s, before)
		time.Sleep(time.Millisecond)
	}
	_ = c.Close()
	<-sent
}

// TestAnnouncedButNotSent opens requests that announce half a gigabyte or a
// million arguments and do not go on: what was not sent may not cost memory.
func TestAnnouncedButNotSent(t *testing.T) {
	s := startSubject(t)
	other := dial(t, s)
	before := rss(t, s)
	for range 20 {
		for _, request := range []string{
			"*2\r\n$4\r\nECHO\r\n$536870912\r\nabc",
			"*1048576\r\n$4\r\nMGET\r\n",
			"*3\r\n$3\r\nSET\r\n$536870912\r\n",
			"*2\r\n$4\r\nEC",
		} {
			c, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := c.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if v := must(t, other, "PING"); string(v.Str) != "PONG" {
		t.Errorf("another client's PING answers %s", shown(v.Raw))
	}
	checkGrowth(t, s, before)
}

// TestHugePipeline sends 200,000 commands before it reads the first reply.
func TestHugePipeline(t *testing.T) {
	const count = 200_000
	must(t, dial(t, servers.subject), "FLUSHALL")
	request := bytes.Repeat([]byte("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"), count)
	got, err := exchangeStream(servers.subject.Addr, [][]byte{request})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for i := range count {
		fmt.Fprintf(&want, ":%d\r\n", i+1)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes of replies, want %d; they end with %q", len(got), want.Len(), got[max(0, len(got)-40):])
	}
}

// TestQueryBufferLimit sends one argument beyond client-query-buffer-limit.
func TestQueryBufferLimit(t *testing.T) {
	request := append([]byte("*2\r\n$4\r\nECHO\r\n$3000000\r\n"), bytes.Repeat([]byte("x"), 3_000_000)...)
	oracle, err := harness.StartRedis("limited redis-server", "--client-query-buffer-limit", "1mb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := oracle.Stop(); err != nil {
			t.Error(err)
		}
	})
	subject := startSubject(t, "--client-query-buffer-limit", "1mb")
	for _, s := range []*harness.Server{oracle, subject} {
		c, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(request) // the server may close in the middle
		_ = c.SetReadDeadline(time.Now().Add(streamDeadline))
		answer, err := io.ReadAll(c)
		if isTimeout(err) {
			t.Errorf("%s keeps a connection whose request is beyond the limit", s.Name)
		}
		if len(answer) > 0 {
			t.Errorf("%s answers %s", s.Name, shown(answer))
		}
		_ = c.Close()
		must(t, dial(t, s), "PING")
	}
}

// TestMemcapable runs libmemcached's protocol tests.
func TestMemcapable(t *testing.T) {
	needMemcached(t)
	program := ""
	for _, name := range []string{"memccapable", "memcapable"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
		}
	}
	if program == "" {
		t.Fatal("neither memccapable nor memcapable is installed (package libmemcached-tools)")
	}
	host, port, err := net.SplitHostPort(servers.memSubject.MemAddr)
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []string{"-a", "-b"} {
		out, err := exec.Command(program, "-h", host, "-p", port, protocol).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("[FAIL]")) || !bytes.Contains(out, []byte("All tests passed")) {
			t.Errorf("memcapable %s: %v\n%s", protocol, err, failedLines(out))
		}
	}
}

func failedLines(out []byte) string {
	var b strings.Builder
	for _, line := range strings.Split(string(out), "\n") {
		if !strings.Contains(line, "[pass]") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
