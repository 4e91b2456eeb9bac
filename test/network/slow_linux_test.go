package network

import (
	"bufio"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const megabyte = 1 << 20

// Clients that ask for much and never read cost a bounded amount of memory and
// do not disturb the others.
func TestClientsThatNeverRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		c := s.dial()
		c.do(command("SET", "medium", strings.Repeat("m", 100_000)), "+OK\r\n")
		c.do(command("SET", "large", strings.Repeat("l", 2*megabyte)), "+OK\r\n")
		before := s.rss()
		const idle = 10
		for range idle {
			slow := s.dial()
			slow.send(strings.Repeat("GET medium\r\n", 2000) + strings.Repeat("GET large\r\n", 200))
		}
		for range idle {
			slow := s.dial()
			slow.send(strings.Repeat("GET large\r\n", 200)) // made by workers
		}
		slowest := time.Duration(0)
		for range 200 {
			from := time.Now()
			c.do("PING\r\n", "+PONG\r\n")
			slowest = max(slowest, time.Since(from))
		}
		if slowest > time.Second {
			t.Errorf("a PING took %v beside clients that do not read", slowest)
		}
		// Each may hold the output of one turn, 4 MiB, and the buffer that it
		// was built in; all that they ask for is 11 GB.
		if grown := s.rss() - before; grown > 2*idle*16*megabyte {
			t.Errorf("%d clients that do not read cost %d MiB", 2*idle, grown/megabyte)
		}
	})
}

// A client that never reads is closed at the hard limit at once and at the soft
// limit after its time, and the server says so.
func TestOutputBufferLimits(t *testing.T) {
	for name, limit := range map[string]string{"hard": "normal 1mb 0 0", "soft": "normal 0 1mb 1"} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, args []string) {
				t.Parallel()
				s := start(t, append(args, "--client-output-buffer-limit", limit)...)
				const size = 32 * megabyte // more than the sockets themselves hold
				c := s.dial()
				c.do(command("SET", "k", strings.Repeat("v", size)), "+OK\r\n")
				slow := s.dial()
				slow.do("PING\r\n", "+PONG\r\n")
				slow.send("GET k\r\n")
				eventually(t, "the client that does not read is closed", func() bool { return c.clients() == 1 })
				eventually(t, "the log says why", func() bool { return strings.Contains(s.out.String(), "client-output-buffer-limit") })
				got, _ := io.Copy(io.Discard, slow)
				if got >= size {
					t.Errorf("the client got all its %d bytes", got)
				}
			})
		})
	}
}

// An unfinished request beyond client-query-buffer-limit closes its client.
func TestQueryBufferLimit(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--client-query-buffer-limit", "1mb")...)
		c := s.dial()
		_, _ = io.WriteString(c, "*2\r\n$4\r\nECHO\r\n$100000000\r\n"+strings.Repeat("x", 8*megabyte)) // it is cut off
		if !c.closed() {
			t.Error("the connection is still open")
		}
		s.dial().do("PING\r\n", "+PONG\r\n")
	})
}

// What a client asked for before it shut down its sending half is answered,
// and then the connection ends.
func TestHalfClosedClients(t *testing.T) {
	value := strings.Repeat("v", 100_000)
	for name, script := range map[string]struct{ ask, want string }{
		"pings":     {strings.Repeat("PING\r\n", 1000), strings.Repeat("+PONG\r\n", 1000)},
		"large":     {command("SET", "k", value) + strings.Repeat("GET k\r\n", 100), "+OK\r\n" + strings.Repeat("$100000\r\n"+value+"\r\n", 100)},
		"workers":   {strings.Repeat("DEBUG SLEEP 0.01\r\nPING\r\n", 10), strings.Repeat("+OK\r\n+PONG\r\n", 10)},
		"unsettled": {"PING\r\n*2\r\n$3\r\nGET\r\n$5\r\nab", "+PONG\r\n"},
		"nothing":   {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, args []string) {
				s := start(t, args...)
				for _, c := range []*client{s.dial(), s.dialUnix()} {
					c.send(script.ask)
					if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
						t.Fatal(err)
					}
					if got := c.rest(); got != script.want {
						t.Errorf("got %d bytes %.60q, want %d bytes %.60q", len(got), got, len(script.want), script.want)
					}
				}
				c := s.dial()
				eventually(t, "the half-closed clients are gone", func() bool { return c.clients() == 1 })
			})
		})
	}
}

// A slow reader of a large reply costs time in proportion to the reply.
func TestSlowReaderOfLargeReply(t *testing.T) {
	const size = 64 * megabyte
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 32<<10) // a larger one makes the test easier
			})
		}}
		conn, err := d.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		c := &client{conn, t}
		defer func() { _ = c.Close() }()
		value := strings.Repeat("0123456789abcdef", size/16)
		c.do(command("SET", "k", value), "+OK\r\n")
		before := s.cpu()
		c.send("GET k\r\n")
		r := bufio.NewReaderSize(c, 16<<10)
		if head, err := r.ReadString('\n'); head != "$67108864\r\n" {
			t.Fatalf("the reply starts with %q (%v)", head, err)
		}
		piece := make([]byte, 16<<10)
		for n := 0; n < size; n += len(piece) {
			if _, err := io.ReadFull(r, piece); err != nil {
				t.Fatal(err)
			}
			if string(piece[:16]) != "0123456789abcdef" {
				t.Fatalf("the value is damaged at %d", n)
			}
		}
		// Moving the rest of the reply to the front for each 32 KB would copy
		// 64 GB, which takes 6 s and more.
		if used := s.cpu() - before; used > 3*time.Second {
			t.Errorf("sending 64 MiB took %v of processor time", used)
		}
	})
}

// A million commands in one go are all answered, in order, while another client
// is served.
func TestHugePipeline(t *testing.T) {
	const commands = 1_000_000
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		other := s.dial()
		before := s.rss()
		c := s.dial()
		go func() {
			_, _ = io.WriteString(c, strings.Repeat(command("INCR", "n"), commands)) // the reader notices
		}()
		r := bufio.NewReaderSize(c, 64<<10)
		var slowest time.Duration
		for i := 1; i <= commands; i++ {
			line, err := r.ReadSlice('\n')
			if err != nil {
				t.Fatalf("reply %d: %v", i, err)
			}
			if n := parse(line); n != i {
				t.Fatalf("reply %d is %q", i, line)
			}
			if i%100_000 == 0 {
				from := time.Now()
				other.do("PING\r\n", "+PONG\r\n")
				slowest = max(slowest, time.Since(from))
			}
		}
		if slowest > time.Second {
			t.Errorf("another client waited for %v", slowest)
		}
		if grown := s.rss() - before; grown > 64*megabyte {
			t.Errorf("the pipeline cost %d MiB", grown/megabyte)
		}
	})
}

// parse is the number in an integer reply, -1 if it is none.
func parse(line []byte) int {
	if len(line) < 4 || line[0] != ':' {
		return -1
	}
	n := 0
	for _, d := range line[1 : len(line)-2] {
		n = n*10 + int(d-'0')
	}
	return n
}
