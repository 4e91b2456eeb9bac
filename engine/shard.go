package engine

import (
	"sync"
	"sync/atomic"

	"larder/engine/mem"
)

// Shard is a part of every database, with a lock and a heap of its own.
// Everything in a shard, its entries included, is guarded by the lock.
type Shard struct {
	// What is only read while the server runs stands on cache lines of its own:
	// prefetching reads it, and the line of the lock belongs to whichever core
	// has locked last.
	index  int
	engine *Engine
	region *mem.Region
	heap   *mem.Heap
	spaces []space // one a database

	containers mem.Ref // first root of a large container
	garbage    mem.Ref // first root of a container that waits for Reclaim
	scratch    []byte  // where packed runs are edited
	zlog       []zundo // what a write of a large sorted set has changed so far

	listVersion uint64 // that a large list got at the last change of one

	// long counts those who hold the lock for longer than a loop should wait, or
	// have let go of it for a moment.
	long atomic.Int32
	// wanted tells the walker of a snapshot that somebody has met the lock held.
	wanted atomic.Bool

	_ [64]byte

	// mu guards all of the shard. Rank: 1 among the shards, ascending by index;
	// see doc.go for the whole order. No I/O may happen under it.
	mu    sync.Mutex
	stats ShardStats

	cut   *shardCut // what a snapshot has still to record, nil if nothing
	epoch uint32    // number of the last snapshot that began

	published int64  // what of the heap's use is in the engine's sum
	observed  uint64 // lookups that the eviction policy has been told of
	created   createdKeys

	nest     nestedView // the nested table that is being worked on
	versions uint64     // of nested tables, the last one given
	digits   [20]byte   // where integers become text

	_ [64]byte // keeps the next shard off the lock's cache lines
}

// ShardStats count what happened in a shard since the last reset.
type ShardStats struct {
	Hits, Misses uint64 // lookups by commands that read
	Expired      uint64 // keys removed because their deadline had passed
	Evicted      uint64 // keys removed to make room
}

func newShard(e *Engine, index int) *Shard {
	s := &Shard{
		index: index, engine: e, region: e.region,
		heap:   e.region.NewHeap(uint16(index)),
		spaces: make([]space, e.databases),
	}
	s.nest.init(s)
	return s
}

// Lock takes the shard's lock. Several shards are locked in ascending order.
func (s *Shard) Lock() { s.mu.Lock() }

// TryLock is Lock if that need not wait; it tells whether it has locked.
func (s *Shard) TryLock() bool { return s.mu.TryLock() }

// UnlockRead is Unlock for a caller that has changed nothing but marks of hits.
func (s *Shard) UnlockRead() { s.mu.Unlock() }

// Unlock releases the shard's lock and sums up what memory was taken or freed.
func (s *Shard) Unlock() {
	s.publish()
	s.mu.Unlock()
}

// Index is the shard's place in the lock order.
func (s *Shard) Index() int { return s.index }

// Stats returns the counters. REQUIRES: the shard is locked.
func (s *Shard) Stats() *ShardStats { return &s.stats }

// space is one database's part of a shard.
type space struct {
	t         *table // nil while the database has no key here
	deadlines int    // entries with a deadline
	sweepMs   int64  // no segment is due for a sweep before this
	due       fieldDues
}

// space returns the part of db, ready for inserts.
func (s *Shard) space(db int) (*space, error) {
	sp := &s.spaces[db]
	if sp.t == nil {
		t, ok := newTable(s.region, s.heap, s.engine.seed)
		if !ok {
			return nil, ErrNoRoom
		}
		t.s = s
		t.segment(0).header().visitAll(s.epoch) // a snapshot under way has nothing to do with it
		*sp = space{t: t, sweepMs: never}
	}
	return sp, nil
}

// Len returns the number of keys of db in the shard, and how many of them
// have a deadline. Expired keys that are not reclaimed yet count.
// REQUIRES: the shard is locked.
func (s *Shard) Len(db int) (keys, deadlines int) {
	sp := &s.spaces[db]
	if sp.t == nil {
		return 0, 0
	}
	return sp.t.count, sp.deadlines
}
