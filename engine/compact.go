package engine

import (
	"larder/engine/mem"
	"larder/engine/policy"
)

// Compaction: when the sizes of values change, the freed room lies scattered
// in spans of the old sizes. A chunk that is sparse is emptied by moving its
// entries elsewhere: an entry knows its key, the key's hash leads to its slot,
// and the slot is repointed under the shard's lock. Index segments lie in
// chunks of their own. They all grow at nearly the same time, each leaving a
// hole that is too small for the next, so these chunks are emptied too: a
// segment knows its prefix, and that leads to it in the directory.

// A Compactor empties chunks, a little at a time. The zero value is not
// ready; use NewCompactor. One goroutine uses it.
type Compactor struct {
	e      *Engine
	chunk  mem.ChunkID
	kind   mem.Kind // of its objects; the next one is of the other kind
	active bool
	evict  bool // entries that cannot be moved
	// evictFirst evicts what may be evicted without trying to move it.
	evictFirst bool
	evicted    int
	blocks     []compactorBlock
	next       int
}

type compactorBlock struct {
	heap  uint16
	block mem.Block
}

// NewCompactor returns a compactor with nothing to do yet.
func (e *Engine) NewCompactor() *Compactor { return &Compactor{e: e} }

// Pressed tells whether what is taken from the system has come near what
// SetLimit allows.
func (e *Engine) Pressed() bool {
	limit := e.region.Limit()
	return limit != 0 && e.region.Resident()+pressedBytes > limit
}

// pressedBytes is how near to the limit is near: two chunks.
const pressedBytes = 2 * mem.ChunkBytes

// Under pressure chunks are emptied that are fuller than otherwise, although
// up to 12 bytes have to be moved for one that is won.
const (
	evacuateBelow        = 80 // percent
	evacuateBelowPressed = 92
)

// Step moves the objects of one span or run, or chooses the next chunk. It
// returns false when there is no chunk worth emptying, or when the last one
// could not be emptied: it would be chosen again and again.
func (c *Compactor) Step() (more bool) {
	if !c.active && !c.begin() {
		return false
	}
	done, emptied := c.step(nil, true)
	return !done || emptied
}

// EmptyChunk empties a chunk of entries: what is left of the one that Step has
// begun, or one that is worth it, or the sparsest in any case. Entries for which
// no other place is found are evicted then, as far as the policy in force may
// evict them: onEvict is told of each. It reports false when nothing was won.
//
// With whole, the caller needs chunks in a row and not just room: then the
// entries of the sparsest chunk are evicted at once, because moving them would
// only fill the chunk that the call before has emptied.
func (c *Compactor) EmptyChunk(whole bool, onEvict func(db int, key []byte)) bool {
	if c.active && c.finish(nil) {
		return true
	}
	c.e.region.SetEvacuateBelow(evacuateBelowPressed)
	if id, ok := c.e.region.BeginEvacuation(mem.Movable); ok {
		if c.open(id, mem.Movable, false); c.finish(nil) {
			return true
		}
	}
	if c.e.Policy() == policy.NoEviction {
		return false
	}
	id, ok := c.e.region.BeginReclaim()
	if !ok {
		return false
	}
	c.open(id, mem.Movable, true)
	c.evictFirst = whole
	return c.finish(onEvict)
}

// finish goes on until the chunk under way is done and tells whether anything
// was won by it.
func (c *Compactor) finish(onEvict func(db int, key []byte)) bool {
	for {
		if done, emptied := c.step(onEvict, false); done {
			return emptied || c.evicted > 0
		}
	}
}

