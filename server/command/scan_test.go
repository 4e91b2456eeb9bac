package command

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// words returns the bulk strings of a reply, in order.
func words(reply string) (found []string) {
	for len(reply) > 0 {
		line, rest, _ := strings.Cut(reply, "\r\n")
		if reply = rest; line[0] == '$' {
			n, _ := strconv.Atoi(line[1:])
			found, reply = append(found, reply[:n]), reply[n+2:]
		}
	}
	return found
}

// iterate runs SCAN to the end and returns the keys, and the number of calls.
func (h *tester) iterate(options ...string) (keys []string, calls int) {
	h.t.Helper()
	for cursor := "0"; ; {
		reply := words(h.do(append([]string{"SCAN", cursor}, options...)...))
		if calls++; len(reply) == 0 || calls > 100000 {
			h.t.Fatalf("SCAN %s %v answers %q, call %d", cursor, options, h.c.Out.Buf, calls)
		}
		cursor, keys = reply[0], append(keys, reply[1:]...)
		if cursor == "0" {
			return keys, calls
		}
	}
}

func TestScanOptions(t *testing.T) {
	h := newTester(t, 0)
	h.c.OnWorker = true
	for i := range 300 {
		h.want("+OK\r\n", "SET", fmt.Sprint("key:", i), "v", "PX", strconv.Itoa(1000*(1+i%2)))
	}
	for _, c := range []struct {
		options string
		keys    int
	}{
		{"", 300}, {"COUNT 1", 300}, {"COUNT 9223372036854775807", 300}, {"match key:1*", 111}, {"MATCH *", 300},
		{"TYPE String", 300}, {"TYPE list", 0}, {"TYPE nosuch", 0}, {"COUNT 100 TYPE string MATCH ?*9", 30},
		{"MATCH a MATCH key:7", 1},
	} {
		keys, _ := h.iterate(strings.Fields(c.options)...)
		distinct := map[string]bool{}
		for _, key := range keys {
			distinct[key] = true
		}
		if len(keys) != c.keys || len(distinct) != c.keys {
			t.Errorf("SCAN %s: %d keys, %d of them different, want %d", c.options, len(keys), len(distinct), c.keys)
		}
	}
	h.c.NowMs += 1000
	if keys, _ := h.iterate(); len(keys) != 150 {
		t.Errorf("SCAN returns %d keys, 150 have not expired", len(keys))
	}
	if keys := words(h.do("KEYS", "key:*")); len(keys) != 150 {
		t.Errorf("KEYS returns %d keys, 150 have not expired", len(keys))
	}
}

// A small database comes in one reply although it lies over all shards, and a
// step of a large one is about as long as COUNT asks.
func TestScanSteps(t *testing.T) {
	h := newTester(t, 0)
	for i := range 9 {
		h.want("+OK\r\n", "SET", fmt.Sprint("key:", i), "v")
	}
	if _, calls := h.iterate(); calls != 1 {
		t.Errorf("nine keys take %d calls", calls)
	}
	for i := range 5000 {
		h.want("+OK\r\n", "SET", fmt.Sprint("key:", i), "v")
	}
	for _, count := range []int{10, 100, 1000} {
		if _, calls := h.iterate("COUNT", strconv.Itoa(count)); calls > 5000/count || calls < 5000/count/3 {
			t.Errorf("with COUNT %d, 5000 keys take %d calls", count, calls)
		}
	}
}

func TestScanArguments(t *testing.T) {
	h := newTester(t, 0)
	end := "*2\r\n$1\r\n0\r\n*0\r\n"
	for _, c := range []struct {
		reply string
		args  []string
	}{
		{end, []string{"0"}}, {end, []string{""}}, {end, []string{"+0"}}, {end, []string{"-1"}}, {end, []string{"18446744073709551615"}},
		{"-ERR invalid cursor\r\n", []string{"18446744073709551616"}},
		{"-ERR invalid cursor\r\n", []string{"-"}},
		{"-ERR invalid cursor\r\n", []string{" 0"}},
		{"-ERR invalid cursor\r\n", []string{"x\x00"}},
		{"-ERR invalid cursor\r\n", []string{"0x", "COUNT", "x"}},
		{"-ERR value is not an integer or out of range\r\n", []string{"0", "COUNT", "x"}},
		{"-ERR syntax error\r\n", []string{"0", "COUNT", "0"}},
		{"-ERR syntax error\r\n", []string{"0", "COUNT"}},
		{"-ERR syntax error\r\n", []string{"0", "MATCH"}},
		{"-ERR syntax error\r\n", []string{"0", "NOSUCH", "1"}},
	} {
		h.want(c.reply, append([]string{"SCAN"}, c.args...)...)
	}
	h.want(":0\r\n", "WAIT", "0", "100")
	h.want("-ERR timeout is negative\r\n", "WAIT", "0", "-1")
	h.want("-ERR timeout is not an integer or out of range\r\n", "WAIT", "0", "x")
	h.want("-ERR value is not an integer or out of range\r\n", "WAIT", "x", "-1")
}

// A SCAN of so many keys that it would hold up a loop asks for a worker.
func TestLargeScanLeavesTheLoop(t *testing.T) {
	h := newTester(t, 0)
	h.want("", "SCAN", "0", "COUNT", "1000000")
	if !h.c.Escalate {
		t.Error("SCAN with COUNT 1000000 runs on the loop")
	}
	h.c.OnWorker = true
	h.want("*2\r\n$1\r\n0\r\n*0\r\n", "SCAN", "0", "COUNT", "1000000")
}

// Shards with different numbers of keys are drawn by those numbers.
func TestRandomKeyIsNearlyUniform(t *testing.T) {
	h := newTester(t, 0)
	h.want("$-1\r\n", "RANDOMKEY")
	const keys, each = 40, 200
	for i := range keys {
		h.want("+OK\r\n", "SET", fmt.Sprint("key:", i), "v")
	}
	drawn := map[string]int{}
	r := h.prepare("RANDOMKEY")
	for i := range keys * each {
		h.c.Seed = nextRandom(uint64(i))
		h.run(r)
		drawn[string(h.c.Out.Buf)]++
	}
	if len(drawn) != keys {
		t.Fatalf("%d of %d keys were drawn", len(drawn), keys)
	}
	for key, n := range drawn {
		if n < each/2 || n > each*2 {
			t.Errorf("%q was drawn %d times, about %d were due", key, n, each)
		}
	}
	h.do("FLUSHALL")
	for i := range keys {
		h.want("+OK\r\n", "SET", fmt.Sprint("key:", i), "v", "PX", "1")
	}
	h.c.NowMs++
	h.want("$-1\r\n", "RANDOMKEY")
}
