package readme

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const readme = "../../README.md"

// A step is a command of the transcript and what it prints.
type step struct {
	command, output string
}

// transcript reads the indented block that holds "$ command" lines.
func transcript(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	var steps []step
	for line := range strings.Lines(string(text)) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		switch command, isCommand := strings.CutPrefix(line, "$ "); {
		case indented && isCommand:
			steps = append(steps, step{command: command})
		case indented && len(steps) > 0:
			steps[len(steps)-1].output += line + "\n"
		case len(steps) > 0:
			return steps
		}
	}
	return steps
}

// The commands of the README print what the README says.
func TestTranscript(t *testing.T) {
	steps := transcript(t)
	if len(steps) < 2 {
		t.Fatalf("found %d commands in %s", len(steps), readme)
	}
	ports := startLarder(t)
	for _, s := range steps {
		command := ports.Replace(s.command)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		cmd := exec.CommandContext(ctx, "bash", "-c", command)
		cmd.Env = append(os.Environ(), "FAKETTY=1") // redis-cli prints as to a terminal
		got, err := cmd.CombinedOutput()
		cancel()
		if err != nil || string(got) != s.output {
			t.Errorf("%s\nprints %q (%v), the README says %q", command, got, err, s.output)
		}
	}
}

// startLarder builds and starts larder on free ports and returns what puts them
// into a command.
func startLarder(t *testing.T) *strings.Replacer {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "larder")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/larder").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	resp, memcached := freePort(t), freePort(t)
	var log strings.Builder
	cmd := exec.Command(binary, "--port", resp, "--memcached-port", memcached, "--dir", dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	waitFor(t, resp)
	waitFor(t, memcached)
	return strings.NewReplacer("redis-cli ", "redis-cli -p "+resp+" ", "11211", memcached)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// waitFor waits until a port of larder accepts connections.
func waitFor(t *testing.T, port string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("larder does not listen on port %s: %v", port, err)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// What the README links to is there.
func TestLinks(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	links := link.FindAllStringSubmatch(string(text), -1)
	if len(links) == 0 {
		t.Fatal("the README links to nothing")
	}
	for _, l := range links {
		if _, err := os.Stat(filepath.Join("../..", l[1])); err != nil {
			t.Errorf("the README links to %s: %v", l[1], err)
		}
	}
}
