package engine

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"larder/engine/mem"
	"larder/engine/policy"
)

// evictable are the policies that evict.
func evictable() (names []policy.Name) {
	for _, s := range policy.Names() {
		if n, _ := policy.ParseName(s); n != policy.NoEviction {
			names = append(names, n)
		}
	}
	return names
}

// publishedUsed compares Used with what the heaps have handed out: it may be
// behind by the published step of each shard.
func publishedUsed(t *testing.T, e *Engine) {
	t.Helper()
	sum := int64(0)
	for _, s := range e.shards {
		s.Lock()
		sum += int64(s.heap.Used())
		s.Unlock()
	}
	step := e.usedStep.Load() * int64(len(e.shards))
	if off := int64(e.Used()) - sum; off > step || off < -step {
		t.Errorf("Used is %d, the heaps have handed out %d: more than %d apart", e.Used(), sum, step)
	}
}

// TestPoliciesKeepTheirPromise proves, for each policy, with several shards and
// databases, that a full cache stays within its limit, and that the volatile
// policies evict nothing but keys with a deadline and refuse when there is none
// left.
func TestPoliciesKeepTheirPromise(t *testing.T) {
	for _, name := range evictable() {
		for _, shards := range []int{1, 8} {
			t.Run(name.String(), func(t *testing.T) {
				e := shardedEngine(t, shards)
				e.SetPolicy(name)
				const lasting = 2000
				putBulk(t, e, 1, 0, lasting, NoDeadline, testNow)
				limit := e.MemoryStats().Used + 256<<10
				e.SetLimit(limit)
				evicted := [4]int{}
				for i := range 30_000 {
					for e.Excess() > 0 {
						if e.EvictOne(func(db int, _ []byte) { evicted[db]++ }) != EvictedEntry {
							t.Fatalf("nothing to evict, %d bytes too many", e.Excess())
						}
					}
					db := i % 3
					deadline := int64(testNow + 1e6 + i)
					putBulk(t, e, db, lasting+i, lasting+i+1, deadline, testNow)
				}
				if used := e.MemoryStats().Used; used > limit+limit/50 {
					t.Errorf("%d bytes are used, the limit is %d", used, limit)
				}
				publishedUsed(t, e)
				if err := checkEngine(e); err != nil {
					t.Error(err)
				}
				if evicted[0] == 0 || evicted[1] == 0 || evicted[2] == 0 || evicted[3] != 0 {
					t.Errorf("evicted from the databases: %v", evicted)
				}
				left := lastingLeft(e, lasting)
				if !name.Volatile() {
					if left == lasting && name != policy.AllKeysLFU && name != policy.AllKeysAdaptive {
						t.Error("no key without a deadline was evicted")
					}
					return
				}
				if left != lasting {
					t.Errorf("%d keys without a deadline were evicted", lasting-left)
				}
				for e.EvictOne(nil) == EvictedEntry {
				}
				if got := lastingLeft(e, lasting); got != lasting || e.policy.Entries() != lasting {
					t.Errorf("of %d keys without a deadline %d are left, of all %d", lasting, got, e.policy.Entries())
				}
			})
		}
	}
}

// lastingLeft counts which of the first n keys of database 1 are there.
func lastingLeft(e *Engine, n int) (left int) {
	for i := range n {
		k := e.Key(keyName(i))
		k.Shard.Lock()
		if _, ok := e.Peek(1, k, testNow); ok {
			left++
		}
		k.Shard.Unlock()
	}
	return left
}

// TestNoEvictionEvictsNothing proves that noeviction leaves everything.
func TestNoEvictionEvictsNothing(t *testing.T) {
	e := shardedEngine(t, 4)
	putBulk(t, e, 0, 0, 1000, testNow+1000, testNow)
	e.SetLimit(1)
	if e.EvictOne(nil) == EvictedEntry || e.Excess() <= 0 {
		t.Error("noeviction evicted")
	}
}

// TestVolatileTTLTakesTheNearest proves that the keys that volatile-ttl evicts
// would mostly have expired first.
func TestVolatileTTLTakesTheNearest(t *testing.T) {
	e := shardedEngine(t, 8)
	e.SetPolicy(policy.VolatileTTL)
	e.SetLimit(1 << 30)
	const keys = 20_000
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(keys) {
		putBulk(t, e, i%2, i, i+1, testNow+1000+int64(i), testNow)
	}
	for range keys / 2 {
		if e.EvictOne(nil) != EvictedEntry {
			t.Fatal("nothing was evicted")
		}
	}
	left := [4]int{} // by quarter of the deadlines
	for i := range keys {
		k := e.Key(keyName(i))
		k.Shard.Lock()
		if _, ok := e.Peek(i%2, k, testNow); ok {
			left[i*4/keys]++
		}
		k.Shard.Unlock()
	}
	if left[0] > keys/4/20 || left[3] < keys/4*19/20 {
		t.Errorf("left of each quarter, nearest deadlines first: %v of %d", left, keys/4)
	}
}

// TestSmallLimitsAreExact proves that a limit of a few items' size is held to
// an item or two, which the comparison of hit ratios at 500 items relies on.
func TestSmallLimitsAreExact(t *testing.T) {
	for _, limit := range []uint64{64 << 10, 100 << 10, 1 << 20} {
		e := shardedEngine(t, 32)
		e.SetPolicy(policy.AllKeysAdaptive)
		e.SetLimit(limit)
		most, least := uint64(0), uint64(1<<63)
		for i := range 40_000 {
			put(t, e, 0, i, 64, NoDeadline)
			if i >= 20_000 && i%50 == 0 {
				used := e.MemoryStats().Used
				most, least = max(most, used), min(least, used)
			}
		}
		if most > limit+limit/50+100 || least < limit-limit/50-100 {
			t.Errorf("limit %d: from %d to %d bytes were used", limit, least, most)
		}
	}
}

