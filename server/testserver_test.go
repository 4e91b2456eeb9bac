package server

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"larder/engine"

	"larder/server/config"
)

// newTestServer makes a server that does not listen, configured by the given
// command line.
func newTestServer(t testing.TB, args ...string) *Server {
	t.Helper()
	return newSeededServer(t, 0, args...)
}

// newSeededServer makes a server whose keys are hashed with a seed, 0 = any.
func newSeededServer(t testing.TB, seed engine.Seed, args ...string) *Server {
	t.Helper()
	parsed, err := config.Parse(args, config.Environment{WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := New(Options{Config: config.NewStore(parsed.Config), Log: zap.NewNop(), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Shutdown(0) })
	return srv
}

// testClient is a session without a socket: what it is fed it answers.
type testClient struct {
	t     testing.TB
	s     *session
	ex    *executor
	awake chan struct{}
}

// wake implements driver.
func (c *testClient) wake(*session) {
	select {
	case c.awake <- struct{}{}:
	default: // a token is there already
	}
}

// newTestClient opens a session on srv that speaks the protocol of f.
func newTestClient(t testing.TB, srv *Server, f front) *testClient {
	t.Helper()
	c := &testClient{t: t, ex: newExecutor(srv), awake: make(chan struct{}, 1)}
	srv.executors.register(c.ex)
	c.s = srv.newSession(peer{remote: "127.0.0.1:1", local: "127.0.0.1:2", fd: -1, secure: true}, f, func(s *session) { s.driver = c })
	if c.s == nil {
		t.Fatal("too many clients")
	}
	t.Cleanup(func() { srv.endSession(c.s) })
	return c
}

// feed hands the session input and throws the replies away.
// REQUIRES: no command of the input runs on a worker.
func (c *testClient) feed(input []byte) {
	c.s.mu.Lock()
	c.ex.tick()
	c.s.feed(c.ex, input)
	c.s.written(c.ex, len(c.s.out.Buf))
	c.s.mu.Unlock()
}

// do hands the session input and returns its replies, waiting for workers. With
// no input it takes what others have pushed to the session.
func (c *testClient) do(input string) string {
	c.t.Helper()
	var out []byte
	deadline := time.After(30 * time.Second)
	c.s.mu.Lock()
	c.ex.tick()
	c.s.feed(c.ex, []byte(input))
	c.s.takePushes()
	for {
		for c.s.waiting() > 0 {
			part := c.s.output()
			out = append(out, part...)
			c.s.written(c.ex, len(part))
		}
		c.s.written(c.ex, 0)
		busy := c.s.parked || c.s.stalled
		parked := c.s.parked
		c.s.mu.Unlock()
		if !busy {
			return string(out)
		}
		if parked {
			select {
			case <-c.awake:
			case <-deadline:
				c.t.Fatalf("no reply to %.100q within 30 s", input)
			}
		}
		c.s.mu.Lock()
		c.s.resume(c.ex)
	}
}
