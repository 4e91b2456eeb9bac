package compat

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// valueMaker makes values of a type by commands that Redis understands.
type valueMaker struct {
	name string
	// fill returns the commands that make the value of a key.
	fill func(r *rand.Rand, key string, elements int) [][]string
	// read is the command that returns all of the value; sorted says that the
	// order of its reply means nothing, in pairs or one by one.
	read   []string
	sorted int
	// ordered are the encodings whose elements have an order, so that payloads
	// are equal byte for byte.
	ordered []string
	// timed says that the value holds the times at which commands ran.
	timed bool
}

// element makes elements that every encoding treats in its own way.
func element(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return fmt.Sprint(r.IntN(300) - 100)
	case 1:
		return fmt.Sprint(int64(r.Uint64()) >> r.IntN(64))
	case 2:
		return compressible(r, 3000)
	case 3:
		return string(harness.Bytes(0, 70)(r))
	}
	return fmt.Sprintf("element:%d", r.IntN(100_000))
}

func score(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0:
		return []string{"inf", "-inf", "0", "-0", "1e300", "-1e-300", "4611686018427387903", "4611686018427387904", "9007199254740993", "1e16", "1e17", "123456789012345680000", "0.0001", "0.00001"}[r.IntN(14)]
	case 1:
		return fmt.Sprint(r.NormFloat64())
	case 2:
		return fmt.Sprint(float64(r.IntN(1000)) / 10)
	}
	return fmt.Sprint(r.IntN(1000))
}

// each makes one command an element.
func each(command func(r *rand.Rand, key string) []string) func(*rand.Rand, string, int) [][]string {
	return func(r *rand.Rand, key string, elements int) (all [][]string) {
		for range elements {
			all = append(all, command(r, key))
		}
		return all
	}
}

var valueMakers = []valueMaker{
	{
		name: "list", read: []string{"LRANGE", "*", "0", "-1"}, ordered: []string{"quicklist", "listpack"},
		fill: each(func(r *rand.Rand, key string) []string { return []string{"RPUSH", key, element(r)} }),
	},
	{
		name: "set", read: []string{"SMEMBERS", "*"}, sorted: 1, ordered: []string{"intset"},
		fill: each(func(r *rand.Rand, key string) []string { return []string{"SADD", key, element(r)} }),
	},
	{
		name: "intset", read: []string{"SMEMBERS", "*"}, sorted: 1, ordered: []string{"intset"},
		fill: func(r *rand.Rand, key string, elements int) (all [][]string) {
			for width := r.IntN(64); elements > 0; elements-- {
				all = append(all, []string{"SADD", key, fmt.Sprint(int64(r.Uint64()) >> width)})
			}
			return all
		},
	},
	{
		name: "hash", read: []string{"HGETALL", "*"}, sorted: 2, ordered: []string{"listpack"},
		fill: each(func(r *rand.Rand, key string) []string { return []string{"HSET", key, element(r), element(r)} }),
	},
	{
		name: "zset", read: []string{"ZRANGE", "*", "0", "-1", "WITHSCORES"}, ordered: []string{"listpack", "skiplist"},
		fill: each(func(r *rand.Rand, key string) []string { return []string{"ZADD", key, score(r), element(r)} }),
	},
	{
		name: "stream", read: []string{"XINFO", "*", "STREAM", "FULL", "COUNT", "0"}, ordered: []string{"stream"},
		fill: entries,
	},
	{
		name: "stream with groups", read: []string{"XINFO", "*", "STREAM", "FULL", "COUNT", "0"}, ordered: []string{"stream"}, timed: true,
		fill: func(r *rand.Rand, key string, elements int) [][]string {
			return append(entries(r, key, elements), readers(r, key)...)
		},
	},
	{
		name: "stream with deletions", read: []string{"XINFO", "*", "STREAM", "FULL", "COUNT", "0"}, timed: true,
		fill: func(r *rand.Rand, key string, elements int) [][]string {
			all := append(entries(r, key, elements), readers(r, key)...)
			for range r.IntN(elements + 1) {
				all = append(all, []string{"XDEL", key, fmt.Sprint(1000 + r.IntN(elements+1))})
			}
			if r.IntN(3) == 0 {
				all = append(all, []string{"XTRIM", key, "MAXLEN", fmt.Sprint(r.IntN(elements + 1))})
			}
			return all
		},
	},
}

