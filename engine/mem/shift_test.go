package mem

import (
	"math/rand/v2"
	"testing"
)

// TestShiftingSizes plays a cache under a limit whose values change their size: what does not fit is made to fit by
// evictions, compaction and, where that has nothing to win, by reclaiming a chunk at the price of its objects. In each
// phase everything must be taken, and most of the limit be in use at the phase's end.
func TestShiftingSizes(t *testing.T) {
	const limit = 12 << 20
	w := newWorld(t, 8, Options{ReserveBytes: 1 << 30, LimitBytes: limit})
	defer w.close()
	w.r.SetEvacuateBelow(95)
	rng := rand.New(rand.NewPCG(1, 2))
	where := map[Ref]int{}
	for _, n := range []int{27, 2100, 117, 20 << 10, 27} {
		var moved, dropped uint64
		for total := 0; total < 3*limit; total += RoundUp(n) {
			heap := total / RoundUp(n) % len(w.heaps)
			for !w.alloc(heap, n, Movable) {
				// Evictions at random spread the free room thinly over all chunks.
				for evicted := 0; evicted < limit/16 && len(w.objects) > 0; {
					i := rng.IntN(len(w.objects))
					evicted += RoundUp(w.objects[i].n)
					w.free(i)
				}
				id, ok := w.r.BeginEvacuation(Movable)
				if !ok {
					if id, ok = w.r.BeginReclaim(); !ok {
						t.Fatalf("%d bytes were refused and nothing can be reclaimed: %+v", n, w.r.Stats())
					}
				}
				m, d := w.moveOrDrop(id, where)
				w.r.EndEvacuation(id)
				moved, dropped = moved+m, dropped+d
			}
		}
		s := w.r.Stats()
		t.Logf("%5d bytes: %.1f %% of the limit in use; for %d MiB taken %.1f MiB were moved and %.1f MiB dropped", n,
			float64(s.Used)/limit*100, 3*limit>>20, mib(moved), mib(dropped))
		if float64(s.Used) < 0.8*limit {
			t.Errorf("%d bytes: only %d of %d bytes are in use: %+v", n, s.Used, limit, s)
		}
		if moved > 6*limit {
			t.Errorf("%d bytes: %d bytes were moved to take %d", n, moved, 3*limit)
		}
	}
	w.check()
	w.empty()
}

// moveOrDrop empties chunk id, frees what cannot be moved, and returns the bytes of both.
func (w *world) moveOrDrop(id ChunkID, where map[Ref]int) (moved, dropped uint64) {
	clear(where)
	for i, o := range w.objects {
		if chunkOf(o.ref) == id {
			where[o.ref] = i
		}
	}
	var gone []int
	w.r.EvacuationBlocks(id, func(heap uint16, b Block) {
		h := w.heaps[heap]
		h.LiveObjects(b, func(ref Ref, size int) bool {
			i := where[ref]
			o := &w.objects[i]
			to, ok := h.Alloc(o.n, Movable)
			if ok {
				copy(w.r.Bytes(to, o.n), w.r.Bytes(ref, o.n))
				moved += uint64(size)
			} else {
				w.verify(*o)
				gone = append(gone, i)
				dropped += uint64(size)
			}
			h.Free(ref, o.n, Movable)
			o.ref = to
			return true
		})
	})
	w.forget(gone)
	return moved, dropped
}

// forget takes objects that were freed out of the model.
func (w *world) forget(gone []int) {
	for _, i := range gone {
		w.objects[i].ref = 0
	}
	kept := w.objects[:0]
	for _, o := range w.objects {
		if o.ref != 0 {
			kept = append(kept, o)
		}
	}
	w.objects = kept
}
