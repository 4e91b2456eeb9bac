package command

import (
	"strconv"
	"strings"
	"testing"

	"larder/engine"
)

// fillLarge makes large containers of the given types, each at the type's name and
// key, with a deadline.
func fillLarge(h *tester, key string, members int, types ...string) {
	h.t.Helper()
	add := map[string]string{"list": "RPUSH", "set": "SADD", "zset": "ZADD", "hash": "HSET"}
	for _, typ := range types {
		for i := 0; i < members; i += 100 {
			args := []string{add[typ], typ + key}
			for j := i; j < i+100; j++ {
				switch n := strconv.Itoa(j); typ {
				case "stream":
					h.do("XADD", "stream"+key, strconv.Itoa(j+1)+"-1", "field", "element:"+n)
				case "zset", "hash":
					args = append(args, n, "element:"+n)
				default:
					args = append(args, "element:"+n)
				}
			}
			if typ != "stream" {
				h.do(args...)
			}
		}
		if typ == "stream" {
			h.do("XGROUP", "CREATE", "stream"+key, "group", "17")
		}
		h.do("PEXPIREAT", typ+key, "1700000100000")
	}
}

// apart returns a key that lies in another shard than the given one, or in the
// same.
func apart(h *tester, key string, same bool) string {
	at := h.c.Engine.Key([]byte(key)).Shard
	for i := 0; ; i++ {
		other := "to" + strconv.Itoa(i)
		if (h.c.Engine.Key([]byte(other)).Shard == at) == same {
			return other
		}
	}
}

var reads = map[string][]string{"list": {"LRANGE", "%", "0", "-1"}, "set": {"SMEMBERS", "%"}, "zset": {"ZRANGE", "%", "0", "-1", "WITHSCORES"}, "hash": {"HGETALL", "%"}, "stream": {"XRANGE", "%", "-", "+"}}

func (h *tester) content(typ, key string) string {
	h.t.Helper()
	words := append([]string(nil), reads[typ]...)
	words[1] = key
	content := strings.Join(elementsOf(h.do(words...)), " ") + h.do("PEXPIRETIME", key) + h.do("OBJECT", "ENCODING", key)
	if typ == "stream" {
		content += h.do("XINFO", "GROUPS", key)
	}
	return content
}

// TestCopiesArePausedOver copies and moves large containers between shards while
// others change source and destination: nobody sees a part of a copy, and what
// arrives is the source's last state.
func TestCopiesArePausedOver(t *testing.T) {
	changes := map[string]func(typ, src, dst string) (pause int, command string){
		"nothing changes":       func(_, _, _ string) (int, string) { return 0, "" },
		"the source changes":    func(typ, src, _ string) (int, string) { return 2, strings.ReplaceAll(oneMore[typ], "%", src) },
		"its deadline changes":  func(_, src, _ string) (int, string) { return 2, "PEXPIREAT " + src + " 1700000200000" },
		"the source goes":       func(_, src, _ string) (int, string) { return 2, "DEL " + src },
		"it becomes a string":   func(_, src, _ string) (int, string) { return 2, "SET " + src + " v" },
		"the destination comes": func(_, _, dst string) (int, string) { return 2, "SET " + dst + " v" },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			for typ := range reads {
				for _, request := range []string{"COPY", "COPY REPLACE", "RENAME", "RENAMENX"} {
					t.Run(typ+" "+request, func(t *testing.T) { checkPausedCopy(t, typ, request, change) })
				}
			}
		})
	}
}

var oneMore = map[string]string{"list": "RPUSH % 7 x", "set": "SADD % 7 x", "zset": "ZADD % 7 x", "hash": "HSET % 7 x", "stream": "XGROUP SETID % group 99"}

func checkPausedCopy(t *testing.T, typ, request string, change func(typ, src, dst string) (int, string)) {
	h := newTester(t, 0)
	src := typ + "src"
	fillLarge(h, "src", 8000, typ)
	dst := apart(h, src, false)
	at, command := change(typ, src, dst)
	words := strings.Fields(request)
	words = append([]string{words[0], src, dst}, words[1:]...)
	got, pauses := h.pausing(strings.Join(words, " "), func(other *tester, pause int) {
		before := "+none\r\n"
		if at > 0 && pause > at && strings.HasSuffix(command, dst+" v") {
			before = "+string\r\n"
		}
		if got := other.do("TYPE", dst); got != before {
			t.Fatalf("%s: in pause %d the destination is a %q", request, pause, got)
		}
		if pause == at {
			other.do(strings.Fields(command)...)
		}
	})
	if pauses == 0 {
		t.Errorf("%s of a %s: no pause", request, typ)
	}
	// The same on another engine, where the change comes before the command.
	w := newTester(t, 0)
	w.c.OnWorker = true
	fillLarge(w, "src", 8000, typ)
	if command != "" {
		w.do(strings.Fields(command)...)
	}
	if want := w.do(words...); got != want {
		t.Errorf("%s of a %s answers %q, want %q", request, typ, got, want)
	}
	for _, key := range []string{src, dst} {
		kind := h.do("TYPE", key)
		if want := w.do("TYPE", key); kind != want {
			t.Errorf("%s of a %s: %s is a %q, want %q", request, typ, key, kind, want)
			continue
		}
		if kind != "+"+typ+"\r\n" {
			continue
		}
		if got, want := h.content(typ, key), w.content(typ, key); got != want {
			t.Errorf("%s of a %s: %s has %d bytes, want %d", request, typ, key, len(got), len(want))
		}
	}
}

// TestCopyGivesBackAll gives up copies that are under way: all of their memory
// comes back.
func TestCopyGivesBackAll(t *testing.T) {
	for typ := range reads {
		t.Run(typ, func(t *testing.T) { checkGivenUpCopies(t, typ) })
	}
}

func checkGivenUpCopies(t *testing.T, typ string) {
	h := newTester(t, 0)
	src := typ + "src"
	fillLarge(h, "src", 8000, typ)
	empty := usedWithout(h, src)
	fillLarge(h, "src", 8000, typ)
	it, ok := func() (engine.Item, bool) {
		k := h.c.Engine.Key([]byte(src))
		return h.c.Engine.Peek(0, k, h.c.NowMs)
	}()
	if !ok {
		t.Fatalf("there is no %s", src)
	}
	for stop := 1; stop < 100; stop *= 3 {
		dst := h.c.Engine.Key([]byte(apart(h, src, false))).Shard
		h.c.Engine.LockAll()
		pauses := 0
		made, ok := it.CopyLarge(dst, func() bool { pauses++; return pauses < stop })
		if ok {
			made.Discard()
		}
		h.c.Engine.UnlockAll()
	}
	if used := usedWithout(h, src); used != empty {
		t.Errorf("%s: %d bytes are in use behind it, %d were before", typ, used, empty)
	}
}
