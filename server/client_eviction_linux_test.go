package server

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// A running server closes the connection of the client that holds most, and
// serves the others on.
func TestServerEvictsClients(t *testing.T) {
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			srv, path := startTestServer(t, append(args, "--maxmemory-clients", "2mb")...)
			defer srv.Shutdown(time.Second)
			c, cr := dialTest(t, path)
			ask(t, c, cr, "PING\r\n", "+PONG\r\n")
			large, lr := dialTest(t, path)
			if _, err := io.WriteString(large, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n"+strings.Repeat("v", 4<<20)); err != nil {
				t.Fatal(err)
			}
			if b, err := lr.ReadByte(); err == nil {
				t.Fatalf("the large client hears %q", b)
			} else if os.IsTimeout(err) {
				t.Fatalf("the large client is not closed: %v", err)
			}
			ask(t, c, cr, "PING\r\n", "+PONG\r\n")
			if n := srv.clientsEvicted.Load(); n != 1 {
				t.Errorf("%d clients were evicted", n)
			}
		})
	}
}
