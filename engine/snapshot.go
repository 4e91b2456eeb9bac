package engine

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Snapshots of one moment, without a fork and without a second copy of the data.
//
// A snapshot begins with a cut: all shards are locked for as long as it takes to
// give them another epoch. What was there then is to be recorded as it was; what
// comes later is not. From there on two parties record, each bucket of the index
// once:
//
//   - the walker (Next) goes through the shards, a few buckets under one lock;
//   - a command, an eviction or an expiry that is about to change a bucket which
//     the walker has not reached records that bucket first.
//
// Which buckets are recorded is in their segment's header: the epoch of the last
// snapshot that met it, and a bit a bucket. A segment that is about to be split,
// joined or replaced is recorded as a whole, so its successors need no record.
// While no snapshot is under way all of that costs a write one comparison.
//
//	         cut                    walker
//	index    [x][x][x][x][x][x][ ][x][ ][ ][ ][ ]     x = recorded
//	                            ^ a write came here first
//
// Large containers are recorded in parts (snapshot_owed.go): members by bucket
// of the nested table, elements of lists and entries of streams by leaf, so that
// a command that changes one of a million members records a handful of them.
// Their key's bucket yields but the head of their record, and the snapshot owes
// the rest. A container that is removed meanwhile is freed when it is recorded.
//
// Records are gathered in buffers, one a shard and database, and handed to
// whoever calls Next. Behind tells when commands make more than is fetched.

// SnapshotEncoder turns what a snapshot holds into records. Its methods append
// to dst. They are called with the item's shard locked, by commands too: they
// lock nothing, and use nothing of the engine but what they are given.
type SnapshotEncoder interface {
	// Record appends the record of a string or of a small container.
	Record(dst []byte, it *Item) []byte
	// Begin appends the record of a large container as far as its first part.
	// It may be called when parts of it are encoded already.
	Begin(dst []byte, it *Item, l *Large) []byte
	// Part appends one part. Parts of lists and streams come in their order,
	// those of the others in any.
	Part(dst []byte, l *Large, p *Part) []byte
	// End appends what stands behind the parts of a stream: all that Stream
	// tells but its entries.
	End(dst []byte, st *Stream) []byte
}

// Large describes a large container of a snapshot.
type Large struct {
	Type  Type
	Parts int // elements; of lists and streams leaves
	// FirstMs is a time in ms since 1970 before which no field of a hash
	// expires, NoDeadline if no field has a deadline.
	FirstMs int64
}

// Part is a part of a large container. Its bytes are views.
type Part struct {
	Key        []byte  // member or field
	Value      []byte  // of a field
	DeadlineMs int64   // of a field, NoDeadline if it has none
	Score      float64 // of a member of a sorted set

	ID    StreamID // of a leaf of a stream: what its entries' IDs are counted from
	Count int      // of a leaf: the items in Items
	Items []byte   // of a leaf: its packed items
}

// Chunk is a piece of a snapshot: whole records, or a part of a long one.
type Chunk struct {
	DB   int
	Data []byte // valid until the next call of Next
	Keys int    // records that begin in it
	// Continued tells that the first byte of Data is a part of the record that
	// the chunk before has begun. It is of the same database.
	Continued bool
}

const (
	// chunkBytes is how long a chunk is about, unless one record is longer.
	chunkBytes = 128 << 10
	// walkSlice is how many buckets the walker visits under one lock: about 90
	// keys, some 20 µs.
	walkSlice = 16
	// behindMin is how many bytes may wait to be fetched in any case, and
	// behindShare which share of the data: one in behindShare.
	behindMin   = 32 << 20
	behindShare = 16
)

// ErrSnapshotRuns is returned by Cut while another snapshot is under way.
var ErrSnapshotRuns = errors.New("engine: a snapshot is under way")

// Snapshot is a snapshot under way. One goroutine uses it.
type Snapshot struct {
	e        *Engine
	enc      SnapshotEncoder
	keys     int   // keys at the cut
	limit    int64 // of pending, bytes
	shard    int   // that the walker is in
	last     []byte
	rest     func()       // see Rest
	chunk    int          // chunkBytes; tests have less
	slice    int          // walkSlice
	pending  atomic.Int64 // bytes that wait to be fetched
	recorded atomic.Int64 // keys

	// mu guards the fields below. Rank: a leaf, below the shard locks.
	mu    sync.Mutex
	ready []Chunk // full buffers, oldest first
	spare [][]byte
	fault error
}

// Cut begins a snapshot of all databases as they are now. atCut, if not nil, is
// called while nothing can change. The caller owes Close.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) Cut(enc SnapshotEncoder, atCut func()) (*Snapshot, error) {
	sn := &Snapshot{e: e, enc: enc, chunk: chunkBytes, slice: walkSlice}
	e.LockAll()
	defer e.UnlockAll()
	if !e.snapshot.CompareAndSwap(nil, sn) {
		return nil, ErrSnapshotRuns
	}
	sn.limit = max(behindMin, int64(e.Used())/behindShare)
	for _, s := range e.shards {
		sn.keys += s.beginCut(sn)
	}
	if atCut != nil {
		atCut()
	}
	return sn, nil
}

