package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// oracle as LARDER_BIN runs the programs against redis-server.
const oracle = "oracle"

// programPatience bounds one program; the slowest needs a few seconds.
const programPatience = 2 * time.Minute

// buildPatience bounds the time to compile one program, downloads not counted.
const buildPatience = 4 * time.Minute

// suite is what the tests share.
var suite struct {
	dir    string // temporary, for what is built
	binary string // path of larder, or oracle
}

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "larder-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	suite.dir, suite.binary = dir, os.Getenv("LARDER_BIN")
	switch suite.binary {
	case oracle:
		fmt.Fprintln(os.Stderr, "clients: running against redis-server, larder is not tested")
	case "":
		suite.binary = filepath.Join(dir, "larder")
		if out, err := exec.Command("go", "build", "-o", suite.binary, "larder/cmd/larder").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "clients: build larder: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// startServer starts what is under test, for one test alone.
func startServer(t *testing.T, args ...string) *harness.Server {
	t.Helper()
	var s *harness.Server
	var err error
	if suite.binary == oracle {
		s, err = harness.StartRedis("redis-server", args...)
	} else {
		s, err = harness.StartLarder("larder", suite.binary, args...)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Exited() {
			t.Errorf("%s ended during the test", s.Name)
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if strings.Contains(s.Output(), "DATA RACE") {
			t.Error("a data race in the server") // LARDER_BIN may be built with -race
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", s.Name, s.Output())
		}
	})
	return s
}

// TestPrograms runs every client's program with all its sections.
func TestPrograms(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			argv := p.prepare(t, filepath.Join(suite.dir, p.name))
			sections := p.sections(suite.binary == oracle)
			server := startServer(t)
			out, stderr, err := runProgram(t, server.Addr, append(argv, sections...))
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, stderr)
			}
			// A program that ran nothing has found no difference either.
			want := "ok " + strings.Join(sections, "\nok ") + "\n"
			if out != want {
				t.Errorf("it printed %q, want %q", out, want)
			}
		})
	}
}

// TestUnknownSection: a misspelt section is an error of every program.
func TestUnknownSection(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			argv := p.prepare(t, filepath.Join(suite.dir, p.name))
			server := startServer(t)
			out, stderr, err := runProgram(t, server.Addr, append(argv, "strnigs"))
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(stderr, "strnigs") || out != "" {
				t.Errorf("it printed %q and %q and ended with %v", out, stderr, err)
			}
		})
	}
}

// TestProgramsNoticeDifferences: a server that answers one letter wrong fails
// every program, which says where.
func TestProgramsNoticeDifferences(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			argv := p.prepare(t, filepath.Join(suite.dir, p.name))
			addr := falsify(t, startServer(t).Addr, "$5\r\nhello\r\n", "$5\r\nhullo\r\n")
			out, stderr, err := runProgram(t, addr, append(argv, "strings"))
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 || out != "" {
				t.Errorf("it printed %q and %q and ended with %v", out, stderr, err)
			}
			if !strings.HasPrefix(stderr, "strings: ") || !strings.Contains(stderr, "hullo") {
				t.Errorf("it complains %q, want a line about the section and the wrong word", stderr)
			}
		})
	}
}

// falsify stands between clients and a server and changes what the server
// answers. It returns its address.
func falsify(t *testing.T, server, from, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			go relay(upstream, client, func(b []byte) []byte { return b })
			go relay(client, upstream, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) })
		}
	}()
	return l.Addr().String()
}

// relay copies until one side ends, then ends the other. A short reply arrives
// in one piece, so change sees all of it.
func relay(to, from net.Conn, change func([]byte) []byte) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(change(buf[:n])); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// runProgram runs a program against the server at addr.
func runProgram(t *testing.T, addr string, argv []string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LARDER_ADDR="+addr)
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("%q did not end within %v", argv[0], programPatience)
	}
	return out.String(), errs.String(), err
}

// require fails the test unless every one of these programs is installed.
func require(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%v: `make clients` installs it", err)
		}
	}
}

// prints fails the test unless a command succeeds: a check that a library is
// installed.
func prints(t *testing.T, what string, argv ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s is not installed: `make clients` installs it (%q: %v)\n%s", what, argv, err, out)
	}
}

// compile runs a compiler in a folder, unless an earlier test has made the
// program. No two tests compile the same one at the same time: those of one name
// run one after another.
func compile(t *testing.T, program, dir string, argv ...string) {
	t.Helper()
	if _, err := os.Stat(program); err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.Remove(program) // half a program
		t.Fatalf("%q: %v (`make clients` installs and downloads what it needs)\n%s", argv, err, out)
	}
}
