package takeover

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// patience bounds every wait; none needs nearly as much.
const patience = 60 * time.Second

// larder is the path of the binary.
var larder string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "larder-takeover-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	larder = filepath.Join(dir, "larder")
	if out, err := exec.Command("go", "build", "-o", larder, "larder/cmd/larder").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build larder: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// started fails the test unless a server has started, and stops it at the end.
func started(t *testing.T, s *harness.Server, err error) *harness.Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func startRedis(t *testing.T, extra ...string) *harness.Server {
	t.Helper()
	s, err := harness.StartRedis("redis-server", extra...)
	return started(t, s, err)
}

func startLarder(t *testing.T, extra ...string) *harness.Server {
	t.Helper()
	s, err := harness.StartLarder("larder", larder, append([]string{"--maxmemory-policy", "noeviction"}, extra...)...)
	return started(t, s, err)
}

// client talks to a server; it fails the test when that fails.
type client struct {
	t    *testing.T
	c    *harness.RESPConn
	addr string
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := harness.DialRESP(addr, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &client{t, c, addr}
}

// do sends a command, whose reply must be no error.
func (c *client) do(words ...string) harness.Value {
	c.t.Helper()
	v, err := c.c.Do(words...)
	if err == nil && v.IsError() {
		err = fmt.Errorf("%s", v.Str)
	}
	if err != nil {
		c.t.Fatalf("%.200q: %v", words, err)
	}
	return v
}

// awaitLoaded waits until the server has loaded its data.
func (c *client) awaitLoaded() {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if v, err := c.c.Do("PING"); err == nil && !v.IsError() {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal("the data is not loaded")
		}
	}
}

// run runs larder and returns what it prints and its exit code.
func run(t *testing.T, args ...string) (printed string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, larder, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &out, t.TempDir()
	_ = cmd.Run() // the exit code tells
	if ctx.Err() != nil {
		t.Fatalf("larder %q does not end; it printed\n%s", args, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// imports runs larder import, which must succeed.
func imports(t *testing.T, args ...string) (printed string) {
	t.Helper()
	printed, code := run(t, append([]string{"import"}, args...)...)
	if code != 0 {
		t.Fatalf("larder import %q ends with %d:\n%s", args, code, printed)
	}
	return printed
}
