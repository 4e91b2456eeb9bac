package policy

import (
	"math/rand/v2"
	"testing"
)

func TestParseName(t *testing.T) {
	for _, s := range Names() {
		n, ok := ParseName(s)
		if !ok || n.String() != s {
			t.Errorf("ParseName(%q) = %v, %v", s, n, ok)
		}
	}
	for _, s := range []string{"", "lru", "ALLKEYS-LRU", "allkeys-lru "} {
		if n, ok := ParseName(s); ok {
			t.Errorf("ParseName(%q) = %v, want none", s, n)
		}
	}
}

func TestNoEvictionRefuses(t *testing.T) {
	s := newSim(t, Options{Shards: 4}, 100)
	for k := range uint32(150) {
		s.access(k)
	}
	if got := s.refused.Load(); got != 50 {
		t.Errorf("%d inserts were refused, want 50", got)
	}
}

// TestVolatile: the volatile policies evict keys with a deadline only, and
// refuse when there is none left.
func TestVolatile(t *testing.T) {
	for _, name := range []Name{VolatileLRU, VolatileLFU, VolatileRandom, VolatileTTL} {
		for _, shards := range []int{1, 64} {
			s := newSim(t, Options{Shards: shards, Name: name, SplitEntries: 500}, 3000)
			s.expiry = func(k uint32) int64 {
				if k < 3000 && k%10 == 0 {
					return int64(k + 1)
				}
				return 0
			}
			s.evicted = func(slot simSlot) {
				if slot.deadline == 0 {
					t.Fatalf("%v evicted key %d, which has no deadline", name, slot.key)
				}
			}
			for k := range uint32(4000) {
				s.access(k)
			}
			if got := s.refused.Load(); got != 700 {
				t.Errorf("%v, %d shards: %d inserts were refused, want 700 (1000 more keys, 300 of all with a deadline)", name, shards, got)
			}
		}
	}
}

// TestVolatileTTL: what is evicted had one of the nearest deadlines.
func TestVolatileTTL(t *testing.T) {
	const n = 10_000
	rng := rand.New(rand.NewPCG(1, 1))
	s := newSim(t, Options{Shards: 32, Name: VolatileTTL, Seed: 7}, n)
	s.expiry = func(uint32) int64 { return 1 + rng.Int64N(1_000_000) }
	sum, evicted := int64(0), int64(0)
	s.evicted = func(slot simSlot) { sum += slot.deadline; evicted++ }
	for k := range uint32(n + 500) {
		s.access(k)
	}
	// The nearest of about 20 of deadlines up to 1,000,000 is near 48,000.
	if mean := sum / evicted; evicted != 500 || mean > 80_000 {
		t.Errorf("%d keys were evicted with a mean deadline of %d, want 500 with at most 80000", evicted, mean)
	}
}

// TestRandomIsEven: how long a key has been there does not matter.
func TestRandomIsEven(t *testing.T) {
	const n = 8000
	for _, split := range []int{0, 1000} {
		s := newSim(t, Options{Shards: 32, Name: AllKeysRandom, Seed: 3, SplitEntries: split}, n)
		for k := range uint32(2 * n) {
			s.access(k)
		}
		older := 0
		for k := range uint32(n) {
			if s.find(k) != nil {
				older++
			}
		}
		// Each of n evictions spares a given old key with 1-1/n: n/e survive.
		if want := n * 1000 / 2718; older < want*85/100 || older > want*115/100 {
			t.Errorf("split at %d: %d of the older half survived, want about %d", split, older, want)
		}
	}
}

// TestLRUAndLFU: the names keep their promises on loads that tell them apart.
func TestLRUAndLFU(t *testing.T) {
	zipf := zipfLoad(0.9, 50_000, 500_000)
	stack := stackLoad(500_000, 0.1, 500, 1)
	for _, c := range []struct {
		name    Name
		l       load
		against func(uint32, int) refCache
		margin  float64 // at least so many points above the reference
	}{
		{AllKeysLRU, stack, newRefSampled, -1},
		{AllKeysLRU, zipf, newRefSampled, -1},
		{AllKeysLFU, zipf, newRefLRU, 4},
		{AllKeysAdaptive, zipf, newRefLRU, 7},
	} {
		ref := replay(c.against(c.l.keys, 2000), c.l)
		for _, lay := range layouts {
			got := replay(newSim(t, Options{Shards: lay.shards, Name: c.name}, 2000), c.l)
			t.Logf("%-16v %-10s %-11s %.2f, reference %.2f", c.name, c.l.name, lay.name, got, ref)
			if got < ref+c.margin {
				t.Errorf("%v on %s with %s: %.2f %%, want at least %.2f%+.0f", c.name, c.l.name, lay.name, got, ref, c.margin)
			}
		}
	}
}