// entries are the commands that add entries to a stream, of which most have
// the same fields.
func entries(r *rand.Rand, key string, elements int) (all [][]string) {
	for i := range elements {
		words := []string{"XADD", key, fmt.Sprintf("%d-%d", 1000+i, r.IntN(2)), "field", element(r), "12", element(r)}
		if r.IntN(5) == 0 {
			words = append(words, element(r), element(r))
		}
		all = append(all, words)
	}
	return all
}

// readers are the commands that make consumer groups and let them read.
func readers(r *rand.Rand, key string) (all [][]string) {
	for _, group := range []string{"b", "a", "c"}[:r.IntN(4)] {
		all = append(all, []string{"XGROUP", "CREATE", key, group, []string{"0", "$", "1005"}[r.IntN(3)]})
		for range r.IntN(5) {
			consumer := []string{"x", "w", "y"}[r.IntN(3)]
			all = append(all, []string{"XREADGROUP", "GROUP", group, consumer, "COUNT", fmt.Sprint(1 + r.IntN(40)), "STREAMS", key, ">"})
			all = append(all, []string{"XACK", key, group, fmt.Sprintf("%d-0", 1000+r.IntN(20)), fmt.Sprintf("%d-1", 1000+r.IntN(20))})
		}
		all = append(all, []string{"XGROUP", "CREATECONSUMER", key, group, "idle"})
	}
	return all
}

// radixTree matches what XINFO STREAM says of how the entries lie in memory.
var radixTree = regexp.MustCompile(`radix-tree-(keys|nodes)\r\n:\d+`)

// content returns all of a value in an order that does not depend on the
// server.
func (m *valueMaker) content(t *testing.T, c *harness.RESPConn, key string) string {
	t.Helper()
	words := slices.Clone(m.read)
	words[1] = key
	if words[0] == "XINFO" {
		words[1], words[2] = words[2], words[1]
		return string(radixTree.ReplaceAll(must(t, c, words...).Raw, nil))
	}
	list := must(t, c, words...).Strings()
	if m.sorted == 0 {
		return strings.Join(list, "\x00|")
	}
	var groups []string
	for g := range slices.Chunk(list, m.sorted) {
		groups = append(groups, strings.Join(g, "\x00="))
	}
	slices.Sort(groups)
	return strings.Join(groups, "\x00|")
}

// dumpLimits are the thresholds under which values are made, the defaults last.
var dumpLimits = [][]string{
	{"hash-max-listpack-entries", "4", "zset-max-listpack-entries", "5", "set-max-intset-entries", "6", "list-max-listpack-size", "7"},
	{"hash-max-listpack-value", "8", "zset-max-listpack-value", "8", "list-max-listpack-size", "-1"},
	{
		"hash-max-listpack-entries", "512", "zset-max-listpack-entries", "128", "set-max-intset-entries", "512", "list-max-listpack-size", "-2",
		"hash-max-listpack-value", "64", "zset-max-listpack-value", "64",
	},
}

// What Redis dumps of a container larder restores and dumps again: as the same
// bytes if the encoding has an order, and so that Redis reads the same out of
// it in any case.
func TestDumpContainers(t *testing.T) {
	needLarder(t)
	r := rand.New(rand.NewPCG(*flagSeed, 0xd04c))
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	t.Cleanup(func() {
		for _, c := range []*harness.RESPConn{theirs, ours} {
			must(t, c, append([]string{"CONFIG", "SET"}, dumpLimits[len(dumpLimits)-1]...)...)
		}
	})
	for _, m := range valueMakers {
		t.Run(m.name, func(t *testing.T) {
			for i := range histories() {
				limits := dumpLimits[i%len(dumpLimits)]
				must(t, theirs, append([]string{"CONFIG", "SET"}, limits...)...)
				must(t, ours, append([]string{"CONFIG", "SET"}, limits...)...)
				must(t, theirs, "DEL", "made", "back")
				for _, words := range m.fill(r, "made", 1+r.IntN(1<<r.IntN(11))) {
					must(t, theirs, words...)
				}
				m.roundTrip(t, theirs, ours)
				m.sameCommands(t, r, theirs, ours)
			}
		})
	}
}

