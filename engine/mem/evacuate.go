package mem

import (
	"fmt"
	"sync/atomic"
)

// maxCandidates bounds the sparse chunks that one scan remembers, and scanBatch the chunks that it looks at under one
// hold of Region.mu.
const (
	maxCandidates = 64
	scanBatch     = 16
)

// Block is a span or run in a chunk under evacuation.
type Block struct {
	chunk ChunkID
	index int // of its unit in the chunk
	unit  unit
}

// Heap is the id of the heap that the block belongs to.
func (b Block) Heap() uint16 { return b.unit.heap() }

// BeginEvacuation closes the sparsest chunk of a kind that is worth moving: its live objects take no more than the share
// of it that SetEvacuateBelow allows, and there is room for them in other chunks. Nothing is allocated in it from now
// on, except by a heap whose lock was held during the call, which ends with that lock. false: there is no such chunk.
func (r *Region) BeginEvacuation(k Kind) (ChunkID, bool) {
	return r.begin(k, r.evacuateBelow.Load(), (*Region).fitsElsewhere)
}

// BeginReclaim closes the sparsest Movable chunk, however full it is and whether or not there is room for its objects.
// It is for a caller that must have memory and will free those objects that it cannot move: a chunk that is 95 % live
// then costs at most those 95 %, where waiting for evictions at random to empty a chunk could cost far more.
// false: there is no Movable chunk but those in which large objects end.
func (r *Region) BeginReclaim() (ChunkID, bool) {
	return r.begin(Movable, 100, func(*Region, *chunk) bool { return true })
}

// SetEvacuateBelow sets the share of a chunk, in percent from 1 to 100, up to which it may be live to be chosen by
// BeginEvacuation. A higher one gives more memory back for more copying: at p percent, p/(100-p) bytes are moved for
// each byte won.
func (r *Region) SetEvacuateBelow(percent int) {
	r.evacuateBelow.Store(int64(min(max(percent, 1), 100)))
}

// begin closes the sparsest chunk that is at most percent live and that worth approves of.
func (r *Region) begin(k Kind, percent int64, worth func(*Region, *chunk) bool) (ChunkID, bool) {
	scanned := false
	for {
		id, closed := r.tryCandidate(k, percent, worth)
		switch {
		case closed:
			return id, true
		case id != 0: // there may be more
		case scanned:
			return 0, false
		default:
			r.scan(k)
			scanned = true
		}
	}
}

// tryCandidate takes the first of the remembered candidates, 0 when there is none, and closes it if it still
// qualifies. It is one hold of Region.mu, some 10 µs.
func (r *Region) tryCandidate(k Kind, percent int64, worth func(*Region, *chunk) bool) (id ChunkID, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := &r.candidates[k]
	if list.n == 0 {
		return 0, false
	}
	id = list.ids[0]
	list.n--
	copy(list.ids[:], list.ids[1:list.n+1])
	c := r.chunk(id)
	if !c.movable(k) || percent < 100 && int64(c.liveBytes()) > ChunkBytes/100*percent {
		return id, false
	}
	// Out of the pool first, so that it is not taken for room for its own objects.
	r.unbin(id, c)
	if !worth(r, c) {
		r.enter(id, c)
		return id, false
	}
	c.state = stateEvacuating
	r.closing[c.kind]++
	c.setEvac(1)
	return id, true
}

// candidates are the sparsest chunks of a kind at the last scan, sparsest first.
type candidates struct {
	ids [maxCandidates]ChunkID
	n   int
}

// scan remembers the sparsest chunks of a kind. It looks at every chunk's span headers, a few microseconds a chunk, and lets
// others have the lock in between.
func (r *Region) scan(k Kind) {
	var found [maxCandidates]ChunkID
	var weight [maxCandidates]int
	n := 0
	for from, high := ChunkID(1), ChunkID(2); from < high; from += scanBatch {
		r.mu.Lock()
		high = r.high
		for id := from; id < min(high, from+scanBatch); id++ {
			c := r.chunk(id)
			if !c.movable(k) {
				continue
			}
			live := c.liveBytes()
			if n == maxCandidates {
				if live >= weight[n-1] {
					continue
				}
				n--
			}
			at := n
			for ; at > 0 && weight[at-1] > live; at-- {
				found[at], weight[at] = found[at-1], weight[at-1]
			}
			found[at], weight[at] = id, live
			n++
		}
		r.mu.Unlock()
	}
	r.mu.Lock()
	r.candidates[k] = candidates{found, n}
	r.mu.Unlock()
}

// movable reports whether c holds objects of kind k and all of them can be moved.
func (c *chunk) movable(k Kind) bool {
	return c.state == stateOpen && c.kind == k && c.tail == 0
}

// liveBytes is what is handed out in c. Heaps may change it at the same time.
func (c *chunk) liveBytes() int {
	bytes := 0
	for i := range c.spans {
		if s := &c.spans[i]; s.owner != 0 {
			bytes += int(atomic.LoadUint32(&s.live)) * int(s.size) << unitShift
		}
	}
	for _, u := range c.units {
		if u != 0 && u&unitSpan == 0 {
			bytes += u.granules() << granuleShift
		}
	}
	return bytes
}