// Rest makes Next call f between two slices of its walk when somebody has met a
// shard that it held. f should sleep for a moment: the walker holds a shard for
// most of its time, and who shares a core with it would hardly ever find the lock
// free.
func (sn *Snapshot) Rest(f func()) { sn.rest = f }

// Keys is how many keys there were at the cut, those included that had expired
// and were not removed yet.
func (sn *Snapshot) Keys() int { return sn.keys }

// Recorded is how many keys are recorded so far. Any goroutine may ask.
func (sn *Snapshot) Recorded() int64 { return sn.recorded.Load() }

// PendingBytes is how many bytes of records wait to be fetched. Any goroutine
// may ask.
func (sn *Snapshot) PendingBytes() int64 { return sn.pending.Load() }

// Behind tells whether so much of a snapshot waits to be fetched that commands
// which change data should wait.
func (e *Engine) Behind() bool {
	sn := e.snapshot.Load()
	return sn != nil && sn.pending.Load() > sn.limit
}

// SnapshotRuns tells whether a snapshot is under way.
func (e *Engine) SnapshotRuns() bool { return e.snapshot.Load() != nil }

// Next returns the next chunk; ok is false at the end. An error says that the
// snapshot is not what it should be and must be thrown away.
// REQUIRES: no shard is locked by the caller.
func (sn *Snapshot) Next() (c Chunk, ok bool, err error) {
	sn.recycle()
	for sn.shard < len(sn.e.shards) {
		s := sn.e.shards[sn.shard]
		s.Lock()
		cut := s.cut
		c, ok = cut.next()
		done := !ok && cut.walked()
		if done {
			s.endCut()
		}
		s.Unlock()
		switch {
		case ok:
			sn.last = c.Data
			return c, true, nil
		case done:
			sn.e.discardTables(cut.flushed)
			sn.shard++
		}
		if sn.rest != nil && s.wanted.Swap(false) {
			sn.rest()
		}
		// Between two long records, what commands have recorded goes first.
		if c, ok, err = sn.fetch(); ok || err != nil {
			return c, ok, err
		}
	}
	if c, ok, err = sn.fetch(); !ok && err == nil && sn.recorded.Load() != int64(sn.keys) {
		sn.fail("%d keys are recorded, there were %d", sn.recorded.Load(), sn.keys)
		return sn.fetch()
	}
	return c, ok, err
}

// Close ends the snapshot, whether or not it is complete.
// REQUIRES: no shard is locked by the caller.
func (sn *Snapshot) Close() {
	for _, s := range sn.e.shards {
		s.Lock()
		cut := s.cut
		if cut != nil && cut.sn == sn {
			s.endCut()
		} else {
			cut = nil
		}
		s.Unlock()
		if cut != nil {
			sn.e.discardTables(cut.flushed)
		}
	}
	sn.e.snapshot.CompareAndSwap(sn, nil)
}

// fetch returns the oldest full buffer, or the first fault.
func (sn *Snapshot) fetch() (c Chunk, ok bool, err error) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if len(sn.ready) == 0 || sn.fault != nil {
		return Chunk{}, false, sn.fault
	}
	c = sn.ready[0]
	sn.ready[0] = Chunk{}
	sn.ready = sn.ready[1:]
	sn.pending.Add(-int64(len(c.Data)))
	sn.last = c.Data
	return c, true, nil
}

// hand makes a full buffer ready to be fetched.
func (sn *Snapshot) hand(c Chunk) {
	sn.pending.Add(int64(len(c.Data)))
	sn.mu.Lock()
	sn.ready = append(sn.ready, c)
	sn.mu.Unlock()
}

// maxSpare is how many buffers are kept to be used again.
const maxSpare = 32

// recycle takes back the buffer of the last chunk.
func (sn *Snapshot) recycle() {
	if cap(sn.last) >= chunkBytes && cap(sn.last) <= 4*chunkBytes {
		sn.mu.Lock()
		if len(sn.spare) < maxSpare {
			sn.spare = append(sn.spare, sn.last[:0])
		}
		sn.mu.Unlock()
	}
	sn.last = nil
}

// buffer returns an empty buffer.
func (sn *Snapshot) buffer() []byte {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if n := len(sn.spare); n > 0 {
		b := sn.spare[n-1]
		sn.spare = sn.spare[:n-1]
		return b
	}
	return make([]byte, 0, chunkBytes+chunkBytes/4)
}

// fail notes the first fault.
func (sn *Snapshot) fail(format string, args ...any) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if sn.fault == nil {
		sn.fault = fmt.Errorf("engine: snapshot: "+format, args...)
	}
}
