package server

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"larder/engine"
	"larder/engine/mem"
	"larder/engine/policy"
	"larder/server/command"
	"larder/server/config"
)

const (
	// A command evicts until the data is within the limit, but at most
	// evictBurst entries, and one more for each evictBurstBytes of excess, and
	// never more than evictBurstMax. So many small entries that make way for
	// one large value are spread over the next commands, which catch up all
	// the faster the more there is, and when maxmemory is lowered by much, no
	// single command has to wait for all of it.
	evictBurst      = 16
	evictBurstBytes = 256
	evictBurstMax   = 512
	// evictForced is how many entries a command evicts at a time when no chunk
	// can be emptied: all room is taken by values larger than a chunk.
	evictForced = 4096
	// keepEvery is how often the keeper looks whether there is something to do.
	keepEvery = 100 * time.Millisecond
	// keepSlice is how long it works without a pause, keepDuty the share of
	// the time that it does so while there is much to do, in percent, and
	// keepDutyPressed that share while allocations are about to fail.
	keepSlice       = 500 * time.Microsecond
	keepDuty        = 20
	keepDutyPressed = 50
	// idleRounds is how many rounds the keeper lets pass when it has found
	// nothing worth compacting.
	idleRounds = 10
	// trimIdle is how long a chunk holds nothing before it is given back.
	trimIdle = 5 * time.Second
	// discardAtOnce is how many flushed keys are freed before the reply: so few
	// that it takes no longer than waking somebody else to do it.
	discardAtOnce = 64
	// overheadDrop is how many bytes less the policy takes when the Go runtime
	// has to give memory back.
	overheadDrop = 2 << 20
	// discardWait is how long a command waits at a time for flushed data to be
	// freed when nothing else can give it room.
	discardWait = time.Millisecond
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
	// hushed are the transactions that count on the room that they have found:
	// meanwhile the keeper moves nothing, which would take of it. Under mu.
	hushed int

	rest     int   // rounds that pass without compaction; run's
	overhead int64 // the most that the policy took since memory was given back; run's

	evictions evictionSink
	compacted atomic.Uint64 // steps taken
	forced    atomic.Uint64 // chunks that commands had to empty
	refused   atomic.Uint64 // commands refused for want of memory
}

// evictionSink is told each evicted key; its shard is locked.
type evictionSink func(db int, key []byte)

