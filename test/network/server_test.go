package network

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests; none of them needs nearly as much.
const patience = 20 * time.Second

// binary is the path of larder as TestMain has built it.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "larder-network-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "larder")
	if out, err := exec.Command("go", "build", "-o", binary, "larder/cmd/larder").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build larder: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// server is a running larder.
type server struct {
	t      *testing.T
	port   int
	socket string
	cmd    *exec.Cmd
	out    output
	exited chan struct{} // closed when the process has ended
}

// launch runs larder with exactly these arguments.
func launch(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, exited: make(chan struct{})}
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // ProcessState tells
		close(s.exited)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has mostly ended already
		<-s.exited
		if t.Failed() {
			t.Logf("larder %q printed:\n%s", args, s.out.String())
		}
	})
	return s
}

// start runs larder on a free port and a unix socket and waits until it serves.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	for {
		port := freePort(t)
		socket := filepath.Join(shortDir(t), "s")
		s := launch(t, append([]string{"--port", strconv.Itoa(port), "--memcached-port", "0", "--bind", "127.0.0.1",
			"--unixsocket", socket, "--dir", t.TempDir(), "--enable-debug-command", "yes"}, args...)...)
		s.port, s.socket = port, socket
		if s.ready() {
			return s
		}
		if !strings.Contains(s.out.String(), "another program uses the port") {
			t.Fatalf("larder %q did not start:\n%s", args, s.out.String())
		}
	}
}

// shortDir is a temporary directory with a path short enough for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ln")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// ready waits until the server says so; it reports false if it ended instead.
func (s *server) ready() bool {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if strings.Contains(s.out.String(), "\tready\t") {
			return true
		}
		select {
		case <-s.exited:
			return false
		case <-time.After(2 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("larder is not ready after %v:\n%s", patience, s.out.String())
		}
	}
}

// awaitExit returns the exit code, -1 if a signal ended the process.
func (s *server) awaitExit(limit time.Duration) int {
	s.t.Helper()
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		s.t.Fatalf("larder still runs after %v:\n%s", limit, s.out.String())
		return 0
	}
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// client is a connection whose failures end the test.
type client struct {
	net.Conn
	t *testing.T
}

func (s *server) dial() *client { return dial(s.t, "tcp", s.addr()) }

func (s *server) dialUnix() *client { return dial(s.t, "unix", s.socket) }

func dial(t *testing.T, network, addr string) *client {
	t.Helper()
	c, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{c, t}
}

func (c *client) send(data string) {
	c.t.Helper()
	if _, err := io.WriteString(c, data); err != nil {
		c.t.Fatalf("send %.60q: %v", data, err)
	}
}

// expect reads exactly what is wanted.
func (c *client) expect(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if err != nil || string(got) != want {
		c.t.Fatalf("got %.200q (%v), want %.200q", got[:n], err, want)
	}
}

// do sends a request and expects its reply.
func (c *client) do(request, want string) {
	c.t.Helper()
	c.send(request)
	c.expect(want)
}

// bulk sends a request and returns its reply, a bulk string.
func (c *client) bulk(request string) string {
	c.t.Helper()
	c.send(request)
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n")); head = append(head, one[0]) {
		if _, err := io.ReadFull(c, one); err != nil {
			c.t.Fatalf("%.60q: %v", request, err)
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(head[1:])))
	if head[0] != '$' || err != nil {
		c.t.Fatalf("%.60q: the reply is %q, no bulk string", request, head)
	}
	body := make([]byte, n+2)
	if _, err := io.ReadFull(c, body); err != nil {
		c.t.Fatal(err)
	}
	return string(body[:n])
}

// rest reads until the server closes the connection.
func (c *client) rest() string {
	c.t.Helper()
	got, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatalf("the connection was not closed after %.200q: %v", got, err)
	}
	return string(got)
}

// closed tells whether the server closes the connection, whatever it sends
// before that.
func (c *client) closed() bool {
	_, err := io.Copy(io.Discard, c)
	return err == nil || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// clients is the number of connections that the server knows, that of c too.
func (c *client) clients() int {
	c.t.Helper()
	return strings.Count(c.bulk("CLIENT LIST\r\n"), "\n")
}

// command is a request as an array of bulk strings.
func command(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// drivers are the ways to serve sockets; each has to behave the same.
var drivers = map[string][]string{
	"epoll 1":   {"--net-driver", "epoll", "--io-threads", "1"},
	"epoll 2":   {"--net-driver", "epoll", "--io-threads", "2"},
	"epoll 4":   {"--net-driver", "epoll", "--io-threads", "4"},
	"goroutine": {"--net-driver", "goroutine"},
}

// eachDriver runs a test with every driver.
func eachDriver(t *testing.T, test func(t *testing.T, args []string)) {
	for name, args := range drivers {
		t.Run(name, func(t *testing.T) { test(t, args) })
	}
}
