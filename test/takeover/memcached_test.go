package takeover

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// memClient talks the text protocol of memcached.
type memClient struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func dialMem(t *testing.T, addr string) *memClient {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience)) // a TCP connection has deadlines
	return &memClient{t, c, bufio.NewReader(c)}
}

// send sends requests that have no reply.
func (c *memClient) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.c, text); err != nil {
		c.t.Fatal(err)
	}
}

// item is all that clients can know of an item, "" if there is none.
func (c *memClient) item(key string) string {
	c.t.Helper()
	c.send("mg " + key + " v f c t s\r\n")
	head, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	var size int
	if n, _ := fmt.Sscanf(head, "VA %d", &size); n == 0 {
		return ""
	}
	b := make([]byte, size+2)
	if _, err := io.ReadFull(c.r, b); err != nil {
		c.t.Fatal(err)
	}
	return head + string(b)
}

// withoutTTL is an item without the seconds that it has left, which are told
// apart.
func withoutTTL(t *testing.T, item string) (rest string, ttl int) {
	t.Helper()
	words := strings.SplitN(item, " ", 6) // VA size f c t rest
	if len(words) != 6 {
		t.Fatalf("%.100q is no item", item)
	}
	if _, err := fmt.Sscanf(words[4], "t%d", &ttl); err != nil {
		t.Fatal(err)
	}
	words[4] = ""
	return strings.Join(words, " "), ttl
}

// Items go over from memcached with their flags, CAS values and deadlines, into
// a running larder and into the directory of one.
func TestMemcached(t *testing.T) {
	m, err := harness.StartMemcached("memcached")
	m = started(t, m, err)
	c := dialMem(t, m.MemAddr)
	const items = 2000
	for i := range items {
		exp := []int{0, 5000, 100000}[i%3]
		c.send(fmt.Sprintf("set key:%d %d %d %d noreply\r\n%s\r\n", i, i*1000, exp, i%700, strings.Repeat("x", i%700)))
	}
	c.send("set gone 0 0 1 noreply\r\nx\r\ndelete gone noreply\r\nset 100%/&= 7 0 1 noreply\r\nx\r\n")
	if c.item("key:1") == "" {
		t.Fatal("memcached has stored nothing")
	}
	same := func(l *harness.Server) {
		t.Helper()
		ours := dialMem(t, l.MemAddr)
		for i := range items + 1 {
			key := fmt.Sprintf("key:%d", i)
			if i == items {
				key = "100%/&="
			}
			want, wantTTL := withoutTTL(t, c.item(key))
			got, ttl := withoutTTL(t, ours.item(key))
			if got != want || ttl-wantTTL > 3 || wantTTL-ttl > 3 {
				t.Fatalf("%s is %.100q with %d s, want %.100q with %d s", key, got, ttl, want, wantTTL)
			}
		}
		if ours.item("gone") != "" {
			t.Error("an item that was deleted is there")
		}
	}
	l := startLarder(t)
	printed := imports(t, "memcached://"+m.MemAddr, "--into", l.Addr)
	if want := fmt.Sprintf("database 0: %d keys there, %d of them here, 0 expired, 0 gone there too, 0 missing", items+1, items+1); !strings.Contains(printed, want) {
		t.Errorf("it does not say %q:\n%s", want, printed)
	}
	same(l)
	data := t.TempDir()
	imports(t, "memcached://"+m.MemAddr, "--dir", data)
	offline := startLarder(t, "--dir", data)
	dial(t, offline.Addr).awaitLoaded()
	same(offline)

	off := startRedis(t) // flags have no place in it
	printed, code := run(t, "import", "memcached://"+m.MemAddr, "--into", off.Addr)
	if code != 1 || !strings.Contains(printed, "start it with --memcached-port") {
		t.Errorf("into a server without memcached: exit code %d, want 1:\n%s", code, printed)
	}
}

// An import from memcached that was killed goes on with the slab class that it
// was at; items that were deleted meanwhile are not missed.
func TestMemcachedInterrupted(t *testing.T) {
	m, err := harness.StartMemcached("memcached")
	m = started(t, m, err)
	c := dialMem(t, m.MemAddr)
	const items = 5000
	for i := range items {
		c.send(fmt.Sprintf("set key:%d 5 0 %d noreply\r\n%s\r\n", i, i%1000, strings.Repeat("x", i%1000)))
	}
	if c.item("key:1") == "" {
		t.Fatal("memcached has stored nothing")
	}
	l := startLarder(t)
	state := filepath.Join(t.TempDir(), "state")
	source := "memcached://" + m.MemAddr
	killed(t, state, source, "--into", l.Addr)
	c.send("delete key:999 noreply\r\n")
	text, err := os.ReadFile(state)
	if err != nil || !strings.Contains(string(text), `"class"`) {
		t.Errorf("the state has no class: %s, %v", text, err)
	}
	printed := imports(t, "--state", state, source, "--into", l.Addr)
	if want := fmt.Sprintf("database 0: %d keys there, %d of them here, 0 expired, 0 gone there too, 0 missing", items-1, items-1); !strings.Contains(printed, want) || !strings.Contains(printed, "going on where") {
		t.Errorf("it does not say %q, or that it goes on:\n%s", want, printed)
	}
	ours := dialMem(t, l.MemAddr)
	for i := range items {
		key := fmt.Sprintf("key:%d", i)
		want := c.item(key)
		if want == "" {
			continue
		}
		if got := ours.item(key); got != want {
			t.Fatalf("%s is %.100q, want %.100q", key, got, want)
		}
	}
}
