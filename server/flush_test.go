package server

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFlushGivesBackAll flushes databases with no keys, with few and with many:
// all memory comes back, the segments of an emptied database too, and a limit
// that is set afterwards is kept.
func TestFlushGivesBackAll(t *testing.T) {
	var many strings.Builder
	for i := range 10 * discardAtOnce {
		fmt.Fprintf(&many, "SET k%d v\r\n", i)
	}
	for _, c := range []struct{ name, before string }{
		{"nothing", ""},
		{"keys that are gone", "SET k v\r\nDEL k\r\n"},
		{"one key", "SET k v\r\n"},
		{"many keys", many.String()},
		{"two databases", "SET k v\r\nSELECT 5\r\n" + many.String() + "SELECT 0\r\n"},
	} {
		for _, flush := range []string{"FLUSHALL", "FLUSHDB\r\nSELECT 5\r\nFLUSHDB ASYNC\r\nSELECT 0"} {
			t.Run(c.name+", "+strings.Fields(flush)[0], func(t *testing.T) {
				srv := newTestServer(t, "--maxmemory-policy", "noeviction")
				client := newTestClient(t, srv, &respFront{})
				if c.before != "" {
					client.do(c.before)
				}
				if got := client.do(flush + "\r\n"); strings.Contains(got, "-") {
					t.Fatalf("%s answers %q", flush, got)
				}
				for deadline := time.Now().Add(10 * time.Second); srv.engine.Discarding(); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatal("flushed data is never freed")
					}
				}
				client.do("CONFIG SET maxmemory 1\r\n") // brings the sum of used bytes up to date
				if used := srv.engine.Used(); used != 0 {
					t.Errorf("%d bytes are in use after the flush", used)
				}
				client.do("CONFIG SET maxmemory 1mb\r\nSET k v\r\nCONFIG SET maxmemory 1\r\n")
				if got := client.do("SET b 1\r\n"); !strings.HasPrefix(got, "-OOM ") {
					t.Errorf("a write beyond maxmemory answers %q", got)
				}
			})
		}
	}
}
