package policy

import (
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestNewReportsWrongOptions(t *testing.T) {
	for _, o := range []Options{{}, {Shards: 3}, {Shards: 1 << 17}, {Shards: 1, SplitEntries: -1}, {Shards: 1, Name: 200}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) reports nothing", o)
		}
	}
}

func TestHit(t *testing.T) {
	m := Window | Deadline | 5<<levelShift
	for i := range 5 {
		var write bool
		if m, write = m.Hit(); write != (i < maxFreq) {
			t.Errorf("hit %d: write = %v", i+1, write)
		}
	}
	if m != Window|Deadline|5<<levelShift|Freq {
		t.Errorf("hits changed other bits: %08b", m)
	}
}

// check compares what the policy counts with what is there. Every slot in the
// window must have a handle in its group's queue, or nothing would judge it.
func (s *simEngine) check(t testing.TB, everAdaptive bool) {
	t.Helper()
	count := 0
	for i := range s.shards {
		count += s.shards[i].count
	}
	if got := s.p.Entries(); got != count {
		t.Fatalf("the policy counts %d entries, there are %d", got, count)
	}
	if !everAdaptive {
		return
	}
	queued := map[uint64]bool{}
	for _, g := range *s.p.groups.Load() {
		for i := range g.window.len {
			b := g.window.at(i)
			queued[uint64(b[0])|uint64(b[1])<<8|uint64(b[2])<<16|uint64(b[3])<<24|uint64(b[4])<<32] = true
		}
	}
	for n := range s.shards {
		for _, b := range s.shards[n].buckets {
			for _, slot := range b {
				if slot.meta&Window != 0 && !queued[uint64(n)<<s.p.handleBits|slot.hash>>(64-s.p.handleBits)] {
					t.Fatalf("key %d is marked as in the window, but no handle leads to it", slot.key)
				}
			}
		}
	}
}

// TestHistories runs random histories of lookups, deletes, changes of the
// policy and of the limit, on random layouts.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := Options{
			Shards:       1 << rapid.IntRange(0, 6).Draw(r, "log2 shards"),
			Name:         Name(rapid.IntRange(0, len(names)-1).Draw(r, "name")),
			SplitEntries: rapid.SampledFrom([]int{0, 1, 50, 200}).Draw(r, "split"),
			Seed:         rapid.Uint64().Draw(r, "seed"),
		}
		s := newSim(t, o, rapid.IntRange(1, 800).Draw(r, "limit"))
		s.sizeOf = func(k uint32) int { return 1 + int(k%7)*int(k%5) }
		s.expiry = func(k uint32) int64 { return int64(k % 3 * 1000) }
		for range rapid.IntRange(1, 6).Draw(r, "phases") {
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "ops"), 0))
			keys := rapid.Uint32Range(1, 3000).Draw(r, "keys")
			deletes := rapid.IntRange(0, 60).Draw(r, "deletes")
			for range 1500 {
				if k := rng.Uint32N(keys); rng.IntN(100) < deletes {
					s.delete(k)
				} else {
					s.access(k)
				}
				if s.used.Load() > int64(s.limit) {
					r.Fatalf("%d used of %d", s.used.Load(), s.limit)
				}
			}
			s.check(t, true)
			s.p.SetName(Name(rapid.IntRange(0, len(names)-1).Draw(r, "next")))
			s.limit += rapid.IntRange(0, 500).Draw(r, "more")
		}
		// Whatever happened, everything can be evicted in the end.
		s.p.SetName(AllKeysAdaptive)
		for s.used.Load() > 0 {
			if !s.evict() {
				r.Fatalf("%d bytes are left, but there is nothing to evict", s.used.Load())
			}
		}
		s.check(t, true)
	})
}

