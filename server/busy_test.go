package server

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBusyAnswersWhoWaits has clients of both protocols wait for a script's key,
// and more come, while it passes the threshold: each is refused once, goes on
// with what it sent behind, and nothing that was refused runs afterwards.
func TestBusyAnswersWhoWaits(t *testing.T) {
	srv := newTestServer(t, "--busy-reply-threshold", "0")
	held, free := heldKeys(srv.engine, 1)
	admin := newTestClient(t, srv, &respFront{})
	admin.do("SET " + held[0] + " 5\r\nSET " + free + " 5\r\n")
	script, ended := newTestClient(t, srv, &respFront{}), make(chan string)
	go func() {
		ended <- script.do("EVAL \"redis.call('get', KEYS[1]) while true do end\" 1 " + held[0] + "\r\n")
	}()
	until(t, "the script holds its key", func() bool {
		return srv.scripting.holders[srv.engine.Key([]byte(held[0])).Shard.Index()].Load() != nil
	})
	busy := "-" + errBusyScript + "\r\n"
	refusal := "SERVER_ERROR " + memcachedBusy + "\r\n"
	requests := []struct{ request, want string }{
		{"INCR " + held[0] + "\r\nPING\r\n", busy + "+PONG\r\n"},
		{"MULTI\r\nINCR " + held[0] + "\r\nEXEC\r\nPING\r\n", "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: " + errBusyScript + "\r\n+PONG\r\n"},
		{"MSET " + free + " 5 " + held[0] + " 6\r\n", busy},
		{"FLUSHALL\r\n", busy},
		{"EVAL \"return redis.call('incr', KEYS[1])\" 1 " + held[0] + "\r\n", busy},
		{"incr " + held[0] + " 1\r\nmn\r\n", refusal + "MN\r\n"},
		{"get " + free + " " + held[0] + "\r\nmn\r\n", "VALUE " + free + " 0 1\r\n5\r\n" + refusal + "MN\r\n"},
		{"flush_all\r\nmn\r\n", refusal + "MN\r\n"},
	}
	ask := func(wg *sync.WaitGroup) (clients []*testClient) {
		for _, r := range requests {
			var f front = &respFront{}
			if r.request[0] >= 'a' {
				f = newMemcacheFront(srv)
			}
			c := newTestClient(t, srv, f)
			clients = append(clients, c)
			wg.Go(func() {
				if got := c.do(r.request); got != r.want {
					t.Errorf("%q answers %q, want %q", r.request, got, r.want)
				}
			})
		}
		return clients
	}
	var wg sync.WaitGroup
	for _, c := range ask(&wg) {
		until(t, "all wait", func() bool {
			c.s.mu.Lock()
			defer c.s.mu.Unlock()
			return c.s.parked
		})
	}
	time.Sleep(2 * busyEvery) // those that wait are looked at: without a threshold nobody is refused
	if got := admin.do("GET " + free + "\r\nCONFIG SET busy-reply-threshold 1\r\n"); got != "$1\r\n5\r\n+OK\r\n" {
		t.Error(got)
	}
	wg.Wait()
	ask(&wg)
	wg.Wait()
	if got := admin.do("SCRIPT KILL\r\n"); got != "+OK\r\n" {
		t.Errorf("SCRIPT KILL answers %q", got)
	}
	if got := <-ended; !strings.HasPrefix(got, "-ERR Script killed by user") {
		t.Errorf("the script ends with %q", got)
	}
	srv.workers.wait(10 * time.Second) // those that were refused end now
	if got := admin.do("MGET " + held[0] + " " + free + "\r\n"); got != "*2\r\n$1\r\n5\r\n$1\r\n5\r\n" {
		t.Errorf("what was refused has run: %q", got)
	}
}
