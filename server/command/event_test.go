package command

import (
	"fmt"
	"strings"
	"testing"

	"larder/protocol/memcache"
)

// classLetters are the letters of notify-keyspace-events.
var classLetters = map[EventClass]string{EventGeneric: "g", EventString: "$", EventExpired: "x", EventKeyMiss: "m", EventNew: "n"}

// heardEvents writes down what the last command has recorded: "$set@0 key",
// in parentheses what is published only.
func (h *tester) heardEvents() string {
	var words []string
	for _, ev := range h.c.Events {
		switch word := fmt.Sprintf("%s%s@%d %s", classLetters[ev.Class], ev.Name, ev.DB, ev.Key); ev.Kind {
		case KeyChanged:
			words = append(words, word)
		case KeyNoted:
			words = append(words, "("+word+")")
		case DatabaseFlushed:
			words = append(words, fmt.Sprint("flushed ", ev.DB))
		case DatabasesSwapped:
			words = append(words, fmt.Sprint("swapped ", ev.DB, ev.Other))
		}
	}
	h.c.Events = h.c.Events[:0]
	return strings.Join(words, ", ")
}

// TestEvents proves which events each command raises and what it counts as
// changes, in the order in which redis-server 7.0 publishes them.
func TestEvents(t *testing.T) {
	h := newTester(t, 0)
	h.c.Listening = ^Listeners(0)
	h.c.Engine.NoteNew(true)
	for _, step := range []struct {
		request string
		want    string
		dirty   int
	}{
		{"SET a 1", "(nnew@0 a), $set@0 a", 1},
		{"SET a 2 EX 100", "$set@0 a, (gexpire@0 a)", 1},
		{"SET a 3 NX", "", 0},
		{"SET a 3 EXAT 1", "$set@0 a, (gexpire@0 a), (xexpired@0 a)", 1},
		{"GET a", "(mkeymiss@0 a)", 0},
		{"SETNX c 1", "(nnew@0 c), $set@0 c", 1},
		{"SETEX d 100 v", "(nnew@0 d), $set@0 d, (gexpire@0 d)", 1},
		{"GETSET d x", "$set@0 d", 1},
		{"GETDEL d", "gdel@0 d", 1},
		{"GETEX c EX 50", "gexpire@0 c", 1},
		{"GETEX c PERSIST", "gpersist@0 c", 1},
		{"GETEX c EXAT 1", "gdel@0 c", 1},
		{"MSET m1 1 m2 2", "(nnew@0 m1), $set@0 m1, (nnew@0 m2), $set@0 m2", 2},
		{"MSETNX m3 1 m4 2", "(nnew@0 m3), $set@0 m3, (nnew@0 m4), $set@0 m4", 2},
		{"MSETEX 2 m3 1 m4 2 EX 10", "$set@0 m3, (gexpire@0 m3), $set@0 m4, (gexpire@0 m4)", 2},
		{"APPEND ap x", "(nnew@0 ap), $append@0 ap", 1},
		{"APPEND ap y", "$append@0 ap", 1},
		{"SETRANGE ap 3 q", "$setrange@0 ap", 1},
		{"INCR n", "(nnew@0 n), $incrby@0 n", 1},
		{"DECRBY n 3", "$incrby@0 n", 1},
		{"INCRBYFLOAT n 1.5", "$incrbyfloat@0 n", 1},
		{"SETBIT bits 3 1", "(nnew@0 bits), $setbit@0 bits", 1},
		{"SETBIT bits 3 1", "", 0},
		{"BITFIELD bits SET u8 0 7 INCRBY u8 8 1", "$setbit@0 bits", 2},
		{"BITOP OR dst bits", "(nnew@0 dst), $set@0 dst", 1},
		{"BITOP AND dst nokey", "(mkeymiss@0 nokey), gdel@0 dst", 1},
		{"DEL m1 m2 nokey", "gdel@0 m1, gdel@0 m2", 2},
		{"UNLINK m3", "gdel@0 m3", 1},
		{"EXPIRE n 100", "gexpire@0 n", 1},
		{"EXPIRE n 100 NX", "", 0},
		{"PERSIST n", "gpersist@0 n", 1},
		{"PEXPIREAT n 1", "gdel@0 n", 1},
		{"RENAME ap ap2", "(nnew@0 ap2), grename_from@0 ap, grename_to@0 ap2", 1},
		{"RENAME ap2 ap2", "", 0},
		{"COPY ap2 ap3", "(nnew@0 ap3), gcopy_to@0 ap3", 1},
		{"COPY ap2 ap3 DB 1", "(nnew@1 ap3), gcopy_to@1 ap3", 1},
		{"MOVE ap3 1", "", 0},
		{"MOVE ap2 1", "(nnew@1 ap2), gmove_from@0 ap2, gmove_to@1 ap2", 1},
		{"EXISTS zz", "(mkeymiss@0 zz)", 0},
		{"TYPE zz", "(mkeymiss@0 zz)", 0},
		{"OBJECT ENCODING zz", "", 0},
		{"MGET zz m4", "(mkeymiss@0 zz)", 0},
		{"FLUSHDB", "flushed 0", 3},
		{"SWAPDB 0 1", "swapped 0 1", 1},
	} {
		h.do(strings.Fields(step.request)...)
		if got := h.heardEvents(); got != step.want {
			t.Errorf("%s raises\n     %s\nwant %s", step.request, got, step.want)
		}
		if h.c.Dirty != step.dirty {
			t.Errorf("%s counts %d changes, want %d", step.request, h.c.Dirty, step.dirty)
		}
	}
}

