package command

import (
	"fmt"
	"slices"
	"testing"

	"larder/engine/policy"
)

// TestRenameKeepsTheValue moves and copies keys of every form between shards
// and databases, onto absent, present and expired keys.
func TestRenameKeepsTheValue(t *testing.T) {
	forms := map[string][][]string{
		"int":   {{"SET", "src", "12345"}},
		"bytes": {{"SET", "src", "some bytes"}},
		"grown": {{"SET", "src", "ab"}, {"APPEND", "src", "cd"}},
		"ttl":   {{"SET", "src", "v", "PX", "5000"}},
	}
	targets := map[string][][]string{
		"absent":  nil,
		"present": {{"SET", "dst", "old", "EX", "7"}},
		"expired": {{"SET", "dst", "old", "PX", "1"}},
	}
	h := newTester(t, 0)
	start := h.c.NowMs
	for form, steps := range forms {
		for target, prepare := range targets {
			for i := range 16 { // names on the same and on other shards
				dst := fmt.Sprint("dst", i)
				for _, command := range []string{"RENAME", "RENAMENX", "COPY"} {
					h.want("+OK\r\n", "FLUSHALL")
					h.c.NowMs = start
					for _, request := range slices.Concat(steps, prepare) {
						request = append([]string(nil), request...)
						if request[1] == "dst" {
							request[1] = dst
						}
						h.do(request...)
					}
					h.c.NowMs += 2
					want := [3]string{h.do("GET", "src"), h.do("PTTL", "src"), h.do("OBJECT", "ENCODING", "src")}
					moved, request := true, []string{command, "src", dst}
					switch {
					case command == "RENAME":
						h.want("+OK\r\n", request...)
					case target == "present" && command == "COPY":
						h.want(":0\r\n", request...)
						h.want(":1\r\n", append(request, "REPLACE")...)
					case target == "present":
						moved = false
						h.want(":0\r\n", request...)
					default:
						h.want(":1\r\n", request...)
					}
					if moved {
						got := [3]string{h.do("GET", dst), h.do("PTTL", dst), h.do("OBJECT", "ENCODING", dst)}
						if got != want {
							t.Errorf("%s of %s onto %s: %q became %q", command, form, target, want, got)
						}
					}
					left := 1
					if moved && command != "COPY" {
						left = 0
					}
					h.want(fmt.Sprintf(":%d\r\n", left), "EXISTS", "src")
				}
			}
		}
	}
}

func TestRenameArguments(t *testing.T) {
	h := newTester(t, 0)
	h.want("+OK\r\n", "SET", "k", "v")
	for _, c := range []struct {
		reply string
		args  []string
	}{
		{"-ERR no such key\r\n", []string{"RENAME", "absent", "absent"}},
		{"+OK\r\n", []string{"RENAME", "k", "k"}},
		{":0\r\n", []string{"RENAMENX", "k", "k"}},
		{"-ERR source and destination objects are the same\r\n", []string{"COPY", "k", "k"}},
		{"-ERR source and destination objects are the same\r\n", []string{"COPY", "absent", "absent", "DB", "0"}},
		{":1\r\n", []string{"COPY", "k", "k", "DB", "3"}},
		{"-ERR DB index is out of range\r\n", []string{"COPY", "k", "c", "DB", "16"}},
		{"-ERR syntax error\r\n", []string{"COPY", "k", "c", "DB"}},
		{"-ERR value is out of range, value must between -2147483648 and 2147483647\r\n", []string{"MOVE", "k", "2147483648"}},
		{"-ERR source and destination objects are the same\r\n", []string{"MOVE", "absent", "0"}},
		{":0\r\n", []string{"MOVE", "k", "3"}},
		{":1\r\n", []string{"MOVE", "k", "2"}},
		{":0\r\n", []string{"EXISTS", "k"}},
		{"+OK\r\n", []string{"SWAPDB", "0", "2"}},
		{"$1\r\nv\r\n", []string{"GET", "k"}},
		{"-ERR invalid first DB index\r\n", []string{"SWAPDB", "x", "y"}},
		{"-ERR invalid second DB index\r\n", []string{"SWAPDB", "0", "99999999999"}},
		{"-ERR DB index is out of range\r\n", []string{"SWAPDB", "0", "16"}},
		{"-ERR syntax error\r\n", []string{"FLUSHDB", "NOW"}},
		{"+OK\r\n", []string{"FLUSHDB", "async"}},
		{":0\r\n", []string{"DBSIZE"}},
	} {
		h.want(c.reply, c.args...)
	}
	if len(h.c.Garbage) != 1 || h.c.Garbage[0].Keys != 1 {
		t.Errorf("FLUSHDB of one key left %v to free", h.c.Garbage)
	}
}

