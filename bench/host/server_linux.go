// Package host starts the servers that are compared, pins them to cores,
// measures what they use, and ends them, whatever happens.
package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Spec is a server that can be started any number of times.
type Spec struct {
	Name string // as in the tables
	Path string // program
	// Args are its arguments, in which {port} {mcport} {dir} {maxmemory}
	// {policy} and {threads} stand for those of Params. A server without {port}
	// speaks no RESP, one without {mcport} does not speak memcached.
	Args string
}

// RESP says whether the server has a port for the Redis protocol.
func (s Spec) RESP() bool { return strings.Contains(s.Args, "{port}") }

// Memcached says whether the server has a port for memcached's protocols.
func (s Spec) Memcached() bool { return strings.Contains(s.Args, "{mcport}") }

// Params are what differs from start to start.
type Params struct {
	Cores     string // as for taskset -c; "" for no pinning
	Threads   int    // event loops; default 1
	MaxMemory int64  // bytes; default 0, no limit
	Policy    string // default noeviction
}

// startTimeout bounds the time from exec to the first accepted connection.
const startTimeout = 10 * time.Second

// stopTimeout is how long a server may take to end by itself on SIGTERM.
const stopTimeout = 5 * time.Second

// A Server is a running process.
type Server struct {
	Spec     Spec
	Addr     string // of the Redis protocol, "" if it has none
	MemcAddr string // of memcached's protocols, "" if it has none

	cmd    *exec.Cmd
	dir    string
	output tail
	ended  chan struct{} // closed when the process has been waited for
	stop   sync.Once
}

// Start runs a server in a temporary directory, on free loopback ports, and
// returns when it accepts connections. The caller must Stop it; it also ends
// when this process does.
func Start(ctx context.Context, spec Spec, p Params) (*Server, error) {
	var err error
	for range 3 { // another process may take the port between choice and bind
		var s *Server
		if s, err = start(ctx, spec, p); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, err
}

func start(ctx context.Context, spec Spec, p Params) (*Server, error) {
	dir, err := os.MkdirTemp("", "bench-"+spec.Name+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{Spec: spec, dir: dir, ended: make(chan struct{})}
	started := false
	defer func() {
		if !started {
			os.RemoveAll(dir)
		}
	}()
	argv, err := s.commandLine(p)
	if err != nil {
		return nil, err
	}
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	// Its own process group, so that Ctrl-C reaches this process alone, which
	// then ends its servers in order.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	started = true
	go func() {
		_ = s.cmd.Wait() // how it ended is told by its output
		close(s.ended)
	}()
	for _, addr := range []string{s.Addr, s.MemcAddr} {
		if err := s.awaitListener(ctx, addr); err != nil {
			s.Stop()
			return nil, err
		}
	}
	return s, nil
}

// commandLine chooses ports and fills in the arguments.
func (s *Server) commandLine(p Params) ([]string, error) {
	if p.Threads == 0 {
		p.Threads = 1
	}
	if p.Policy == "" {
		p.Policy = "noeviction"
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	if s.Spec.RESP() {
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	}
	if s.Spec.Memcached() {
		s.MemcAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[1]))
	}
	args, err := SplitArgs(s.Spec.Args)
	if err != nil {
		return nil, fmt.Errorf("arguments of %s: %w", s.Spec.Name, err)
	}
	fill := strings.NewReplacer(
		"{port}", strconv.Itoa(ports[0]), "{mcport}", strconv.Itoa(ports[1]), "{dir}", s.dir,
		"{maxmemory}", strconv.FormatInt(p.MaxMemory, 10), "{policy}", p.Policy, "{threads}", strconv.Itoa(p.Threads))
	for i := range args {
		args[i] = fill.Replace(args[i])
	}
	path, err := exec.LookPath(s.Spec.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (build or install it, or name another program)", s.Spec.Name, err)
	}
	if strings.Contains(path, "/") && !strings.HasPrefix(path, "/") {
		wd, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		path = wd + "/" + path
	}
	argv := append([]string{path}, args...)
	if p.Cores != "" {
		argv = append([]string{"taskset", "-c", p.Cores}, argv...)
	}
	return argv, nil
}

// awaitListener dials until the server accepts; "" is accepted at once.
func (s *Server) awaitListener(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	deadline := time.Now().Add(startTimeout)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s ended while starting: %s", s.Spec.Name, s.output.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not accept connections on %s after %v: %s", s.Spec.Name, addr, startTimeout, s.output.String())
		}
	}
}

// Pid returns the process id of the server.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// CPU returns the CPU time that the server has used since its start.
func (s *Server) CPU() (time.Duration, error) {
	select {
	case <-s.ended:
		return 0, fmt.Errorf("%s has ended: %s", s.Spec.Name, s.output.String())
	default:
		return CPUTime(s.Pid())
	}
}

// RSS returns the resident memory of the server in bytes.
func (s *Server) RSS() (int64, error) { return RSS(s.Pid()) }

// Memory returns what the process and its children hold, in bytes.
func (s *Server) Memory() (int64, error) { return PSS(s.Pid()) }

// Stop ends the server, by force if it does not end by itself, and removes
// its directory. Further calls do nothing.
func (s *Server) Stop() {
	s.stop.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(stopTimeout):
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
		os.RemoveAll(s.dir)
	})
}

// freePorts returns n ports of the loopback interface that are free now.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close() // all of them stay taken until all are chosen
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// SplitArgs cuts a command line at spaces; single and double quotes keep
// spaces and make an empty argument possible, as in a shell.
func SplitArgs(line string) ([]string, error) {
	var args []string
	var arg []byte
	inArg, quote := false, byte(0)
	for i := range len(line) {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			arg = append(arg, c)
		case c == '\'' || c == '"':
			quote, inArg = c, true
		case c == ' ':
			if inArg {
				args = append(args, string(arg))
			}
			arg, inArg = arg[:0], false
		default:
			arg, inArg = append(arg, c), true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inArg {
		args = append(args, string(arg))
	}
	return args, nil
}

// A tail keeps the last tailBytes written to it, for error messages.
type tail struct {
	mu  sync.Mutex // guards buf; no I/O under it
	buf []byte
}

const tailBytes = 2000

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > tailBytes {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailBytes:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(t.buf); len(text) > 0 {
		return string(text)
	}
	return "(it printed nothing)"
}
