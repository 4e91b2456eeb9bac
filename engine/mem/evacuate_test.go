package mem

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// evacuate moves chunks as an engine does, at most count of them, and returns how many were emptied. It calls during
// between the blocks, when no heap is in the middle of anything.
func (w *world) evacuate(count int, during func()) int {
	emptied := 0
	for range count {
		id, ok := w.r.BeginEvacuation(Movable)
		if !ok {
			break
		}
		before := w.r.Stats().Evacuated
		w.moveBlocks(id, during)
		w.r.EndEvacuation(id)
		if w.r.Stats().Evacuated > before {
			emptied++
		}
	}
	return emptied
}

// moveBlocks moves what it can out of chunk id.
func (w *world) moveBlocks(id ChunkID, during func()) {
	owner := make(map[Ref]int)
	index := func() {
		clear(owner)
		for i, o := range w.objects {
			if chunkOf(o.ref) == id {
				owner[o.ref] = i
			}
		}
	}
	index()
	w.r.EvacuationBlocks(id, func(heap uint16, b Block) {
		if b.Heap() != heap {
			w.t.Fatalf("a block of heap %d is reported for heap %d", b.Heap(), heap)
		}
		h := w.heaps[heap]
		h.LiveObjects(b, func(ref Ref, size int) bool {
			i, ok := owner[ref]
			if !ok {
				w.t.Fatalf("LiveObjects visits %#x, which is not live", uint64(ref))
			}
			o := &w.objects[i]
			if o.heap != int(heap) || RoundUp(o.n) != size || o.kind != Movable {
				w.t.Fatalf("LiveObjects says heap %d, %d bytes of %+v", heap, size, *o)
			}
			to, ok := h.Alloc(o.n, Movable)
			if !ok {
				return false
			}
			if chunkOf(to) == id {
				w.t.Fatalf("an object was moved into the chunk %d that is being evacuated", id)
			}
			copy(w.r.Bytes(to, o.n), w.r.Bytes(ref, o.n))
			h.Free(ref, o.n, Movable)
			delete(owner, ref)
			o.ref = to
			return true
		})
		if during != nil {
			during()
			index()
		}
	})
}

// TestEvacuationHistory runs random histories in which chunks are evacuated, also while others allocate and free.
func TestEvacuationHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 3, Options{ReserveBytes: 1 << 30})
		defer w.close()
		size := rapid.OneOf(rapid.IntRange(1, maxSmall), rapid.SampledFrom([]int{4000, 8000, 40 << 10, 300 << 10}))
		alloc := func(t *rapid.T) {
			heap, kind := rapid.IntRange(0, 2).Draw(t, "heap"), Kind(rapid.IntRange(0, 3).Draw(t, "kind")/3)
			n := size.Draw(t, "size")
			for range rapid.IntRange(1, 200).Draw(t, "count") {
				if len(w.objects) < 1500 && w.r.Resident() < 64<<20 && !w.alloc(heap, n, kind) {
					t.Fatalf("Alloc(%d) failed without a limit", n)
				}
			}
		}
		free := func(t *rapid.T) {
			// Every k-th: spans become sparse rather than empty.
			k := rapid.IntRange(1, 4).Draw(t, "every")
			for i := len(w.objects) - 1; i >= 0; i -= k {
				w.free(i)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"alloc":  alloc,
			"alloc2": alloc,
			"free":   free,
			"evacuate": func(t *rapid.T) {
				w.evacuate(4, nil)
			},
			"evacuateBusy": func(t *rapid.T) {
				mode := rapid.IntRange(0, 2).Draw(t, "mode")
				calls := 0
				w.evacuate(2, func() {
					if calls++; calls > 20 {
						return
					}
					switch {
					case mode == 0:
						w.alloc(calls%3, 100*calls, Movable)
					case mode == 1 && len(w.objects) > 0:
						w.free(len(w.objects) / 2)
					}
				})
			},
			"": func(t *rapid.T) { w.check() },
		})
		w.empty()
	})
}

