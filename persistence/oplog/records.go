package oplog

import (
	"sync"

	"larder/protocol/record"
)

// The records that are not durable yet lie in chunks, as the blocks that they
// are written as (block.go):
//
//	 oldest                                          tail
//	┌─────────┬─────────┐  ┌─────────┬────┐  ┌─────────┬─ ─ ─ ─ ┐
//	│ block   │ block   │  │ block   │ .. │  │ block   │ open    │ free
//	└─────────┴─────────┘  └─────────┴────┘  └─────────┴─ ─ ─ ─ ┘
//	   written, not durable     ▲ taken up to here
//
// A chunk's memory is never moved. The writer works on what it has taken
// without a lock, while Append goes on behind it in the same chunk.

// chunk is memory with a run of blocks.
type chunk struct {
	buf   []byte // the blocks; capacity does not change
	first uint64 // LSN of its first record
	last  uint64 // LSN of its last record; first-1 if it has none
	// cut tells that a segment has to begin here, and told that the writer knows
	// although there is no record yet.
	cut, told bool
}

// piece is a part of a chunk that is to be written in one go.
type piece struct {
	blocks      []byte
	first, last uint64
	cut         bool
}

// records is what Append adds to and the writer takes from.
type records struct {
	sync.Mutex
	next   uint64 // LSN of the record to come
	chunks []*chunk
	spare  []*chunk // memory for chunks to come: as many as were in use at once since the last release
	peak   int      // chunks in use at once since the last release
	held   int64    // bytes in chunks

	open      int // where the open block begins in the tail, -1: none is open
	openCount int
	openMs    int64

	taken, from int  // the writer has taken chunks before taken, and of that one the bytes before from
	idle        bool // the writer has found nothing to do and has to be woken
}

func (r *records) begin(first uint64) {
	r.next, r.open, r.idle = first, -1, true
	r.chunks = append(r.chunks, newChunk(first))
}

func newChunk(first uint64) *chunk {
	return &chunk{buf: make([]byte, 0, chunkBytes), first: first, last: first - 1}
}

// last returns the LSN of the last record.
func (r *records) last() uint64 {
	r.Lock()
	defer r.Unlock()
	return r.next - 1
}

// bytes returns how much is held.
func (r *records) bytes() int64 {
	r.Lock()
	defer r.Unlock()
	return r.held
}

// append adds a record. held is what is held in all, and idle tells that the
// writer has to be woken.
func (r *records) append(rec *record.Record) (lsn uint64, held int64, idle bool) {
	size := rec.BodySize()
	if size >= largeRecord {
		return r.appendLarge(rec, size)
	}
	r.Lock()
	tail := r.chunks[len(r.chunks)-1]
	if cap(tail.buf)-len(tail.buf) < size+blockHeader+record.MaxPrefix {
		tail = r.addChunk()
	}
	before := len(tail.buf)
	if r.open >= 0 && before-r.open >= blockBytes {
		r.closeBlock()
	}
	if r.open < 0 {
		r.open, r.openMs = before, rec.TimeMs
		tail.buf = beginBlock(tail.buf, r.next, rec.TimeMs)
	}
	tail.buf = record.AppendPrefix(tail.buf, rec.TimeMs, r.openMs, size)
	tail.buf = rec.AppendBody(tail.buf)
	r.openCount++
	lsn, tail.last = r.next, r.next
	r.next++
	r.held += int64(len(tail.buf) - before)
	held, idle = r.held, r.idle
	r.idle = false
	r.Unlock()
	return lsn, held, idle
}

// appendLarge adds a record that gets a chunk of its own, which is filled
// before the lock is taken.
func (r *records) appendLarge(rec *record.Record, size int) (lsn uint64, held int64, idle bool) {
	buf := beginBlock(make([]byte, 0, blockHeader+record.MaxPrefix+size), 0, rec.TimeMs)
	buf = rec.AppendBody(record.AppendPrefix(buf, rec.TimeMs, rec.TimeMs, size))
	endBlock(buf, 1)
	r.Lock()
	r.closeBlock()
	if tail := r.chunks[len(r.chunks)-1]; tail.last < tail.first && !tail.cut {
		// Nothing is in it: it moves behind the new one.
		r.chunks = r.chunks[:len(r.chunks)-1]
		r.spare = append(r.spare, tail)
	}
	lsn = r.next
	setFirst(buf, lsn)
	r.chunks = append(r.chunks, &chunk{buf: buf, first: lsn, last: lsn})
	r.next++
	r.held += int64(len(buf))
	r.addChunk()
	held, idle = r.held, r.idle
	r.idle = false
	r.Unlock()
	return lsn, held, idle
}

