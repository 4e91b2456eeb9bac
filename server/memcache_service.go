package server

import (
	"sync"
	"sync/atomic"
	"time"

	"larder/engine"
	"larder/server/command"
)

// memcachedService is what memcached clients share besides the data.
type memcachedService struct {
	stamps   casStamps
	observed atomic.Uint32 // observeWatch and observeDetail: somebody wants to know of each command
	watchers watcherSet
	detail   prefixStats
	flush    flushTimer
	// resetAt holds the counters as they were at the last stats reset.
	resetAt atomic.Pointer[memcacheTotals]
}

// Bits of memcachedService.observed.
const (
	observeWatch = 1 << iota
	observeDetail
)

// flushTimer empties the database at the time that flush_all has set.
type flushTimer struct {
	// mu guards the fields below, so that nothing begins to flush after stop. It
	// is a leaf.
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// set arms the timer, replacing an earlier time; delay 0 only disarms it. flush
// starts what takes time elsewhere.
func (f *flushTimer) set(delay time.Duration, flush func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if delay > 0 && !f.stopped {
		f.timer = time.AfterFunc(delay, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if !f.stopped {
				flush()
			}
		})
	}
}

// stop disarms the timer for good.
func (f *flushTimer) stop() {
	f.set(0, nil)
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
}

// flushMemcached empties the database that memcached clients see, and unlocks
// all shards; long tells how they were locked. The memory comes back in the
// background.
// REQUIRES: all shards are locked.
func (srv *Server) flushMemcached(long bool) {
	e := srv.engine
	g := e.Flush(memcacheDB)
	srv.commits.removed(memcacheDB, []byte("FLUSHDB"))
	if srv.listening.load() != 0 {
		ev := &command.Event{Kind: command.DatabaseFlushed, DB: memcacheDB}
		srv.tell(nil, ev)
		srv.waiting.orphan(ev)
	}
	unlockEach(e.Shards(), long)
	srv.discard([]*engine.Garbage{g})
}