// TestObjectEncoding names the encodings as Redis does.
func TestObjectEncoding(t *testing.T) {
	h := newTester(t, 0)
	word := func(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }
	for _, c := range []struct {
		value, encoding string
	}{
		{"0", "int"}, {"-9223372036854775808", "int"}, {"9223372036854775808", "embstr"}, {"007", "embstr"}, {"", "embstr"},
		{fmt.Sprintf("%044d", 1), "embstr"}, {fmt.Sprintf("%045d", 1), "raw"},
	} {
		h.want("+OK\r\n", "SET", "k", c.value)
		h.want(word(c.encoding), "OBJECT", "ENCODING", "k")
	}
	h.do("SET", "k", "a")
	h.do("APPEND", "k", "b")
	h.want(word("raw"), "OBJECT", "ENCODING", "k")
	h.want("$-1\r\n", "OBJECT", "ENCODING", "absent")
	h.want(":1\r\n", "OBJECT", "REFCOUNT", "k")
	h.want("-"+errNoLFU+"\r\n", "OBJECT", "FREQ", "k")
	h.c.Engine.SetPolicy(policy.AllKeysLFU)
	h.want("-"+errLFU+"\r\n", "OBJECT", "IDLETIME", "k")
	h.do("SET", "fresh", "a")
	before := h.do("OBJECT", "FREQ", "fresh")
	for range 10 {
		h.do("TOUCH", "fresh")
	}
	if after := h.do("OBJECT", "FREQ", "fresh"); after <= before || after != ":3\r\n" {
		t.Errorf("ten hits raise the count from %q to %q", before, after)
	}
}

// TestKeyspaceCommandsAllocateNothing covers what caches call all the time.
func TestKeyspaceCommandsAllocateNothing(t *testing.T) {
	h := newTester(t, 0)
	h.want("+OK\r\n", "SET", "k", "v")
	h.want("+OK\r\n", "SET", "ttl", "v", "EX", "100")
	for _, request := range [][]string{
		{"EXPIRE", "k", "100"}, {"EXPIRE", "k", "100", "XX", "LT"}, {"PERSIST", "k"}, {"PEXPIREAT", "ttl", "1800000000000"},
		{"TTL", "ttl"}, {"EXPIRETIME", "ttl"}, {"EXISTS", "k", "absent", "ttl"}, {"TYPE", "k"}, {"TOUCH", "k"}, {"DEL", "absent"},
		{"RENAMENX", "k", "ttl"}, {"DBSIZE"}, {"RANDOMKEY"},
	} {
		r := h.prepare(request...)
		h.run(r)
		if reply := string(h.c.Out.Buf); reply[0] == '-' {
			t.Errorf("%q answers %q", request, reply)
		}
		if n := testing.AllocsPerRun(100, func() { h.run(r) }); n != 0 {
			t.Errorf("%q allocates %v times", request, n)
		}
	}
	// PERSIST and EXPIRE in turn move the value between two layouts.
	expire, persist := h.prepare("EXPIRE", "k", "9"), h.prepare("PERSIST", "k")
	if n := testing.AllocsPerRun(100, func() { h.run(expire); h.run(persist) }); n != 0 {
		t.Errorf("EXPIRE and PERSIST in turn allocate %v times", n)
	}
}
