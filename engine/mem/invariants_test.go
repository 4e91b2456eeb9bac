//go:build invariants

package mem

import "testing"

// TestInvariants: with the tag invariants the allocator notices what it cannot afford to look for otherwise.
func TestInvariants(t *testing.T) {
	for _, tc := range []struct {
		name string
		run  func(w *world, h *Heap, ref Ref)
	}{
		{"freed twice", func(_ *world, h *Heap, ref Ref) { h.Free(ref, 100, Movable); h.Free(ref, 100, Movable) }},
		{"inside an object", func(_ *world, h *Heap, ref Ref) { h.Free(ref+1, 100, Movable) }},
		{"never handed out", func(_ *world, h *Heap, ref Ref) { h.Free(ref+100*104/8, 100, Movable) }},
		{"written after Free", func(w *world, h *Heap, ref Ref) {
			h.Free(ref, 100, Movable)
			w.r.Bytes(ref, 100)[50]++
			h.Alloc(100, Movable)
		}},
		{"counter", func(w *world, h *Heap, ref Ref) {
			w.r.span(uint32(ref >> refBlockShift)).live = 64
			h.Free(ref, 100, Movable)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
			defer w.close()
			ref, _ := w.heaps[0].Alloc(100, Movable)
			w.heaps[0].Alloc(100, Movable)
			for i, b := range w.r.Bytes(ref, 100) {
				if b != rubbish {
					t.Errorf("byte %d of a new object is %#x, not rubbish", i, b)
				}
			}
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tc.run(w, w.heaps[0], ref)
		})
	}
}
