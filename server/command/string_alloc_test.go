package command

import (
	"strings"
	"testing"
)

// TestHotCommandsAllocateNothing holds the commands that caches live on to no
// allocation on the Go heap.
func TestHotCommandsAllocateNothing(t *testing.T) {
	h := newTester(t, 0)
	value := strings.Repeat("v", 64)
	h.want("+OK\r\n", "SET", "bytes", value)
	h.want("+OK\r\n", "SET", "number", "41")
	h.want("+OK\r\n", "SET", "counter", "0")
	h.want("+OK\r\n", "MSET", "a", "1", "b", value)
	h.want(":5\r\n", "APPEND", "grown", "12345")
	for _, request := range [][]string{
		{"GET", "bytes"},
		{"GET", "number"},
		{"GET", "absent"},
		{"SET", "bytes", value},
		{"SET", "number", "42"},
		{"SET", "bytes", value, "EX", "100"},
		{"SET", "bytes", value, "NX", "PX", "100", "GET"},
		{"SET", "bytes", value, "KEEPTTL"},
		{"SETNX", "bytes", value},
		{"SETEX", "bytes", "100", value},
		{"PSETEX", "bytes", "100", value},
		{"GETSET", "bytes", value},
		{"GETEX", "bytes", "EX", "100"},
		{"INCR", "counter"},
		{"DECRBY", "counter", "3"},
		{"MGET", "bytes", "number", "absent", "a", "b"},
		{"MSET", "a", "7", "b", value},
		{"GETRANGE", "bytes", "3", "-3"},
		{"GETRANGE", "number", "0", "0"},
		{"SUBSTR", "bytes", "0", "10"},
		{"STRLEN", "bytes"},
		{"SETRANGE", "grown", "2", "xyz"},
		{"SETBIT", "grown", "5", "1"},
		{"GETBIT", "number", "5"},
		{"BITCOUNT", "bytes"},
		{"BITPOS", "bytes", "1", "3"},
		{"BITFIELD", "grown", "GET", "u4", "0", "INCRBY", "u4", "#1", "1"},
		{"BITOP", "AND", "a", "bytes", "grown"},
	} {
		r := h.prepare(request...)
		h.run(r)
		if reply := string(h.c.Out.Buf); reply[0] == '-' {
			t.Errorf("%q answers %q", request, reply)
		}
		if n := testing.AllocsPerRun(200, func() { h.run(r) }); n != 0 {
			t.Errorf("%q allocates %v times a run, want none", request, n)
		}
	}
}
