package command

import "testing"

// TestStreamsAllocateNothing holds the commands that queues live on to no
// allocation on the Go heap.
func TestStreamsAllocateNothing(t *testing.T) {
	h := newTester(t, 0)
	h.c.Out.Buf = make([]byte, 0, 1<<16)
	h.want("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
	for range 1000 {
		h.do("XADD", "s", "*", "sensor", "17", "value", "23.5")
	}
	for _, request := range [][]string{
		{"XADD", "s", "*", "sensor", "17", "value", "23.5"},
		{"XADD", "s", "*", "other", "17"},
		{"XADD", "s", "MAXLEN", "~", "500", "*", "sensor", "17", "value", "23.5"},
		{"XADD", "s", "MAXLEN", "300", "*", "sensor", "17", "value", "23.5"},
		{"XLEN", "s"},
		{"XRANGE", "s", "-", "+", "COUNT", "10"},
		{"XREVRANGE", "s", "+", "-", "COUNT", "10"},
		{"XREAD", "COUNT", "10", "STREAMS", "s", "0"},
		{"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "s", ">"},
		{"XREADGROUP", "GROUP", "g", "c", "COUNT", "10", "STREAMS", "s", "0"},
		{"XPENDING", "s", "g"},
		{"XPENDING", "s", "g", "-", "+", "10"},
		{"XAUTOCLAIM", "s", "g", "d", "0", "0", "COUNT", "5"},
		{"XACK", "s", "g", "1700000000000-3"},
		{"XDEL", "s", "1700000000000-5"},
		{"XTRIM", "s", "MAXLEN", "~", "100"},
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
