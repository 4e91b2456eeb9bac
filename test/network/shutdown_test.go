package network

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const termination = syscall.SIGTERM

// A signal ends the server: what is in flight is answered, then every
// connection closes, and the exit code is 0.
func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			eachDriver(t, func(t *testing.T, args []string) {
				s := start(t, args...)
				idle := s.dial()
				idle.do("PING\r\n", "+PONG\r\n")
				half := s.dial()
				half.send("*2\r\n$3\r\nGET\r\n$5\r\nab")
				setup := s.dial()
				setup.do(command("SET", "large", strings.Repeat("x", 32<<20)), "+OK\r\n")
				reader := s.dial()
				reader.send("GET large\r\n") // more than the sockets hold
				reader.expect("$33554432\r\n")
				working := s.dialUnix()
				working.send("DEBUG SLEEP 0.5\r\nPING\r\n")
				setup.await("cmd=debug")
				s.signal(sig)
				if got := idle.rest() + half.rest(); got != "" {
					t.Errorf("idle clients got %q", got)
				}
				if got := working.rest(); got != "+OK\r\n+PONG\r\n" {
					t.Errorf("the client whose command was running got %q", got)
				}
				if got := len(reader.rest()); got != 32<<20+2 {
					t.Errorf("the client that was reading a large reply got %d more bytes, want %d", got, 32<<20+2)
				}
				if code := s.awaitExit(patience); code != 0 {
					t.Errorf("exit code %d", code)
				}
				if c, err := net.Dial("tcp", s.addr()); err == nil {
					_ = c.Close()
					t.Error("it still accepts")
				}
			})
		})
	}
}

// await waits until CLIENT LIST shows a client with the text.
func (c *client) await(text string) {
	c.t.Helper()
	eventually(c.t, "a client is listed with "+text, func() bool { return strings.Contains(c.bulk("CLIENT LIST\r\n"), text) })
}

// Clients that never stop asking do not keep the server from ending.
func TestShutdownUnderLoad(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--shutdown-timeout", "10")...)
		for range 8 {
			c := s.dial()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			go func() {
				for request := strings.Repeat(command("SET", "k", "v"), 50); ; {
					if _, err := io.WriteString(c, request); err != nil {
						return
					}
				}
			}()
		}
		c := s.dial()
		eventually(t, "the load runs", func() bool { return c.clients() == 9 })
		from := time.Now()
		s.signal(termination)
		if code := s.awaitExit(patience); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if took := time.Since(from); took > 5*time.Second {
			t.Errorf("it took %v to end under load", took)
		}
	})
}

// Who does not read, and a command that runs on and on, is waited for no longer
// than shutdown-timeout.
func TestShutdownTimeout(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		t.Parallel()
		s := start(t, append(args, "--shutdown-timeout", "1", "--save", "")...)
		c := s.dial()
		c.do(command("SET", "large", strings.Repeat("x", 32<<20)), "+OK\r\n")
		slow := s.dial()
		slow.send("GET large\r\n")
		slow.expect("$33554432\r\n")
		busy := s.dial()
		busy.send("DEBUG SLEEP 100\r\n")
		c.await("cmd=debug")
		from := time.Now()
		s.signal(termination)
		if code := s.awaitExit(patience); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if took := time.Since(from); took < 900*time.Millisecond || took > 6*time.Second {
			t.Errorf("it ended after %v, want a little more than 1 s", took)
		}
	})
}

// A second signal ends the server at once.
func TestSecondSignal(t *testing.T) {
	eachDriver(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--shutdown-timeout", "100")...)
		c := s.dial()
		c.do(command("SET", "large", strings.Repeat("x", 32<<20)), "+OK\r\n")
		slow := s.dial()
		slow.send("GET large\r\n") // holds the shutdown up
		slow.expect("$33554432\r\n")
		s.signal(termination)
		eventually(t, "the shutdown has begun", func() bool { return strings.Contains(s.out.String(), "shutting down") })
		from := time.Now()
		s.signal(termination)
		s.awaitExit(patience)
		if took := time.Since(from); took > 2*time.Second {
			t.Errorf("it took %v to end after the second signal", took)
		}
	})
}
