package compat

import (
	"bufio"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// needMemcached fails a test at once when the subject's memcached port does
// not answer, instead of after one deadline a request.
func needMemcached(t *testing.T) {
	t.Helper()
	c, err := net.Dial("tcp", servers.memSubject.MemAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Write([]byte("mn\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "MN\r\n" {
		t.Fatalf("%s answers %q (%v) to mn on its memcached port", servers.memSubject.Name, line, err)
	}
}

// memSession opens a text session for the time of a test.
func memSession(t *testing.T, s *harness.Server) func(request string) string {
	t.Helper()
	session := harness.NewSession(s, 2)
	t.Cleanup(session.Close)
	return func(request string) string {
		t.Helper()
		reply, err := session.Do(text(request)[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(reply.Raw)
	}
}

// await repeats a request until it answers want.
func await(t *testing.T, name string, ask func(string) string, request, want string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := ask(request)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: %q answers %q, want %q within 10 s", name, request, got, want)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestMemcachedExpiry lets items with small times to live end on both
// servers, each set by another command.
func TestMemcachedExpiry(t *testing.T) {
	needMemcached(t)
	for _, s := range []*harness.Server{servers.memcached, servers.memSubject} {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			ask := memSession(t, s)
			for _, request := range []string{
				"set e1 0 1 1\r\nx\r\n", "set e2 0 0 1\r\nx\r\n", "touch e2 1\r\n", "set e3 0 0 1\r\nx\r\n", "gat 1 e3\r\n",
				"ms e4 1 T1\r\nx\r\n", "ms e5 1\r\nx\r\n", "mg e5 T1\r\n", "ma e6 N1 J5\r\n", "set stays 0 1000 1\r\nx\r\n",
			} {
				ask(request)
			}
			for _, key := range []string{"e1", "e2", "e3", "e4", "e5", "e6"} {
				await(t, s.Name, ask, "get "+key+"\r\n", "END\r\n")
			}
			if got := ask("get stays\r\n"); got != "VALUE stays 0 1\r\nx\r\nEND\r\n" {
				t.Errorf("%s: an item with a long time to live answers %q", s.Name, got)
			}
			if got := ask("add e1 0 0 1\r\ny\r\n"); got != "STORED\r\n" {
				t.Errorf("%s: add over an ended item answers %q", s.Name, got)
			}
		})
	}
}

// TestMemcachedDelayedFlush flushes two seconds ahead.
func TestMemcachedDelayedFlush(t *testing.T) {
	needMemcached(t)
	for _, s := range []*harness.Server{servers.memcached, servers.memSubject} {
		t.Run(s.Name, func(t *testing.T) {
			ask := memSession(t, s)
			ask("set f1 0 0 1\r\nx\r\n")
			if got := ask("flush_all 2\r\n"); got != "OK\r\n" {
				t.Errorf("%s: flush_all 2 answers %q", s.Name, got)
			}
			if got := ask("get f1\r\n"); got == "END\r\n" {
				t.Errorf("%s: flush_all 2 flushed at once", s.Name)
			}
			await(t, s.Name, ask, "get f1\r\n", "END\r\n")
			// memcached counts in seconds: what is stored within the second of
			// the flush is flushed too.
			await(t, s.Name, ask, "set f2 0 0 1\r\ny\r\nget f2\r\n", "STORED\r\nVALUE f2 0 1\r\ny\r\nEND\r\n")
		})
	}
}

var metadumpOwn = regexp.MustCompile(`(la|cas|cls|size|exp)=(\d+)`)

// TestMemcachedMetadump compares the lines of the item dump; numbers that are
// each server's own are masked.
func TestMemcachedMetadump(t *testing.T) {
	needMemcached(t)
	stock, err := harness.StartMemcached("stock memcached")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stock.Stop(); err != nil {
			t.Error(err)
		}
	})
	dump := func(s *harness.Server, what string) []string {
		ask := memSession(t, s)
		ask("flush_all\r\n")
		ask("set a 0 0 1\r\nx\r\nset b%c 0 1000 1\r\nx\r\nset ключ 0 0 1\r\nx\r\nget a\r\n")
		c, err := net.Dial("tcp", s.MemAddr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(streamDeadline))
		if _, err := c.Write([]byte(what + "\r\n")); err != nil {
			t.Fatal(err)
		}
		var out []string
		for r := bufio.NewReader(c); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %s ends early: %v, after %q", s.Name, what, err, out)
			}
			if strings.HasPrefix(line, "END") || strings.HasPrefix(line, "EN\r") || strings.HasPrefix(line, "ERROR") || strings.HasPrefix(line, "CLIENT_ERROR") {
				slices.Sort(out)
				return append(out, line)
			}
			out = append(out, metadumpOwn.ReplaceAllString(line, "$1=own"))
		}
	}
	subject := servers.memSubject
	if selfComparison() {
		subject = stock
	}
	for _, what := range []string{"lru_crawler metadump all", "lru_crawler metadump hash"} {
		if a, b := dump(stock, what), dump(subject, what); !slices.Equal(a, b) {
			t.Errorf("%s:\noracle %q\nlarder %q", what, a, b)
		}
	}
}
