package takeover

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// rewritten makes redis-server rewrite its append-only file.
func rewritten(c *client) {
	c.t.Helper()
	c.do("BGREWRITEAOF")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		info := string(c.do("INFO", "persistence").Str)
		if strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0") {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal("the append-only file is not rewritten")
		}
	}
}

// more is what is done after the base of a history was written.
func more(c *client) {
	c.do("CONFIG", "SET", "appendfsync", "always") // otherwise a sync under way postpones writes
	c.do("MULTI")
	c.do("SET", "in a transaction", "1")
	c.do("INCRBY", "number", "5")
	c.do("EXEC")
	c.do("LPOP", "list1500", "3")
	c.do("SPOP", "set1500", "4")
	c.do("DEL", "zset3")
	c.do("SELECT", "2")
	c.do("RPUSH", "fresh", "a", "b")
	c.do("SELECT", "0")
	c.do("XADD", "stream3", "*", "auto", "id")
	c.do("FUNCTION", "LOAD", "REPLACE", "#!lua name=two\nredis.register_function('f2', function() return 2 end)")
}

// Everything that a server of Redis has goes over, whatever it is taken from,
// into a running larder and into the directory of one.
func TestRedis(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		source func(c *client, s *harness.Server, dir string) string
	}{
		"snapshot": {nil, func(c *client, _ *harness.Server, dir string) string {
			c.do("SAVE")
			return filepath.Join(dir, "dump.rdb")
		}},
		"log of several files": {[]string{"--appendonly", "yes"}, func(_ *client, _ *harness.Server, dir string) string {
			return filepath.Join(dir, "appendonlydir")
		}},
		"log that was rewritten": {[]string{"--appendonly", "yes"}, func(c *client, _ *harness.Server, dir string) string {
			rewritten(c)
			more(c)
			return dir
		}},
		"log without a snapshot": {[]string{"--appendonly", "yes", "--aof-use-rdb-preamble", "no"}, func(c *client, _ *harness.Server, dir string) string {
			rewritten(c)
			more(c)
			return filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest")
		}},
		"snapshot and commands in one file": {[]string{"--appendonly", "yes"}, func(c *client, _ *harness.Server, dir string) string {
			rewritten(c)
			more(c)
			return joined(c, dir)
		}},
		"running": {nil, func(_ *client, s *harness.Server, _ string) string { return "redis://" + s.Addr }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := startRedis(t, append([]string{"--dir", dir}, tt.args...)...)
			c := dial(t, s.Addr)
			fill(c)
			more(c)
			source := tt.source(c, s, dir)

			l := startLarder(t)
			printed := imports(t, source, "--into", l.Addr)
			into := dial(t, l.Addr)
			if n := sameData(t, c, into); n < 30 || !strings.Contains(printed, "database 3: ") {
				t.Errorf("%d keys are too few, or nothing is said of database 3:\n%s", n, printed)
			}
			into.do("FCALL", "f1", "0")
			into.do("FCALL", "f2", "0")

			data := t.TempDir()
			imports(t, source, "--dir", data)
			offline := dial(t, startLarder(t, "--dir", data).Addr)
			offline.awaitLoaded()
			sameData(t, c, offline)
			offline.do("FCALL", "f2", "0")
		})
	}
}

// joined makes one file of a log's base and increments, as Redis before 7.0
// wrote them.
func joined(c *client, dir string) string {
	c.t.Helper()
	var all []byte
	for _, pattern := range []string{"*.base.rdb", "*.incr.aof"} {
		files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", pattern))
		if err != nil || len(files) != 1 {
			c.t.Fatalf("%s: %q, %v", pattern, files, err)
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, b...)
	}
	file := filepath.Join(dir, "joined.aof")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// At the start of a server, data is taken over once.
func TestImportAtStart(t *testing.T) {
	s := startRedis(t)
	c := dial(t, s.Addr)
	fill(c)
	data := t.TempDir()
	args := []string{"--dir", data, "--import", "redis://" + s.Addr}
	first := dial(t, startLarder(t, args...).Addr)
	first.awaitLoaded()
	sameData(t, c, first)
	first.do("SET", "short", "newer")
	first.do("SAVE")
	again := dial(t, startLarder(t, args...).Addr)
	again.awaitLoaded()
	if got := string(again.do("GET", "short").Str); got != "newer" {
		t.Errorf("a second start has put %q in place of what is newer", got)
	}
}
