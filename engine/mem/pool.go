package mem

import (
	"math/bits"
	"sync/atomic"
)

// pool holds the open chunks of one kind that have free granules, sorted into bins so that a span or run is found
// without a search through the chunks. A chunk is in two bins at once.
type pool struct {
	// runBins: bin b has the chunks whose longest free run has 2^(b-1) to 2^b-1 granules; 0 is not used.
	runBins [13]ChunkID
	// blockBins: bins 1, 2, 3 have the chunks whose largest free aligned span has 1, 2, 4 blocks.
	blockBins [4]ChunkID
	free      uint64 // granules free in open chunks
	open      uint64 // open chunks
}

// maxRunProbes bounds the chunks of a run's own bin that are tried: those may be too small, all in higher bins fit.
const maxRunProbes = 16

// blockBin is the bin of a chunk whose largest free aligned span has the given blocks: 0, 1, 2, 4 -> 0, 1, 2, 3.
func blockBin(blocks int) int { return bits.Len(uint(blocks)) }

// rebin puts chunk id where its maxRun and maxBlocks belong. It must follow each change to an open chunk's granules.
func (r *Region) rebin(id ChunkID, c *chunk) {
	p := &r.pools[c.kind]
	if bin := bits.Len(uint(c.maxRun)); bin != int(c.runBin) {
		if c.runBin != 0 {
			r.unlink(byRun, &p.runBins[c.runBin], id, c)
		}
		if bin != 0 {
			r.push(byRun, &p.runBins[bin], id, c)
		}
		c.runBin = uint8(bin)
	}
	if bin := blockBin(int(c.maxBlocks)); bin != int(c.blockBin) {
		if c.blockBin != 0 {
			r.unlink(byBlock, &p.blockBins[c.blockBin], id, c)
		}
		if bin != 0 {
			r.push(byBlock, &p.blockBins[bin], id, c)
		}
		c.blockBin = uint8(bin)
	}
}

// unbin takes chunk id out of its pool: nothing is allocated in it any more.
func (r *Region) unbin(id ChunkID, c *chunk) {
	p := &r.pools[c.kind]
	if c.runBin != 0 {
		r.unlink(byRun, &p.runBins[c.runBin], id, c)
	}
	if c.blockBin != 0 {
		r.unlink(byBlock, &p.blockBins[c.blockBin], id, c)
	}
	c.runBin, c.blockBin = 0, 0
	p.free -= uint64(c.free)
	p.open--
}

// enter puts chunk id, whose record is filled, into its pool.
func (r *Region) enter(id ChunkID, c *chunk) {
	c.state = stateOpen
	p := &r.pools[c.kind]
	p.free += uint64(c.free)
	p.open++
	c.measure()
	r.rebin(id, c)
}

// take marks granules of an open chunk as used and records what starts there.
func (r *Region) take(id ChunkID, c *chunk, start, granules int, u unit) {
	c.mark(start, granules, true)
	c.units[start/granulesPerUnit] = u
	c.free -= uint32(granules)
	r.pools[c.kind].free -= uint64(granules)
	c.taken(start, granules)
	r.rebin(id, c)
}

// give is the reverse of take; a chunk that holds nothing afterwards becomes idle.
func (r *Region) give(id ChunkID, c *chunk, start, granules int) {
	c.units[start/granulesPerUnit] = 0
	r.giveGranules(id, c, start, granules)
}

func (r *Region) giveGranules(id ChunkID, c *chunk, start, granules int) {
	c.mark(start, granules, false)
	c.free += uint32(granules)
	if c.state != stateOpen {
		return // it is being evacuated and EndEvacuation will look at it
	}
	r.pools[c.kind].free += uint64(granules)
	if c.free == granulesPerChunk {
		r.unbin(id, c)
		r.makeIdle(id, c)
		return
	}
	c.given(start, granules)
	r.rebin(id, c)
}

// takeSpan takes a span for heap h and fills its header. It returns the span's block number.
func (r *Region) takeSpan(h *Heap, kc uint32) (uint32, bool) {
	cl := &classes[kc%classCount]
	k := Kind(kc / classCount)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.pools[k]
	id := p.findBlocks(int(cl.blocks))
	if id == 0 {
		if id = r.openChunk(k); id == 0 {
			r.denied++
			return 0, false
		}
	}
	c := r.chunk(id)
	start := c.findBlocks(int(cl.blocks))
	granules := int(cl.blocks) * granulesPerBlock
	r.take(id, c, start, granules, makeUnit(h.id, start, granules, true))
	block := start / granulesPerBlock
	s := &c.spans[block]
	s.owner = h.owner | kc
	s.next, s.prev = 0, 0
	s.free, s.bump, s.size, s.limit = noFree, 0, cl.size, cl.limit
	s.list = listNone
	setU32(&s.live, 0)
	return uint32(id)<<(chunkShift-blockShift) | uint32(block), true
}

// findBlocks returns a chunk with a free aligned span of the given blocks, or 0. It prefers one that has no larger.
func (p *pool) findBlocks(blocks int) ChunkID {
	for _, id := range p.blockBins[blockBin(blocks):] {
		if id != 0 {
			return id
		}
	}
	return 0
}

