package command

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"larder/engine"
	"larder/protocol/rdb"
)

// A value goes to bytes with its key and back to another key, in place; what is
// damaged leaves the key absent.
func TestValues(t *testing.T) {
	h := newTester(t, 0)
	settings := h.c.Config
	v := Values{Engine: h.c.Engine, Settings: func() *Settings { return settings }}
	h.want(":3\r\n", "RPUSH", "k", "a", "b", "3")
	var w rdb.Writer
	from := v.Engine.Key([]byte("k"))
	from.Shard.Lock()
	it, _ := v.Engine.Peek(0, from, h.c.NowMs)
	w.Key(it.Key())
	v.Append(&w, &it)
	from.Shard.Unlock()
	var f rdb.Frame
	if n, err := f.Next(w.Buf, false); err != nil || n != len(w.Buf) || string(f.Text) != "k" {
		t.Fatalf("%d of %d bytes are a frame with key %q, %v", n, len(w.Buf), f.Text, err)
	}
	restore := func(key string, kind rdb.Kind, body string, deadline int64) (bool, error) {
		k := v.Engine.Key([]byte(key))
		k.Shard.Lock()
		defer k.Shard.Unlock()
		return v.Restore(0, k, kind, []byte(body), engine.Attrs{Deadline: deadline}, h.c.NowMs)
	}
	if there, err := restore("l", f.Kind, string(f.Value), h.c.NowMs+5000); !there || err != nil {
		t.Errorf("a list comes back %t, %v", there, err)
	}
	h.want("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n3\r\n", "LRANGE", "l", "0", "-1")
	h.want(":5000\r\n", "PTTL", "l")
	if there, err := restore("s", rdb.KindString, "\xc0\x07", engine.NoDeadline); !there || err != nil {
		t.Errorf("a string comes back %t, %v", there, err)
	}
	h.want("$1\r\n7\r\n", "GET", "s")
	for _, damaged := range []struct {
		kind rdb.Kind
		body string
	}{{rdb.KindString, "\x05abc"}, {rdb.KindSet, "\x02\x01a\x01a"}, {f.Kind, string(f.Value[:len(f.Value)-1])}} {
		if there, err := restore("d", damaged.kind, damaged.body, engine.NoDeadline); there || !errors.Is(err, rdb.ErrCorrupt) {
			t.Errorf("kind %d, %q: %t, %v", damaged.kind, damaged.body, there, err)
		}
		h.want(":0\r\n", "EXISTS", "d")
	}
	// All fields of the hash have expired.
	var gone rdb.Writer
	gone.HashTTL(1, 5, func(yield func(rdb.Field) bool) {
		yield(rdb.Field{Name: []byte("f"), Value: []byte("v"), DeadlineMs: 5})
	})
	if there, err := restore("d", rdb.Kind(gone.Buf[0]), string(gone.Buf[1:]), engine.NoDeadline); there || err != nil {
		t.Errorf("an expired hash comes back %t, %v", there, err)
	}
	h.want(":0\r\n", "EXISTS", "d")
	if n := h.keyCount(); n != 3 {
		t.Errorf("%d keys are there, want 3", n)
	}
}

// partsEncoder writes a snapshot's records with Values, as persistence does.
type partsEncoder struct{ v *Values }

func (e partsEncoder) Record(dst []byte, it *engine.Item) []byte {
	w := rdb.Writer{Buf: dst}
	w.Key(it.Key())
	e.v.Append(&w, it)
	return w.Buf
}

func (e partsEncoder) Begin(dst []byte, it *engine.Item, l *engine.Large) []byte {
	w := rdb.Writer{Buf: dst}
	w.Key(it.Key())
	e.v.Begin(&w, it, l)
	return w.Buf
}

func (e partsEncoder) Part(dst []byte, l *engine.Large, p *engine.Part) []byte {
	w := rdb.Writer{Buf: dst}
	e.v.Part(&w, l, p)
	return w.Buf
}