// step goes on with the chunk under way. It tells whether that was the end of
// it, and whether the chunk is empty then. A part that belongs to a shard which
// somebody holds for long stays where it is, and the chunk with it. With again,
// one whose shard is merely in use is left for the next step: moving others
// meanwhile could take the room that a transaction has made for itself.
func (c *Compactor) step(onEvict func(db int, key []byte), again bool) (done, emptied bool) {
	if c.next == len(c.blocks) {
		return true, c.end()
	}
	b := c.blocks[c.next]
	c.next++
	s := c.e.shards[b.heap]
	if !s.LockSoon() {
		if again && !s.Long() {
			c.next--
		}
		return false, false
	}
	s.heap.LiveObjects(b.block, func(ref mem.Ref, _ int) bool {
		if c.kind == mem.Fixed {
			s.moveSegment(ref)
			return true
		}
		if c.evictFirst && s.evictRef(ref, onEvict) || !s.move(ref) && c.evict && s.evictRef(ref, onEvict) {
			c.evicted++
		}
		return true
	})
	s.Unlock()
	return false, false
}

// begin chooses a chunk. The kinds take turns.
func (c *Compactor) begin() bool {
	percent := evacuateBelow
	if c.e.Pressed() {
		percent = evacuateBelowPressed
	}
	c.e.region.SetEvacuateBelow(percent)
	for _, kind := range [...]mem.Kind{mem.Movable + mem.Fixed - c.kind, c.kind} {
		if id, ok := c.e.region.BeginEvacuation(kind); ok {
			c.open(id, kind, false)
			return true
		}
	}
	return false
}

// open makes the chunk the one under way.
func (c *Compactor) open(id mem.ChunkID, kind mem.Kind, evict bool) {
	c.chunk, c.kind, c.active, c.evict, c.evictFirst, c.evicted = id, kind, true, evict, false, 0
	c.blocks, c.next = c.blocks[:0], 0
	c.e.region.EvacuationBlocks(id, func(heap uint16, b mem.Block) {
		c.blocks = append(c.blocks, compactorBlock{heap, b})
	})
}

// end gives the chunk back and tells whether it is empty.
func (c *Compactor) end() bool {
	c.active = false
	before := c.e.region.Stats().Evacuated
	c.e.region.EndEvacuation(c.chunk)
	return c.e.region.Stats().Evacuated > before
}

// Close ends the evacuation that is under way, if any.
func (c *Compactor) Close() {
	if c.active {
		c.end()
	}
}

// slotOf finds the slot that names the entry at ref, in any database.
func (s *Shard) slotOf(ref mem.Ref) (db int, p position, en entry, ok bool) {
	en = entryAt(s.region, ref)
	h := s.engine.seed.Hash(en.key())
	for db := range s.spaces {
		if t := s.spaces[db].t; t != nil {
			if p, ok := t.findRef(h, ref); ok {
				return db, p, en, true
			}
		}
	}
	return 0, position{}, en, false // flushed, waiting to be discarded
}

// move gives the entry at ref another place; false if there is none or if
// nothing names the entry any more.
func (s *Shard) move(ref mem.Ref) bool {
	_, p, en, ok := s.slotOf(ref)
	if !ok {
		return false
	}
	n := en.allocBytes()
	to, ok := s.heap.Alloc(n, mem.Movable)
	if !ok {
		return false
	}
	l := en.layout()
	copy(s.region.Bytes(to, n), en.bytes(0, l.value+l.valueLen))
	*p.slot = *p.slot&^slotRefMask | uint64(to)
	s.heap.Free(ref, n, mem.Movable)
	return true
}

// moveSegment gives the segment at ref another place, if there is one and a
// table has it: those of flushed databases wait to be freed where they are.
func (s *Shard) moveSegment(ref mem.Ref) {
	old := segment{ref: ref, base: s.region.Ptr(ref)}
	hd := old.header()
	for db := range s.spaces {
		t := s.spaces[db].t
		if t == nil {
			continue
		}
		if has := t.segment(uint64(hd.prefix) << (64 - hd.depth)); has.ref == ref {
			t.move(has)
			return
		}
	}
}

// evictRef evicts the entry at ref if something names it and the policy in
// force may evict it.
func (s *Shard) evictRef(ref mem.Ref, onEvict func(db int, key []byte)) bool {
	db, p, _, ok := s.slotOf(ref)
	name := s.engine.policy.Name()
	if !ok || name == policy.NoEviction || name.Volatile() && slotMeta(*p.slot)&MetaDeadline == 0 {
		return false
	}
	s.evict(db, p, onEvict)
	return true
}
