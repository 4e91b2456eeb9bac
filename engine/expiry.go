package engine

import "math/bits"

// Removing expired keys in the background.
//
// There is no timer a key. A segment knows how many of its entries have a
// deadline and when the next look at it is due (sweepMs). A sweep removes what
// has expired, looks at the deadlines of the rest and is due again when about
// a twentieth of them will have expired, or the first one if there are few.
// So an expired key costs a bounded number of slot visits to reclaim, the dead
// hold at most about 5 % of a segment's keys with deadline, nothing is stored
// a key, and while nothing expires nothing is visited.

// sweepShare is the share of entries with a deadline that should have expired
// for a sweep to be worth its visit: one in sweepShare.
const sweepShare = 20

// markDeadline keeps the slot's mark and the counts in step with the entry's
// deadline, and pulls the segment's next sweep forward when it comes too late
// for enough entries.
func (s *Shard) markDeadline(sp *space, seg segment, slot *uint64, deadline int64) {
	const mark = uint64(MetaDeadline) << metaShift
	had := *slot&mark != 0
	if deadline == never {
		if had {
			*slot &^= mark
			seg.header().deadline--
			sp.deadlines--
		}
		return
	}
	hd := seg.header()
	if !had {
		if hd.deadline == 0 {
			hd.sweepMs, hd.early = never, 0 // what it was for is gone
		}
		*slot |= mark
		hd.deadline++
		sp.deadlines++
	}
	hd.newMs = min(hd.newMs, deadline)
	if deadline >= hd.sweepMs {
		return
	}
	hd.early++
	if hd.sweepMs == never || hd.early*sweepShare > hd.deadline {
		hd.sweepMs = deadline
		hd.early = 0
	}
	sp.sweepMs = min(sp.sweepMs, hd.sweepMs)
}

// Sweeper walks a shard's segments that are due and reclaims expired keys, a
// few buckets at a time, so that the lock is held for microseconds. Between
// its steps anything may happen to the shard. The zero value is ready; one
// goroutine uses it, for one shard.
type Sweeper struct {
	db     int
	t      *table  // the table of this round, to notice a flush or a swap
	prefix uint64  // hash bits of the next segment to look at
	seg    segment // the segment that is being visited, if bucket > 0
	depth  uint8   // its depth
	bucket int     // next bucket in it
	left   deadlineHistogram
}

// sweepBuckets is how many buckets one step visits: about 200 entries.
const sweepBuckets = 32

// Sweep reclaims keys of shard s whose deadline has passed and returns how
// many, and whether more may be due at once. It visits at most sweepBuckets
// buckets.
// REQUIRES: s is locked.
func (w *Sweeper) Sweep(s *Shard, nowMs int64) (removed int, more bool) {
	for ; w.db < len(s.spaces); w.db++ {
		sp := &s.spaces[w.db]
		if sp.t != w.t {
			w.restart(sp.t)
		}
		if sp.t == nil || sp.deadlines == 0 || (w.prefix == 0 && w.bucket == 0 && sp.sweepMs > nowMs) {
			w.restart(nil)
			continue
		}
		n, done := w.step(s, sp, nowMs)
		if !done {
			return n, true
		}
		// Summed up anew: what was set behind the sweeper's back counts too.
		sp.sweepMs = sp.t.nextSweep()
		w.restart(nil)
		w.db++
		return n, true
	}
	w.db = 0
	return 0, false
}

func (w *Sweeper) restart(t *table) {
	w.t, w.prefix, w.bucket = t, 0, 0
}

// nextSweep is the earliest time at which a segment is due for a sweep.
func (t *table) nextSweep() int64 {
	next := int64(never)
	t.forEachSegment(func(seg segment) bool {
		next = min(next, seg.header().due())
		return true
	})
	return next
}