// TestEvacuationAbandoned: an evacuation that ends early leaves a chunk that is used again, down to its last slot.
func TestEvacuationAbandoned(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30, LimitBytes: 2 * ChunkBytes})
	defer w.close()
	for w.alloc(0, 1000, Movable) {
	}
	full := len(w.objects)
	for i := len(w.objects) - 1; i >= 0; i -= 2 {
		w.free(i)
	}
	id, ok := w.r.BeginEvacuation(Movable)
	if !ok {
		t.Fatal("half-empty chunks are not worth an evacuation")
	}
	// A heap that allocates meanwhile passes over the closed spans, and one that frees there does not reopen them.
	for w.alloc(0, 1000, Movable) {
		if chunkOf(w.objects[len(w.objects)-1].ref) == id {
			t.Fatalf("an object was allocated in chunk %d, which is being evacuated", id)
		}
	}
	there := 0
	for i := len(w.objects) - 1; i >= 0; i-- {
		if chunkOf(w.objects[i].ref) != id {
			continue
		}
		if there++; there%5 == 0 {
			w.free(i)
		}
	}
	w.r.EndEvacuation(id)
	for w.alloc(0, 1000, Movable) {
	}
	if len(w.objects) != full {
		t.Errorf("%d objects fit after the evacuation was abandoned, %d before", len(w.objects), full)
	}
	w.check()
	w.empty()
}

// TestEvacuationNotWorthIt: chunks whose content would only fill a new chunk are left alone, so that compaction ends.
func TestEvacuationNotWorthIt(t *testing.T) {
	w := newWorld(t, 16, Options{ReserveBytes: 1 << 30})
	defer w.close()
	if _, ok := w.r.BeginEvacuation(Movable); ok {
		t.Error("an empty region has something to evacuate")
	}
	// One object a heap and class: nothing can be merged, and the chunks hold as many spans as they can.
	for heap := range w.heaps {
		for _, c := range classes {
			w.alloc(heap, c.bytes(), Movable)
		}
	}
	before := w.r.Stats()
	w.evacuate(1000, nil)
	after := w.r.Stats()
	if after.Evacuated > before.ChunksMovable {
		t.Errorf("%d evacuations of %d chunks", after.Evacuated, before.ChunksMovable)
	}
	if id, ok := w.r.BeginEvacuation(Movable); ok {
		t.Errorf("chunk %d is to be evacuated after everything was", id)
	}
	w.check()
	w.empty()
}

// TestEvacuationEnds: objects that fill most of a chunk each fit nowhere else, although the free room sums up to more
// than they need; moving them would go on for ever.
func TestEvacuationEnds(t *testing.T) {
	for _, n := range []int{1500 << 10, 1100 << 10} {
		w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
		for range 10 {
			w.alloc(0, n, Movable)
		}
		if emptied := w.evacuate(100, nil); emptied != 0 {
			t.Errorf("objects of %d bytes, one a chunk, were moved %d times", n, emptied)
		}
		w.close()
	}
}

// TestEvacuationNeedsRoom: a chunk is left alone when the others have room for some of its objects but not for all.
func TestEvacuationNeedsRoom(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
	defer w.close()
	for range 3 * (granulesPerChunk / 9) {
		w.alloc(0, 9<<10, Movable)
	}
	// The first chunk becomes 75 % live, the others 85 %.
	frees := map[ChunkID]int{1: 57, 2: 34, 3: 34}
	for i := len(w.objects) - 1; i >= 0; i-- {
		if id := chunkOf(w.objects[i].ref); frees[id] > 0 {
			frees[id]--
			w.free(i)
		}
	}
	if id, ok := w.r.BeginEvacuation(Movable); ok {
		t.Errorf("chunk %d is to be evacuated into 30 %% of a chunk", id)
	}
	// 25 % live do fit.
	for i, keep := len(w.objects)-1, granulesPerChunk/9/4; i >= 0; i-- {
		if chunkOf(w.objects[i].ref) != 1 {
			continue
		}
		if keep--; keep < 0 {
			w.free(i)
		}
	}
	if emptied := w.evacuate(10, nil); emptied != 1 {
		t.Errorf("%d chunks were emptied, want the one that fits into the others", emptied)
	}
	w.check()
	w.empty()
}