// fitsElsewhere reports whether the objects of c, which is in no pool, fit into what the pool has: those of a span into
// the same heap's other spans of the class or, as far as those are full, into new spans; new spans and runs into free
// granules. The largest of both must find a place in one piece, the others are only summed up. Without this an
// evacuation could take a chunk to empty a chunk, for ever.
func (r *Region) fitsElsewhere(c *chunk) bool {
	need, longest, blocks := 0, 0, 0
	for _, u := range c.units {
		if u != 0 && u&unitSpan == 0 {
			need += u.granules()
			longest = max(longest, u.granules())
		}
	}
	for i := range c.spans {
		here := c.sameOwner(i)
		if here == 0 {
			continue
		}
		owner := c.spans[i].owner
		cl := &classes[owner%ownerSet%classCount]
		cs := &r.heaps[owner>>9].classes[owner%ownerSet]
		spans, live := int(atomic.LoadUint32(&cs.spans)), int(atomic.LoadUint64(&cs.live))
		slots := int(cl.slots)
		if over := live - (spans-here)*slots; over > 0 {
			need += (over + slots - 1) / slots * int(cl.blocks) * granulesPerBlock
			blocks = max(blocks, int(cl.blocks))
		}
	}
	p := &r.pools[c.kind]
	return uint64(need) <= p.free &&
		(longest == 0 || r.findRun(p, longest, -1) != 0) &&
		(blocks == 0 || p.findBlocks(blocks) != 0)
}

// sameOwner is the number of spans in c that belong to the heap and class of the span at block i, which must be the
// first of them: else, or when no span starts there, 0.
func (c *chunk) sameOwner(i int) int {
	owner := c.spans[i].owner
	if owner == 0 {
		return 0
	}
	n := 0
	for j := range c.spans {
		if c.spans[j].owner == owner {
			if j < i {
				return 0
			}
			n++
		}
	}
	return n
}

// EvacuationBlocks visits what is in chunk id, with the owning heap's id. No lock is held during the visit, so that it
// may take the heap's shard lock; a block may be gone by then, and LiveObjects will find nothing in it.
func (r *Region) EvacuationBlocks(id ChunkID, visit func(heap uint16, block Block)) {
	r.mu.Lock()
	c := r.chunk(id)
	units := c.units
	evacuating := c.state == stateEvacuating
	r.mu.Unlock()
	if !evacuating {
		return
	}
	for i, u := range units {
		if u != 0 {
			visit(u.heap(), Block{chunk: id, index: i, unit: u})
		}
	}
}

// EndEvacuation ends what BeginEvacuation began. A chunk that was emptied becomes idle; else what is left in it stays,
// and its free room is used again.
func (r *Region) EndEvacuation(id ChunkID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.chunk(id)
	if c.state != stateEvacuating {
		return
	}
	c.setEvac(0)
	r.closing[c.kind]--
	if c.free == granulesPerChunk {
		r.evacuated++
		r.makeIdle(id, c)
		return
	}
	r.enter(id, c)
}

// LiveObjects visits the live objects of a block of this heap: their refs and sizes, as RoundUp gives them. The visit
// may free the object that it is given, after having moved it (Alloc, copy, repoint) or for good; it must not free
// others of the block. It ends the walk by returning false. LiveObjects returns false when it was ended so.
//
// REQUIRES: the shard's lock; the block is from the current evacuation of its chunk and belongs to this heap.
func (h *Heap) LiveObjects(b Block, visit func(ref Ref, size int) bool) bool {
	h.r.mu.Lock()
	c := h.r.chunk(b.chunk)
	there := c.state == stateEvacuating && c.units[b.index] == b.unit && b.unit.heap() == h.id
	h.r.mu.Unlock()
	if !there {
		return true
	}
	start := b.unit.start(b.index)
	if b.unit&unitSpan == 0 {
		return visit(refAt(b.chunk, start), b.unit.granules()<<granuleShift)
	}
	s := &c.spans[start/granulesPerBlock]
	base := refAt(b.chunk, start)
	// The map of free slots is made before the first visit, because moving an object away frees it.
	var dead [maxSlots / 64]uint64
	size := int(s.size)
	for off := s.free; off != noFree; off = *(*uint16)(h.r.Ptr(base + Ref(off))) {
		slot := int(off) / size
		dead[slot/64] |= 1 << (slot % 64)
	}
	end := int(s.bump)
	for slot, off := 0, 0; off < end; slot, off = slot+1, off+size {
		if dead[slot/64]&(1<<(slot%64)) != 0 {
			continue
		}
		before := s.live
		if !visit(base+Ref(off), size<<unitShift) {
			return false
		}
		if invariants && s.live+1 < before {
			panic(fmt.Sprintf("mem: heap %d: a visit to %#x freed %d objects", h.id, base+Ref(off), before-s.live))
		}
	}
	return true
}
