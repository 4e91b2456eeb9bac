package engine

import (
	"fmt"
	"slices"
	"testing"

	"larder/engine/mem"
)

// TestKeysInHashOrder stores keys in the order of their hashes, as a table is
// filled from another one: a segment's entries then go to one half for several
// splits in a row.
func TestKeysInHashOrder(t *testing.T) {
	e, err := New(Options{Shards: 1, Memory: mem.Options{ReserveBytes: 1 << 30}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	const count = 100_000
	keys := make([]Key, count)
	for i := range keys {
		keys[i] = e.Key(fmt.Appendf(nil, "key:%d", i))
	}
	slices.SortFunc(keys, func(a, b Key) int {
		if a.Hash < b.Hash {
			return -1
		}
		return 1
	})
	e.LockAll()
	defer e.UnlockAll()
	for i, k := range keys {
		if err := e.SetString(0, k, []byte("v"), Attrs{Deadline: NoDeadline}, 0); err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
	}
	for _, k := range keys {
		if _, ok := e.Peek(0, k, 0); !ok {
			t.Fatalf("%s is lost", k.Name)
		}
	}
	sp := &e.shards[0].spaces[0]
	if perKey := float64(sp.t.overheadBytes()) / count; perKey > 16 {
		t.Errorf("the index takes %.1f bytes a key", perKey)
	}
}
