package server

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// gone tells whether the session was told to close its connection.
func (c *testClient) gone() bool { return c.s.killed.Load() }

// held is what the session holds, in bytes.
func (c *testClient) held() int64 {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return int64(c.s.memoryBytes())
}

// hold makes the session hold n bytes of a request that has not ended.
func (c *testClient) hold(n int) {
	c.do("*2\r\n$3\r\nSET\r\n$100000000\r\n" + strings.Repeat("v", n))
}

// The clients that hold most are closed until the others are within
// maxmemory-clients, and only they.
func TestEvictClients(t *testing.T) {
	const slack = 64 << 10
	const none = int64(1 << 40)
	for _, tc := range []struct {
		name  string
		share bool                                   // the limit is 10% of maxmemory
		limit func(total, pushed, large int64) int64 // bytes; 0 = is not set
		want  string                                 // which of large input, large pushes, medium input and protected are closed
	}{
		{"no limit", false, func(int64, int64, int64) int64 { return 0 }, "----"},
		{"share of no limit", true, func(int64, int64, int64) int64 { return 0 }, "----"},
		{"enough", false, func(total, _, _ int64) int64 { return total + slack }, "----"},
		{"enough by far", true, func(int64, int64, int64) int64 { return none }, "----"},
		{"one goes", false, func(total, _, _ int64) int64 { return total - slack }, "-x--"},
		{"just one goes", false, func(total, pushed, _ int64) int64 { return total - pushed + slack }, "-x--"},
		{"two go", false, func(total, pushed, _ int64) int64 { return total - pushed - slack }, "xx--"},
		{"all go that may", false, func(total, pushed, large int64) int64 { return total - pushed - large - slack }, "xxx-"},
		{"even if that is not enough", false, func(int64, int64, int64) int64 { return 1 }, "xxx-"},
		{"share of maxmemory", true, func(total, _, _ int64) int64 { return total - slack }, "-x--"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newTestServer(t)
			var all []*testClient
			for range 5 {
				all = append(all, newTestClient(t, srv, &respFront{}))
			}
			large, pushed, medium, protected, fresh := all[0], all[1], all[2], all[3], all[4]
			large.hold(4 << 20)
			for range 16 {
				pushed.s.push(bytes.Repeat([]byte("m"), 1<<20))
			}
			medium.hold(1 << 20)
			protected.do("CLIENT NO-EVICT ON\r\n")
			protected.hold(6 << 20)
			total := int64(0)
			for _, c := range all {
				total += c.held()
			}
			limit := tc.limit(total, pushed.held(), large.held())
			if tc.share {
				fresh.do("CONFIG SET maxmemory " + formatInt(10*limit) + " maxmemory-clients 10%\r\n")
			} else {
				fresh.do("CONFIG SET maxmemory-clients " + formatInt(limit) + "\r\n")
			}
			srv.evictClients(time.Now().UnixMilli())
			got, n := "", 0
			for _, c := range []*testClient{large, pushed, medium, protected} {
				if c.gone() {
					got, n = got+"x", n+1
				} else {
					got += "-"
				}
			}
			if got != tc.want {
				t.Errorf("closed %s, not %s", got, tc.want)
			}
			if fresh.gone() {
				t.Error("a client that has just connected is closed")
			}
			if info := fresh.do("INFO stats\r\n"); !strings.Contains(info, "\nevicted_clients:"+formatInt(int64(n))+"\r\n") {
				t.Errorf("INFO does not say that %d clients were evicted", n)
			}
			srv.evictClients(time.Now().UnixMilli())
			if again := srv.clientsEvicted.Load(); again != uint64(n) {
				t.Errorf("a second round closed %d more", again-uint64(n))
			}
			fresh.do("CONFIG RESETSTAT\r\n")
			if left := srv.clientsEvicted.Load(); left != 0 {
				t.Errorf("CONFIG RESETSTAT leaves %d", left)
			}
		})
	}
}

// A client is not spared for ever for holding little.
func TestEvictClientsThatHoldLittle(t *testing.T) {
	srv := newTestServer(t, "--maxmemory-clients", "1")
	c := newTestClient(t, srv, &respFront{})
	srv.evictClients(c.s.since + freshMs - 1)
	if c.gone() {
		t.Error("a fresh client is closed")
	}
	srv.evictClients(c.s.since + freshMs)
	if !c.gone() {
		t.Error("a client that is not fresh any more is not closed")
	}
}
