package command

import (
	"fmt"
	"strings"
	"testing"
)

// TestMultiSetWithoutRoomChangesNothing fills the memory and shows that a
// command over several keys that finds no room leaves every key as it was,
// those that were absent included, so that it can run again.
func TestMultiSetWithoutRoomChangesNothing(t *testing.T) {
	h := newTester(t, 32<<20)
	h.c.OnWorker = true // large values are no reason to stop
	h.want("+OK\r\n", "MSET", "old:1", "one", "old:2", "2")
	value := strings.Repeat("v", 1<<20)
	for i := 0; ; i++ {
		if reply := h.do("SET", fmt.Sprint("fill:", i), value); reply != "+OK\r\n" {
			break
		}
		if i > 64 {
			t.Fatal("32 MiB hold 64 MiB")
		}
	}
	h.want("$3\r\none\r\n", "GET", "old:1")
	oom := "-" + ErrOOM + "\r\n"
	big := strings.Repeat("b", 3<<20)
	h.want(oom, "MSET", "old:1", "x", "new:1", "y", "old:2", "z", "new:1", "again", "old:1", big)
	if !h.c.NoRoom || h.c.Dirty != 0 {
		t.Errorf("NoRoom is %v and Dirty %d, want true and 0", h.c.NoRoom, h.c.Dirty)
	}
	h.want("*3\r\n$3\r\none\r\n$1\r\n2\r\n$-1\r\n", "MGET", "old:1", "old:2", "new:1")
	h.want(oom, "MSETNX", "new:1", "x", "new:2", big)
	h.want("*2\r\n$-1\r\n$-1\r\n", "MGET", "new:1", "new:2")

	h.want("$3\r\none\r\n", "GETDEL", "old:1")
	for i := range 64 {
		h.do("GETDEL", fmt.Sprint("fill:", i))
	}
	h.want(":1\r\n", "MSETNX", "new:1", "x", "new:2", big)
	h.want("+OK\r\n", "MSET", "old:2", "x", "new:1", "y", "old:2", "last")
	h.want("*2\r\n$4\r\nlast\r\n$1\r\ny\r\n", "MGET", "old:2", "new:1")
}

// TestMultiSetOfSameKeys shows that of several values for one key the last
// one stays, whether the key was there or not, and nothing is left over.
func TestMultiSetOfSameKeys(t *testing.T) {
	h := newTester(t, 0)
	for range 2 {
		for _, values := range [][2]string{{"1", "two"}, {strings.Repeat("x", 1000), "2"}} {
			h.want("+OK\r\n", "MSET", "k", values[0], "other", "o", "k", values[1])
			h.want(fmt.Sprintf("$%d\r\n%s\r\n", len(values[1]), values[1]), "GET", "k")
		}
	}
	if keys, _ := h.c.Engine.Key([]byte("k")).Shard.Len(0); keys > 2 {
		t.Errorf("%d keys, want at most 2", keys)
	}
}

// TestBitOpIntoSource shows that the destination may be a source.
func TestBitOpIntoSource(t *testing.T) {
	h := newTester(t, 0)
	h.want("+OK\r\n", "MSET", "a", "abcdefgh1", "b", "        ")
	h.want(":9\r\n", "BITOP", "XOR", "a", "a", "b")
	h.want("$9\r\nABCDEFGH1\r\n", "GET", "a")
	h.want(":9\r\n", "BITOP", "AND", "b", "b", "a")
	h.want("$9\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\r\n", "GET", "b")
}
