package mem

import (
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

// BeginEvacuation closes the sparsest Movable chunk that is worth moving: its live objects take no more than
// Options.EvacuateBelowPercent of it, and there is room for them in other chunks. Nothing is allocated in it from now
// on, except by a heap whose lock was held during the call, which ends with that lock. false: there is no such chunk.
func (r *Region) BeginEvacuation() (ChunkID, bool) {
	if id := r.closeCandidate(); id != 0 {
		return id, true
	}
	r.scan()
	id := r.closeCandidate()
	return id, id != 0
}

// closeCandidate closes the first of the remembered candidates that is still worth it, or returns 0.
func (r *Region) closeCandidate() ChunkID {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.candidateCount > 0 {
		id := r.candidates[0]
		r.candidateCount--
		copy(r.candidates[:], r.candidates[1:r.candidateCount+1])
		c := r.chunk(id)
		if !r.sparse(c) || !r.fitsElsewhere(c) {
			continue
		}
		r.unbin(id, c)
		c.state = stateEvacuating
		r.closing++
		c.setEvac(1)
		return id
	}
	return 0
}

// scan remembers the sparsest chunks. It looks at every chunk's span headers, a few microseconds a chunk, and lets
// others have the lock in between.
func (r *Region) scan() {
	var found [maxCandidates]ChunkID
	var weight [maxCandidates]int
	n := 0
	for from, high := ChunkID(1), ChunkID(2); from < high; from += scanBatch {
		r.mu.Lock()
		high = r.high
		for id := from; id < min(high, from+scanBatch); id++ {
			c := r.chunk(id)
			if !r.sparse(c) {
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
	r.candidates, r.candidateCount = found, n
	r.mu.Unlock()
}

// sparse reports whether c is a Movable chunk whose live objects are few enough.
func (r *Region) sparse(c *chunk) bool {
	return c.state == stateOpen && c.kind == Movable && c.tail == 0 &&
		c.liveBytes() <= ChunkBytes/100*r.evacuateBelow
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

// fitsElsewhere reports whether the objects of c fit into what other chunks have: those of a span into the same heap's
// other spans of the class or, as far as those are full, into new spans; new spans and runs into free granules of open
// chunks. Without this an evacuation could take a chunk to empty a chunk, for ever.
func (r *Region) fitsElsewhere(c *chunk) bool {
	need := 0 // granules
	for _, u := range c.units {
		if u != 0 && u&unitSpan == 0 {
			need += u.granules()
		}
	}
	for i := range c.spans {
		owner := c.spans[i].owner
		if owner == 0 {
			continue
		}
		here := 0
		for j := range c.spans {
			if c.spans[j].owner != owner {
				continue
			}
			if j < i {
				here = 0
				break // this heap and class were counted at its first span
			}
			here++
		}
		if here == 0 {
			continue
		}
		cl := &classes[owner%classCount]
		cs := &r.heaps[owner>>8].classes[owner%ownerSet]
		spans, live := int(atomic.LoadUint32(&cs.spans)), int(atomic.LoadUint64(&cs.live))
		slots := int(cl.slots)
		if over := live - (spans-here)*slots; over > 0 {
			need += (over + slots - 1) / slots * int(cl.blocks) * granulesPerBlock
		}
	}
	return uint64(need) <= r.pools[Movable].free-uint64(c.free)
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
	r.closing--
	if c.free == granulesPerChunk {
		r.evacuated++
		r.makeIdle(id, c)
		return
	}
	r.enter(id, c)
}

// LiveObjects visits the live objects of a block of this heap: their refs and sizes, as RoundUp gives them. The visit
// may move the object that it is given: Alloc, copy, repoint, Free; it must not free others. It ends the walk by
// returning false. LiveObjects returns false when it was ended so.
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
		if dead[slot/64]&(1<<(slot%64)) == 0 && !visit(base+Ref(off), size<<unitShift) {
			return false
		}
	}
	return true
}
