package mem

import (
	"testing"
	"time"
)

// TestLimit: the limit is never exceeded, is reached before anything is refused, and freeing makes room again.
func TestLimit(t *testing.T) {
	for _, tc := range []struct {
		name   string
		n      int
		limit  uint64
		filled float64 // share of the limit that must have been handed out when Alloc refuses
	}{
		{"small", 24, 8 << 20, 0.99},
		{"spans of 64 KiB", 5000, 8 << 20, 0.9},
		{"runs", 9 << 10, 8 << 20, 0.98},
		{"chunks", ChunkBytes, 8 << 20, 1},
		{"above chunks", ChunkBytes + 5000, 9 << 20, 0.44},
		{"no whole chunk", 24, 9<<20 + 4711, 0.85},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, 2, Options{ReserveBytes: 1 << 30, LimitBytes: tc.limit})
			defer w.close()
			for round := range 2 {
				for i := 0; w.alloc(i%2, tc.n, Movable); i++ {
					if w.r.Resident() > tc.limit {
						t.Fatalf("%d bytes are resident, the limit is %d", w.r.Resident(), tc.limit)
					}
				}
				s := w.r.Stats()
				if float64(s.Used) < tc.filled*float64(tc.limit) {
					t.Errorf("round %d: refused when %d of %d bytes were handed out: %+v", round, s.Used, tc.limit, s)
				}
				if s.Denied == 0 || s.Limit != tc.limit {
					t.Errorf("round %d: stats say %+v", round, s)
				}
				w.check()
				for len(w.objects) > 0 {
					w.free(len(w.objects) / 2)
				}
			}
			w.empty()
		})
	}
}

// TestLimitLowered: idle chunks go at once, chunks in use when they are freed.
func TestLimitLowered(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
	defer w.close()
	for range 10 {
		w.alloc(0, ChunkBytes, Movable)
	}
	for range 4 {
		w.free(0)
	}
	w.r.SetLimit(8 * ChunkBytes)
	if got := w.r.Resident(); got != 8*ChunkBytes {
		t.Errorf("%d chunks are resident after the limit was set to 8 and 4 were idle", got>>chunkShift)
	}
	w.r.SetLimit(3 * ChunkBytes)
	if got := w.r.Resident(); got != 6*ChunkBytes {
		t.Errorf("%d chunks are resident when 6 are in use", got>>chunkShift)
	}
	if w.alloc(0, 10, Fixed) {
		t.Error("a chunk was opened above the limit")
	}
	for want := 5; want >= 3; want-- {
		w.free(0)
		if got := w.r.Resident(); got != uint64(want)*ChunkBytes {
			t.Errorf("%d chunks are resident when %d are in use and more are over the limit", got>>chunkShift, want)
		}
	}
	w.r.SetLimit(0)
	if !w.alloc(0, 20*ChunkBytes, Fixed) {
		t.Error("an object was refused without a limit")
	}
	w.empty()
}

// TestReservationExhausted: without a limit the reservation is what ends, and it does so with a refusal.
func TestReservationExhausted(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 8 * ChunkBytes})
	defer w.close()
	for range 7 {
		if !w.alloc(0, ChunkBytes, Movable) {
			t.Fatal("refused while chunks are left")
		}
	}
	for _, n := range []int{1, 9 << 10, ChunkBytes + 1, 100 * ChunkBytes, 1 << 42, 1 << 62} {
		if w.alloc(0, n, Fixed) {
			t.Errorf("%d bytes were handed out of nothing", n)
		}
	}
	w.free(3)
	if w.alloc(0, ChunkBytes+1, Fixed) {
		t.Error("two chunks were found where one is free")
	}
	if !w.alloc(0, 1, Fixed) {
		t.Error("the freed chunk was not reused")
	}
	w.empty()
}

// TestTrimWaits: a chunk is given back when it was idle for maxIdle, counted from the first Trim that saw it.
func TestTrimWaits(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
	defer w.close()
	for range 100 {
		w.alloc(0, ChunkBytes, Movable)
	}
	for range 50 {
		w.free(0)
	}
	trim := func(now, want int) {
		t.Helper()
		got := w.r.Trim(time.Duration(now)*time.Second, 10*time.Second)
		if got != uint64(want)*ChunkBytes {
			t.Errorf("Trim after %d s gave back %d chunks, want %d", now, got>>chunkShift, want)
		}
	}
	trim(100, 0)
	for range 25 {
		w.free(0)
	}
	trim(109, 0)
	trim(110, 50)
	w.alloc(0, ChunkBytes, Movable)
	w.free(25)
	trim(118, 0)
	trim(119, 24)
	trim(128, 1)
	if got := w.r.Resident(); got != 25*ChunkBytes {
		t.Errorf("%d chunks are resident, want 25", got>>chunkShift)
	}
	w.check()
	w.empty()
}

// TestStaleReads: memory that was given back can still be read, as readers without a lock may.
func TestStaleReads(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
	defer w.close()
	w.alloc(0, 3*ChunkBytes+5000, Movable)
	ref := w.objects[0].ref
	w.empty()
	for i := range 4 {
		b := w.r.Bytes(ref+Ref(i)<<refChunkShift, 4096)
		_ = b[0] + b[4095]
	}
}

// TestLargeRows: objects above a chunk take rows of chunks, reuse what was freed, and share their last chunk.
func TestLargeRows(t *testing.T) {
	w := newWorld(t, 2, Options{ReserveBytes: 1 << 30})
	defer w.close()
	w.alloc(0, 2*ChunkBytes+3000, Movable) // chunks 1, 2 and the first 3 KiB of 3
	for range 200 {
		w.alloc(1, 9<<10, Movable) // all in chunk 3
	}
	w.check()
	if got := w.r.Resident(); got != 3*ChunkBytes {
		t.Errorf("%d chunks are resident; the tail's chunk is not shared", got>>chunkShift)
	}
	if id, ok := w.r.BeginReclaim(); ok {
		t.Errorf("chunk %d, in which a large object ends, was chosen to be emptied", id)
	}
	w.alloc(0, ChunkBytes, Movable) // 4
	w.alloc(0, ChunkBytes, Movable) // 5
	w.free(len(w.objects) - 2)      // 4 is idle
	w.free(0)                       // 1 and 2 are idle, 3 keeps the runs
	w.r.Trim(0, 0)
	w.alloc(1, 2*ChunkBytes, Movable)
	if got := chunkOf(w.objects[len(w.objects)-1].ref); got != 1 {
		t.Errorf("two chunks in a row were taken at %d, not where two are free", got)
	}
	w.alloc(1, 2*ChunkBytes, Movable)
	if got := chunkOf(w.objects[len(w.objects)-1].ref); got != 6 {
		t.Errorf("two more were taken at %d, want 6: only 4 is free below", got)
	}
	w.check()
	w.empty()
}
