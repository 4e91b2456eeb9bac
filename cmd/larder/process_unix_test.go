//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests; none of them needs nearly as much.
const patience = 20 * time.Second

// asLarder makes the test binary behave as larder itself.
const asLarder = "LARDER_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asLarder) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is a running larder without TCP ports.
type process struct {
	cmd    *exec.Cmd
	out    *os.File // what it prints
	socket string
}

// launch runs larder. The test's end kills it.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "lm") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{out: out, socket: filepath.Join(dir, "s")}
	p.cmd = exec.Command(os.Args[0], append([]string{"--port", "0", "--memcached-port", "0", "--unixsocket", p.socket}, args...)...)
	p.cmd.Env = append(os.Environ(), asLarder+"=1")
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = in, in, dir
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close() // the process has its own
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has mostly ended already
		_ = p.cmd.Wait()
		_ = out.Close()
		_ = os.RemoveAll(dir)
	})
	if err := out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return p
}

// awaitReady reads what the process prints until it serves.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	var printed strings.Builder
	for lines := bufio.NewReader(p.out); ; {
		line, err := lines.ReadString('\n')
		printed.WriteString(line)
		if strings.Contains(line, "\tready\t") {
			return
		}
		if err != nil {
			t.Fatalf("larder is not ready (%v); it printed\n%s", err, printed.String())
		}
	}
}

// ping fails the test unless the process serves.
func (p *process) ping(t *testing.T) {
	t.Helper()
	conn, err := net.DialTimeout("unix", p.socket, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience)) // a unix socket has deadlines
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := bufio.NewReader(conn).ReadString('\n'); got != "+PONG\r\n" {
		t.Fatalf("PING: %q, %v", got, err)
	}
}

// end asks the process to end and fails the test unless it leaves in order.
func (p *process) end(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit code 0", err)
	}
}

// Neither a hang-up nor a log that nobody reads ends the server. What it
// prints at its end goes into the closed pipe, too.
func TestOutlivesTerminal(t *testing.T) {
	p := launch(t)
	p.awaitReady(t)
	_ = p.out.Close() // a pipe that is closed already is closed
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGPIPE} {
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		p.ping(t)
	}
	p.end(t)
}

// The file holds the process id while the server runs, over what a dead one
// left, and is gone afterwards unless somebody else took it.
func TestPidFile(t *testing.T) {
	for name, taken := range map[string]bool{"removed": false, "left to another": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "larder.pid")
			if err := os.WriteFile(path, []byte("123456789\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			p := launch(t, "--pidfile", path)
			p.awaitReady(t)
			want := fmt.Sprintf("%d\n", p.cmd.Process.Pid)
			if got, err := os.ReadFile(path); string(got) != want {
				t.Errorf("the pidfile holds %q, %v; want %q", got, err, want)
			}
			if taken {
				if err := os.WriteFile(path, []byte("1\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p.end(t)
			if _, err := os.Stat(path); (err == nil) != taken {
				t.Errorf("the pidfile after the end: %v", err)
			}
		})
	}
}

// What cannot be used at the start is named with its directive and path.
func TestRefusesToStart(t *testing.T) {
	dir := t.TempDir()
	file, gone := filepath.Join(dir, "file"), filepath.Join(dir, "gone")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ directive, path, want string }{
		"no directory":       {"dir", gone, "dir: " + gone + " does not exist"},
		"a file":             {"dir", file, "dir: " + file + " is not a directory"},
		"below a file":       {"dir", filepath.Join(file, "x"), "dir: cannot look at the directory: stat " + filepath.Join(file, "x")},
		"pidfile in nowhere": {"pidfile", filepath.Join(gone, "p"), "pidfile: cannot write the process id: open " + filepath.Join(gone, "p") + ": no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			p := launch(t, "--"+tt.directive, tt.path)
			printed, err := io.ReadAll(p.out)
			if err != nil {
				t.Fatal(err)
			}
			_ = p.cmd.Wait() // ProcessState tells
			if code := p.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(printed), tt.want) {
				t.Errorf("exit code %d, want 1, and %q in\n%s", code, tt.want, printed)
			}
		})
	}
}
