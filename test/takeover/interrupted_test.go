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

// What a target does not take ends the import, or is counted when that is
// wanted; then the exit status says so.
func TestRefusedKeys(t *testing.T) {
	dir := t.TempDir()
	c := dial(t, startRedis(t, "--dir", dir).Addr)
	c.do("SET", "fine", "1")
	c.do("SELECT", "3")
	c.do("SET", "elsewhere", "1")
	c.do("SAVE")
	file := filepath.Join(dir, "dump.rdb")
	l := startLarder(t, "--databases", "2")
	printed, code := run(t, "import", file, "--into", l.Addr)
	if code != 1 || !strings.Contains(printed, "the target has no database 3: start it with --databases 4 or more") {
		t.Errorf("exit code %d, want 1:\n%s", code, printed)
	}

	full := startLarder(t, "--maxmemory", "1")
	printed, code = run(t, "import", file, "--into", full.Addr)
	if code != 1 || !strings.Contains(printed, "OOM") || !strings.Contains(printed, "start the same import again") {
		t.Errorf("a full target: exit code %d, want 1:\n%s", code, printed)
	}

	old := startRedis(t) // does not know the values of Redis 7.4
	hash := "REDIS0012\xfe\x00\x18\x01h" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x01f\x01v" + "\x00\x01k\x01v" + "\xff" + strings.Repeat("\x00", 8)
	file = filepath.Join(dir, "newer.rdb")
	if err := os.WriteFile(file, []byte(hash), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, code = run(t, "import", file, "--into", old.Addr)
	if code != 1 || !strings.Contains(printed, `the target refuses key "h" of database 0`) || !strings.Contains(printed, "--keep-going") {
		t.Errorf("a key that is refused: exit code %d, want 1:\n%s", code, printed)
	}
	printed, code = run(t, "import", file, "--into", old.Addr, "--keep-going")
	if got := string(dial(t, old.Addr).do("GET", "k").Str); code != 1 || got != "v" || !strings.Contains(printed, "1 keys were refused, the first: ") {
		t.Errorf("going on: exit code %d, want 1, and k is %q:\n%s", code, got, printed)
	}
}

// Keys whose deadlines have passed, and keys that the source deletes after they
// were read, are told apart from such that are missing.
func TestComparison(t *testing.T) {
	dir := t.TempDir()
	s := startRedis(t, "--dir", dir)
	c := dial(t, s.Addr)
	c.do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	many(c)
	c.do("SET", "brief", "1", "PX", "1")
	c.do("SAVE")
	l := startLarder(t)
	printed := imports(t, filepath.Join(dir, "dump.rdb"), "--into", l.Addr)
	if want := "database 0: 4001 keys there, 4000 of them here, 1 expired, 0 gone there too, 0 missing"; !strings.Contains(printed, want) {
		t.Errorf("it does not say %q:\n%s", want, printed)
	}

	// The import is slow enough for keys that are here to be deleted here.
	into := dial(t, startLarder(t).Addr)
	start := time.Now()
	done := make(chan string, 1)
	addr := into.addr
	go func() {
		out, _ := exec.Command(larder, "import", "--state", filepath.Join(dir, "state"), "--rate", "2500", "redis://"+s.Addr, "--into", addr).CombinedOutput()
		done <- string(out)
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if n, _ := into.do("DBSIZE").Int(); n > 100 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is imported")
		}
	}
	into.do("DEL", string(into.do("RANDOMKEY").Str))
	printed = <-done
	if !strings.Contains(printed, "1 keys of redis://") || !strings.Contains(printed, " 1 missing") {
		t.Errorf("it does not say that a key is missing:\n%s", printed)
	}
	if took := time.Since(start); took < 1500*time.Millisecond {
		t.Errorf("5000 keys at 2500 a second took %v", took)
	}
}