func (e partsEncoder) End(dst []byte, st *engine.Stream) []byte {
	w := rdb.Writer{Buf: dst}
	e.v.End(&w, st)
	return w.Buf
}

// Large containers of all types come back from a snapshot, which writes them in
// parts, also when commands change them while it is taken.
func TestValuesInParts(t *testing.T) {
	h := newTester(t, 0)
	h.c.OnWorker = true // COPY of what is large asks for that
	settings := h.c.Config
	v := &Values{Engine: h.c.Engine, Settings: func() *Settings { return settings }}
	fill := func(key, from string) {
		for i := range 3000 {
			n := from + strconv.Itoa(i)
			h.do("RPUSH", "list"+key, n, n+strings.Repeat("x", i%90))
			h.do("SADD", "set"+key, n)
			h.do("ZADD", "zset"+key, strconv.Itoa(i%700)+".5", n)
			h.do("HSET", "hash"+key, n, "v"+n)
			h.do("HSET", "ttl"+key, n, "v"+n)
			if i%3 == 0 {
				h.do("HPEXPIRE", "ttl"+key, strconv.Itoa(100_000+i), "FIELDS", "1", n)
			}
			h.do("XADD", "stream"+key, strconv.Itoa(i+1)+"-1", "f", n)
		}
	}
	fill("", "a")
	h.do("XGROUP", "CREATE", "stream", "g", "0")
	h.do("XREADGROUP", "GROUP", "g", "c", "COUNT", "500", "STREAMS", "stream", ">")
	names := []string{"list", "set", "zset", "hash", "ttl", "stream"}
	for _, name := range names {
		h.do("COPY", name, name+":before")
	}
	sn, err := v.Engine.Cut(partsEncoder{v}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for changed := false; ; {
		c, ok, err := sn.Next()
		if err != nil {
			t.Fatal(err)
		}
		if file = append(file, c.Data...); !ok {
			break
		}
		if !changed {
			changed = true
			fill("", "b")
			h.do("LTRIM", "list", "100", "-100")
			h.do("XTRIM", "stream", "MAXLEN", "5")
			h.do("DEL", "set")
		}
	}
	sn.Close()
	h.do("FLUSHALL")
	for at := 0; at < len(file); {
		var f rdb.Frame
		n, err := f.Next(file[at:], false)
		if err != nil {
			t.Fatalf("offset %d: %v", at, err)
		}
		at += n
		k := v.Engine.Key(f.Text)
		k.Shard.Lock()
		there, err := v.Restore(0, k, f.Kind, f.Value, engine.Attrs{Deadline: engine.NoDeadline}, h.c.NowMs)
		k.Shard.Unlock()
		if !there || err != nil {
			t.Fatalf("key %q comes back %t, %v", f.Text, there, err)
		}
	}
	if n := h.keyCount(); n != 2*len(names) {
		t.Errorf("%d keys are there, want %d", n, 2*len(names))
	}
	for _, name := range names {
		want, got := h.do("DUMP", name+":before"), h.do("DUMP", name)
		if name == "list" || name == "stream" {
			if want != got {
				t.Errorf("%s is not what it was at the cut", name)
			}
			continue
		}
		read := map[string][]string{"set": {"SMEMBERS"}, "zset": {"ZRANGE", "0", "-1", "WITHSCORES"}, "hash": {"HGETALL"}, "ttl": {"HGETALL"}}[name]
		lines := func(key string) []string {
			all := strings.Split(h.do(append([]string{read[0], key}, read[1:]...)...), "\r\n")
			if name != "zset" {
				slices.Sort(all)
			}
			return all
		}
		if !slices.Equal(lines(name), lines(name+":before")) {
			t.Errorf("%s is not what it was at the cut", name)
		}
	}
	h.want("*2\r\n:100003\r\n:-1\r\n", "HPTTL", "ttl", "FIELDS", "2", "a3", "a4")
}
