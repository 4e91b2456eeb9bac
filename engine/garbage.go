package engine

import "larder/engine/mem"

// Garbage is the memory of flushed databases that is not freed yet.
type Garbage struct {
	Keys int // keys that were flushed
	// Rest is called by Discard between two steps, with no lock held; nil: it does
	// not rest.
	Rest   func()
	engine *Engine
	tables []garbageTable
}

// garbageTable is a table of a shard that nobody can reach any more.
type garbageTable struct {
	s      *Shard
	segs   []segment // that are not freed yet, once begun
	t      *table
	bucket int // next one to empty in the last of segs
}

// Discard frees all of the garbage, holding each shard's lock for some buckets
// at a time. It may run beside everything else, by one goroutine at a time. With
// wait it waits for shards that somebody holds for long, those last; without, it
// reports false when it has left them for a later call.
func (g *Garbage) Discard(wait bool) (done bool) {
	busy := g.tables[:0]
	for _, gt := range g.tables {
		if !gt.discard(false, g.Rest) {
			busy = append(busy, gt)
		}
	}
	if g.tables = busy; len(busy) > 0 {
		if !wait {
			return false
		}
		for i := range busy {
			busy[i].discard(true, g.Rest)
		}
	}
	g.tables = nil
	g.engine.discarding.Add(-1)
	return true
}

// discard frees the table. Without wait it reports false if the shard is held
// for long.
func (gt *garbageTable) discard(wait bool, rest func()) (done bool) {
	if gt.t != nil {
		gt.t.forEachSegment(func(seg segment) bool { gt.segs = append(gt.segs, seg); return true })
		gt.t = nil
	}
	for len(gt.segs) > 0 {
		if wait {
			gt.s.Lock()
		} else if !gt.s.LockSoon() {
			return false
		}
		gt.step()
		gt.s.Unlock()
		if rest != nil {
			rest()
		}
	}
	return true
}

// step frees some entries, and the segment when it is empty.
// REQUIRES: the shard is locked.
func (gt *garbageTable) step() {
	seg := gt.segs[len(gt.segs)-1]
	to := min(gt.bucket+sweepBuckets, seg.buckets)
	for ; gt.bucket < to; gt.bucket++ {
		b := seg.bucket(gt.bucket)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			gt.s.free(entryAt(gt.s.region, slotRef(b.slots[i])))
			b.clear(i)
		}
	}
	if gt.bucket == seg.buckets {
		gt.s.heap.Free(seg.ref, segmentBytes[seg.header().size], mem.Fixed)
		gt.segs, gt.bucket = gt.segs[:len(gt.segs)-1], 0
	}
}
