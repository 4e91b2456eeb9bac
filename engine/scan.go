package engine

import "math/bits"

// A Cursor is a place in the iteration over a database. It names the place by
// hash bits, not by memory, so it survives growth, shrinking and compaction:
//
//	bits 0..15   pos: the position bits at which to go on
//	bits 16..39  prefix, depth bits of it
//	bits 40..44  depth
//	bits 45..60  shard
//
// Done are the shards below, and of the shard each entry whose hash starts
// with depth bits that are less than the prefix, or equal to it when its
// position is less than pos. That holds whatever segments the entries lie in,
// so an entry that is there throughout an iteration is returned at least once;
// and exactly once, unless a segment grew to more than maxScanParts of them
// while it was being iterated over. 0 is start and end.
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

// maxScanParts bounds the segments that are visited in step with each other
// because they were one when the cursor was made. Beyond that the iteration
// goes on with the first of them and starts the others afresh.
const maxScanParts = 16

// allPositions is behind the last position.
const allPositions = 1 << 16

// Scan calls f with the live items from cursor c on until it has visited at
// least count slots or the end of the shard, and returns the cursor to go on
// with, 0 at the end of the database. It visits one shard only.
// REQUIRES: the shard of CursorShard(c) is locked; f does not write.
func (e *Engine) Scan(db int, c Cursor, count int, nowMs int64, f func(Item)) Cursor {
	next, _ := e.Walk(db, c, count, nowMs, f)
	return next
}

// Walk is Scan that also tells how many slots it has visited: at most what
// one segment holds beyond count.
func (e *Engine) Walk(db int, c Cursor, count int, nowMs int64, f func(Item)) (next Cursor, visited int) {
	s := e.shards[c.shard()]
	sp := &s.spaces[db]
	if sp.t == nil || sp.t.count == 0 {
		return e.nextShard(s), 0
	}
	for visited < count {
		n, more := 0, false
		if c, n, more = s.scanStep(sp, c, count-visited, nowMs, f); !more {
			return e.nextShard(s), visited + n
		}
		visited += n
	}
	return c, visited
}

// scanStep visits about so many slots of one segment, or of those that it has
// become since c was made. It returns the cursor behind what it has visited,
// and more = false at the end of the shard.
func (s *Shard) scanStep(sp *space, c Cursor, slots int, nowMs int64, f func(Item)) (next Cursor, visited int, more bool) {
	depth, pos := c.depth(), c.pos()
	prefix := c.prefix() & (1<<depth - 1)
	seg := sp.t.segment(prefix << (64 - depth))
	hd := seg.header()
	if hd.depth < depth {
		// Merged since: one segment is done at once, which no later cursor
		// could say of a part of it.
		visited = s.scanRange(sp, seg, 0, allPositions, nowMs, func(it Item) {
			has := s.engine.seed.Hash(it.Key()) >> (64 - depth)
			if has > prefix || has == prefix && slotPos(*it.pos.slot) >= pos {
				f(it)
			}
		})
		next, more = s.behind(hd.depth, uint64(hd.prefix))
		return next, visited, more
	}
	if pos == 0 || int(hd.depth-depth) > bits.TrailingZeros8(maxScanParts) {
		depth, prefix = hd.depth, uint64(hd.prefix)
	}
	end, to := uint64(allPositions), seg.home(pos)+(slots+slotsPerBucket-1)/slotsPerBucket
	if to < seg.buckets {
		end = firstPos(seg, to)
	}
	last := (prefix+1)<<(64-depth) - 1
	for h := prefix << (64 - depth); ; {
		part := sp.t.segment(h)
		visited += s.scanRange(sp, part, pos, end, nowMs, f)
		if h |= 1<<(64-part.header().depth) - 1; h == last {
			break
		}
		h++
	}
	if end < allPositions {
		return makeCursor(s.index, depth, uint32(prefix), end), visited, true
	}
	next, more = s.behind(depth, prefix)
	return next, visited, more
}

// behind returns the cursor behind all hashes that start with the prefix,
// false at the end of the shard.
func (s *Shard) behind(depth uint8, prefix uint64) (Cursor, bool) {
	if prefix++; prefix == 1<<depth {
		return 0, false
	}
	return makeCursor(s.index, depth, uint32(prefix), 0), true
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

// scanRange calls f for the live entries of seg with a position in [pos, end)
// and returns how many slots it has looked at. Entries that were displaced
// live behind their home, no further than the overflow counts lead.
func (s *Shard) scanRange(sp *space, seg segment, pos, end uint64, nowMs int64, f func(Item)) (visited int) {
	from := seg.home(pos)
	homes := seg.home(end-1) + 1 - from
	at := from
	for step := 1; ; step++ {
		b := seg.bucket(at)
		visited += slotsPerBucket
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if has := slotPos(b.slots[i]); has < pos || has >= end {
				continue
			}
			en := entryAt(s.region, slotRef(b.slots[i]))
			it := Item{s, sp, positionIn(seg, at, b, i), en, en.layout()}
			if it.alive(nowMs) {
				f(it)
			}
		}
		at = seg.next(at)
		if step >= homes && b.overflow() == 0 || at == from {
			return visited
		}
	}
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
		s.scanRange(sp, seg, 0, allPositions, nowMs, func(it Item) { found, ok = it, true })
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
	return it, it.alive(nowMs)
}
