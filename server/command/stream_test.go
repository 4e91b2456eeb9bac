package command

import (
	"strings"
	"testing"
)

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

// TestStreamConsumerTimes: a consumer is seen whenever it is named, and active
// when it gets something.
func TestStreamConsumerTimes(t *testing.T) {
	h := newTester(t, 0)
	h.want("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
	h.want("*-1\r\n", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
	h.c.NowMs += 5
	h.want("*1\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:5\r\n$8\r\ninactive\r\n:-1\r\n", "XINFO", "CONSUMERS", "s", "g")
	h.want("$3\r\n1-1\r\n", "XADD", "s", "1-1", "f", "v")
	h.do("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
	h.c.NowMs += 7
	h.want("*-1\r\n", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
	h.c.NowMs += 11
	h.want("*1\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:1\r\n$4\r\nidle\r\n:11\r\n$8\r\ninactive\r\n:18\r\n", "XINFO", "CONSUMERS", "s", "g")
	h.want("*1\r\n*4\r\n$3\r\n1-1\r\n$1\r\nc\r\n:18\r\n:1\r\n", "XPENDING", "s", "g", "-", "+", "10")
	h.want("*0\r\n", "XPENDING", "s", "g", "IDLE", "19", "-", "+", "10")
	h.want("*0\r\n", "XCLAIM", "s", "g", "d", "19", "1-1")
	h.want("*1\r\n$3\r\n1-1\r\n", "XCLAIM", "s", "g", "d", "18", "1-1", "IDLE", "4", "JUSTID")
	h.want("*1\r\n*4\r\n$3\r\n1-1\r\n$1\r\nd\r\n:4\r\n:1\r\n", "XPENDING", "s", "g", "-", "+", "10")
}

// TestStreamAutoID: the ID of XADD with * is the command's time, or the one
// behind the last if that is not later.
func TestStreamAutoID(t *testing.T) {
	h := newTester(t, 0)
	h.want("$15\r\n1700000000000-0\r\n", "XADD", "s", "*", "f", "v")
	h.want("$15\r\n1700000000000-1\r\n", "XADD", "s", "*", "f", "v")
	h.want("$15\r\n1700000000000-2\r\n", "XADD", "s", "1700000000000-*", "f", "v")
	h.c.NowMs++
	h.want("$15\r\n1700000000001-0\r\n", "XADD", "s", "*", "f", "v")
	h.c.NowMs -= 1000
	h.want("$15\r\n1700000000001-1\r\n", "XADD", "s", "*", "f", "v")
}

// TestStreamOutOfRoom: a read by a group that finds no memory has changed
// nothing, and when there is room it delivers all.
func TestStreamOutOfRoom(t *testing.T) {
	h := newTester(t, 1<<20)
	h.want("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
	add := h.prepare("XADD", "s", "*", "f", "v")
	for h.c.NoRoom = false; !h.c.NoRoom; {
		h.run(add)
	}
	none := "*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n$-1\r\n"
	read := h.prepare("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
	if h.run(read); !h.c.Escalate || h.c.NoRoom {
		t.Fatal("a read of a megabyte does not ask for a worker")
	}
	h.c.OnWorker = true
	if h.run(read); !h.c.NoRoom {
		t.Fatal("there was room")
	}
	if got := h.do("XINFO", "GROUPS", "s"); !strings.HasPrefix(got, none) {
		t.Errorf("after a read in vain the group is %q", got)
	}
	h.c.Engine.SetLimit(0)
	h.run(read)
	n := strings.TrimPrefix(h.do("XLEN", "s"), ":")
	if got := h.do("XPENDING", "s", "g"); !strings.HasPrefix(got, "*4\r\n:"+n) {
		t.Errorf("%.40q is pending of %q entries", got, n)
	}
}

// TestStreamNamesLikeOptions: a group and a consumer may be called as options
// are.
func TestStreamNamesLikeOptions(t *testing.T) {
	h := newTester(t, 0)
	for _, name := range []string{"streams", "GROUP", "COUNT"} {
		h.want("+OK\r\n", "XGROUP", "CREATE", "s", name, "0", "MKSTREAM")
		for _, request := range [][]string{
			{"XREADGROUP", "GROUP", name, name, "COUNT", "1", "STREAMS", "s", ">"},
			{"XREADGROUP", "COUNT", "1", "NOACK", "GROUP", name, name, "STREAMS", "s", ">"},
		} {
			h.want("*-1\r\n", request...)
			if len(h.c.Keys) != 1 || string(h.c.Keys[0].Name) != "s" {
				t.Errorf("%q has %d keys, want s alone", request, len(h.c.Keys))
			}
		}
	}
}
