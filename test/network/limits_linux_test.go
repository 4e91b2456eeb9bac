package network

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// One client more than maxclients is told so and closed; when another leaves,
// there is room again.
func TestMaxClients(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--maxclients", "3")...)
		first := []*client{s.dial(), s.dial(), s.dialUnix()}
		for _, c := range first {
			c.do("PING\r\n", "+PONG\r\n")
		}
		for _, c := range []*client{s.dial(), s.dialUnix()} {
			if got, want := c.rest(), "-ERR max number of clients reached\r\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		_ = first[0].Close()
		eventually(t, "there is room again", func() bool {
			c := s.dial()
			defer func() { _ = c.Close() }()
			_, _ = io.WriteString(c, "PING\r\n") // it may be refused again
			reply := make([]byte, 7)
			_, err := io.ReadFull(c, reply)
			return err == nil && string(reply) == "+PONG\r\n"
		})
	})
}

// A client that has been idle for longer than timeout is closed, and one that
// is not is not.
func TestIdleTimeout(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		t.Parallel()
		s := start(t, append(args, "--timeout", "1")...)
		idle, trickler, busy := s.dial(), s.dial(), s.dial()
		from := time.Now()
		gone := make(chan bool)
		go func() { gone <- idle.closed() }()
		request := command("ECHO", strings.Repeat("x", 100))
		for i := 0; ; i++ {
			select {
			case closed := <-gone:
				if took := time.Since(from); !closed || took < time.Second {
					t.Errorf("the idle client was closed after %v (%v), want 1 s or a little more", took, closed)
				}
				busy.do("PING\r\n", "+PONG\r\n")
				trickler.send(request[i:])
				trickler.expect("$100\r\n" + strings.Repeat("x", 100) + "\r\n")
				return
			case <-time.After(100 * time.Millisecond): // the clients' own pace
				busy.do("PING\r\n", "+PONG\r\n")
				trickler.send(request[i : i+1])
			}
		}
	})
}

// tcp-keepalive asks the system to probe the client's end.
func TestKeepAlive(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		for _, test := range []struct {
			secs string
			want bool
		}{{"77", true}, {"0", false}} {
			s := start(t, append(args, "--tcp-keepalive", test.secs)...)
			c := s.dial()
			c.do("PING\r\n", "+PONG\r\n")
			port := c.LocalAddr().(*net.TCPAddr).Port
			if got := keepAliveTimer(t, s.port, port); got != test.want {
				t.Errorf("tcp-keepalive %s: the server's end has a keepalive timer: %v", test.secs, got)
			}
		}
	})
}

// The accept queue is as long as tcp-backlog says: the system refuses to set up
// more connections while the server accepts none.
func TestBacklog(t *testing.T) {
	const backlog = 5
	s := start(t, "--tcp-backlog", strconv.Itoa(backlog))
	s.dial().do("PING\r\n", "+PONG\r\n")
	s.signal(syscall.SIGSTOP)
	s.awaitStopped()
	queued := 0
	for ; queued < 10*backlog; queued++ {
		c, err := net.DialTimeout("tcp", s.addr(), 300*time.Millisecond)
		if err != nil {
			break
		}
		defer func() { _ = c.Close() }()
	}
	s.signal(syscall.SIGCONT)
	// Linux takes one more than it was told, and one may be between the queue
	// and the server that was stopped.
	if queued < backlog || queued > backlog+2 {
		t.Errorf("%d connections were set up, want %d or a few more", queued, backlog)
	}
	s.dial().do("PING\r\n", "+PONG\r\n")
}

// 5,000 connections that come and go, 50 at a time, leave nothing behind.
func TestConnectionChurn(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		// With the usual queue the storm outruns accept, and the system makes
		// some clients try again a second later.
		s := start(t, append(args, "--tcp-backlog", "4096")...)
		c := s.dial()
		c.do("PING\r\n", "+PONG\r\n")
		files := s.files()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for i := range 100 {
					network, addr := "tcp", s.addr()
					if i%2 == 0 {
						network, addr = "unix", s.socket
					}
					conn, err := net.DialTimeout(network, addr, patience)
					if err != nil {
						t.Error(err)
						return
					}
					if i%3 == 0 {
						_, _ = io.WriteString(conn, "PING\r\n") // nobody reads the reply
					}
					if tcp, ok := conn.(*net.TCPConn); ok && i%10 != 1 {
						_ = tcp.SetLinger(0) // a reset instead of a farewell, which would hold the port
					}
					_ = conn.Close()
				}
			})
		}
		wg.Wait()
		eventually(t, "only the own connection is left", func() bool { return c.clients() == 1 })
		eventually(t, "all descriptors are closed", func() bool { return s.files() <= files })
	})
}

// idleConnections is how many connections the test wants to hold.
const idleConnections = 10_000

// Idle connections cost less than 50 MB together, and less than a percent of a
// processor; without any the server is as quiet.
func TestIdleConnections(t *testing.T) {
	s := start(t, "--net-driver", "epoll", "--maxclients", "20000")
	s.dial().do("PING\r\n", "+PONG\r\n")
	s.idles(t, 0)
	before := s.rss()
	want := connectionsAllowed(t)
	for range want {
		c := s.dial()
		c.send("PING\r\n")
		c.expect("+PONG\r\n")
	}
	grown := s.rss() - before
	t.Logf("%d idle connections cost %.1f MiB, %d bytes each", want, float64(grown)/megabyte, grown/int64(want))
	if each := grown / int64(want); each > 5000 {
		t.Errorf("an idle connection costs %d bytes, want at most 5,000", each)
	}
	s.idles(t, want)
}

// idles checks that the server uses less than 1 % of a processor.
func (s *server) idles(t *testing.T, connections int) {
	t.Helper()
	const span = 3 * time.Second
	// What came before may take a moment to be cleaned up; three spans must
	// have one that is quiet.
	var used time.Duration
	for range 3 {
		before := s.cpu()
		time.Sleep(span) // the span that is measured
		if used = s.cpu() - before; used <= span/100 {
			break
		}
	}
	t.Logf("with %d idle connections the server uses %v in %v", connections, used, span)
	if used > span/100 {
		t.Errorf("with %d idle connections the server uses %v in %v, more than 1 %%", connections, used, span)
	}
}

// connectionsAllowed raises this process's limit of open files as far as
// possible and returns how many connections it allows, at most idleConnections.
func connectionsAllowed(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const spare = 200
	n := min(idleConnections, int(limit.Cur)-spare)
	if n < idleConnections {
		t.Logf("the system lets a process open %d files: %d connections instead of %d", limit.Cur, n, idleConnections)
	}
	return n
}

// larder raises its own limit of open files to what maxclients needs, and says
// what it did when it cannot.
func TestFileLimit(t *testing.T) {
	s := start(t, "--maxclients", "100000000")
	if !strings.Contains(s.out.String(), "too few open files for maxclients") {
		t.Errorf("no warning that maxclients is more than the system allows")
	}
	s.dial().do("PING\r\n", "+PONG\r\n")
}
