package soak

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startWithin is how long a server may take to answer, stopWithin to end.
const (
	startWithin = 30 * time.Second
	stopWithin  = 30 * time.Second
)

// server is a larder process that ends with the test.
type server struct {
	addr string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// startServer builds larder, starts it with the given arguments besides those
// that name addresses and folders, and waits until it answers.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "larder")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/larder").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	port := freePort(t)
	s := &server{addr: net.JoinHostPort("127.0.0.1", port)}
	s.cmd = exec.Command(binary, append([]string{"--bind", "127.0.0.1", "--port", port, "--memcached-port", "0",
		"--dir", dir, "--save", "", "--appendonly", "no"}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	for deadline := time.Now().Add(startWithin); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer: %v", err)
		}
	}
}

// stop ends the server as an operator would and expects it to follow.
func (s *server) stop(t *testing.T) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	killer := time.AfterFunc(stopWithin, func() { _ = s.cmd.Process.Kill() })
	defer killer.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if t.Failed() {
		t.Logf("what the server logged:\n%s", s.log.Bytes())
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// residentBytes is the process's VmRSS.
func (s *server) residentBytes() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("no VmRSS in /proc: %w", err)
	}
	return kib << 10, nil
}

// cpuSeconds is the user and system time that the process has used.
func (s *server) cpuSeconds() (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The fields behind the name: utime and stime are the 12th and 13th.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("no CPU time in /proc: %q", stat)
	}
	const ticksPerSecond = 100 // USER_HZ
	return (user + system) / ticksPerSecond, nil
}
