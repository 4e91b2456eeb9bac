package harness

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// startDeadline bounds how long a started server may take to accept.
const startDeadline = 10 * time.Second

// stopDeadline bounds how long a server may take to end after SIGTERM.
const stopDeadline = 10 * time.Second

// Server is a running process under test or an oracle.
type Server struct {
	// Name is what messages call it: "oracle" or "larder".
	Name string
	// Addr is the RESP address, empty when it has none.
	Addr string
	// MemAddr is the memcached address, empty when it has none.
	MemAddr string

	cmd    *exec.Cmd
	dir    string
	output lockedBuffer
	exited chan struct{}
	err    error
}

// lockedBuffer collects a process's output, at most maxOutputBytes of it.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf; no I/O under it
	buf bytes.Buffer
}

const maxOutputBytes = 256 << 10

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := maxOutputBytes - b.buf.Len(); room > 0 {
		b.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// StartRedis starts the distribution's redis-server, without persistence.
func StartRedis(name string, extra ...string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--enable-debug-command", "yes",
		"--databases", "16"}, extra...)
	s := &Server{Name: name, Addr: loopback(port)}
	return s, s.start("redis-server", args)
}

// StartMemcached starts the distribution's memcached with one worker thread,
// so that stats are exact.
func StartMemcached(name string, extra ...string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0",
		"-m", "64", "-t", "1"}, extra...)
	if os.Geteuid() == 0 {
		args = append(args, "-u", "root")
	}
	s := &Server{Name: name, MemAddr: loopback(port)}
	return s, s.start("memcached", args)
}

// StartLarder starts the larder binary at path with both listeners.
func StartLarder(name, path string, extra ...string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	memPort, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "larder-compat-")
	if err != nil {
		return nil, err
	}
	args := append([]string{"--port", strconv.Itoa(port),
		"--memcached-port", strconv.Itoa(memPort), "--bind", "127.0.0.1",
		"--dir", dir, "--save", "", "--appendonly", "no",
		"--enable-debug-command", "yes"}, extra...)
	s := &Server{Name: name, Addr: loopback(port), MemAddr: loopback(memPort), dir: dir}
	return s, s.start(path, args)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePort asks the kernel for a port that is free now. Another process may
// take it before the server binds it; start then fails with the server's own
// message, which is rare enough to leave to the person who reads it.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) start(path string, args []string) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "compat-oracle-")
		if err != nil {
			return err
		}
		s.dir = dir
	}
	if filepath.Base(path) != path {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		path = abs
	}
	s.cmd = exec.Command(path, args...)
	s.cmd.Dir = s.dir
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	s.cmd.SysProcAttr = childAttr()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s %q: %w", s.Name, path, err)
	}
	s.exited = make(chan struct{})
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	for _, addr := range []string{s.Addr, s.MemAddr} {
		if addr == "" {
			continue
		}
		if err := s.awaitAccept(addr); err != nil {
			return errors.Join(err, s.Stop())
		}
	}
	return nil
}

func (s *Server) awaitAccept(addr string) error {
	deadline := time.Now().Add(startDeadline)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended while starting (%v); its output:\n%s", s.Name, s.err, s.output.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not accept on %s after %v; its output:\n%s",
				s.Name, addr, startDeadline, s.output.String())
		}
	}
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Exited says whether the process has ended, and Output what it wrote.
func (s *Server) Exited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Output returns what the process has written, at most 256 KiB of it.
func (s *Server) Output() string { return s.output.String() }

// AwaitExit waits for the process to end by itself.
func (s *Server) AwaitExit(limit time.Duration) error {
	select {
	case <-s.exited:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("%s (pid %d) still runs after %v", s.Name, s.PID(), limit)
	}
}

// Stop ends the server by SIGTERM and removes its directory. A server that
// does not end in time is killed, which is an error.
func (s *Server) Stop() error {
	var errs []error
	if s.cmd != nil && s.cmd.Process != nil && !s.Exited() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
		if err := s.AwaitExit(stopDeadline); err != nil {
			errs = append(errs, err, s.cmd.Process.Kill())
			<-s.exited
		}
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// RSS is the resident memory of the process in bytes.
func (s *Server) RSS() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.PID()))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		return 0, fmt.Errorf("read statm of pid %d: %w", s.PID(), err)
	}
	return resident * int64(os.Getpagesize()), nil
}
