package engine

// Loading. A table grows by moving slots: to fill one from nothing takes as long
// for that as for all else. Who knows how many keys are to come spares it that.

// expectLoad is the share of its slots that a segment is expected to have taken
// when all keys are there, in percent of what it may: keys are not spread so
// evenly that it could be all.
const expectLoad = 92

// expectMemoryShare is the part of the memory limit that room for keys to come
// may take.
const expectMemoryShare = 16

// Expect makes room in the index for n more keys of a database, where that has
// none yet. It is a hint: nothing happens if there is no memory for it. It locks
// the shards one at a time.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) Expect(db, n int) {
	if limit := e.limit.Load(); limit != 0 {
		n = min(n, int(limit)/expectMemoryShare/bucketBytes*slotsPerBucket)
	}
	for _, s := range e.shards {
		s.Lock()
		if sp, err := s.space(db); err == nil && sp.t.count == 0 {
			sp.t.expect(n / len(e.shards))
		}
		s.Unlock()
	}
}

// expect replaces an empty table's segments by ones that n entries fit into.
func (t *table) expect(n int) {
	depth := uint8(0)
	for most := int(maxEntriesOf(uint8(largestSize))) * expectLoad / 100; n>>depth > most && depth < maxDepth; {
		depth++
	}
	size := uint8(0)
	for int(size) < largestSize && n>>depth > int(maxEntriesOf(size))*expectLoad/100 {
		size++
	}
	old := t.segment(0)
	if t.dir.shift != 64 || size <= old.header().size && depth == 0 {
		return // it has grown before, or is large enough
	}
	d := &directory{shift: 64 - depth, segments: make([]uint64, 1<<depth)}
	for i := range d.segments {
		seg, ok := newSegment(t.region, t.heap, t.kind, size, depth, uint32(i))
		if !ok {
			for _, made := range d.segments[:i] {
				freeSegment(t.heap, t.kind, t.segmentOf(made))
			}
			return
		}
		seg.header().visitAll(t.s.epoch) // a snapshot has nothing to record of it
		d.segments[i] = dirEntry(seg)
	}
	t.preserveAll(old)
	t.dir, t.bytes = d, segmentBytes[size]<<depth
	freeSegment(t.heap, t.kind, old)
}