// step looks for the next due segment of sp, at most 256 at a time, and visits
// some of its buckets. done tells that the whole space has been visited.
func (w *Sweeper) step(s *Shard, sp *space, nowMs int64) (removed int, done bool) {
	for range 256 {
		seg := sp.t.segment(w.prefix)
		hd := seg.header()
		if w.bucket > 0 && (seg != w.seg || hd.depth != w.depth) {
			w.bucket = 0 // resized, split or merged since: entries have moved
		}
		if w.bucket == 0 {
			if hd.due() > nowMs {
				if w.advance(hd) {
					return removed, true
				}
				continue
			}
			w.seg, w.depth, hd.newMs = seg, hd.depth, never
			w.left.reset(nowMs)
		}
		to := min(w.bucket+sweepBuckets, seg.buckets)
		for ; w.bucket < to; w.bucket++ {
			removed += w.visit(s, sp, seg, w.bucket, nowMs)
		}
		if removed > 0 {
			s.noteRemoved(removed)
		}
		if w.bucket < seg.buckets {
			return removed, false
		}
		hd.sweepMs, hd.early = min(w.left.due(), hd.newMs), 0
		last := w.advance(hd)
		sp.t.shrink(seg)
		return removed, last
	}
	return removed, false
}

// advance moves to the segment behind the one with header hd; it reports true
// when that was the last.
func (w *Sweeper) advance(hd *segmentHeader) bool {
	w.bucket = 0
	if hd.depth == 0 {
		return true
	}
	w.prefix = (uint64(hd.prefix) + 1) << (64 - hd.depth)
	return w.prefix == 0
}

// visit removes the expired entries of one bucket.
func (w *Sweeper) visit(s *Shard, sp *space, seg segment, at int, nowMs int64) (removed int) {
	b := seg.bucket(at)
	for m := b.occupied(); m != 0; m &= m - 1 {
		i := matchIndex(m)
		if slotMeta(b.slots[i])&MetaDeadline == 0 {
			continue
		}
		en := entryAt(s.region, slotRef(b.slots[i]))
		d := en.deadline()
		if d > nowMs {
			w.left.add(max(d, w.left.base+1))
			continue
		}
		s.noteExpired(sp, en)
		s.unlink(sp, positionIn(seg, at, b, i))
		s.free(en)
		removed++
	}
	return removed
}

// deadlineHistogram estimates when one in sweepShare of the deadlines added to
// it will have passed. Its bins are quarters of a power of two of the time
// that is left, so that the estimate is at most a quarter too late.
type deadlineHistogram struct {
	base int64 // ms; the time from which what is left is counted
	min  int64 // the earliest deadline
	n    int
	bins [4 * 64]uint16
}

func (d *deadlineHistogram) reset(baseMs int64) {
	if d.n != 0 {
		clear(d.bins[:])
	}
	d.base, d.min, d.n = baseMs, never, 0
}

// add notes one deadline. REQUIRES: ms > base.
func (d *deadlineHistogram) add(ms int64) {
	d.min = min(d.min, ms)
	d.n++
	d.bins[binOf(uint64(ms-d.base))]++
}

// due returns the time of the next sweep in ms, never if nothing was added.
func (d *deadlineHistogram) due() int64 {
	want := d.n / sweepShare
	if want <= 1 {
		return d.min
	}
	for i, seen := 0, 0; i < len(d.bins); i++ {
		if seen += int(d.bins[i]); seen >= want {
			return d.base + int64(min(binEnd(i), uint64(never-d.base)))
		}
	}
	return d.min
}

// binOf maps a time left to its bin; binEnd is the first time behind a bin.
func binOf(left uint64) int {
	if left < 8 {
		return int(left)
	}
	octave := bits.Len64(left) - 1
	return octave*4 + int(left>>(octave-2)&3)
}

func binEnd(bin int) uint64 {
	if bin < 8 {
		return uint64(bin) + 1
	}
	return (4 + uint64(bin&3) + 1) << (bin/4 - 2)
}
