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

var watchOwn = regexp.MustCompile(`\b(ts|gid|clsid|cfd|size|la|ttl)=[0-9.-]+`)

// TestMemcachedWatch compares what watchers are shown; numbers that are each
// server's own are masked.
func TestMemcachedWatch(t *testing.T) {
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
	subject := servers.memSubject
	if selfComparison() {
		subject = stock
	}
	for _, what := range []string{"fetchers", "mutations", "fetchers mutations"} {
		t.Run(what, func(t *testing.T) {
			if a, b := watched(t, stock, what), watched(t, subject, what); !slices.Equal(a, b) {
				t.Errorf("watch %s shows\noracle %s\nlarder %s", what, strings.Join(a, ""), strings.Join(b, ""))
			}
		})
	}
}

// watched returns the sorted lines that a watcher sees of a fixed exchange.
func watched(t *testing.T, s *harness.Server, what string) []string {
	t.Helper()
	ask := memSession(t, s)
	ask("delete w1\r\ndelete w%2\r\ndelete last\r\n")
	c, err := net.Dial("tcp", s.MemAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(streamDeadline))
	lines := bufio.NewReader(c)
	if _, err := c.Write([]byte("watch " + what + "\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "OK\r\n" {
		t.Fatalf("%s: watch %s answers %q (%v)", s.Name, what, line, err)
	}
	for _, request := range []string{
		"set w1 0 0 1\r\nx\r\n", "get w1\r\n", "get nosuch\r\n", "add w1 0 0 1\r\ny\r\n", "append w1 0 0 1\r\nz\r\n",
		"gets w1 nosuch\r\n", "cas w1 0 0 1 1\r\nx\r\n", "delete w1\r\n", "mg w1 v\r\n", "ms w%2 1\r\nx\r\n", "mg w%2 v\r\n",
	} {
		ask(request)
	}
	// The last exchange shows in every stream, so that its line is the end.
	ask("set last 0 0 1\r\nx\r\nget last\r\n")
	var out []string
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: watch %s ends early: %v, after %q", s.Name, what, err, out)
		}
		out = append(out, watchOwn.ReplaceAllString(line, "$1=own"))
		isEnd := strings.Contains(line, "key=last") && (strings.Contains(line, "item_get") && strings.Contains(line, "status=found") || what == "mutations")
		if isEnd {
			slices.Sort(out)
			return out
		}
	}
}
