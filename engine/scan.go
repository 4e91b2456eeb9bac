package engine

// A Cursor is a place in the iteration over a database. It names the place by
// hash bits, not by memory, so it survives growth, shrinking and compaction:
// an entry that is there throughout an iteration is returned at least once.
//
//	bits 0..15   position: entries of the segment with a smaller one are done
//	bits 16..39  the segment's directory prefix, depth bits of it
//	bits 40..44  depth of the segment when the cursor was made
//	bits 45..60  shard
//
// Only segments below the prefix in hash order are done, so the position
// counts for a segment only if it is at least as deep as it was; a segment
// that was merged since is iterated again. 0 is start and end.
type Cursor uint64

func makeCursor(shard int, depth uint8, prefix uint32, pos uint64) Cursor {
	return Cursor(uint64(shard)<<45 | uint64(depth)<<40 | uint64(prefix)<<16 | pos)
}

func (c Cursor) shard() int     { return int(c >> 45 & 0xffff) }
func (c Cursor) depth() uint8   { return uint8(c >> 40 & 0x1f) }
func (c Cursor) prefix() uint64 { return uint64(c >> 16 & (1<<maxDepth - 1)) }
func (c Cursor) pos() uint64    { return uint64(c & 0xffff) }

// CursorShard returns the index of the shard that the next Scan of this cursor
// visits, for the caller to lock; ok is false for a cursor that was made up.
func (e *Engine) CursorShard(c Cursor) (index int, ok bool) {
	return c.shard(), c.shard() < len(e.shards) && c.depth() <= maxDepth
}

// Scan calls f with the live items from cursor c on until it has visited at
// least count slots or the end of the shard, and returns the cursor to go on
// with, 0 at the end of the database. It visits one shard only.
// REQUIRES: the shard of CursorShard(c) is locked; f does not write.
func (e *Engine) Scan(db int, c Cursor, count int, nowMs int64, f func(Item)) Cursor {
	s := e.shards[c.shard()]
	sp := &s.spaces[db]
	if sp.t == nil || sp.t.count == 0 {
		return e.nextShard(s)
	}
	var h uint64
	if c.depth() > 0 {
		h = c.prefix() << (64 - c.depth())
	}
	pos := c.pos()
	for count > 0 {
		seg := sp.t.segment(h)
		hd := seg.header()
		if hd.depth < c.depth() {
			pos = 0
		}
		from := seg.home(pos)
		to := from + max(1, count/slotsPerBucket)
		if to >= seg.buckets {
			to = seg.buckets
		}
		count -= s.scanSegment(sp, seg, from, to, nowMs, f)
		if to < seg.buckets {
			return makeCursor(s.index, hd.depth, hd.prefix, firstPos(seg, to))
		}
		pos = 0
		if hd.depth == 0 {
			return e.nextShard(s)
		}
		if h = (uint64(hd.prefix) + 1) << (64 - hd.depth); h == 0 {
			return e.nextShard(s)
		}
		c = makeCursor(s.index, hd.depth, (hd.prefix+1)&(1<<hd.depth-1), 0)
	}
	return c
}

func (e *Engine) nextShard(s *Shard) Cursor {
	if s.index+1 == len(e.shards) {
		return 0
	}
	return makeCursor(s.index+1, 0, 0, 0)
}

// firstPos is the smallest position whose home is bucket at.
func firstPos(s segment, at int) uint64 {
	return (uint64(at)<<16 + uint64(s.buckets) - 1) / uint64(s.buckets)
}

// scanSegment calls f for the live entries whose home bucket is in [from, to)
// and returns how many slots it has looked at. Entries that were displaced
// live behind their home, no further than the overflow counts lead.
func (s *Shard) scanSegment(sp *space, seg segment, from, to int, nowMs int64, f func(Item)) (visited int) {
	at := from
	for step := 0; step < to-from || step < seg.buckets && at != from; step++ {
		b := seg.bucket(at)
		visited += slotsPerBucket
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if home := seg.home(slotPos(b.slots[i])); home < from || home >= to {
				continue
			}
			en := entryAt(s.region, slotRef(b.slots[i]))
			it := Item{s, sp, positionIn(seg, at, b, i), en, en.layout()}
			if it.Deadline() > nowMs {
				f(it)
			}
		}
		if step >= to-from-1 && b.overflow() == 0 {
			break
		}
		at = seg.next(at)
	}
	return visited
}

// Random picks a live item of db by the number r: a segment and a bucket by
// hash bits, then a slot of it. It reports false when there is none.
// REQUIRES: s is locked.
func (s *Shard) Random(db int, r uint64, nowMs int64) (Item, bool) {
	sp := &s.spaces[db]
	if sp.t == nil || sp.t.count == 0 {
		return Item{}, false
	}
	// A few tries at random buckets, so that runs of empty ones do not
	// favour the entry behind them; then whatever comes first.
	for try := range 64 {
		r = r*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
		seg := sp.t.segment(r)
		at := int(r >> 16 & 0xffff * uint64(seg.buckets) >> 16)
		steps := 1
		if try == 63 {
			steps = seg.buckets
		}
		for ; steps > 0; steps-- {
			if it, ok := s.randomIn(sp, seg, at, r>>8, nowMs); ok {
				return it, true
			}
			at = seg.next(at)
		}
	}
	var found Item
	ok := false
	sp.t.forEachSegment(func(seg segment) bool {
		s.scanSegment(sp, seg, 0, seg.buckets, nowMs, func(it Item) { found, ok = it, true })
		return !ok
	})
	return found, ok
}

func (s *Shard) randomIn(sp *space, seg segment, at int, r uint64, nowMs int64) (Item, bool) {
	b := seg.bucket(at)
	i := int(r % slotsPerBucket)
	if b.tag(i) == 0 {
		return Item{}, false
	}
	en := entryAt(s.region, slotRef(b.slots[i]))
	it := Item{s, sp, positionIn(seg, at, b, i), en, en.layout()}
	return it, it.Deadline() > nowMs
}
