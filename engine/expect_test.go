package engine

import (
	"fmt"
	"testing"

	"larder/engine/mem"
)

// An index that was told how many keys come holds them without growing, takes
// others too, and is not told twice.
func TestExpect(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000, 30_000, 300_000} {
		e, err := New(Options{Shards: 4})
		if err != nil {
			t.Fatal(err)
		}
		e.Expect(3, n)
		index := e.MemoryStats().Index
		if most := uint64(20*n + 4*(segmentBytes[0]+segmentBytes[1])); index > most {
			t.Errorf("for %d keys the index takes %d bytes, want at most %d", n, index, most)
		}
		fill := func(from, to int) {
			for i := from; i < to; i++ {
				k := e.Key(fmt.Appendf(nil, "key:%d", i))
				k.Shard.Lock()
				if err := e.SetString(3, k, []byte("v"), Attrs{Deadline: NoDeadline}, 0); err != nil {
					t.Fatal(err)
				}
				k.Shard.Unlock()
			}
		}
		fill(0, n)
		if now := e.MemoryStats().Index; n > 0 && now > index+index/20+4*uint64(segmentBytes[1]) {
			t.Errorf("%d keys make the index grow from %d to %d bytes", n, index, now)
		}
		e.Expect(3, 10*n) // too late
		fill(n, 2*n+100)
		for i := range 2*n + 100 {
			k := e.Key(fmt.Appendf(nil, "key:%d", i))
			k.Shard.Lock()
			_, there := e.Peek(3, k, 0)
			k.Shard.Unlock()
			if !there {
				t.Fatalf("of %d keys, key %d is gone", 2*n+100, i)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A hint that is too large takes but a part of the limit.
func TestExpectWithinLimit(t *testing.T) {
	const limit = 64 << 20
	e, err := New(Options{Shards: 4, Memory: mem.Options{LimitBytes: limit}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	e.Expect(0, 1<<40)
	if index := e.MemoryStats().Index; index > limit/8 {
		t.Errorf("the index takes %d bytes of %d", index, limit)
	}
}

// AddString changes nothing where a key is.
func TestAddString(t *testing.T) {
	e, err := New(Options{Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	k := e.Key([]byte("k"))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	for _, tt := range []struct {
		value string
		nowMs int64
		want  string
		err   error
	}{{"12", 1, "12", nil}, {"b", 1, "12", ErrExists}, {"13", 99, "12", ErrExists}, {"c", 100, "c", nil}} {
		err := e.AddString(0, k, []byte(tt.value), Attrs{Deadline: 100 * (1 + tt.nowMs/100)}, tt.nowMs)
		it, there := e.Peek(0, k, tt.nowMs)
		if err != tt.err || !there || string(it.AppendBytes(nil)) != tt.want {
			t.Errorf("adding %s at %d: %v, %s", tt.value, tt.nowMs, err, it.AppendBytes(nil))
		}
	}
}
