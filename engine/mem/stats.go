package mem

import "sync/atomic"

// Stats are a region's figures. Bytes, except where the name says otherwise. Those summed over heaps (Used, SpanFree)
// are read while heaps change them, so they fit the others only roughly unless all shards are locked.
type Stats struct {
	Reserved uint64 // address space
	Resident uint64 // chunks in use or idle; what the limit bounds
	Limit    uint64 // 0 = none
	Used     uint64 // handed out, rounded up to classes and granules
	SpanFree uint64 // free objects within spans, and what is left over at their ends
	RunFree  uint64 // free granules of chunks in use, except those under evacuation
	Metadata uint64 // side table, not part of Resident

	ChunksMovable    uint64 // chunks in use that hold movable objects
	ChunksFixed      uint64 // chunks in use that hold fixed objects
	ChunksNode       uint64 // chunks in use that hold nodes of containers
	ChunksLarge      uint64 // chunks filled by objects above 2 MiB
	ChunksIdle       uint64 // chunks that hold nothing and wait for use or Trim
	ChunksEvacuating uint64 // chunks between BeginEvacuation and EndEvacuation

	Denied    uint64 // takings of a span, run or chunk refused so far, by the limit or the system
	Evacuated uint64 // chunks emptied by evacuation so far
}

// Stats returns the figures of now. It takes Region.mu for the time of a walk over heaps and classes.
func (r *Region) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Stats{
		Reserved:         uint64(r.chunks) << chunkShift,
		Resident:         r.resident.Load(),
		Limit:            r.limit.Load(),
		RunFree:          (r.pools[Movable].free + r.pools[Fixed].free + r.pools[Node].free) << granuleShift,
		Metadata:         r.metadataBytes(),
		ChunksMovable:    r.pools[Movable].open + r.closing[Movable],
		ChunksFixed:      r.pools[Fixed].open + r.closing[Fixed],
		ChunksNode:       r.pools[Node].open + r.closing[Node],
		ChunksLarge:      r.large,
		ChunksIdle:       uint64(r.idle.n),
		ChunksEvacuating: r.closing[Movable] + r.closing[Fixed] + r.closing[Node],
		Denied:           r.denied,
		Evacuated:        r.evacuated,
	}
	for _, h := range r.heaps {
		if h == nil {
			continue
		}
		s.Used += atomic.LoadUint64(&h.used)
		for kc := range h.classes {
			cs, cl := &h.classes[kc], &classes[kc%classCount]
			whole := uint64(atomic.LoadUint32(&cs.spans)) * uint64(cl.blocks) << blockShift
			live := atomic.LoadUint64(&cs.live) * uint64(cl.bytes())
			s.SpanFree += max(whole, live) - live
		}
	}
	return s
}
