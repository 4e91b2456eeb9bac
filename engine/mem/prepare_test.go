package mem

import (
	"sync"
	"testing"
)

// TestPrepare takes one chunk ahead of need, which the next allocation gets, and
// none where the limit is near.
func TestPrepare(t *testing.T) {
	r, err := NewRegion(Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Prepare()
	r.Prepare()
	if got := r.Resident(); got != ChunkBytes {
		t.Fatalf("%d bytes are resident, want one chunk", got)
	}
	h := r.NewHeap(0)
	ref, ok := h.Alloc(100, Node)
	if !ok || r.Resident() != ChunkBytes {
		t.Errorf("allocated: %v; %d bytes are resident, want the prepared chunk only", ok, r.Resident())
	}
	for _, b := range r.Bytes(ref, 100) {
		if b != 0 && !invariants {
			t.Fatal("a prepared chunk is not empty")
		}
	}
	r.Prepare()
	if got := r.Trim(0, 0); got != ChunkBytes {
		t.Errorf("Trim gives %d bytes back, want the chunk that was prepared", got)
	}
	r.SetLimit((prepareRoom - 1) * ChunkBytes)
	r.Prepare()
	if got := r.Resident(); got != ChunkBytes {
		t.Errorf("%d bytes are resident near the limit, want the one chunk in use", got)
	}
	h.Free(ref, 100, Node)
}

// TestPrepareBesideOthers prepares while heaps allocate, free and give back: what
// they hold stays as it is.
func TestPrepareBesideOthers(t *testing.T) {
	r, err := NewRegion(Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var heaps, preparers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		preparers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					r.Prepare()
					r.Trim(0, 0)
				}
			}
		})
	}
	for id := range uint16(3) {
		h := r.NewHeap(id)
		heaps.Go(func() {
			const size = 3000
			for round := range 3 {
				var refs []Ref
				for i := range 2000 {
					ref, ok := h.Alloc(size, Node)
					if !ok {
						t.Error("no memory")
						return
					}
					b := r.Bytes(ref, size)
					for j := range b {
						b[j] = byte(i + round)
					}
					refs = append(refs, ref)
				}
				for i, ref := range refs {
					for _, got := range r.Bytes(ref, size) {
						if got != byte(i+round) {
							t.Errorf("heap %d: object %d was overwritten", id, i)
							return
						}
					}
					h.Free(ref, size, Node)
				}
			}
		})
	}
	heaps.Wait()
	close(stop)
	preparers.Wait()
}
