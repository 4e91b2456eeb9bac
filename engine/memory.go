package engine

import (
	"time"

	"larder/engine/mem"
)

// Accounting. Each shard's heap knows exactly what it has handed out; the
// engine's sum follows it in steps, so that a command pays one comparison and
// rarely an atomic addition. The step is a part of the limit, so that the sum
// is never off by more than 1/256 of it: with a limit of 64 KB that is less
// than one item a shard, and every change is added. Evictions are added at
// once, and with them what their shard has taken before, so that at the limit
// each command sees what there is to evict and none has to for many.
//
// The index counts as used, as it does in Redis: what users limit is memory.

const (
	// usedStepShare is the part of the limit by which all shards together may
	// be ahead of the sum; one alone may be by usedStepMax bytes.
	usedStepShare = 256
	usedStepMax   = 16 << 10

	// A slack is how far the memory taken from the system may exceed what is
	// handed out: a part of that, for what lies between objects until
	// compaction gets to it, but enough for a few chunks of each kind.
	slackShare = 20
	slackMin   = 6 << 20

	// overheadFree is how much the eviction policy may take before it counts:
	// what it takes for some 30,000 keys. So the capacity of small caches does
	// not depend on when that was looked at.
	overheadFree = 64 << 10
)

// SetLimit bounds the memory for data to limit bytes, 0 = no bound. What is
// handed out (Used) may pass it by the size of one command's data, until the
// caller has evicted; what is taken from the system never passes it by more
// than 5 %, or 6 MiB if that is more, after which allocations fail with ErrNoRoom. A limit
// bounds at once what is there already.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) SetLimit(limit uint64) {
	e.limitMu.Lock()
	defer e.limitMu.Unlock()
	e.limit.Store(limit)
	e.watch(limit != 0)
	if limit == 0 {
		e.region.SetLimit(0)
		e.usedStep.Store(usedStepMax)
		return
	}
	e.countOverhead(limit)
	e.usedStep.Store(min(usedStepMax, max(1, int64(limit)/int64(usedStepShare*len(e.shards)))))
	for _, s := range e.shards {
		s.Lock()
		s.publishAll()
		s.Unlock()
	}
}

// Limit returns what SetLimit has set.
func (e *Engine) Limit() uint64 { return e.limit.Load() }

// Used returns the bytes handed out for entries and the index, rounding
// included, as far as they have been summed up.
func (e *Engine) Used() uint64 { return uint64(max(e.used.Load(), 0)) }

// CountOverhead looks up what the eviction policy takes besides the data and
// makes that a part of what the limit bounds. The caller repeats it several
// times a second, because it follows the number of keys, by 2 bytes each. It
// returns what counts, in bytes: memory of the Go heap.
func (e *Engine) CountOverhead() int64 {
	if !e.limitMu.TryLock() {
		return e.overhead.Load() // SetLimit is about to do it, or waits for a shard
	}
	defer e.limitMu.Unlock()
	if limit := e.limit.Load(); limit != 0 {
		e.countOverhead(limit)
	} else {
		e.overhead.Store(0)
	}
	return e.overhead.Load()
}

func slackOf(bytes uint64) uint64 { return max(slackMin, bytes/slackShare) }

// Wasted returns the bytes that are taken from the system, neither handed out
// nor in chunks that hold nothing: what compaction may win. wasteful tells that
// this is worth while: that it is half of what SetLimit lets pass.
func (e *Engine) Wasted() (bytes int64, wasteful bool) {
	idle := e.region.Stats().ChunksIdle * mem.ChunkBytes
	bytes = int64(e.region.Resident()) - int64(idle) - e.used.Load()
	return bytes, bytes > int64(slackOf(e.Used()))/2
}

func (e *Engine) countOverhead(limit uint64) {
	overhead := uint64(max(0, e.policy.Bytes()-overheadFree))
	e.overhead.Store(int64(overhead))
	slack := slackOf(limit)
	e.region.SetLimit(limit + slack - min(overhead, slack/2))
}

// Excess returns by how many bytes Used and what the policy takes exceed the
// limit, 0 or less if they do not. It costs three loads.
func (e *Engine) Excess() int64 {
	limit := e.limit.Load()
	if limit == 0 {
		return 0
	}
	return e.used.Load() + e.overhead.Load() - int64(limit)
}

// publish adds what has changed in a shard's heap to the sum, if it is much.
// REQUIRES: s is locked.
func (s *Shard) publish() {
	d, step := int64(s.heap.Used())-s.published, s.engine.usedStep.Load()
	if d >= step || d <= -step {
		s.publishAll()
	}
}

// publishAll is publish for any change. REQUIRES: s is locked.
func (s *Shard) publishAll() {
	now := int64(s.heap.Used())
	if d := now - s.published; d != 0 {
		s.published = now
		s.engine.used.Add(d)
	}
}

// MemoryStats are the figures of the memory below the data, in bytes.
type MemoryStats struct {
	Used     uint64 // handed out: entries and index, rounding included
	Index    uint64 // of it: segments and directories
	Policy   uint64 // what the eviction policy keeps
	Region   mem.Stats
	Entries  int
	Overhead uint64 // outside of Used: metadata of the region, policy
}

// PrepareMemory takes some memory of the system ahead of need, which takes it
// some milliseconds at times. Who is about to allocate much calls it now and then
// while it holds no shard.
func (e *Engine) PrepareMemory() { e.region.Prepare() }

// MemoryStats locks the shards one at a time.
func (e *Engine) MemoryStats() MemoryStats {
	st := MemoryStats{Region: e.region.Stats(), Policy: uint64(e.policy.Bytes())}
	for _, s := range e.shards {
		s.Lock()
		st.Used += s.heap.Used()
		for i := range s.spaces {
			if t := s.spaces[i].t; t != nil {
				st.Index += uint64(t.overheadBytes())
				st.Entries += t.count
			}
		}
		s.Unlock()
	}
	st.Overhead = st.Region.Metadata + st.Policy
	return st
}

// TrimMemory gives chunks that have held nothing for maxIdle back to the
// system and returns how many bytes. now is the time on any clock that does
// not run backwards.
func (e *Engine) TrimMemory(now, maxIdle time.Duration) uint64 { return e.region.Trim(now, maxIdle) }
