package policy

import (
	"math/rand/v2"
	"testing"
)

// benchSim is a full cache whose keys were hit a few times, and a source of
// new keys.
func benchSim(b *testing.B, name Name) (*simEngine, func() uint32) {
	const capacity = 100_000
	s := newSim(b, Options{Shards: 32, Name: name}, capacity)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 * capacity {
		s.access(rng.Uint32N(capacity * 3 / 2))
	}
	next := uint32(1 << 24)
	return s, func() uint32 { next++; return next }
}

// BenchmarkTurnover is one eviction and one insert, the simulated index
// included; it must not allocate once the cache is full.
func BenchmarkTurnover(b *testing.B) {
	for _, name := range []Name{AllKeysAdaptive, AllKeysLRU, AllKeysLFU, AllKeysRandom} {
		b.Run(name.String(), func(b *testing.B) {
			s, key := benchSim(b, name)
			b.ReportAllocs()
			for b.Loop() {
				s.insert(key())
			}
		})
	}
}

// BenchmarkInsert is the policy's own part of an insert with a removal.
func BenchmarkInsert(b *testing.B) {
	p, err := New(Options{Shards: 32, Name: AllKeysAdaptive})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for h := uint64(0); b.Loop(); h++ {
		x := mix(h)
		p.OnInsert(uint32(x&31), x, x>>29)
		p.OnRemove(uint32(x&31), 1)
	}
}

func BenchmarkHit(b *testing.B) {
	m := Meta(0)
	for b.Loop() {
		m, _ = m.Hit()
	}
	if m != maxFreq {
		b.Fatal(m)
	}
}

// TestNoAllocations: inserting and evicting allocate nothing in steady state.
// The simulated index grows its buckets now and then, hence the fraction.
func TestNoAllocations(t *testing.T) {
	s := newSim(t, Options{Shards: 32, Name: AllKeysAdaptive}, 20_000)
	key := uint32(0)
	for range 400_000 {
		key++
		s.access(key)
	}
	got := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			key++
			s.access(key)
		}
	})
	if n := float64(got.MemAllocs) / float64(got.N); n > 0.05 {
		t.Errorf("%.3f allocations a turnover, want none", n)
	}
}