// addChunk puts an empty chunk at the end. REQUIRES: r is locked.
func (r *records) addChunk() *chunk {
	r.closeBlock()
	var c *chunk
	if n := len(r.spare); n > 0 {
		c, r.spare = r.spare[n-1], r.spare[:n-1]
		*c = chunk{buf: c.buf[:0], first: r.next, last: r.next - 1}
	} else {
		c = newChunk(r.next)
	}
	r.chunks = append(r.chunks, c)
	r.peak = max(r.peak, len(r.chunks))
	return c
}

// closeBlock ends the open block, if there is one. REQUIRES: r is locked.
func (r *records) closeBlock() {
	if r.open >= 0 {
		endBlock(r.chunks[len(r.chunks)-1].buf[r.open:], r.openCount)
		r.open, r.openCount = -1, 0
	}
}

// cut makes the next record the first of a segment, and returns its LSN.
func (r *records) cut() (lsn uint64, idle bool) {
	r.Lock()
	defer r.Unlock()
	tail := r.chunks[len(r.chunks)-1]
	if tail.last >= tail.first {
		tail = r.addChunk()
	}
	tail.cut = true
	idle, r.idle = r.idle, false
	return r.next, idle
}

// take appends to dst what has come in since the last call. When there is
// nothing, Append will report idle.
func (r *records) take(dst []piece) []piece {
	r.Lock()
	defer r.Unlock()
	r.closeBlock()
	for ; r.taken < len(r.chunks); r.taken++ {
		c := r.chunks[r.taken]
		// A chunk that is to begin a segment is handed out even if it is empty.
		if r.from < len(c.buf) || c.cut && !c.told {
			p := piece{blocks: c.buf[r.from:], first: c.first, last: c.last, cut: c.cut && r.from == 0}
			c.told = c.cut
			if r.from > 0 {
				p.first = parseHeader(p.blocks).first
			}
			dst = append(dst, p)
		}
		if r.taken == len(r.chunks)-1 {
			r.from = len(c.buf)
			break
		}
		r.from = 0
	}
	r.idle = len(dst) == 0
	return dst
}

// release forgets what is durable, and returns what is still held.
func (r *records) release(durable uint64) (held int64) {
	r.Lock()
	defer r.Unlock()
	n, keep := 0, r.peak
	for n < len(r.chunks)-1 && n < r.taken && r.chunks[n].last <= durable {
		r.recycle(r.chunks[n])
		n++
	}
	if n > 0 {
		kept := copy(r.chunks, r.chunks[n:])
		clear(r.chunks[kept:])
		r.chunks = r.chunks[:kept]
		r.taken -= n
	}
	// Chunks that a load like the present one will not need again go to the
	// collector. Without this they all would, which costs a write more than Append.
	if most := max(keep-len(r.chunks), 0); len(r.spare) > most {
		clear(r.spare[most:])
		r.spare = r.spare[:most]
	}
	r.peak = len(r.chunks)
	if tail := r.chunks[0]; len(r.chunks) == 1 && r.from == len(tail.buf) && tail.last <= durable && r.from > 0 {
		r.held -= int64(len(tail.buf))
		*tail = chunk{buf: tail.buf[:0], first: r.next, last: r.next - 1}
		r.from = 0
	}
	return r.held
}

// recycle keeps a chunk's memory for later, unless it is a large record's.
func (r *records) recycle(c *chunk) {
	r.held -= int64(len(c.buf))
	if cap(c.buf) == chunkBytes {
		r.spare = append(r.spare, c)
	}
}

// rewind lets take begin again behind what is durable.
func (r *records) rewind(durable uint64) {
	r.Lock()
	defer r.Unlock()
	r.closeBlock()
	r.taken, r.from, r.idle = 0, 0, false
	for _, c := range r.chunks {
		c.told = false
	}
	for r.taken < len(r.chunks)-1 && r.chunks[r.taken].last <= durable {
		r.taken++
	}
	c := r.chunks[r.taken]
	for r.from < len(c.buf) {
		blk, size := endedBlock(c.buf[r.from:])
		if blk.last() > durable {
			return
		}
		r.from += size
	}
}
