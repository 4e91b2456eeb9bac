package mem

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// object is an allocation as the plain model knows it.
type object struct {
	heap int
	ref  Ref
	n    int
	kind Kind
	seed uint64
}

// world is a region with heaps and the model of what they hold.
type world struct {
	t       rapid.TB
	r       *Region
	heaps   []*Heap
	objects []object
	seed    uint64
}

func newWorld(t rapid.TB, heaps int, o Options) *world {
	r, err := NewRegion(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, r: r}
	for i := range heaps {
		w.heaps = append(w.heaps, r.NewHeap(uint16(i)))
	}
	return w
}

func (w *world) close() {
	if err := w.r.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// stamp fills the object with bytes that follow from its seed, and verify checks them. Of a large object only both ends
// and a sample between are written, to keep the test quick.
func (w *world) stamp(o object) {
	b := w.r.Bytes(o.ref, o.n)
	for i := 0; i < len(b); i += stride(i, len(b)) {
		b[i] = pattern(o.seed, i)
	}
}

func (w *world) verify(o object) {
	b := w.r.Bytes(o.ref, o.n)
	for i := 0; i < len(b); i += stride(i, len(b)) {
		if b[i] != pattern(o.seed, i) {
			w.t.Fatalf("object of %d bytes at %#x (heap %d) lost byte %d: %#x instead of %#x", o.n, o.ref, o.heap, i,
				b[i], pattern(o.seed, i))
		}
	}
}

func stride(i, n int) int {
	if i < 16 || n-i <= 16 {
		return 1
	}
	return min(max(251, n/16), n-i-16)
}

func pattern(seed uint64, i int) byte {
	return byte((seed + uint64(i)) * 0x9e3779b97f4a7c15 >> 56)
}

func (w *world) alloc(heap, n int, k Kind) bool {
	ref, ok := w.heaps[heap].Alloc(n, k)
	if !ok {
		return false
	}
	if ref == 0 || ref>>RefBits != 0 {
		w.t.Fatalf("Alloc(%d) gave ref %#x", n, uint64(ref))
	}
	w.seed++
	o := object{heap: heap, ref: ref, n: n, kind: k, seed: w.seed}
	w.stamp(o)
	w.objects = append(w.objects, o)
	return true
}

func (w *world) free(i int) {
	o := w.objects[i]
	w.verify(o)
	w.heaps[o.heap].Free(o.ref, o.n, o.kind)
	last := len(w.objects) - 1
	w.objects[i] = w.objects[last]
	w.objects = w.objects[:last]
}

// check compares contents and accounting with the model.
func (w *world) check() {
	used := make([]uint64, len(w.heaps))
	var total uint64
	for _, o := range w.objects {
		w.verify(o)
		used[o.heap] += uint64(RoundUp(o.n))
		total += uint64(RoundUp(o.n))
	}
	for i, h := range w.heaps {
		if h.Used() != used[i] {
			w.t.Fatalf("heap %d says %d bytes used, model %d", i, h.Used(), used[i])
		}
	}
	s := w.r.Stats()
	if s.Used != total {
		w.t.Fatalf("Stats.Used is %d, model %d", s.Used, total)
	}
	idle := s.ChunksIdle << chunkShift
	if got := s.Used + s.SpanFree + s.RunFree + idle + w.closed(); got != s.Resident {
		w.t.Fatalf("used, free and idle bytes are %d, resident %d: %+v", got, s.Resident, s)
	}
	w.checkOverlap()
}

// closed is the bytes of free granules in chunks under evacuation, which Stats counts nowhere.
func (w *world) closed() uint64 {
	var n uint64
	for id := ChunkID(1); id < w.r.high; id++ {
		if c := w.r.chunk(id); c.state == stateEvacuating {
			n += uint64(c.free) << granuleShift
		}
	}
	return n
}

// checkOverlap checks that no two objects share a byte, rounding included.
func (w *world) checkOverlap() {
	sorted := slices.Clone(w.objects)
	slices.SortFunc(sorted, func(a, b object) int { return cmp.Compare(a.ref, b.ref) })
	var end Ref
	for _, o := range sorted {
		if o.ref < end {
			w.t.Fatalf("the object of %d bytes at %#x begins before %#x, where the one before it ends", o.n, o.ref, end)
		}
		end = o.ref + Ref(RoundUp(o.n)>>unitShift)
	}
}

// empty frees everything and checks that nothing stays resident.
func (w *world) empty() {
	for len(w.objects) > 0 {
		w.free(len(w.objects) - 1)
	}
	w.check()
	w.r.Trim(0, 0)
	if s := w.r.Stats(); s.Resident != 0 || s.Used != 0 || s.SpanFree != 0 || s.RunFree != 0 || s.ChunksIdle != 0 {
		w.t.Fatalf("everything was freed and trimmed, but %+v", s)
	}
}

// anySize draws sizes that exercise classes, class borders, runs and objects above a chunk.
func anySize() *rapid.Generator[int] {
	return rapid.OneOf(
		rapid.IntRange(1, 128),
		rapid.IntRange(129, maxSmall),
		rapid.IntRange(maxSmall+1, 100<<10),
		rapid.Map(rapid.IntRange(0, classCount-1), func(i int) int { return classes[i].bytes() }),
		rapid.Map(rapid.IntRange(0, classCount-2), func(i int) int { return classes[i].bytes() + 1 }),
		rapid.IntRange(100<<10, ChunkBytes),
	)
}

// TestHistory runs random histories against the model: no two objects overlap, contents are kept, the accounting
// agrees, and everything that was freed goes back.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 3, Options{ReserveBytes: 1 << 30})
		defer w.close()
		size := anySize()
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				heap, kind := rapid.IntRange(0, 2).Draw(t, "heap"), Kind(rapid.IntRange(0, kinds-1).Draw(t, "kind"))
				n := size.Draw(t, "size")
				for range rapid.SampledFrom([]int{1, 1, 20, 200}).Draw(t, "count") {
					if len(w.objects) < 1000 && !w.alloc(heap, n, kind) {
						t.Fatalf("Alloc(%d) failed without a limit", n)
					}
				}
			},
			"allocLarge": func(t *rapid.T) {
				n := rapid.IntRange(ChunkBytes+1, 3*ChunkBytes+5000).Draw(t, "size")
				if w.r.Resident() < 100<<20 && !w.alloc(0, n, Kind(rapid.IntRange(0, kinds-1).Draw(t, "kind"))) {
					t.Fatalf("Alloc(%d) failed without a limit", n)
				}
			},
			"free": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 20, 200}).Draw(t, "count") {
					if len(w.objects) > 0 {
						w.free(rapid.IntRange(0, len(w.objects)-1).Draw(t, "which"))
					}
				}
			},
			"trim": func(t *rapid.T) { w.r.Trim(0, 0) },
			"":     func(t *rapid.T) { w.check() },
		})
		w.empty()
	})
}