func (k *memoryKeeper) init(srv *Server) {
	k.srv, k.quit = srv, make(chan struct{})
	k.compactor = srv.engine.NewCompactor()
	k.evictions = func(db int, key []byte) {
		srv.commits.removed(db, []byte("DEL"), key)
		srv.memcached.evicted(srv.engine, db, key)
		srv.removed(db, key, command.EventEvicted, "evicted")
	}
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
// While somebody holds all that might go, the data may pass the limit by what
// the engine allows (see engine.SetLimit).
// REQUIRES: no shard is locked.
func (k *memoryKeeper) makeRoom() bool {
	e := k.srv.engine
	excess := e.Excess()
	if excess <= 0 {
		return true
	}
	for range min(evictBurst+excess/evictBurstBytes, evictBurstMax) {
		switch e.EvictOne(k.evictions) {
		case engine.EvictedBusy:
			return true // the next commands go on, and the keeper
		case engine.EvictedNone:
			return e.Excess() <= 0 || e.Discarding() || k.refuse()
		}
		if e.Excess() <= 0 {
			return true
		}
	}
	return true // the next commands go on
}

// makeRoomFor is makeRoom for commands that will add n bytes together.
// REQUIRES: no shard is locked.
func (k *memoryKeeper) makeRoomFor(n int) bool {
	if !k.makeRoom() {
		return false
	}
	e := k.srv.engine
	if e.Limit() == 0 {
		return true
	}
	for range evictBurst + n/evictBurstBytes {
		if e.Excess()+int64(n) <= 0 || e.EvictOne(k.evictions) != engine.EvictedEntry {
			break
		}
	}
	return true
}

func (k *memoryKeeper) refuse() bool {
	k.refused.Add(1)
	return false
}

// makeMoreRoom is called when a command of n bytes found no room although
// makeRoom let it pass: what is free lies scattered, or n is large. It empties
// as many chunks as n takes, by moving what is in them or else by evicting that,
// and reports false when nothing more can be done.
// REQUIRES: no shard is locked.
func (k *memoryKeeper) makeMoreRoom(n int) bool {
	e := k.srv.engine
	if e.Limit() == 0 {
		return false // the machine itself has no memory left
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forced.Add(1)
	// A value that is larger than a chunk needs several at the same time.
	chunks, emptied := (n+mem.ChunkBytes-1)/mem.ChunkBytes, 0
	for range max(1, chunks) {
		if k.compactor.EmptyChunk(chunks > 1, k.evictions) {
			emptied++
		}
	}
	if emptied > 0 {
		return true
	}
	if e.Discarding() && !e.Long() { // or freeing may take as long as somebody holds a shard
		time.Sleep(discardWait)
		return true
	}
	evicted := false
	for range evictForced {
		if e.EvictOne(k.evictions) != engine.EvictedEntry {
			break
		}
		evicted = true
	}
	return evicted
}

// hush keeps room for a transaction, until unhush.
// REQUIRES: no shard is locked.
func (k *memoryKeeper) hush(tx *transaction) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hushed++
	tx.hushed = true
}

// unhush undoes hush, if it was called.
func (k *memoryKeeper) unhush(tx *transaction) {
	if !tx.hushed {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hushed--
	tx.hushed = false
}

func (k *memoryKeeper) start() { k.wg.Go(k.run) }

func (k *memoryKeeper) stop() {
	close(k.quit)
	k.wg.Wait()
	k.mu.Lock()
	k.compactor.Close()
	k.mu.Unlock()
}

// run evicts what commands have left to evict, compacts while too much memory
// lies waste, and gives back what has been empty for a while.
func (k *memoryKeeper) run() {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	trim := time.NewTicker(trimHeapEvery)
	defer trim.Stop()
	heap := newGoHeap()
	for {
		select {
		case <-k.quit:
			return
		case <-trim.C:
			heap.trim()
			continue
		case <-tick.C:
		}
		if k.rest--; !k.inSlices(k.workSlice) {
			return
		}
		k.srv.engine.TrimMemory(time.Since(processStart), trimIdle)
	}
}

// workSlice does a part of what there is to do. Evicting comes first: what
// nothing holds any more need not be moved.
func (k *memoryKeeper) workSlice(start time.Time) (more bool) {
	k.followOverhead()
	if k.evictSlice(start) {
		return true
	}
	if k.rest > 0 && !k.srv.engine.Pressed() {
		return false
	}
	if more = k.compactSlice(start); !more && k.wasteful() {
		k.rest = idleRounds
	}
	return more
}

// inSlices calls work, which returns after about keepSlice and tells whether
// there is more to do, with pauses in between. It returns false when the keeper
// is to stop.
func (k *memoryKeeper) inSlices(work func(start time.Time) (more bool)) bool {
	for {
		start := time.Now()
		if !work(start) {
			return true
		}
		duty := time.Duration(keepDuty)
		if k.srv.engine.Pressed() {
			duty = keepDutyPressed
		}
		select {
		case <-k.quit:
			return false
		case <-time.After(time.Since(start) * (100 - duty) / duty):
		}
	}
}

// followOverhead lets the limit follow what the eviction policy takes of the Go
// heap. When many small values made way for few large ones that is suddenly
// much less, and the data may take its place: then the Go runtime, which would
// keep the pages for minutes, has to give them back.
func (k *memoryKeeper) followOverhead() {
	now := k.srv.engine.CountOverhead()
	if k.overhead = max(k.overhead, now); k.overhead-now > overheadDrop {
		k.overhead = now
		debug.FreeOSMemory()
	}
}

// evictSlice evicts while the limit is passed.
func (k *memoryKeeper) evictSlice(start time.Time) (more bool) {
	e := k.srv.engine
	for e.Excess() > 0 && e.EvictOne(k.evictions) == engine.EvictedEntry {
		if time.Since(start) > keepSlice {
			return true
		}
	}
	return false
}

// wasteful tells whether compaction is worth while.
func (k *memoryKeeper) wasteful() bool {
	_, wasteful := k.srv.engine.Wasted()
	return wasteful
}

// compactSlice compacts while that is worth while.
func (k *memoryKeeper) compactSlice(start time.Time) (more bool) {
	if !k.wasteful() {
		return false
	}
	for time.Since(start) < keepSlice {
		k.mu.Lock()
		if k.hushed > 0 {
			k.mu.Unlock()
			time.Sleep(keepSlice / 4)
			continue
		}
		more = k.compactor.Step()
		k.mu.Unlock()
		k.compacted.Add(1)
		if !more {
			return false
		}
	}
	return true
}

// discard frees flushed data: what is small at once, the rest in the
// background. FLUSHALL leaves that of all databases.
// REQUIRES: no shard is locked.
func (srv *Server) discard(g []*engine.Garbage) {
	if len(g) >= srv.engine.Databases() {
		srv.saver.emptied()
	}
	var left []*engine.Garbage
	for _, g := range g {
		if g.Keys > discardAtOnce || !g.Discard(false) {
			left = append(left, g)
		}
	}
	if left == nil {
		return
	}
	srv.workers.start(func() {
		p := pace{from: monotonicNs()}
		for _, g := range left {
			g.Rest = p.rest
			g.Discard(true)
		}
	})
}
