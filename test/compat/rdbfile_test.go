package compat

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// Snapshot files go both ways: what Redis has saved larder loads, and what
// larder has saved Redis loads.

// startedOn starts a server on a snapshot, which is put into a folder of the
// server's own as its dump.rdb; "" is none. It returns when the data is there.
func startedOn(t *testing.T, start func(extra ...string) (*harness.Server, error), file string, extra ...string) (c *harness.RESPConn, dumpFile string) {
	t.Helper()
	dir := t.TempDir()
	dumpFile = filepath.Join(dir, "dump.rdb")
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dumpFile, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := start(append([]string{"--dir", dir}, extra...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	c = dial(t, s)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		v, err := c.Do("PING")
		if err == nil && !v.IsError() {
			return c, dumpFile
		}
		if time.Now().After(deadline) {
			t.Fatalf("the snapshot is not loaded: %s, %v; the server printed\n%s", v.Str, err, s.Output())
		}
	}
}

func startOracle(extra ...string) (*harness.Server, error) {
	return harness.StartRedis("redis-server", extra...)
}

func startLarder(extra ...string) (*harness.Server, error) {
	return harness.StartLarder("larder", servers.binary, append(slices.Clone(subjectArgs), extra...)...)
}

// keysIn lists the keys of the selected database.
func keysIn(t *testing.T, c *harness.RESPConn) []string {
	t.Helper()
	keys := must(t, c, "KEYS", "*").Strings()
	slices.Sort(keys)
	return keys
}

// describe returns all of a key. What Redis alone tells of streams is told by
// the oracle only.
func describe(t *testing.T, c *harness.RESPConn, key string, oracle bool) string {
	t.Helper()
	typ := string(must(t, c, "TYPE", key).Str)
	text := typ + " until " + string(must(t, c, "PEXPIRETIME", key).Raw)
	switch {
	case typ == "string":
		return text + string(must(t, c, "GET", key).Str)
	case typ == "stream" && !oracle:
		return text + string(must(t, c, "XRANGE", key, "-", "+").Raw)
	case typ == "zset" && !oracle:
		list := must(t, c, "ZRANGE", key, "0", "-1", "WITHSCORES").Strings()
		for i := 1; i < len(list); i += 2 { // Redis 7.0 and 7.2 print the same number differently
			f, err := strconv.ParseFloat(list[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			list[i] = strconv.FormatFloat(f, 'g', -1, 64)
		}
		return text + strings.Join(list, "\x00|")
	}
	for i := range valueMakers {
		if m := &valueMakers[i]; m.name == typ {
			return text + m.content(t, c, key)
		}
	}
	t.Fatalf("%s is a %s", key, typ)
	return ""
}

// sameData fails the test unless two servers hold the same.
func sameData(t *testing.T, a, b *harness.RESPConn, oracles bool) {
	t.Helper()
	for db := range 4 {
		must(t, a, "SELECT", fmt.Sprint(db))
		must(t, b, "SELECT", fmt.Sprint(db))
		want, got := keysIn(t, a), keysIn(t, b)
		if !slices.Equal(want, got) {
			t.Fatalf("database %d holds %d keys, want %d: %.300q, not %.300q", db, len(got), len(want), got, want)
		}
		for _, key := range want {
			if x, y := describe(t, a, key, oracles), describe(t, b, key, oracles); x != y {
				t.Fatalf("database %d: %s is %.600q, want %.600q", db, key, y, x)
			}
		}
	}
	if x, y := functionsOf(t, a), functionsOf(t, b); x != y {
		t.Fatalf("the functions are %s, want %s", y, x)
	}
}

// functionsOf describes the libraries of functions, in an order that does not
// depend on the server.
func functionsOf(t *testing.T, c *harness.RESPConn) string {
	t.Helper()
	var libs []string
	for _, lib := range must(t, c, "FUNCTION", "LIST", "WITHCODE").Elems {
		libs = append(libs, fmt.Sprintf("%q %q", lib.Elems[1].Str, lib.Elems[len(lib.Elems)-1].Str))
	}
	slices.Sort(libs)
	return strings.Join(libs, " ")
}

// digestsOf returns the digest of each key of all databases.
func digestsOf(t *testing.T, c *harness.RESPConn) map[string]string {
	t.Helper()
	digests := map[string]string{}
	for db := range 4 {
		must(t, c, "SELECT", fmt.Sprint(db))
		for _, key := range keysIn(t, c) {
			digests[fmt.Sprint(db, key)] = string(must(t, c, "DEBUG", "DIGEST-VALUE", key).Raw)
		}
	}
	return digests
}

// fillServer makes values of every type and encoding, in several databases.
func fillServer(t *testing.T, c *harness.RESPConn, r *rand.Rand, values int) {
	t.Helper()
	must(t, c, "FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('f1', function() return 1 end)")
	must(t, c, "FUNCTION", "LOAD", "#!lua name=two\nredis.register_function('f2', function() return 2 end)")
	for i := range values {
		must(t, c, "SELECT", fmt.Sprint(i%4))
		limits := dumpLimits[i%len(dumpLimits)]
		must(t, c, append([]string{"CONFIG", "SET"}, limits...)...)
		m := &valueMakers[i%len(valueMakers)]
		key := fmt.Sprintf("%s:%d", m.name, i)
		for _, words := range m.fill(r, key, 1+r.IntN(1<<r.IntN(11))) {
			must(t, c, words...)
		}
		must(t, c, "SET", "string:"+key, []string{element(r), compressible(r, 1<<r.IntN(16))}[r.IntN(2)])
		must(t, c, "SET", string(harness.Bytes(0, 30)(r))+fmt.Sprint(i), element(r))
		must(t, c, "SET", fmt.Sprint(i*i*i*i), strings.Repeat(fmt.Sprint("key", i), 5)) // an integer as a key
		must(t, c, "SET", strings.Repeat("long key ", 1+r.IntN(30))+fmt.Sprint(i), element(r))
		switch r.IntN(4) {
		case 0:
			must(t, c, "PEXPIRE", key, fmt.Sprint(1_000_000+r.IntN(1e9)))
		case 1:
			must(t, c, "PEXPIREAT", "string:"+key, "4294967296000")
		}
	}
	must(t, c, append([]string{"CONFIG", "SET"}, dumpLimits[len(dumpLimits)-1]...)...)
}

// What Redis has saved larder loads and saves, and Redis loads that: all keys,
// deadlines and functions are what they were, whatever is compressed and summed.
func TestFilesGoBothWays(t *testing.T) {
	needLarder(t)
	for name, extra := range map[string][]string{
		"compressed":     nil,
		"plain":          {"--rdbcompression", "no"},
		"without sum":    {"--rdbchecksum", "no"},
		"with frequency": {"--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lfu"},
		"with idle time": {"--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(*flagSeed, 0xf11e))
			made, madeFile := startedOn(t, startOracle, "", extra...)
			fillServer(t, made, r, 3*histories())
			must(t, made, "SAVE")
			ours, ourFile := startedOn(t, startLarder, madeFile, extra...)
			sameData(t, made, ours, false)
			must(t, ours, "SAVE")
			back, _ := startedOn(t, startOracle, ourFile, extra...)
			sameData(t, made, back, true)
			// What is loaded is kept as if commands had made it.
			for db := range 4 {
				must(t, made, "SELECT", fmt.Sprint(db))
				must(t, ours, "SELECT", fmt.Sprint(db))
				for _, key := range keysIn(t, made) {
					typ := string(must(t, made, "TYPE", key).Str)
					a, b := string(must(t, made, "OBJECT", "ENCODING", key).Str), string(must(t, ours, "OBJECT", "ENCODING", key).Str)
					if typ == "string" && a != b {
						t.Errorf("%q is kept as %s, by the oracle as %s", key, b, a)
					}
				}
			}
			digests := digestsOf(t, ours)
			must(t, ours, "DEBUG", "RELOAD")
			for key, digest := range digestsOf(t, ours) {
				if digest != digests[key] {
					t.Errorf("DEBUG RELOAD changes the digest of %.100q from %s to %s", key, digests[key], digest)
				}
			}
		})
	}
}

// What Redis cannot express survives in larder's file, and Redis loads that.
func TestFileWithItems(t *testing.T) {
	needLarder(t)
	s, err := startLarder("--dir", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	mem, c := memSession(t, s), dial(t, s)
	want := map[string]string{}
	for i := range 50 {
		key := fmt.Sprint("item", i)
		if got := mem(fmt.Sprintf("set %s %d %d 5\r\nvalue\r\n", key, i*1_000_003, []int{0, 3600}[i%2])); got != "STORED\r\n" {
			t.Fatalf("set answers %q", got)
		}
		want[key] = mem("gets " + key + "\r\n")
	}
	must(t, c, "DEBUG", "RELOAD")
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got := mem("gets " + key + "\r\n"); got != want[key] {
			t.Errorf("%s is %q, was %q", key, got, want[key])
		}
	}
	must(t, c, "SAVE")
	dir := must(t, c, "CONFIG", "GET", "dir").Strings()[1]
	theirs, _ := startedOn(t, startOracle, filepath.Join(dir, "dump.rdb"))
	for key := range want {
		if got := string(must(t, theirs, "GET", key).Str); got != "value" {
			t.Errorf("the oracle says that %s is %q", key, got)
		}
	}
}
