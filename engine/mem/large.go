package mem

// Objects above 2 MiB: whole chunks in a row. Their tail, when it does not fill a chunk, takes the first granules of
// the last one, which is open for other runs and spans otherwise, so that no more than a granule is lost.

// takeLarge takes chunks for an object of more than granulesPerChunk granules.
// REQUIRES: Region.mu.
func (r *Region) takeLarge(h *Heap, granules int, k Kind) (Ref, bool) {
	n := (granules + granulesPerChunk - 1) / granulesPerChunk
	first, ok := r.takeRow(n)
	if !ok {
		return 0, false
	}
	tail := granules % granulesPerChunk
	whole := n
	if tail != 0 {
		whole--
	}
	for i := range whole {
		c := r.chunk(first + ChunkID(i))
		c.reset(k)
		c.state = stateLarge
		c.free = 0
	}
	head := r.chunk(first)
	head.largeGranules, head.largeHeap = uint32(granules), h.id
	r.large += uint64(whole)
	if tail != 0 {
		id := first + ChunkID(whole)
		c := r.chunk(id)
		c.reset(k)
		c.mark(0, tail, true)
		c.tail = uint32(tail)
		c.free -= uint32(tail)
		r.enter(id, c)
	}
	return refAt(first, 0), true
}

// giveLarge takes back what takeLarge gave.
// REQUIRES: Region.mu.
func (r *Region) giveLarge(h *Heap, ref Ref, granules int, k Kind) {
	first := chunkOf(ref)
	head := r.chunk(first)
	if ref != refAt(first, 0) || head.state != stateLarge || head.largeGranules != uint32(granules) ||
		head.largeHeap != h.id || head.kind != k {
		misuse(h, ref, granules<<granuleShift, k)
	}
	if invariants {
		h.poisonRun(ref, granules<<granuleShift)
	}
	head.largeGranules = 0
	whole := granules / granulesPerChunk
	for i := range whole {
		id := first + ChunkID(i)
		r.makeIdle(id, r.chunk(id))
	}
	r.large -= uint64(whole)
	if tail := granules % granulesPerChunk; tail != 0 {
		id := first + ChunkID(whole)
		c := r.chunk(id)
		c.tail = 0
		r.giveGranules(id, c, 0, tail)
	}
}

// takeRow makes n chunks in a row resident and takes them out of all lists.
func (r *Region) takeRow(n int) (ChunkID, bool) {
	first, idle := r.findRow(n)
	if first == 0 {
		return 0, false
	}
	// Idle chunks elsewhere make room before anything is refused; those in the row are resident already.
	missing := n - idle
	for id := r.idle.head; id != 0 && !r.hasRoom(missing); {
		next := r.chunk(id).links[byRun].next
		if id < first || id >= first+ChunkID(n) {
			r.releaseIdle(id)
		}
		id = next
	}
	if !r.hasRoom(missing) || !r.commit(first, n) {
		return 0, false
	}
	for id := first; id < first+ChunkID(n) && id < r.high; id++ {
		if r.chunk(id).state == stateIdle {
			r.unlinkList(&r.idle, id)
		} else {
			r.unlinkList(&r.released, id)
		}
	}
	r.high = max(r.high, first+ChunkID(n))
	r.addResident(missing)
	return first, true
}

// findRow returns the first of n chunks in a row that hold nothing, and how many of them are idle; 0 when the
// reservation has no such row. The time is linear in the chunks ever used; objects of this size are rare and take
// longer to fill.
func (r *Region) findRow(n int) (first ChunkID, idle int) {
	first = 1
	for id := ChunkID(1); id < r.high && int(id-first) < n; id++ {
		switch r.chunk(id).state {
		case stateIdle:
			idle++
		case stateReleased:
		default:
			first, idle = id+1, 0
		}
	}
	if uint64(first)+uint64(n) > uint64(r.chunks) {
		return 0, 0
	}
	return first, idle
}
