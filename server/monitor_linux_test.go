package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// dialTest connects to a test server; the connection fails after a minute.
func dialTest(t *testing.T, path string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// ask sends a request and wants a one-line reply.
func ask(t *testing.T, c net.Conn, r *bufio.Reader, request, want string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if got, err := r.ReadString('\n'); err != nil || got != want {
		t.Fatalf("%.40q answers %q, %v", request, got, err)
	}
}

// A client that monitors and never reads is closed at the hard limit; until
// then it holds no more than that, and others do not wait for it.
func TestMonitorThatDoesNotRead(t *testing.T) {
	const hard = 16 << 20
	value := strings.Repeat("v", 1<<10)
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			srv, path := startTestServer(t, append(args, "--client-output-buffer-limit", "replica 16mb 0 0")...)
			defer srv.Shutdown(time.Second)
			m, mr := dialTest(t, path)
			ask(t, m, mr, "MONITOR\r\n", "+OK\r\n")
			s := srv.clients.all()[0]
			c, cr := dialTest(t, path)
			slow := 0
			for i := 0; srv.monitors.any(); i++ {
				if i > 64<<10 {
					t.Fatal("the monitor is not closed")
				}
				start := time.Now()
				ask(t, c, cr, wire("SET", "k", value), "+OK\r\n")
				if time.Since(start) > 20*time.Millisecond {
					slow++
				}
				if i%256 == 0 {
					s.mu.Lock()
					out, all := s.waiting(), s.waiting()+s.pushes.size()
					s.mu.Unlock()
					if out > maxBurstBytes || all > hard+maxBurstBytes+len(value)*2 {
						t.Fatalf("the monitor holds %d bytes, %d of them output", all, out)
					}
				}
			}
			if slow > 20 {
				t.Errorf("%d commands took longer than 20 ms", slow)
			}
			if n := srv.outputLimitClosed.Load(); n != 1 {
				t.Errorf("%d clients were closed for their output", n)
			}
		})
	}
}

// A client that monitors and lags behind gets every line once and in order,
// also what does not fit a burst of output, and is heard meanwhile.
func TestMonitorGetsEveryLine(t *testing.T) {
	const commands = 12 << 10 // of 1 KiB: three bursts
	pad := strings.Repeat("v", 1<<10)
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			srv, path := startTestServer(t, args...)
			defer srv.Shutdown(time.Second)
			m, mr := dialTest(t, path)
			ask(t, m, mr, "MONITOR\r\n", "+OK\r\n")
			c, cr := dialTest(t, path)
			for i := 0; i < commands; i += 256 {
				var b strings.Builder
				for j := range 256 {
					b.WriteString(wire("SET", fmt.Sprint("k", i+j), pad))
				}
				if _, err := io.WriteString(c, b.String()); err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, cr, 256*int64(len("+OK\r\n"))); err != nil {
					t.Fatal(err)
				}
			}
			for i := range commands {
				line, err := mr.ReadString('\n')
				if want := fmt.Sprintf(`] "SET" "k%d" "%s"`, i, pad); err != nil || !strings.HasSuffix(line, want+"\r\n") {
					t.Fatalf("line %d is %.80q, %v", i, line, err)
				}
			}
			ask(t, m, mr, "RESET\r\n", "+RESET\r\n")
			ask(t, m, mr, "PING\r\n", "+PONG\r\n")
		})
	}
}
