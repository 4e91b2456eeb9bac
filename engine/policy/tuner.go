package policy

import "sync"

// tuner gathers the shards' counters until they make a measurement.
type tuner struct {
	// mu guards all below. Rank: after group.mu; nothing is locked under it.
	mu           sync.Mutex
	last         []counters // by shard, as of the last Observe
	hits, misses uint64     // since the last measurement
	due          uint64     // lookups that make a measurement
	settling     bool       // the dial was moved: let levels and window follow first
	climber      climber
}

type counters struct {
	hits, misses uint64
}

func (t *tuner) reset(shards int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = make([]counters, shards)
	t.hits, t.misses, t.due, t.settling = 0, 0, climbMin, false
	t.climber = newClimber()
}

// Observe passes on a shard's counts of lookups that hit and missed since it
// was created or its counters were reset. The engine calls it whenever it has
// the shard locked for a Look; so counting costs the hits nothing.
// REQUIRES: the shard is locked.
func (p *Policy) Observe(shard uint32, hits, misses uint64) {
	if p.Name() != AllKeysAdaptive {
		return
	}
	t := &p.tuner
	t.mu.Lock()
	was := t.last[shard]
	t.last[shard] = counters{hits, misses}
	if was != (counters{}) && hits >= was.hits && misses >= was.misses {
		t.hits += hits - was.hits
		t.misses += misses - was.misses
	}
	enough := t.hits+t.misses >= t.due
	t.mu.Unlock()
	if enough {
		p.measure()
	}
}

// measure ends a measurement if it has lasted long enough for the number of
// entries there are now.
func (p *Policy) measure() {
	entries := uint64(max(p.Entries(), 0))
	t := &p.tuner
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due = max(climbMin, climbPerEntry*entries)
	n := t.hits + t.misses
	if n < t.due {
		return
	}
	ratio := float64(t.hits) / float64(n)
	t.hits, t.misses = 0, 0
	if t.settling {
		t.settling = false
		return
	}
	next := uint32(t.climber.measured(ratio))
	t.settling = next != p.dial.Load()
	p.dial.Store(next)
}
