package engine

import (
	"testing"
	"time"

	"larder/engine/mem"
	"larder/engine/policy"
)

// heldEngine is an engine of a few thousand keys with a deadline under a limit,
// in one or several groups of shards.
func heldEngine(t *testing.T, name policy.Name, shards, keys int) *Engine {
	t.Helper()
	e := shardedEngine(t, shards)
	e.SetPolicy(name)
	e.SetLimit(1 << 30)
	putBulk(t, e, 0, 0, keys, testNow+1e9, testNow)
	return e
}

// keysOf is how many keys the shards have.
func keysOf(shards ...*Shard) (n int) {
	for _, s := range shards {
		keys, _ := s.Len(0)
		n += keys
	}
	return n
}

// TestEvictOneLeavesOutHeldShards proves, for each policy, that eviction takes
// from other shards all that they have while somebody holds some, that it ends
// then without waiting, and that it loses track of nothing: once they are free,
// their keys go too.
func TestEvictOneLeavesOutHeldShards(t *testing.T) {
	for _, name := range evictable() {
		for _, held := range []int{1, 3, 7, 8} {
			t.Run(name.String(), func(t *testing.T) {
				const keys = 4000
				e := heldEngine(t, name, 8, keys)
				kept := 0
				for _, s := range e.shards[:held] {
					s.Lock()
					s.BeginLong()
					kept += keysOf(s)
				}
				evicted := 0
				for busy := 0; busy < 3; {
					switch e.EvictOne(nil) {
					case EvictedEntry:
						evicted++
						busy = 0
					case EvictedBusy:
						busy++
					case EvictedNone:
						t.Fatal("it says that there is nothing to evict")
					}
				}
				if want := keys - kept; evicted != want {
					t.Errorf("with %d of 8 shards held %d keys were evicted, want %d", held, evicted, want)
				}
				for _, s := range e.shards[:held] {
					s.EndLong()
					s.Unlock()
				}
				for e.EvictOne(nil) == EvictedEntry {
					kept--
				}
				if kept != 0 || e.policy.Entries() != 0 {
					t.Errorf("%d keys were never evicted, the policy counts %d", kept, e.policy.Entries())
				}
			})
		}
	}
}

// TestEvictOneBetweenHeldGroups is the same for a cache so large that each shard
// has a group of its own: a dialogue that meets a held one goes on in the next.
func TestEvictOneBetweenHeldGroups(t *testing.T) {
	e := shardedEngine(t, 4)
	p, err := policy.New(policy.Options{Shards: 4, SplitEntries: 200})
	if err != nil {
		t.Fatal(err)
	}
	p.SetName(policy.AllKeysAdaptive)
	e.policy = p
	e.SetLimit(1 << 30)
	const keys = 2000
	putBulk(t, e, 0, 0, keys, NoDeadline, testNow)
	if p.Groups() != 4 {
		t.Fatalf("%d groups, want 4", p.Groups())
	}
	s := e.shards[2]
	s.Lock()
	s.BeginLong()
	kept := keysOf(s)
	for range keys - kept {
		if got := e.EvictOne(nil); got != EvictedEntry {
			t.Fatalf("EvictOne says %d with keys left in other groups", got)
		}
	}
	if got := e.EvictOne(nil); got != EvictedBusy {
		t.Errorf("EvictOne says %d when only a held shard has keys, want %d", got, EvictedBusy)
	}
	s.EndLong()
	s.Unlock()
	for range kept {
		if got := e.EvictOne(nil); got != EvictedEntry {
			t.Fatalf("EvictOne says %d with keys left in the shard that was held", got)
		}
	}
}

// TestLockSoonGivesUp proves that who must not wait gets a lock that is free, at
// once a refusal from who takes long, and within milliseconds one from anybody
// who does not let go.
func TestLockSoonGivesUp(t *testing.T) {
	s := shardedEngine(t, 1).shards[0]
	if !s.LockSoon() {
		t.Fatal("a free shard cannot be locked")
	}
	if s.LockSoon() {
		t.Fatal("it was locked twice")
	}
	s.BeginLong()
	start := time.Now()
	for range 1000 {
		if s.LockSoon() {
			t.Fatal("it was locked twice")
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("1000 refusals took %v", took)
	}
	s.EndLong()
	s.Unlock()
	if !s.LockSoon() {
		t.Error("a shard that was let go cannot be locked")
	}
	s.Unlock()
}

// TestDiscardLeavesOutHeldShards proves that flushed data of free shards is
// freed while another is held, and that of the held one afterwards.
func TestDiscardLeavesOutHeldShards(t *testing.T) {
	e := heldEngine(t, policy.AllKeysLRU, 4, 4000)
	e.LockAll()
	g := e.Flush(0)
	e.UnlockAll()
	s := e.shards[1]
	s.Lock()
	s.BeginLong()
	if g.Discard(false) || !e.Discarding() {
		t.Error("it says that all is freed although a shard is held")
	}
	for i, o := range e.shards {
		if used := o.heap.Used(); (used == 0) != (i != 1) {
			t.Errorf("shard %d has %d bytes in use", i, used)
		}
	}
	s.EndLong()
	s.Unlock()
	if !g.Discard(false) || e.Discarding() || s.heap.Used() != 0 {
		t.Errorf("%d bytes are left when no shard is held any more", s.heap.Used())
	}
}

// TestCompactorLeavesOutHeldShards proves that compaction ends while a shard is
// held, and empties the chunk when it is free again.
func TestCompactorLeavesOutHeldShards(t *testing.T) {
	e := heldEngine(t, policy.AllKeysLRU, 2, 0)
	for i := range 20_000 {
		put(t, e, 0, i, 500, NoDeadline)
	}
	for i := range 20_000 {
		if k := e.Key(keyOf(i)); i%10 != 0 {
			k.Shard.Lock()
			e.Delete(0, k, testNow)
			k.Shard.Unlock()
		}
	}
	s := e.shards[0]
	s.Lock()
	s.BeginLong()
	c := e.NewCompactor()
	id, ok := e.region.BeginEvacuation(mem.Movable)
	if !ok {
		t.Fatal("there is no chunk to empty")
	}
	c.open(id, mem.Movable, false)
	if c.finish(nil) {
		t.Error("a chunk with entries of a held shard was emptied")
	}
	s.EndLong()
	s.Unlock()
	if !c.EmptyChunk(false, nil) {
		t.Error("the chunk cannot be emptied when the shard is free")
	}
	if err := checkEngine(e); err != nil {
		t.Error(err)
	}
}