// giveSpan takes back the empty span at block number b.
func (r *Region) giveSpan(b uint32, s *span) {
	id := ChunkID(b >> (chunkShift - blockShift))
	r.mu.Lock()
	defer r.mu.Unlock()
	blocks := classes[s.owner%ownerSet%classCount].blocks
	s.owner = 0
	r.give(id, r.chunk(id), int(b%blocksPerChunk)*granulesPerBlock, int(blocks)*granulesPerBlock)
}

// takeRun takes a run of granules for an object above maxSmall bytes of heap h.
func (r *Region) takeRun(h *Heap, granules int, k Kind) (Ref, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if granules > granulesPerChunk {
		ref, ok := r.takeLarge(h, granules, k)
		if !ok {
			r.denied++
		}
		return ref, ok
	}
	id := r.findRun(&r.pools[k], granules, maxRunProbes)
	if id == 0 {
		id = r.openChunk(k)
	}
	if id == 0 {
		id = r.findRun(&r.pools[k], granules, -1)
	}
	if id == 0 {
		r.denied++
		return 0, false
	}
	c := r.chunk(id)
	start := c.findRun(granules)
	r.take(id, c, start, granules, makeUnit(h.id, start, granules, false))
	return refAt(id, start), true
}

// findRun returns a chunk with a free run of the given granules, or 0. It tries at most probes chunks of the bin that
// also has shorter runs; -1 tries all.
func (r *Region) findRun(p *pool, granules, probes int) ChunkID {
	bin := bits.Len(uint(granules))
	for id := p.runBins[bin]; id != 0 && probes != 0; probes-- {
		c := r.chunk(id)
		if int(c.maxRun) >= granules {
			return id
		}
		id = c.links[byRun].next
	}
	for bin++; bin < len(p.runBins); bin++ {
		if id := p.runBins[bin]; id != 0 {
			return id
		}
	}
	return 0
}

// giveRun takes back the run at ref, of the given granules.
func (r *Region) giveRun(h *Heap, ref Ref, granules int, k Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := chunkOf(ref)
	c := r.chunk(id)
	if granules > granulesPerChunk {
		r.giveLarge(h, ref, granules, k)
		return
	}
	start := int(ref>>refGranuleShift) % granulesPerChunk
	u := c.units[start/granulesPerUnit]
	if ref != refAt(id, start) || c.kind != k || u != makeUnit(h.id, start, granules, false) {
		misuse(h, ref, granules<<granuleShift, k)
	}
	if invariants {
		h.poisonRun(ref, granules<<granuleShift)
	}
	r.give(id, c, start, granules)
}

// openChunk returns an empty chunk that is now open for kind k, or 0 when the limit or the system refuses.
func (r *Region) openChunk(k Kind) ChunkID {
	id := r.idle.head
	if id != 0 {
		r.unlinkList(&r.idle, id)
	} else if id = r.freshChunk(); id == 0 {
		return 0
	}
	c := r.chunk(id)
	c.reset(k)
	r.enter(id, c)
	return id
}

// freshChunk takes a chunk that holds nothing and has no pages, or returns 0 when the limit or the system refuses.
func (r *Region) freshChunk() (id ChunkID) {
	switch {
	case !r.hasRoom(1):
		return 0
	case r.released.head != 0:
		id = r.released.head
		if !r.commit(id, 1) {
			return 0
		}
		r.unlinkList(&r.released, id)
	default:
		if id = r.high; id >= r.chunks || !r.commit(id, 1) {
			return 0
		}
		r.high++
	}
	r.addResident(1)
	return id
}

// makeIdle keeps the empty chunk id, which is in no bin, for the next taker or Trim.
func (r *Region) makeIdle(id ChunkID, c *chunk) {
	c.state = stateIdle
	c.idleSince = idleUnseen
	r.pushList(&r.idle, id)
	if !r.hasRoom(0) {
		r.releaseIdle(id)
	}
}

// releaseIdle gives the pages of idle chunk id back at once, under mu.
func (r *Region) releaseIdle(id ChunkID) {
	r.unlinkList(&r.idle, id)
	r.decommit(id, 1)
	r.chunk(id).state = stateReleased
	r.pushList(&r.released, id)
	r.addResident(-1)
}

func (r *Region) addResident(chunks int) {
	r.resident.Store(r.resident.Load() + uint64(chunks)<<chunkShift)
}

// chunkList is a list of chunks by links[byRun], with its length.
type chunkList struct {
	head ChunkID
	n    int
}

func (r *Region) pushList(l *chunkList, id ChunkID) {
	r.push(byRun, &l.head, id, r.chunk(id))
	l.n++
}

func (r *Region) unlinkList(l *chunkList, id ChunkID) {
	r.unlink(byRun, &l.head, id, r.chunk(id))
	l.n--
}

func (r *Region) push(list int, head *ChunkID, id ChunkID, c *chunk) {
	c.links[list] = link{next: *head}
	if *head != 0 {
		r.chunk(*head).links[list].prev = id
	}
	*head = id
}

func (r *Region) unlink(list int, head *ChunkID, id ChunkID, c *chunk) {
	l := c.links[list]
	if l.prev != 0 {
		r.chunk(l.prev).links[list].next = l.next
	} else {
		*head = l.next
	}
	if l.next != 0 {
		r.chunk(l.next).links[list].prev = l.prev
	}
}

// setEvac closes or reopens all spans of c to Alloc.
func (c *chunk) setEvac(v uint32) {
	for i := range c.spans {
		atomic.StoreUint32(&c.spans[i].evac, v)
	}
}
