package server

import (
	"sync"
	"sync/atomic"
	"time"

	"larder/engine"
	"larder/engine/policy"
	"larder/server/config"
)

const (
	// evictBurst is how many entries one command evicts at most before it
	// runs: what it adds is mostly much less, so the excess goes down, and no
	// single command pays for all of it.
	evictBurst = 32
	// compactEvery is how often the keeper looks whether memory lies waste.
	compactEvery = 100 * time.Millisecond
	// compactSlice is how long it compacts without a pause, compactDuty the
	// share of the time that it does so while there is much to do, in percent.
	compactSlice = 500 * time.Microsecond
	compactDuty  = 20
	// wasteShare and wasteBytes are how much may be taken from the system
	// without being handed out before compaction starts: a part of what is
	// handed out, and a constant.
	wasteShare = 16
	wasteBytes = 8 << 20
	// trimIdle is how long a chunk holds nothing before it is given back.
	trimIdle = 5 * time.Second
)

// memoryKeeper keeps the data within maxmemory: it makes commands evict what
// they are about to add, and compacts memory in the background.
type memoryKeeper struct {
	srv  *Server
	quit chan struct{}
	wg   sync.WaitGroup

	// mu guards compactor and is held for one step of it. Rank: above the
	// shard locks, below session.mu.
	mu        sync.Mutex
	compactor *engine.Compactor

	evictions evictionSink
	compacted atomic.Uint64 // steps taken
	refused   atomic.Uint64 // commands refused for want of memory
}

// evictionSink is told each evicted key; its shard is locked.
type evictionSink func(db int, key []byte)

func (k *memoryKeeper) init(srv *Server) {
	k.srv, k.quit = srv, make(chan struct{})
	k.compactor = srv.engine.NewCompactor()
	k.evictions = func(db int, key []byte) { srv.memcached.evicted(srv.engine, db, key) }
	k.apply(srv.cfg.Load())
}

// apply follows maxmemory and maxmemory-policy.
func (k *memoryKeeper) apply(cfg *config.Config) {
	name, ok := policy.ParseName(cfg.MaxMemoryPolicy)
	if !ok {
		panic("server: the configuration let through the policy " + cfg.MaxMemoryPolicy)
	}
	k.srv.engine.SetPolicy(name)
	k.srv.engine.SetLimit(uint64(cfg.MaxMemoryBytes))
}

// makeRoom is called before each command that may need memory. It evicts as
// far as the limit demands and reports false when the command must be refused.
// REQUIRES: no shard is locked.
func (k *memoryKeeper) makeRoom() bool {
	e := k.srv.engine
	if e.Excess() <= 0 {
		return true
	}
	for range evictBurst {
		if !e.EvictOne(k.evictions) {
			return e.Excess() <= 0 || k.refuse()
		}
		if e.Excess() <= 0 {
			return true
		}
	}
	return true // the next commands go on
}

func (k *memoryKeeper) refuse() bool {
	k.refused.Add(1)
	return false
}

// makeMoreRoom is called when a command of n bytes found no room although
// makeRoom let it pass: what is free lies scattered, or n is large. It
// compacts, and evicts where that does not help, and reports false when
// nothing more can be done.
// REQUIRES: no shard is locked.
func (k *memoryKeeper) makeMoreRoom(n int) bool {
	e := k.srv.engine
	if e.Limit() == 0 {
		return false // the machine itself has no memory left
	}
	evictable := e.Policy() != policy.NoEviction
	k.mu.Lock()
	defer k.mu.Unlock()
	// Empty one chunk; more than its blocks in steps is not needed for that.
	for range maxRoomSteps {
		more, _ := k.compactor.Step(evictable, k.evictions)
		k.compacted.Add(1)
		if !more {
			break
		}
	}
	if !evictable {
		return false
	}
	for freed := 0; freed < n+minRoomBytes; freed += minEntryBytes {
		if !e.EvictOne(k.evictions) {
			return false
		}
	}
	return true
}

const (
	// maxRoomSteps is enough steps to empty a chunk of the smallest blocks.
	maxRoomSteps = 256
	// minRoomBytes is freed at least, counted in entries of minEntryBytes.
	minRoomBytes  = 4 << 10
	minEntryBytes = 64
)

func (k *memoryKeeper) start() { k.wg.Go(k.run) }

func (k *memoryKeeper) stop() {
	close(k.quit)
	k.wg.Wait()
	k.mu.Lock()
	k.compactor.Close()
	k.mu.Unlock()
}

// run compacts while too much memory lies waste, and gives back what has been
// empty for a while.
func (k *memoryKeeper) run() {
	tick := time.NewTicker(compactEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.quit:
			return
		case <-tick.C:
			if !k.compact() {
				return
			}
			k.srv.engine.TrimMemory(time.Since(processStart), trimIdle)
		}
	}
}

// wasteful tells whether compaction is worth while.
func (k *memoryKeeper) wasteful() bool {
	e := k.srv.engine
	return e.Wasted() > int64(e.Used()/wasteShare)+wasteBytes
}

// compact works in slices with pauses between them until nothing is to be
// won. It returns false when the keeper is to stop.
func (k *memoryKeeper) compact() bool {
	for k.wasteful() {
		start := time.Now()
		more := true
		for more && time.Since(start) < compactSlice {
			k.mu.Lock()
			more, _ = k.compactor.Step(false, k.evictions)
			k.mu.Unlock()
			k.compacted.Add(1)
		}
		if !more {
			return true
		}
		select {
		case <-k.quit:
			return false
		case <-time.After(time.Since(start) * (100 - compactDuty) / compactDuty):
		}
	}
	return true
}

// discard frees flushed data in the background.
func (srv *Server) discard(g []*engine.Garbage) {
	srv.workers.start(func() {
		for _, g := range g {
			g.Discard()
		}
	})
}
