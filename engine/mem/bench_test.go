package mem

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func benchRegion(b *testing.B, o Options) *Region {
	r, err := NewRegion(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	return r
}

// BenchmarkAllocFree is a pair of Alloc and Free in a heap that holds a thousand other objects, so that no span is
// taken or given back.
func BenchmarkAllocFree(b *testing.B) {
	for _, n := range []int{8, 32, 88, 512, 4096, 20 << 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := benchRegion(b, Options{}).NewHeap(0)
			for range 1001 {
				h.Alloc(n, Movable)
			}
			b.ReportAllocs()
			for b.Loop() {
				ref, _ := h.Alloc(n, Movable)
				h.Free(ref, n, Movable)
			}
		})
	}
}

// BenchmarkSpanPingPong is the worst case of keeping no spare span: each pair takes a span and gives it back.
func BenchmarkSpanPingPong(b *testing.B) {
	h := benchRegion(b, Options{}).NewHeap(0)
	h.Alloc(1000, Movable) // keeps the chunk open
	b.ReportAllocs()
	for b.Loop() {
		ref, _ := h.Alloc(32, Movable)
		h.Free(ref, 32, Movable)
	}
}

// BenchmarkChurn replaces random ones of a million objects by others of random sizes, in 32 heaps: caches miss, lists
// are in disorder, spans come and go.
func BenchmarkChurn(b *testing.B) {
	const count = 1 << 20
	for _, huge := range []bool{false, true} {
		b.Run(fmt.Sprintf("huge=%v", huge), func(b *testing.B) {
			r := benchRegion(b, Options{HugePages: huge})
			var heaps [32]*Heap
			for i := range heaps {
				heaps[i] = r.NewHeap(uint16(i))
			}
			rng := rand.New(rand.NewPCG(1, 2))
			refs, sizes := make([]Ref, count), make([]int, count)
			for i := range refs {
				sizes[i] = 20 + rng.IntN(200)
				refs[i], _ = heaps[i%32].Alloc(sizes[i], Movable)
				clear(r.Bytes(refs[i], sizes[i]))
			}
			b.ReportAllocs()
			for b.Loop() {
				i := rng.IntN(count)
				heaps[i%32].Free(refs[i], sizes[i], Movable)
				sizes[i] = 20 + rng.IntN(200)
				refs[i], _ = heaps[i%32].Alloc(sizes[i], Movable)
				r.Bytes(refs[i], sizes[i])[8] = 1
			}
		})
	}
}

// BenchmarkRead reads random ones of four million objects of 88 bytes: what huge pages are for.
func BenchmarkRead(b *testing.B) {
	const count = 4 << 20
	for _, huge := range []bool{false, true} {
		b.Run(fmt.Sprintf("huge=%v", huge), func(b *testing.B) {
			r := benchRegion(b, Options{HugePages: huge})
			h := r.NewHeap(0)
			refs := make([]Ref, count)
			for i := range refs {
				refs[i], _ = h.Alloc(88, Movable)
				clear(r.Bytes(refs[i], 88))
			}
			rng := rand.New(rand.NewPCG(1, 2))
			sum := 0
			for b.Loop() {
				sum += int(*(*byte)(r.Ptr(refs[rng.IntN(count)])))
			}
			if sum != 0 {
				b.Fatal("memory that was cleared is not zero")
			}
		})
	}
}

// BenchmarkFirstTouch fills fresh chunks, a chunk an operation: what huge pages cost.
func BenchmarkFirstTouch(b *testing.B) {
	for _, huge := range []bool{false, true} {
		b.Run(fmt.Sprintf("huge=%v", huge), func(b *testing.B) {
			r := benchRegion(b, Options{HugePages: huge})
			h := r.NewHeap(0)
			b.SetBytes(ChunkBytes)
			for b.Loop() {
				ref, ok := h.Alloc(ChunkBytes, Movable)
				if !ok {
					b.Fatal("no memory")
				}
				clear(r.Bytes(ref, ChunkBytes))
				h.Free(ref, ChunkBytes, Movable)
				r.Trim(0, 0)
			}
		})
	}
}

// BenchmarkScan is the walk that finds sparse chunks, for 2 GiB of them.
func BenchmarkScan(b *testing.B) {
	r := benchRegion(b, Options{})
	h := r.NewHeap(0)
	for range 2 << 30 / 8192 {
		h.Alloc(8192, Movable)
	}
	for b.Loop() {
		r.scan(Movable)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(r.high-1), "µs/chunk")
}
