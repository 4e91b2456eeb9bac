package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"larder/engine/mem"
)

// TestCompactionKeepsEveryKey proves that emptying chunks while values change
// their size and keys come and go loses nothing, moves segments of the index as
// well as entries, and gives chunks back.
func TestCompactionKeepsEveryKey(t *testing.T) {
	e := shardedEngine(t, 4)
	c := e.NewCompactor()
	defer c.Close()
	r := rand.New(rand.NewPCG(1, 0))
	sizes := make(map[int]int)
	var began [2]int // chunks, by kind
	steps := func(n int) (more bool) {
		for more = true; more && n > 0; n-- {
			idle := !c.active
			if more = c.Step(); idle && c.active {
				began[c.kind]++
			}
		}
		return more
	}
	keys := 600_000 / slowdown
	for phase, size := range []int{8, 150, 20} {
		for n := range keys {
			i := r.IntN(keys)
			k := e.Key(keyOf(i))
			k.Shard.Lock()
			if r.IntN(1+phase) != 0 {
				e.Delete(i%2, k, testNow)
				delete(sizes, i)
			} else if n := 1 + r.IntN(2*size); e.SetString(i%2, k, value(i, n), Attrs{Deadline: NoDeadline}, testNow) == nil {
				sizes[i] = n
			} else {
				t.Fatal("no room")
			}
			k.Shard.Unlock()
			if n%2000 == 0 {
				steps(64)
			}
		}
	}
	for range 10_000 {
		if !steps(64) {
			break
		}
	}
	if err := checkEngine(e); err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		k := e.Key(keyOf(i))
		k.Shard.Lock()
		it, ok := e.Find(i%2, k, testNow)
		if n, want := sizes[i]; ok != want || ok && !bytes.Equal(it.Bytes(nil), value(i, n)) {
			t.Fatalf("key %d: there %v, want %v", i, ok, want)
		}
		k.Shard.Unlock()
	}
	st := e.region.Stats()
	if began[mem.Movable] == 0 || slowdown == 1 && began[mem.Fixed] == 0 || st.Evacuated == 0 {
		t.Errorf("evacuated %d chunks; began %d of entries and %d of segments", st.Evacuated, began[mem.Movable], began[mem.Fixed])
	}
	if wasted, _ := e.Wasted(); wasted > int64(st.Used/3)+8*mem.ChunkBytes {
		t.Errorf("%d bytes lie waste beside %d after compaction", wasted, st.Used)
	}
}
