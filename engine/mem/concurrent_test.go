package mem

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// shard is a heap, its lock and its objects, as an engine would have them.
type shard struct {
	mu      sync.Mutex
	heap    *Heap
	objects map[Ref]object
	refs    []Ref // keys of objects, to draw from
	at      map[Ref]int
}

func (s *shard) add(r *Region, o object) {
	fillPattern(r, o)
	s.objects[o.ref] = o
	s.at[o.ref] = len(s.refs)
	s.refs = append(s.refs, o.ref)
}

func (s *shard) remove(ref Ref) {
	i, last := s.at[ref], s.refs[len(s.refs)-1]
	s.refs[i] = last
	s.at[last] = i
	s.refs = s.refs[:len(s.refs)-1]
	delete(s.at, ref)
	delete(s.objects, ref)
}

// noise is what objects are filled with, from an offset that follows from their seed. It is longer than twice the
// largest object.
var noise = func() []byte {
	b := make([]byte, 128<<10)
	for i := range b {
		b[i] = pattern(1, i)
	}
	return b
}()

func (o object) content() []byte {
	at := int(o.seed % (64 << 10))
	return noise[at : at+o.n]
}

func fillPattern(r *Region, o object) { copy(r.Bytes(o.ref, o.n), o.content()) }

func intact(r *Region, o object) bool { return bytes.Equal(r.Bytes(o.ref, o.n), o.content()) }

// step allocates or frees one object.
func (s *shard) step(t *testing.T, r *Region, rng *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refs) > 300 || len(s.refs) > 0 && rng.IntN(2) == 0 {
		ref := s.refs[rng.IntN(len(s.refs))]
		o := s.objects[ref]
		if !intact(r, o) {
			t.Errorf("an object of %d bytes lost its content", o.n)
		}
		s.heap.Free(ref, o.n, o.kind)
		s.remove(ref)
		return
	}
	n := 1 + rng.IntN(3000)
	if rng.IntN(50) == 0 {
		n = 9000 + rng.IntN(40000)
	}
	k := Kind(rng.IntN(4) / 3 * (1 + rng.IntN(2)))
	if ref, ok := s.heap.Alloc(n, k); ok {
		s.add(r, object{ref: ref, n: n, kind: k, seed: rng.Uint64()})
	}
}

// move evacuates one chunk, each block under its shard's lock.
func move(t *testing.T, r *Region, shards []*shard) bool {
	id, ok := r.BeginEvacuation(Movable)
	if !ok {
		return false
	}
	defer r.EndEvacuation(id)
	r.EvacuationBlocks(id, func(heap uint16, b Block) {
		s := shards[heap]
		s.mu.Lock()
		defer s.mu.Unlock()
		s.heap.LiveObjects(b, func(ref Ref, size int) bool {
			o, ok := s.objects[ref]
			if !ok || RoundUp(o.n) != size {
				t.Errorf("LiveObjects visits %#x with %d bytes; the shard knows %+v", uint64(ref), size, o)
				return false
			}
			to, ok := s.heap.Alloc(o.n, Movable)
			if !ok {
				return false
			}
			copy(r.Bytes(to, o.n), r.Bytes(ref, o.n))
			s.heap.Free(ref, o.n, Movable)
			s.remove(ref)
			o.ref = to
			if !intact(r, o) {
				t.Errorf("an object of %d bytes was damaged by moving", o.n)
			}
			s.add(r, o)
			return true
		})
	})
	return true
}

// TestConcurrent lets several goroutines use the heaps of one region, under a limit, while others compact, trim and
// read statistics. The race detector sees all of it with the tag heapmem.
func TestConcurrent(t *testing.T) {
	const limit = 24 << 20
	r, err := NewRegion(Options{ReserveBytes: 1 << 30, LimitBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	shards := make([]*shard, 8)
	for i := range shards {
		shards[i] = &shard{heap: r.NewHeap(uint16(i)), objects: map[Ref]object{}, at: map[Ref]int{}}
	}
	steps := 5000
	if testing.Short() {
		steps = 2000
	}
	const wantMoved = 5
	deadline := time.Now().Add(time.Minute)
	var workers, helpers sync.WaitGroup
	var done atomic.Bool
	var moved, trimmed atomic.Uint64
	for g := range 4 {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for i := 0; i < steps || moved.Load() < wantMoved && time.Now().Before(deadline); i++ {
				shards[rng.IntN(len(shards))].step(t, r, rng)
			}
		})
	}
	for range 2 {
		helpers.Go(func() {
			for !done.Load() {
				if move(t, r, shards) {
					moved.Add(1)
				}
			}
		})
	}
	helpers.Go(func() {
		for now := time.Duration(0); !done.Load(); now++ {
			trimmed.Add(r.Trim(now, 3))
			if s := r.Stats(); s.Resident > limit {
				t.Errorf("%d bytes are resident, the limit is %d", s.Resident, limit)
			}
		}
	})
	workers.Wait()
	done.Store(true)
	helpers.Wait()
	if moved.Load() < wantMoved {
		t.Errorf("only %d chunks were evacuated in a minute", moved.Load())
	}
	for _, s := range shards {
		for len(s.refs) > 0 {
			ref := s.refs[0]
			o := s.objects[ref]
			if !intact(r, o) {
				t.Errorf("an object of %d bytes lost its content", o.n)
			}
			s.heap.Free(ref, o.n, o.kind)
			s.remove(ref)
		}
		if s.heap.Used() != 0 {
			t.Errorf("heap %d says %d bytes are used after everything was freed", s.heap.ID(), s.heap.Used())
		}
	}
	trimmed.Add(r.Trim(0, 0))
	if got := r.Resident(); got != 0 {
		t.Errorf("%d bytes are resident after everything was freed", got)
	}
	t.Logf("%d evacuations, %d MiB trimmed", moved.Load(), trimmed.Load()>>20)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