// TestEvacuateBelow: the share up to which chunks are evacuated is obeyed and can be changed.
func TestEvacuateBelow(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30, EvacuateBelowPercent: 85})
	defer w.close()
	for range 20 * ChunkBytes / 1024 {
		w.alloc(0, 1024, Movable)
	}
	for i := len(w.objects) - 10; i >= 0; i -= 10 { // each chunk stays 90 % live
		w.free(i)
	}
	if emptied := w.evacuate(1000, nil); emptied != 0 {
		t.Errorf("%d chunks were evacuated that are 90 %% live, 85 is the limit", emptied)
	}
	w.r.SetEvacuateBelow(95)
	if emptied := w.evacuate(1000, nil); emptied != 2 {
		t.Errorf("%d of 20 chunks that are 90 %% live were emptied, want 2", emptied)
	}
	w.check()
	w.empty()
}

// TestReclaim: with every chunk full and the limit reached, reclaiming one makes room for objects of another size, at
// the price of one chunk's objects and no more.
func TestReclaim(t *testing.T) {
	const limit = 8 << 20
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30, LimitBytes: limit})
	defer w.close()
	for w.alloc(0, 100, Movable) {
	}
	full := len(w.objects)
	w.r.SetEvacuateBelow(100)
	if id, ok := w.r.BeginEvacuation(Movable); ok {
		t.Errorf("chunk %d is to be evacuated where no room is", id)
	}
	id, ok := w.r.BeginReclaim()
	if !ok {
		t.Fatal("nothing to reclaim")
	}
	freed := 0
	w.r.EvacuationBlocks(id, func(_ uint16, b Block) {
		w.heaps[0].LiveObjects(b, func(ref Ref, _ int) bool {
			i := slices.IndexFunc(w.objects, func(o object) bool { return o.ref == ref })
			w.free(i)
			freed++
			return true
		})
	})
	w.r.EndEvacuation(id)
	if freed*4 > full+4 {
		t.Errorf("%d of %d objects were freed for one of four chunks", freed, full)
	}
	for _, k := range []Kind{Fixed, Movable} {
		if w.alloc(0, 8000, k) != (k == Fixed) {
			t.Errorf("kind %d: the reclaimed chunk serves the first who takes it, and no other", k)
		}
	}
	w.check()
	w.empty()
	if _, ok := w.r.BeginReclaim(); ok {
		t.Error("an empty region has something to reclaim")
	}
}

// TestFragmentation: a region is filled with objects of 10 bytes, a random 70 % of them are freed, which empties no
// chunk and hardly a span. After evacuation 2 KiB objects must fill the region to 90 % of the limit.
func TestFragmentation(t *testing.T) {
	const limit = 16 << 20
	w := newWorld(t, 16, Options{ReserveBytes: 1 << 30, LimitBytes: limit})
	defer w.close()
	for i := 0; w.alloc(i%len(w.heaps), 10, Movable); i++ {
	}
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(w.objects), func(i, j int) { w.objects[i], w.objects[j] = w.objects[j], w.objects[i] })
	for range len(w.objects) * 7 / 10 {
		w.free(len(w.objects) - 1)
	}
	before := w.r.Stats()
	for i := 0; w.alloc(i%len(w.heaps), 2048, Movable); i++ {
	}
	if got := w.r.Stats().Used; got > limit*6/10 {
		t.Fatalf("%d bytes were handed out before any evacuation; the test proves nothing", got)
	}
	emptied := w.evacuate(1000, nil)
	compact := w.r.Stats()
	if compact.Resident-compact.ChunksIdle<<chunkShift > limit*45/100 {
		t.Errorf("after evacuation %+v", compact)
	}
	for i := 0; w.alloc(i%len(w.heaps), 2048, Movable); i++ {
	}
	full := w.r.Stats()
	if full.Used < limit*9/10 {
		t.Errorf("%d bytes of %d could be handed out", full.Used, limit)
	}
	t.Logf("30 %% of the objects held %.1f MiB of %d MiB, after %d evacuations %.1f MiB; then %.1f %% were used",
		mib(before.Resident), limit>>20, emptied, mib(compact.Resident-compact.ChunksIdle<<chunkShift),
		float64(full.Used)/limit*100)
	w.check()
	w.empty()
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
