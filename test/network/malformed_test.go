package network

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is malformed is answered as Redis answers it, and the connection closed;
// what was asked before it in the same pipeline is answered too.
func TestMalformedRequests(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	digits := strings.Repeat("1", 70_000)
	cases := []struct{ name, request, want string }{
		{"bulk above proto-max-bulk-len", "*2\r\n$3\r\nGET\r\n$1048577\r\n", "invalid bulk length"},
		{"bulk far above it", "*2\r\n$3\r\nGET\r\n$9223372036854775807\r\n", "invalid bulk length"},
		{"negative bulk", "*1\r\n$-1\r\n", "invalid bulk length"},
		{"bulk that is no number", "*1\r\n$1x\r\n", "invalid bulk length"},
		{"count above 2^31", "*2147483648\r\n", "invalid multibulk length"},
		{"count that is no number", "*x\r\n", "invalid multibulk length"},
		{"no bulk", "*1\r\n:1\r\n", "expected '$', got ':'"},
		{"long inline", long + "\r\n", "too big inline request"},
		{"endless inline", long, "too big inline request"},
		{"endless count", "*" + digits, "too big mbulk count string"},
		{"endless length", "*1\r\n$" + digits, "too big bulk count string"},
		{"unbalanced quotes", "SET \"a\r\n", "unbalanced quotes in request"},
	}
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--proto-max-bulk-len", "1mb")...)
		for _, c := range cases {
			conn := s.dial()
			conn.send("PING\r\n" + c.request)
			if got, want := conn.rest(), "+PONG\r\n-ERR Protocol error: "+c.want+"\r\n"; got != want {
				t.Errorf("%s: got %.120q, want %q", c.name, got, want)
			}
		}
		s.dial().do("PING\r\n", "+PONG\r\n")
	})
}

// Requests without arguments are no requests, and are not answered.
func TestEmptyRequests(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		start(t, args...).dial().do("\r\n*0\r\n*-1\r\n*-5\r\n\r\nPING\r\n", "+PONG\r\n")
	})
}

// A client may send anything and go away at any time: the server lives, and no
// session is left.
func TestJunkAndBrokenOffRequests(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		rng := rand.New(rand.NewPCG(3, 4))
		pieces := []string{"*3\r\n", "$3\r\nSET\r\n", "$1\r\nk\r\n", "$5\r\nabc", "\x80\x01\x00\x00", "GET", "\r\n", "*1000000000\r\n"}
		for range 200 {
			c := s.dial()
			for range rng.IntN(5) {
				piece := pieces[rng.IntN(len(pieces))]
				if rng.IntN(3) == 0 {
					junk := make([]byte, rng.IntN(3000))
					for i := range junk {
						junk[i] = byte(rng.Uint32())
					}
					piece = string(junk)
				}
				_, _ = c.Write([]byte(piece)) // the server may have closed already
			}
			_ = c.Close()
		}
		c := s.dial()
		eventually(t, "only the own connection is left", func() bool { return c.clients() == 1 })
	})
}

// A large value survives senders that send it in the smallest pieces.
func TestOneByteAtATime(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		value := strings.Repeat("0123456789", 500)
		for _, c := range []*client{s.dial(), s.dialUnix()} {
			for _, b := range []byte(command("SET", "k", value)) {
				c.send(string(b))
			}
			c.expect("+OK\r\n")
			c.do("STRLEN k\r\n", ":5000\r\n")
		}
	})
}