// roundTrip takes the value of the oracle's key "made" to larder and back.
func (m *valueMaker) roundTrip(t *testing.T, theirs, ours *harness.RESPConn) {
	t.Helper()
	encoding := string(must(t, theirs, "OBJECT", "ENCODING", "made").Str)
	want := string(must(t, theirs, "DUMP", "made").Str)
	must(t, ours, "RESTORE", "made", "0", want, "REPLACE")
	got := string(must(t, ours, "DUMP", "made").Str)
	if slices.Contains(m.ordered, encoding) && got != want {
		t.Fatalf("a %s of %d bytes is dumped again with %d:\n%.600q\n%.600q", encoding, len(want), len(got), want, got)
	}
	must(t, theirs, "RESTORE", "back", "0", got, "REPLACE")
	if a, b := m.content(t, theirs, "made"), m.content(t, theirs, "back"); a != b {
		t.Fatalf("a %s comes back as another one: %.600q, not %.600q", encoding, b, a)
	}
	if back := string(must(t, theirs, "OBJECT", "ENCODING", "back").Str); back != encoding {
		t.Fatalf("a %s comes back as a %s", encoding, back)
	}
}

// sameCommands lets both servers make a value and compares what they dump of
// it.
func (m *valueMaker) sameCommands(t *testing.T, r *rand.Rand, theirs, ours *harness.RESPConn) {
	t.Helper()
	if m.timed {
		return
	}
	must(t, theirs, "DEL", "made")
	must(t, ours, "DEL", "made")
	for _, words := range m.fill(r, "made", 1+r.IntN(1<<r.IntN(11))) {
		must(t, theirs, words...)
		must(t, ours, words...)
	}
	encoding := string(must(t, theirs, "OBJECT", "ENCODING", "made").Str)
	want, got := string(must(t, theirs, "DUMP", "made").Str), string(must(t, ours, "DUMP", "made").Str)
	if slices.Contains(m.ordered, encoding) && got != want {
		t.Fatalf("a %s is dumped as %d bytes, by the oracle as %d:\n%.600q\n%.600q", encoding, len(got), len(want), got, want)
	}
	must(t, theirs, "RESTORE", "back", "0", got, "REPLACE")
	if a, b := m.content(t, theirs, "made"), m.content(t, theirs, "back"); a != b {
		t.Fatalf("a %s comes back as another one: %.600q, not %.600q", encoding, b, a)
	}
}

// What old versions have dumped holds for larder what it holds for Redis.
func TestRestoreOldPayloads(t *testing.T) {
	needLarder(t)
	text, err := os.ReadFile("../../protocol/rdb/testdata/payloads.txt")
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	restored := 0
	for _, section := range strings.Split(string(text), "\n= ")[1:] {
		lines := strings.SplitN(section, "\n", 3)
		payload, err := hex.DecodeString(strings.TrimPrefix(lines[1], "payload "))
		if err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		must(t, theirs, "DEL", "made", "back")
		if v, err := theirs.Do("RESTORE", "made", "0", string(payload)); err != nil || v.IsError() {
			must(t, ours, "RESTORE", "newer", "0", string(payload), "REPLACE")
			continue // newer than the oracle
		}
		for _, m := range valueMakers {
			if typ := string(must(t, theirs, "TYPE", "made").Str); typ == m.name {
				restored++
				must(t, ours, "RESTORE", "made", "0", string(payload), "REPLACE")
				must(t, theirs, "RESTORE", "back", "0", string(must(t, ours, "DUMP", "made").Str))
				if a, b := m.content(t, theirs, "made"), m.content(t, theirs, "back"); a != b {
					t.Errorf("%s holds %q for larder, %q for the oracle", lines[0], b, a)
				}
			}
		}
	}
	if restored < 12 {
		t.Errorf("only %d payloads were compared", restored)
	}
}
