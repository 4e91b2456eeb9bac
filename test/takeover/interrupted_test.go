package takeover

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// many makes keys, and returns how many.
func many(c *client) int {
	const keys = 4000
	c.do("EVAL", `for i = 1, ARGV[1] do redis.call('SET', 'key:' .. i, 'value ' .. i) end`, "0", fmt.Sprint(keys))
	c.do("SELECT", "3")
	c.do("EVAL", `for i = 1, 1000 do redis.call('HSET', 'hash:' .. i, 'f', i) end`, "0")
	c.do("SELECT", "0")
	return keys + 1000
}

// killed runs an import until its state says that something is done, and kills
// it then.
func killed(t *testing.T, state string, args ...string) {
	t.Helper()
	cmd := exec.Command(larder, append([]string{"import", "--state", state, "--rate", "1500"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var s struct{ Sent map[string]int }
		text, err := os.ReadFile(state)
		if err == nil && json.Unmarshal(text, &s) == nil && s.Sent["0"] > 1000 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the state says %s, %v", text, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the import had ended before it was killed")
	}
}

// An import that was killed goes on where it stopped: all is there at its end,
// and what was there before is not sent again, which a target shows that was
// emptied meanwhile.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	s := startRedis(t, "--dir", dir)
	c := dial(t, s.Addr)
	keys := many(c)
	c.do("SAVE")
	for name, source := range map[string]string{"snapshot": filepath.Join(dir, "dump.rdb"), "running server": "redis://" + s.Addr} {
		t.Run(name, func(t *testing.T) {
			l := startLarder(t)
			into := dial(t, l.Addr)
			state := filepath.Join(t.TempDir(), "state")
			killed(t, state, source, "--into", l.Addr)
			printed := imports(t, "--state", state, source, "--into", l.Addr)
			if n := sameData(t, c, into); n != keys || !strings.Contains(printed, "going on where") {
				t.Errorf("%d keys are there, want %d, and going on in\n%s", n, keys, printed)
			}
			if _, err := os.Stat(state); err == nil {
				t.Error("the state of an import that is done is still there")
			}

			into.do("FLUSHALL")
			killed(t, state, source, "--into", l.Addr)
			into.do("FLUSHALL")
			printed, code := run(t, "import", "--state", state, source, "--into", l.Addr)
			if code != 1 || !strings.Contains(printed, " are missing, for example ") {
				t.Errorf("exit code %d, want 1, and that keys are missing:\n%s", code, printed)
			}
		})
	}
}
