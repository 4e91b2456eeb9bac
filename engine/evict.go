package engine

import (
	"larder/engine/mem"
	"larder/engine/policy"
)

// Eviction: package policy decides, this file shows it the index and removes
// what it names. See the dialogue in the policy's package comment.

// SetPolicy changes the eviction policy.
func (e *Engine) SetPolicy(n policy.Name) { e.policy.SetName(n) }

// Policy returns the eviction policy in force.
func (e *Engine) Policy() policy.Name { return e.policy.Name() }

// watch switches the policy's bookkeeping on or off. Without a limit it would
// cost each insert some 50 ns and each key 2 bytes for nothing. Switched on, the
// policy learns how many entries there are, and about each of them as its hand
// comes by.
func (e *Engine) watch(on bool) {
	if e.watched == on {
		return
	}
	e.LockAll()
	e.watched = on
	e.policy.Reset()
	if on {
		for _, s := range e.shards {
			for db := range s.spaces {
				n, _ := s.Len(db)
				e.policy.Adopt(uint32(s.index), n)
			}
		}
	}
	e.UnlockAll()
}

// noteInserted tells the policy of a new entry and returns what its slot
// starts with.
func (s *Shard) noteInserted(hash uint64) Meta {
	e := s.engine
	if !e.watched {
		return 0
	}
	return Meta(e.policy.OnInsert(uint32(s.index), hash, handleOf(hash, e.policy.HandleBits())))
}

// noteRemoved tells the policy that n entries are gone, not evicted.
func (s *Shard) noteRemoved(n int) {
	if s.engine.watched {
		s.engine.policy.OnRemove(uint32(s.index), n)
	}
}

// Evicted tells what came of an eviction.
type Evicted uint8

const (
	EvictedNone  Evicted = iota // there is nothing that the policy may evict
	EvictedBusy                 // what may be evicted is in shards that somebody holds
	EvictedEntry                // an entry is gone
)

// EvictOne removes one entry that the policy chooses. It waits for no shard that
// somebody holds for long (see LockSoon): other shards' entries go instead.
// onEvict, if not nil, is told the database and key before the entry is removed,
// with its shard locked.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) EvictOne(onEvict func(db int, key []byte)) Evicted {
	var d policy.Eviction
	p := e.policy
	p.Begin(&d)
	for {
		step := p.Next(&d)
		if step == policy.Stop {
			if d.Hindered() {
				return EvictedBusy
			}
			return EvictedNone
		}
		s := e.shards[d.Shard] // the answers move d.Shard on
		if !s.LockSoon() {
			p.Busy(&d)
			continue
		}
		evicted := false
		switch step {
		case policy.Look:
			evicted = s.look(&d, onEvict)
		case policy.Find:
			evicted = s.judge(&d, onEvict)
		case policy.Take:
			evicted = s.take(&d, onEvict)
		}
		s.Unlock()
		if evicted {
			return EvictedEntry
		}
	}
}

// evict removes the entry at p because the policy said so.
func (s *Shard) evict(db int, p position, onEvict func(db int, key []byte)) {
	sp := &s.spaces[db]
	en := entryAt(s.region, slotRef(*p.slot))
	if onEvict != nil {
		onEvict(db, en.key())
	}
	s.engine.policy.OnEvict(uint32(s.index), s.engine.seed.Hash(en.key()), policyMeta(*p.slot))
	s.stats.Evicted++
	s.unlink(sp, p)
	s.free(en)
	sp.t.shrink(p.seg)
	s.publishAll()
}

func policyMeta(slot uint64) policy.Meta { return policy.Meta(slot >> metaShift) }

func setMeta(slot *uint64, m policy.Meta) {
	*slot = *slot&(1<<metaShift-1) | uint64(m)<<metaShift
}

// handleOf is what the policy's queue knows an entry by: n bits, of which the
// lower 16 are the position and the others the top bits of the hash. Together
// they lead to the home bucket in any database, as long as no directory is
// deeper than n-16 bits: at 32 shards that is 2^19 segments a shard.
func handleOf(h uint64, n uint) uint64 { return h>>(80-n)<<16 | hashPos(h) }

// hashOfHandle turns a handle of n bits back to the hash bits that find needs.
func hashOfHandle(handle uint64, n uint) (dirBits, pos uint64) {
	return handle >> 16 << (80 - n), handle & 0xffff
}

// A look's cursor is a Cursor with the database in place of the shard, so that
// one walk covers all databases of a shard.
func lookCursor(db int, depth uint8, prefix uint32, pos uint64) uint64 {
	return uint64(makeCursor(db, depth, prefix, pos))
}

// observeEvery is how many lookups of a shard pass before the policy is told of
// them: few enough for its shortest measurement to be made of many shards.
const observeEvery = 256

// observe tells the policy how many lookups hit, when it is time. Only looks
// do so: while nothing is evicted there is nothing to tune.
func (s *Shard) observe() {
	if n := s.stats.Hits + s.stats.Misses; n-s.observed >= observeEvery {
		s.observed = n
		s.engine.policy.Observe(uint32(s.index), s.stats.Hits, s.stats.Misses)
	}
}

// look shows the policy some buckets of the shard.
func (s *Shard) look(d *policy.Eviction, onEvict func(int, []byte)) bool {
	s.observe()
	volatile := s.engine.policy.Name().Volatile()
	c := Cursor(d.Cursor)
	if d.Random {
		c = s.randomCursor(d.Cursor)
	}
	db := c.shard()
	ended := false
	for d.More() {
		if db >= len(s.spaces) {
			ended = true
			break
		}
		sp := &s.spaces[db]
		if sp.evictable(volatile) == 0 {
			db++
			c = makeCursor(db, 0, 0, 0)
			continue
		}
		c = s.lookSegment(d, sp, db, c)
		db = c.shard()
	}
	place, ok := s.engine.policy.Looked(d, uint64(c), ended)
	if !ok {
		return false
	}
	db, p, ok := s.placed(place)
	if !ok {
		return false
	}
	s.evict(db, p, onEvict)
	return true
}