// TestMisusePanics: what the headers can tell cheaply is told in every build.
func TestMisusePanics(t *testing.T) {
	for _, tc := range []struct {
		name string
		run  func(h, other *Heap, ref, run Ref)
	}{
		{"wrong class", func(h, _ *Heap, ref, _ Ref) { h.Free(ref, 200, Movable) }},
		{"wrong kind", func(h, _ *Heap, ref, _ Ref) { h.Free(ref, 100, Fixed) }},
		{"wrong heap", func(_, other *Heap, ref, _ Ref) { other.Free(ref, 100, Movable) }},
		{"last object twice", func(h, _ *Heap, ref, _ Ref) { h.Free(ref, 100, Movable); h.Free(ref, 100, Movable) }},
		{"run of another size", func(h, _ *Heap, _, run Ref) { h.Free(run, 30<<10, Movable) }},
		{"run of another heap", func(_, other *Heap, _, run Ref) { other.Free(run, 20<<10, Movable) }},
		{"run twice", func(h, _ *Heap, _, run Ref) { h.Free(run, 20<<10, Movable); h.Free(run, 20<<10, Movable) }},
		{"nothing", func(h, _ *Heap, _, _ Ref) { h.Alloc(0, Movable) }},
		{"free of nothing", func(h, _ *Heap, ref, _ Ref) { h.Free(ref, 0, Movable) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, 2, Options{ReserveBytes: 1 << 30})
			defer w.close()
			ref, _ := w.heaps[0].Alloc(100, Movable)
			run, _ := w.heaps[0].Alloc(20<<10, Movable)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tc.run(w.heaps[0], w.heaps[1], ref, run)
		})
	}
}

// TestAlignment: objects of power-of-two sizes lie at multiples of their size, so 64-byte buckets never straddle cache
// lines.
func TestAlignment(t *testing.T) {
	w := newWorld(t, 1, Options{ReserveBytes: 1 << 30})
	defer w.close()
	for n := 8; n <= maxSmall; n *= 2 {
		for range 3 * ChunkBytes / 16 / n {
			ref, ok := w.heaps[0].Alloc(n, Fixed)
			if !ok || uint64(ref)<<unitShift%uint64(n) != 0 {
				t.Fatalf("Alloc(%d) = %#x, %v", n, uint64(ref), ok)
			}
		}
	}
}

func ExampleHeap() {
	r, err := NewRegion(Options{ReserveBytes: 1 << 30})
	if err != nil {
		panic(err)
	}
	h := r.NewHeap(0)
	ref, _ := h.Alloc(10, Movable)
	binary.LittleEndian.PutUint64(r.Bytes(ref, 10), 42)
	fmt.Println(binary.LittleEndian.Uint64(r.Bytes(ref, 10)), RoundUp(10), h.Used())
	h.Free(ref, 10, Movable)
	fmt.Println(h.Used(), r.Resident(), r.Trim(0, 0), r.Resident())
	// Output:
	// 42 16 16
	// 0 2097152 2097152 0
}
