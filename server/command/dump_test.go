package command

import (
	"strings"
	"testing"

	"larder/engine"
	"larder/protocol/rdb"
)

// pieces are values of containers for payloads.
func pieces(n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for i := range n {
			if !yield([]byte(strings.Repeat(string(rune('a'+i%26)), 1+i))) {
				return
			}
		}
	}
}

func sealed(write func(w *rdb.Writer)) string {
	var w rdb.Writer
	write(&w)
	w.Seal(0, rdb.Version)
	return string(w.Buf)
}

// A payload that is damaged where its checksum does not tell, or for which
// there is no room, leaves the key as it was and nothing else behind.
func TestRestoreFails(t *testing.T) {
	twice := func(yield func([]byte) bool) { _ = yield([]byte("a")) && yield([]byte("b")) && yield([]byte("a")) }
	tests := []struct{ name, payload, reply string }{
		{"member twice", sealed(func(w *rdb.Writer) { w.Set(3, twice) }), "-ERR Bad data format\r\n"},
		{"member missing", sealed(func(w *rdb.Writer) { w.Set(4, pieces(3)) }), "-ERR Bad data format\r\n"},
		{"list too short", sealed(func(w *rdb.Writer) { w.List(1, pieces(20)); w.Buf = w.Buf[:len(w.Buf)-1] }), "-ERR Bad data format\r\n"},
		{"no room for a set", sealed(func(w *rdb.Writer) { w.Set(2000, pieces(2000)) }), "-" + ErrOOM + "\r\n"},
		{"no room for a list", sealed(func(w *rdb.Writer) { w.List(-2, pieces(2000)) }), "-" + ErrOOM + "\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newTester(t, 1<<20)
			h.c.OnWorker = true
			h.want("+OK\r\n", "SET", "k", "before")
			h.want(tt.reply, "RESTORE", "k", "0", tt.payload, "REPLACE")
			h.want("$6\r\nbefore\r\n", "GET", "k")
			h.want("-BUSYKEY Target key name already exists.\r\n", "RESTORE", "k", "0", tt.payload)
			if n := h.keyCount(); n != 1 {
				t.Errorf("%d keys are left, want 1", n)
			}
		})
	}
}

// keyCount is the number of keys of database 0, whatever they are.
func (h *tester) keyCount() (n int) {
	for _, s := range h.c.Engine.Shards() {
		s.Lock()
		count, _ := s.Len(0)
		n += count
		s.Unlock()
	}
	return n
}

// A container is built aside and leaves no other key behind, with its deadline.
func TestRestoreContainer(t *testing.T) {
	h := newTester(t, 0)
	for _, payload := range []string{
		sealed(func(w *rdb.Writer) { w.Set(300, pieces(300)) }),
		sealed(func(w *rdb.Writer) { w.List(-2, pieces(300)) }),
	} {
		h.want("+OK\r\n", "SET", "k", "before")
		h.want("+OK\r\n", "RESTORE", "k", "5000", payload, "REPLACE")
		h.want(":5000\r\n", "PTTL", "k")
		if n := h.keyCount(); n != 1 {
			t.Errorf("%d keys are there, want 1", n)
		}
		if got := h.do("DUMP", "k"); !strings.HasPrefix(got, "$") || len(got) < 1000 {
			t.Errorf("DUMP answers %.50q", got)
		}
		h.want("+OK\r\n", "RESTORE", "k", "1", payload, "REPLACE", "ABSTTL")
		if n := h.keyCount(); n != 0 {
			t.Errorf("%d keys are there after one whose deadline has passed", n)
		}
	}
}

// Fields that have deadlines keep them, and order the payload.
func TestDumpFieldDeadlines(t *testing.T) {
	for _, fields := range []int{3, 600} {
		h := newTester(t, 0)
		var x engine.Hash
		k := h.c.Engine.Key([]byte("k"))
		k.Shard.Lock()
		if _, err := h.c.Engine.OpenHash(&x, 0, &k, h.c.NowMs); err != nil {
			t.Fatal(err)
		}
		for i := range fields {
			deadline := int64(engine.NoDeadline)
			if i%3 != 0 {
				deadline = h.c.NowMs + int64(1000*(fields-i))
			}
			name := []byte(strings.Repeat("f", 1+i%50) + string(rune('a'+i/50)))
			if _, err := x.Set(name, []byte("v"), deadline, &h.c.Config.Limits); err != nil {
				t.Fatal(err)
			}
		}
		k.Shard.Unlock()
		payload := h.do("DUMP", "k")
		payload = payload[strings.Index(payload, "\n")+1 : len(payload)-2]
		kind, version := rdb.Kind(payload[0]), payload[len(payload)-10]
		if version != rdb.VersionTTL || (kind == rdb.KindHashListpackTTL) != (fields == 3) || (kind == rdb.KindHashTTL) != (fields == 600) {
			t.Errorf("a hash of %d fields is dumped as kind %d of version %d", fields, kind, version)
		}
		h.want("+OK\r\n", "RESTORE", "l", "0", payload)
		before, after := deadlines(h, "k"), deadlines(h, "l")
		if len(after) != fields {
			t.Errorf("%d fields of %d are restored", len(after), fields)
		}
		for field, ms := range before {
			if after[field] != ms {
				t.Errorf("field %q expires at %d, not %d", field, after[field], ms)
			}
		}
	}
}

func deadlines(h *tester, key string) map[string]int64 {
	h.t.Helper()
	found := map[string]int64{}
	k := h.c.Engine.Key([]byte(key))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	var x engine.Hash
	if _, err := h.c.Engine.OpenHash(&x, 0, &k, h.c.NowMs); err != nil {
		h.t.Fatal(err)
	}
	x.EachField(func(field, _ []byte, ms int64) bool { found[string(field)] = ms; return true })
	return found
}

// A stream that ends early, at whichever byte, leaves nothing behind.
func TestRestoreCutStream(t *testing.T) {
	h := newTester(t, 0)
	for _, id := range []string{"1-1", "2-1", "3-1"} {
		h.want("$3\r\n"+id+"\r\n", "XADD", "s", id, "field", "value")
	}
	h.want("+OK\r\n", "XGROUP", "CREATE", "s", "group", "0")
	h.do("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "2", "STREAMS", "s", ">")
	payload := h.do("DUMP", "s")
	payload = payload[strings.Index(payload, "\n")+1 : len(payload)-2]
	value := payload[:len(payload)-10]
	for n := range value {
		cut := sealed(func(w *rdb.Writer) { w.Buf = append(w.Buf, value[:n]...) })
		h.want("-ERR Bad data format\r\n", "RESTORE", "t", "0", cut)
	}
	if n := h.keyCount(); n != 1 {
		t.Errorf("%d keys are left, want 1", n)
	}
	h.want("+OK\r\n", "RESTORE", "t", "0", payload)
	for _, read := range [][]string{{"XRANGE", "", "-", "+"}, {"XPENDING", "", "group", "-", "+", "10"}, {"XINFO", "GROUPS", ""}} {
		reply := func(key string) string {
			words := append([]string(nil), read...)
			for i := range words {
				if words[i] == "" {
					words[i] = key
				}
			}
			return h.do(words...)
		}
		if a, b := reply("s"), reply("t"); a != b || len(a) < 20 {
			t.Errorf("%q answers %q of the copy, %q of the stream", read, b, a)
		}
	}
}
