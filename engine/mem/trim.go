package mem

import "time"

// trimBatch bounds the chunks that Trim holds between lists at a time.
const trimBatch = 32

// Trim gives chunks that have been idle for at least maxIdle back to the system and returns how many bytes that were.
// now is the time on any clock that does not run backwards; a chunk counts as idle from the first Trim that sees it
// so, which keeps clocks out of Free. maxIdle <= 0 gives back all. The pages are given back without a lock held.
func (r *Region) Trim(now, maxIdle time.Duration) uint64 {
	var total uint64
	for {
		var batch [trimBatch]ChunkID
		n := r.collectIdle(&batch, int64(now), int64(maxIdle))
		for _, id := range batch[:n] {
			r.decommit(id, 1)
		}
		r.mu.Lock()
		for _, id := range batch[:n] {
			r.chunk(id).state = stateReleased
			r.pushList(&r.released, id)
			r.addResident(-1)
		}
		r.mu.Unlock()
		total += uint64(n) << chunkShift
		if n < trimBatch {
			return total
		}
	}
}

// collectIdle takes idle chunks that are due off their list. They stay resident and out of reach of everybody else
// until the caller has given back their pages.
func (r *Region) collectIdle(batch *[trimBatch]ChunkID, now, maxIdle int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for id := r.idle.head; id != 0 && n < trimBatch; {
		c := r.chunk(id)
		next := c.links[byRun].next
		if c.idleSince == idleUnseen {
			c.idleSince = now
		}
		if maxIdle <= 0 || now-c.idleSince >= maxIdle {
			r.unlinkList(&r.idle, id)
			c.state = stateReleasing
			batch[n] = id
			n++
		}
		id = next
	}
	return n
}