// TestKeysFromBeforeTheLimitAreEvicted proves that keys which were in the
// window when maxmemory was switched off are evicted as others are when it is
// on again, although the window is another one.
func TestKeysFromBeforeTheLimitAreEvicted(t *testing.T) {
	e := shardedEngine(t, 4)
	e.SetPolicy(policy.AllKeysAdaptive)
	e.SetLimit(1 << 30)
	putBulk(t, e, 0, 0, 5000, NoDeadline, testNow) // no eviction: many are in the window
	e.SetLimit(0)
	e.SetLimit(e.MemoryStats().Used)
	for i := 5000; i < 60_000; i++ {
		put(t, e, 1, i, 10, NoDeadline)
		if i%3 == 0 { // what is used again now deserves to stay
			k := e.Key(keyOf(i))
			k.Shard.Lock()
			e.Find(1, k, testNow)
			k.Shard.Unlock()
		}
	}
	left := 0
	for _, s := range e.shards {
		n, _ := s.Len(0)
		left += n
	}
	if left > 50 {
		t.Errorf("%d of 5000 old keys are left", left)
	}
}

// TestEvictionBesideCommands proves that evicting, writing, reading, flushing,
// compacting and changing policy and limit at the same time leave a sound
// engine. It is for the race detector most of all.
func TestEvictionBesideCommands(t *testing.T) {
	e := shardedEngine(t, 8)
	e.SetPolicy(policy.AllKeysAdaptive)
	e.SetLimit(1 << 20)
	var writers, helpers sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range 60_000 / slowdown {
				for n := 0; e.Excess() > 0 && n < 64 && e.EvictOne(nil) == EvictedEntry; n++ {
				}
				i := r.IntN(30_000)
				k := e.Key(keyOf(i))
				k.Shard.Lock()
				if it, ok := e.Find(i%3, k, testNow); ok && !bytes.Equal(it.Raw(), value(i, len(it.Raw()))) {
					t.Errorf("key %d holds %.30q", i, it.Raw())
				}
				if r.IntN(4) == 0 {
					e.Delete(i%3, k, testNow)
				} else if err := e.SetString(i%3, k, value(i, 1+r.IntN(300)), Attrs{Deadline: deadlineFor(r)}, testNow); err != nil && err != ErrNoRoom {
					t.Error(err)
				}
				k.Shard.Unlock()
			}
		})
	}
	helpers.Go(func() {
		c := e.NewCompactor()
		defer c.Close()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if i%7 == 0 {
				c.EmptyChunk(false, nil)
			} else {
				c.Step()
			}
			e.CountOverhead()
		}
	})
	helpers.Go(func() {
		names := evictable()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			e.SetPolicy(names[i/3%len(names)])
			switch i % 5 {
			case 0:
				e.SetLimit(uint64(512+i%3*512) << 10)
			case 1:
				e.LockAll()
				g := [...]*Garbage{e.Flush(0), e.Flush(1), e.Flush(2)}
				e.UnlockAll()
				for _, g := range g {
					g.Discard(true)
				}
			case 2:
				e.SetLimit(0)
				e.SetLimit(1 << 20)
			}
			for range 50 {
				e.EvictOne(nil)
			}
		}
	})
	writers.Wait()
	close(done)
	helpers.Wait()
	if err := checkEngine(e); err != nil {
		t.Error(err)
	}
	entries := 0
	for _, s := range e.shards {
		for db := range e.databases {
			n, _ := s.Len(db)
			entries += n
		}
	}
	if got := e.policy.Entries(); got != entries {
		t.Errorf("the policy counts %d entries, there are %d", got, entries)
	}
	publishedUsed(t, e)
}

// deadlineFor is a far deadline for every second key.
func deadlineFor(r *rand.Rand) int64 {
	if r.IntN(2) == 0 {
		return NoDeadline
	}
	return testNow + 1e9 + r.Int64N(1e9)
}

// TestEmptyChunkObeysThePolicy proves that making room at the limit does not
// evict what the policy's name protects, and wins chunks where it may evict.
func TestEmptyChunkObeysThePolicy(t *testing.T) {
	for _, tt := range []struct {
		name     policy.Name
		deadline int64
		evicts   bool
	}{
		{policy.NoEviction, NoDeadline, false},
		{policy.VolatileLRU, NoDeadline, false},
		{policy.VolatileLRU, testNow + 1e6, true},
		{policy.AllKeysRandom, NoDeadline, true},
	} {
		e := shardedEngine(t, 2)
		e.SetPolicy(tt.name)
		const limit = 3 * mem.ChunkBytes
		e.SetLimit(limit)
		stored := 0
		for ; ; stored++ {
			k := e.Key(keyOf(stored))
			k.Shard.Lock()
			err := e.SetString(0, k, value(stored, 500), Attrs{Deadline: tt.deadline}, testNow)
			k.Shard.Unlock()
			if err == ErrNoRoom {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		evicted := 0
		won := e.NewCompactor().EmptyChunk(false, func(int, []byte) { evicted++ })
		if won != tt.evicts || (evicted > 0) != tt.evicts {
			t.Errorf("%v, deadline %d: of %d keys %d were evicted, a chunk was won: %v", tt.name, tt.deadline, stored, evicted, won)
		}
		if err := checkEngine(e); err != nil {
			t.Error(err)
		}
	}
}