// lookSegment shows buckets of the segment at c until the policy has seen
// enough or the segment ends, and returns the cursor behind them.
func (s *Shard) lookSegment(d *policy.Eviction, sp *space, db int, c Cursor) Cursor {
	var h uint64
	if c.depth() > 0 {
		h = c.prefix() << (64 - c.depth())
	}
	seg := sp.t.segment(h)
	hd := seg.header()
	at := seg.home(c.pos())
	if hd.deadline == 0 && s.engine.policy.Name().Volatile() {
		at = seg.buckets // counts as one bucket visited
		d.BucketDone()
	}
	for ; at < seg.buckets && d.More(); at++ {
		s.weighBucket(d, seg, at, db)
		d.BucketDone()
	}
	if at < seg.buckets {
		return Cursor(lookCursor(db, hd.depth, hd.prefix, firstPos(seg, at)))
	}
	next := uint32(0)
	if hd.depth > 0 {
		next = (hd.prefix + 1) & (1<<hd.depth - 1)
	}
	if next == 0 {
		return makeCursor(db+1, 0, 0, 0)
	}
	return Cursor(lookCursor(db, hd.depth, next, 0))
}

func (s *Shard) weighBucket(d *policy.Eviction, seg segment, at, db int) {
	hd := seg.header()
	b := seg.bucket(at)
	deadlines := s.engine.policy.Name().NeedsDeadline()
	for m := b.occupied(); m != 0; m &= m - 1 {
		i := matchIndex(m)
		slot := &b.slots[i]
		deadline := int64(0)
		if deadlines && slotMeta(*slot)&MetaDeadline != 0 {
			deadline = entryAt(s.region, slotRef(*slot)).deadline()
		}
		place := policy.Place{
			Cursor: lookCursor(db, hd.depth, hd.prefix, slotPos(*slot)),
			Token:  uint64(slotRef(*slot)),
		}
		setMeta(slot, d.Weigh(policyMeta(*slot), place, deadline))
	}
}

// evictable is how many entries of the space the policy in force may evict.
func (sp *space) evictable(volatile bool) int {
	if sp.t == nil {
		return 0
	}
	if volatile {
		return sp.deadlines
	}
	return sp.t.count
}

// randomCursor draws a bucket of the shard by a random number.
func (s *Shard) randomCursor(r uint64) Cursor {
	volatile := s.engine.policy.Name().Volatile()
	total := 0
	for i := range s.spaces {
		total += s.spaces[i].evictable(volatile)
	}
	if total == 0 {
		return makeCursor(0, 0, 0, 0)
	}
	k := int(r >> 1 % uint64(total))
	for db := range s.spaces {
		if k -= s.spaces[db].evictable(volatile); k < 0 {
			hd := s.spaces[db].t.segment(r * 0x9e3779b97f4a7c15).header()
			return makeCursor(db, hd.depth, hd.prefix, r&0xffff)
		}
	}
	return makeCursor(0, 0, 0, 0)
}

// placed finds the slot that a place names, if the entry is still there.
func (s *Shard) placed(at policy.Place) (db int, p position, ok bool) {
	c := Cursor(at.Cursor)
	db = c.shard()
	if db >= len(s.spaces) || s.spaces[db].t == nil {
		return 0, position{}, false
	}
	var h uint64
	if c.depth() > 0 {
		h = c.prefix() << (64 - c.depth())
	}
	p, ok = s.spaces[db].t.findSlot(h, c.pos(), func(slot uint64) bool {
		return slotRef(slot) == mem.Ref(at.Token)
	})
	return db, p, ok
}

// judge shows the policy the entry that its window names.
func (s *Shard) judge(d *policy.Eviction, onEvict func(int, []byte)) bool {
	dir, pos := hashOfHandle(d.Handle, s.engine.policy.HandleBits())
	for db := range s.spaces {
		t := s.spaces[db].t
		if t == nil {
			continue
		}
		p, ok := t.findSlot(dir, pos, func(slot uint64) bool {
			return policyMeta(slot)&policy.Window != 0
		})
		if !ok {
			continue
		}
		m, evict := s.engine.policy.Judge(d, policyMeta(*p.slot))
		setMeta(p.slot, m)
		if evict {
			s.evict(db, p, onEvict)
		}
		return evict
	}
	s.engine.policy.Gone(d)
	return false
}

// take removes the entry that the policy has chosen, if nothing has happened
// to it since.
func (s *Shard) take(d *policy.Eviction, onEvict func(int, []byte)) bool {
	db, p, ok := s.placed(d.Place)
	if !ok {
		s.engine.policy.Gone(d)
		return false
	}
	if !s.engine.policy.Confirm(d, policyMeta(*p.slot)) {
		return false
	}
	s.evict(db, p, onEvict)
	return true
}

// findSlot returns the first slot on the probe path of (dir, pos) with that
// position that ok accepts. Of dir only the directory's bits count.
func (t *table) findSlot(dir, pos uint64, ok func(slot uint64) bool) (position, bool) {
	s := t.segment(dir)
	at := s.home(pos)
	for range s.buckets {
		b := s.bucket(at)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if slotPos(b.slots[i]) == pos && ok(b.slots[i]) {
				return positionIn(s, at, b, i), true
			}
		}
		if b.overflow() == 0 {
			break
		}
		at = s.next(at)
	}
	return position{}, false
}