// TestNobodyListens proves that nothing is recorded then.
func TestNobodyListens(t *testing.T) {
	h := newTester(t, 0)
	for _, request := range []string{"SET a 1 EX 10", "GET b", "RENAME a b", "FLUSHALL", "SWAPDB 0 1"} {
		h.do(strings.Fields(request)...)
	}
	if len(h.c.Events) > 0 {
		t.Errorf("%q is recorded", h.heardEvents())
	}
}

// TestMemcachedEvents proves that what memcached clients change raises the
// events of the Redis commands that do the same.
func TestMemcachedEvents(t *testing.T) {
	h := newTester(t, 0)
	h.c.Listening = ^Listeners(0)
	key := h.c.Engine.Key([]byte("k"))
	for _, step := range []struct {
		request string
		want    string
	}{
		{"set k 0 0 1\r\n5\r\n", "$set@0 k"},
		{"set k 0 100 1\r\n5\r\n", "$set@0 k, (gexpire@0 k)"},
		{"add k 0 0 1\r\n5\r\n", ""},
		{"incr k 1\r\n", "$incrby@0 k"},
		{"append k 0 0 1\r\n0\r\n", "$append@0 k"},
		{"touch k 100\r\n", "gexpire@0 k"},
		{"touch k 0\r\n", "gpersist@0 k"},
		{"mg k v\r\n", ""},
		{"mg k T60\r\n", "gexpire@0 k"},
		{"ma k T0\r\n", "$incrby@0 k, (gpersist@0 k)"},
		{"md k I\r\n", "$set@0 k"},
		{"delete k\r\n", "gdel@0 k"},
		{"get k\r\n", "(mkeymiss@0 k)"},
		{"delete k\r\n", ""},
		{"ms k 1\r\n5\r\n", "$set@0 k"},
		{"md k\r\n", "gdel@0 k"},
		{"set k 0 -1 1\r\n5\r\n", "$set@0 k, (gexpire@0 k), (xexpired@0 k)"},
	} {
		parser := memcache.NewTextParser(memcache.Limits{MaxItemBytes: 1 << 20})
		var r memcache.Request
		if _, ok := parser.Next([]byte(step.request), &r); !ok || r.Fault != memcache.FaultNone {
			t.Fatalf("%q is no request", step.request)
		}
		h.c.Keys = append(h.c.Keys[:0], key)
		h.c.Config.MaxItemBytes = 1 << 20
		h.c.Out.Buf = h.c.Out.Buf[:0]
		h.c.Dirty = 0
		h.c.CAS++
		key.Shard.Lock()
		Memcached(&h.c, &r)
		key.Shard.Unlock()
		got := h.heardEvents()
		if got != step.want {
			t.Errorf("%q raises\n     %s\nwant %s", step.request, got, step.want)
		}
		if (h.c.Dirty > 0) != (got != "" && !strings.HasPrefix(got, "(")) {
			t.Errorf("%q counts %d changes and raises %q", step.request, h.c.Dirty, got)
		}
	}
}
