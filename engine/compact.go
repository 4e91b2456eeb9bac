package engine

import (
	"larder/engine/mem"
)

// Compaction: when the sizes of values change, the freed room lies scattered
// in spans of the old sizes. A chunk that is sparse is emptied by moving its
// entries elsewhere: an entry knows its key, the key's hash leads to its slot,
// and the slot is repointed under the shard's lock. Index segments lie in
// chunks of their own and are never moved.

// A Compactor empties chunks, a little at a time. The zero value is not
// ready; use NewCompactor. One goroutine uses it.
type Compactor struct {
	e      *Engine
	chunk  mem.ChunkID
	active bool
	force  bool // evict what cannot be moved
	blocks []compactorBlock
	next   int
}

type compactorBlock struct {
	heap  uint16
	block mem.Block
}

// NewCompactor returns a compactor with nothing to do yet.
func (e *Engine) NewCompactor() *Compactor { return &Compactor{e: e} }

// Wasted returns the bytes that are taken from the system and not handed out.
func (e *Engine) Wasted() int64 {
	return int64(e.region.Resident()) - e.used.Load()
}

// Step moves the objects of one span or run, or chooses the next chunk. It
// returns false when there is no chunk worth emptying. With force the sparsest
// chunk is emptied in any case, and entries for which no other place is found
// are evicted: evicted counts those.
func (c *Compactor) Step(force bool, onEvict func(db int, key []byte)) (more bool, evicted int) {
	if !c.active {
		if !c.begin(force) {
			return false, 0
		}
	}
	if c.next == len(c.blocks) {
		c.end()
		return true, 0
	}
	b := c.blocks[c.next]
	c.next++
	s := c.e.shards[b.heap]
	s.Lock()
	s.heap.LiveObjects(b.block, func(ref mem.Ref, _ int) bool {
		if !s.move(ref) && c.force && s.evictRef(ref, onEvict) {
			evicted++
		}
		return true
	})
	s.Unlock()
	return true, evicted
}

func (c *Compactor) begin(force bool) bool {
	id, ok := c.e.region.BeginEvacuation()
	if !ok && force {
		id, ok = c.e.region.BeginReclaim()
	}
	if !ok {
		return false
	}
	c.chunk, c.active, c.force = id, true, force
	c.blocks, c.next = c.blocks[:0], 0
	c.e.region.EvacuationBlocks(id, func(heap uint16, b mem.Block) {
		c.blocks = append(c.blocks, compactorBlock{heap, b})
	})
	return true
}

func (c *Compactor) end() {
	c.e.region.EndEvacuation(c.chunk)
	c.active = false
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

func (s *Shard) evictRef(ref mem.Ref, onEvict func(db int, key []byte)) bool {
	db, p, _, ok := s.slotOf(ref)
	if !ok {
		return false
	}
	s.evict(db, p, onEvict)
	return true
}
