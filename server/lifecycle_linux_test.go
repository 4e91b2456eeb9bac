package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"larder/server/config"
)

// netDrivers are the ways to serve sockets.
var netDrivers = map[string][]string{
	"epoll 1":   {"--net-driver", "epoll", "--io-threads", "1"},
	"epoll 3":   {"--net-driver", "epoll", "--io-threads", "3"},
	"goroutine": {"--net-driver", "goroutine"},
}

// startTestServer makes a server that listens on a unix socket and returns the
// socket's path. The caller shuts it down.
func startTestServer(t *testing.T, args ...string) (*Server, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ls") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	args = append([]string{"--port", "0", "--memcached-port", "0", "--unixsocket", path, "--enable-debug-command", "yes"}, args...)
	parsed, err := config.Parse(args, config.Environment{WorkDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := New(Options{Config: config.NewStore(parsed.Config), Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	return srv, path
}

// talk sends input on a new connection and reads what comes back until the
// connection ends or wait has passed.
func talk(path, input string, wait time.Duration) (string, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, input); err != nil {
		return "", err
	}
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return "", err
	}
	got, _ := io.ReadAll(c) // the end of the time is no fault
	return string(got), nil
}

// Everything that a server starts is stopped when Shutdown returns: no
// goroutine of larder's is left and no file is open, whatever the clients were
// doing.
func TestShutdownLeavesNothing(t *testing.T) {
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			filesBefore := openFiles(t)
			srv, path := startTestServer(t, args...)
			var wg sync.WaitGroup
			for _, script := range []string{
				"",
				"PING\r\n",
				"*2\r\n$3\r\nGET\r\n$10\r\nhalf",
				"MONITOR\r\n",
				"DEBUG SLEEP 0.05\r\nPING\r\n",
				"CLIENT PAUSE 100000 WRITE\r\nSET paused 1\r\n",
				strings.Repeat("SET a 1 PX 1\r\n", 1000) + "FLUSHALL\r\n",
				wire("SET", "large", strings.Repeat("v", 4<<20)) + strings.Repeat("GET large\r\n", 10),
				"QUIT\r\n",
			} {
				for range 5 {
					wg.Go(func() {
						if _, err := talk(path, script, 50*time.Millisecond); err != nil {
							t.Error(err)
						}
					})
				}
			}
			wg.Wait()
			var open []net.Conn
			for range 5 {
				c, err := net.Dial("unix", path)
				if err != nil {
					t.Fatal(err)
				}
				open = append(open, c)
				_, _ = io.WriteString(c, "CLIENT LIST\r\n") // it may be read or not
			}
			srv.Shutdown(5 * time.Second)
			for _, c := range open {
				_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
					t.Error("a connection is still open")
				}
				_ = c.Close()
			}
			if n := srv.clients.count(); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
			var left string
			deadline := time.Now().Add(5 * time.Second)
			for left = ownGoroutines(); left != "" && time.Now().Before(deadline); left = ownGoroutines() {
				time.Sleep(time.Millisecond)
			}
			if left != "" {
				t.Errorf("goroutines are left:\n%s", left)
			}
			for openFiles(t) != filesBefore && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if after := openFiles(t); after != filesBefore {
				t.Errorf("%d files are open, %d were before", after, filesBefore)
			}
		})
	}
}

// ownGoroutines returns the stacks of the goroutines that run larder's code,
// but for those of tests.
func ownGoroutines() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var own []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(stack, "larder/") && !strings.Contains(stack, "testing.tRunner") {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}

// openFiles is the number of files that this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	// The runtime's poller opens files of its own when it is first used.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Close(), w.Close()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A start that fails leaves nothing either.
func TestFailedStartLeavesNothing(t *testing.T) {
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			before := openFiles(t)
			parsed, err := config.Parse(append([]string{"--port", "0", "--memcached-port", "0", "--unixsocket", "/nonexistent/dir/s"}, args...),
				config.Environment{WorkDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			srv, err := New(Options{Config: config.NewStore(parsed.Config), Log: zap.NewNop()})
			if err != nil {
				t.Fatal(err)
			}
			if err := srv.Start(); err == nil {
				t.Fatal("it started")
			}
			deadline := time.Now().Add(5 * time.Second)
			for ownGoroutines() != "" && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if left := ownGoroutines(); left != "" {
				t.Errorf("goroutines are left:\n%s", left)
			}
			if after := openFiles(t); after != before {
				t.Errorf("%d files are open, %d were before", after, before)
			}
		})
	}
}

// Clients that read, write, list, kill, monitor, configure and flush at the
// same time get replies that fit their requests. The race detector watches.
func TestConcurrentClients(t *testing.T) {
	for name, args := range netDrivers {
		t.Run(name, func(t *testing.T) {
			srv, path := startTestServer(t, args...)
			defer srv.Shutdown(5 * time.Second)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() { converseUntil(t, path, i, stop) })
			}
			for _, script := range []string{
				"CLIENT LIST\r\nCLIENT INFO\r\n",
				"CLIENT KILL TYPE normal SKIPME yes\r\n",
				"MONITOR\r\n",
				"CONFIG SET maxmemory 100mb timeout 5 slowlog-log-slower-than 0\r\nCONFIG GET *\r\nCONFIG SET maxmemory 0\r\n",
				"FLUSHALL\r\nSCAN 0\r\nKEYS *\r\nDBSIZE\r\n",
				"INFO\r\nMEMORY STATS\r\nSLOWLOG GET\r\nLATENCY LATEST\r\nCLIENT PAUSE 1 WRITE\r\n",
				"SWAPDB 0 1\r\nCOMMAND DOCS\r\nOBJECT ENCODING k0\r\n",
			} {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if _, err := talk(path, script, 5*time.Millisecond); err != nil && !strings.Contains(err.Error(), "broken pipe") {
							t.Error(err)
							return
						}
					}
				})
			}
			time.Sleep(time.Second) // the time that the race detector gets
			close(stop)
			wg.Wait()
		})
	}
}

// converseUntil sets and echoes until stop, on a new connection whenever the old one
// was killed.
func converseUntil(t *testing.T, path string, id int, stop <-chan struct{}) {
	for {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Error(err)
			return
		}
		r := bufio.NewReader(c)
		for n := 0; ; n++ {
			select {
			case <-stop:
				_ = c.Close()
				return
			default:
			}
			word := fmt.Sprintf("%d:%d", id, n)
			if _, err := io.WriteString(c, wire("SET", fmt.Sprint("k", id), word)+wire("GET", "k0")+wire("ECHO", word)); err != nil {
				break // killed
			}
			got, err := replies(r, 3)
			if err != nil {
				break // killed
			}
			if got[0] != "+OK" || got[2] != word {
				t.Errorf("SET, GET and ECHO of %s were answered by %q", word, got)
				return
			}
		}
		_ = c.Close()
	}
}

// replies reads n simple or bulk strings.
func replies(r *bufio.Reader, n int) (got []string, err error) {
	for range n {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line != "$-1" && line[0] == '$' {
			if line, err = r.ReadString('\n'); err != nil {
				return nil, err
			}
			line = strings.TrimRight(line, "\r\n")
		}
		got = append(got, line)
	}
	return got, nil
}
