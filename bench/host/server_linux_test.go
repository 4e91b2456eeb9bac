package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSplitArgs(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"a  b", []string{"a", "b"}},
		{`--save "" --x`, []string{"--save", "", "--x"}},
		{`a'b c'd "e'f"`, []string{"ab cd", "e'f"}},
	} {
		got, err := SplitArgs(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, %v; want %q", c.line, got, err, c.want)
		}
	}
	if _, err := SplitArgs(`a "b`); err == nil {
		t.Error("an open quote was accepted")
	}
}

var redis = Spec{Name: "redis", Path: "redis-server", Args: `--port {port} --dir {dir} --save "" --maxmemory {maxmemory}`}

func TestServerStartsMeasuresAndLeavesNothing(t *testing.T) {
	s, err := Start(context.Background(), redis, Params{Cores: "0", MaxMemory: 123 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	out, err := exec.Command("redis-cli", "-p", s.Addr[strings.LastIndex(s.Addr, ":")+1:], "config", "get", "maxmemory").Output()
	if err != nil || !strings.Contains(string(out), strconv.Itoa(123<<20)) {
		t.Errorf("maxmemory: %q, %v", out, err)
	}
	if rss, err := s.RSS(); err != nil || rss < 1<<20 || rss > 200<<20 {
		t.Errorf("resident memory %d, %v", rss, err)
	}
	threads, err := ThreadTimes(s.Pid())
	if err != nil || threads[s.Pid()] <= 0 {
		t.Errorf("threads %v, %v", threads, err)
	}
	s.Stop()
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("its directory is still there: %v", err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", s.Pid())); !os.IsNotExist(err) {
		t.Errorf("its process is still there: %v", err)
	}
	if _, err := s.CPU(); err == nil {
		t.Error("the CPU time of an ended server is no error")
	}
}

func TestStartSaysWhatTheServerPrinted(t *testing.T) {
	bad := redis
	bad.Args += " --nonsense 1"
	_, err := Start(context.Background(), bad, Params{})
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v, want the server's own message", err)
	}
	bad.Path = "no-such-program"
	if _, err = Start(context.Background(), bad, Params{}); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("got %v, want an error that names the program", err)
	}
}

// The process clock agrees with the ticks of /proc/PID/stat.
func TestCPUTimeAgreesWithTicks(t *testing.T) {
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = busy.Process.Kill()
		_ = busy.Wait()
	}()
	deadline := time.Now().Add(10 * time.Second)
	for {
		used, err := CPUTime(busy.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if used >= 200*time.Millisecond {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", busy.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			f := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
			user, _ := strconv.Atoi(f[11])
			sys, _ := strconv.Atoi(f[12])
			ticks := time.Duration(user+sys) * 10 * time.Millisecond
			if d := ticks - used; d < -50*time.Millisecond || d > 50*time.Millisecond {
				t.Errorf("clock %v, ticks %v", used, ticks)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a busy process used only %v in 10 s", used)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
