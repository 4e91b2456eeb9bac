package command

import (
	"errors"
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
	version := v.Append(&w, &it)
	from.Shard.Unlock()
	var f rdb.Frame
	if n, err := f.Next(w.Buf, false); err != nil || n != len(w.Buf) || string(f.Text) != "k" || version != rdb.Version {
		t.Fatalf("%d of %d bytes are a frame with key %q, version %d, %v", n, len(w.Buf), f.Text, version, err)
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
	gone.HashTTL(1, 5, func(yield func(rdb.Field) bool) { yield(rdb.Field{Name: []byte("f"), Value: []byte("v"), DeadlineMs: 5}) })
	if there, err := restore("d", rdb.Kind(gone.Buf[0]), string(gone.Buf[1:]), engine.NoDeadline); there || err != nil {
		t.Errorf("an expired hash comes back %t, %v", there, err)
	}
	h.want(":0\r\n", "EXISTS", "d")
	if n := h.keyCount(); n != 3 {
		t.Errorf("%d keys are there, want 3", n)
	}
}