// TestDeterminism: the same operations give the same evictions.
func TestDeterminism(t *testing.T) {
	l := mixLoad(100_000, 20_000, 3000)
	for n := AllKeysLRU; n <= AllKeysAdaptive; n++ {
		var logs [2][]uint32
		for i := range logs {
			s := newSim(t, Options{Shards: 32, Name: n, Seed: 42, SplitEntries: 700}, 2000)
			s.expiry = func(k uint32) int64 { return int64(mix(uint64(k)) >> 40) }
			s.evicted = func(slot simSlot) { logs[i] = append(logs[i], slot.key) }
			replay(s, l)
		}
		if len(logs[0]) == 0 || len(logs[0]) != len(logs[1]) {
			t.Fatalf("%v: %d and %d evictions", n, len(logs[0]), len(logs[1]))
		}
		for i := range logs[0] {
			if logs[0][i] != logs[1][i] {
				t.Fatalf("%v: eviction %d differs", n, i)
			}
		}
	}
}

// TestGroups: groups split as they grow, and 32 groups of one shard each do
// about as well as one.
func TestGroups(t *testing.T) {
	l := zipfLoad(0.9, 200_000, 1_000_000)
	const capacity = 32 * 500
	one := newSim(t, Options{Shards: 32, Name: AllKeysAdaptive}, capacity)
	many := newSim(t, Options{Shards: 32, Name: AllKeysAdaptive, SplitEntries: 200}, capacity)
	a, b := replay(one, l), replay(many, l)
	t.Logf("1 group %.2f, 32 groups %.2f", a, b)
	if one.p.Groups() != 1 || many.p.Groups() != 32 {
		t.Errorf("%d and %d groups, want 1 and 32", one.p.Groups(), many.p.Groups())
	}
	if b < a-1 {
		t.Errorf("32 groups hit %.2f %%, one group %.2f %%", b, a)
	}
	many.check(t, true)
	many.p.Reset()
	if many.p.Groups() != 1 || many.p.Entries() != 0 {
		t.Errorf("after Reset: %d groups, %d entries", many.p.Groups(), many.p.Entries())
	}
}

// TestBytes: metadata is at most 2 bytes an entry at sizes that matter, and a
// few KiB however small the cache is.
func TestBytes(t *testing.T) {
	for _, c := range []struct{ capacity, limit int }{
		{1000, 16 << 10},
		{100_000, 2 * 100_000},
		{1_000_000, 2 * 1_000_000},
	} {
		s := newSim(t, Options{Shards: 32, Name: AllKeysAdaptive}, c.capacity)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 3 * c.capacity {
			s.access(rng.Uint32N(uint32(2 * c.capacity)))
		}
		t.Logf("%d entries in %d groups: %.2f bytes an entry", c.capacity, s.p.Groups(), float64(s.p.Bytes())/float64(c.capacity))
		if got := s.p.Bytes(); got > c.limit {
			t.Errorf("%d entries: %d bytes of metadata, want at most %d", c.capacity, got, c.limit)
		}
	}
}

// TestDeletesDoNotPileUp: handles of deleted entries do not grow the queue.
func TestDeletesDoNotPileUp(t *testing.T) {
	s := newSim(t, Options{Shards: 32, Name: AllKeysAdaptive}, 1000)
	for k := range uint32(300_000) {
		s.access(k)
		s.delete(k)
	}
	if got := s.p.Bytes(); got > 16<<10 {
		t.Errorf("an empty cache holds %d bytes of metadata", got)
	}
	s.check(t, true)
}

// TestConcurrent lets goroutines look up, delete and evict at once; the race
// detector watches.
func TestConcurrent(t *testing.T) {
	for n := AllKeysLRU; n <= AllKeysAdaptive; n++ {
		s := newSim(t, Options{Shards: 16, Name: n, SplitEntries: 100}, 1000)
		s.expiry = func(k uint32) int64 { return int64(k) + 1 }
		var wg sync.WaitGroup
		for g := range uint64(4) {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(g, uint64(n)))
				for range 20_000 {
					if k := rng.Uint32N(3000); rng.IntN(10) == 0 {
						s.delete(k)
					} else {
						s.access(k)
					}
				}
			})
		}
		wg.Wait()
		s.check(t, n == AllKeysAdaptive)
		if s.refused.Load() > 0 {
			t.Errorf("%v: %d inserts were refused", n, s.refused.Load())
		}
	}
}
