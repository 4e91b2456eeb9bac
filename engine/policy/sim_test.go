package policy

import (
	"sync"
	"sync/atomic"
	"testing"
)

// simEngine is what the policy needs of an engine, over plain slices: shards,
// buckets in hash order that grow in number, and the dialogue. It counts items
// or bytes and evicts before it inserts.
type simEngine struct {
	p      *Policy
	shards []simShard
	limit  int
	used   atomic.Int64
	sizeOf func(key uint32) int
	expiry func(key uint32) int64 // deadline, 0 for none; nil for none at all

	refused atomic.Int64
	evicted func(simSlot) // nil, or told of every eviction
}

type simShard struct {
	mu           sync.Mutex // guards the shard, as the engine's shard lock does
	buckets      [][]simSlot
	count        int
	hits, misses uint64
}

type simSlot struct {
	hash     uint64
	key      uint32
	meta     Meta
	deadline int64
}

const simLoad = 5 // entries a bucket on average before the shard grows, of 7 places

func newSim(t testing.TB, o Options, limit int) *simEngine {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &simEngine{p: p, limit: limit, shards: make([]simShard, o.Shards)}
	for i := range s.shards {
		s.shards[i].buckets = make([][]simSlot, 1)
	}
	return s
}

func simHash(key uint32) uint64 { return mix(uint64(key) ^ 0x5eed<<32) }

func (s *simEngine) shardOf(hash uint64) uint32 {
	return uint32(hash >> 8 & uint64(len(s.shards)-1))
}

func (sh *simShard) home(hash uint64) int {
	return int(hash >> 32 * uint64(len(sh.buckets)) >> 32)
}

// find returns the slot of a key, nil if it is absent.
// REQUIRES: the key's shard is locked.
func (s *simEngine) find(key uint32) *simSlot {
	h := simHash(key)
	sh := &s.shards[s.shardOf(h)]
	b := sh.buckets[sh.home(h)]
	for i := range b {
		if b[i].key == key {
			return &b[i]
		}
	}
	return nil
}

func (s *simEngine) access(key uint32) bool {
	sh := &s.shards[s.shardOf(simHash(key))]
	sh.mu.Lock()
	slot := s.find(key)
	if slot != nil {
		if m, write := slot.meta.Hit(); write {
			slot.meta = m
		}
		sh.hits++
	} else {
		sh.misses++
	}
	sh.mu.Unlock()
	if slot == nil {
		s.insert(key)
	}
	return slot != nil
}

func (s *simEngine) size(key uint32) int {
	if s.sizeOf == nil {
		return 1
	}
	return s.sizeOf(key)
}

func (s *simEngine) insert(key uint32) {
	for s.used.Load()+int64(s.size(key)) > int64(s.limit) {
		if !s.evict() {
			s.refused.Add(1)
			return
		}
	}
	h := simHash(key)
	n := s.shardOf(h)
	sh := &s.shards[n]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.find(key) != nil {
		return // another goroutine was faster
	}
	if sh.count >= simLoad*len(sh.buckets) {
		sh.grow()
	}
	slot := simSlot{hash: h, key: key, meta: s.p.OnInsert(n, h, h>>(64-s.p.HandleBits()))}
	if s.expiry != nil {
		if slot.deadline = s.expiry(key); slot.deadline != 0 {
			slot.meta |= Deadline
		}
	}
	b := &sh.buckets[sh.home(h)]
	*b = append(*b, slot)
	sh.count++
	s.used.Add(int64(s.size(key)))
}

func (sh *simShard) grow() {
	old := sh.buckets
	sh.buckets = make([][]simSlot, len(old)+len(old)/8+1)
	for _, b := range old {
		for _, slot := range b {
			i := sh.home(slot.hash)
			sh.buckets[i] = append(sh.buckets[i], slot)
		}
	}
}

// remove takes slot i of bucket b out and returns it.
// REQUIRES: the shard is locked.
func (s *simEngine) remove(shard uint32, b, i int) simSlot {
	sh := &s.shards[shard]
	bucket := sh.buckets[b]
	slot := bucket[i]
	bucket[i] = bucket[len(bucket)-1]
	sh.buckets[b] = bucket[:len(bucket)-1]
	sh.count--
	s.used.Add(-int64(s.size(slot.key)))
	return slot
}

func (s *simEngine) delete(key uint32) bool {
	h := simHash(key)
	n := s.shardOf(h)
	sh := &s.shards[n]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i, slot := range sh.buckets[sh.home(h)] {
		if slot.key == key {
			s.remove(n, sh.home(h), i)
			s.p.OnRemove(n, 1)
			return true
		}
	}
	return false
}

// evict holds one dialogue and reports whether it removed an entry.
func (s *simEngine) evict() bool {
	var e Eviction
	s.p.Begin(&e)
	for steps := 0; ; steps++ {
		if steps > 1<<20 {
			panic("a dialogue does not end")
		}
		step := s.p.Next(&e)
		if step == Stop {
			return false
		}
		sh := &s.shards[e.Shard]
		sh.mu.Lock()
		done := false
		switch step {
		case Look:
			done = s.look(&e)
		case Find:
			done = s.judge(&e)
		case Take:
			done = s.take(&e)
		}
		sh.mu.Unlock()
		if done {
			return true
		}
	}
}

func (s *simEngine) look(e *Eviction) bool {
	sh := &s.shards[e.Shard]
	n := uint64(len(sh.buckets))
	cursor := e.Cursor
	if e.Random {
		cursor >>= 32
	}
	s.p.Observe(e.Shard, sh.hits, sh.misses)
	i := cursor * n >> 32
	for {
		for j := range sh.buckets[i] {
			slot := &sh.buckets[i][j]
			slot.meta = e.Weigh(slot.meta, Place{i, slot.hash}, slot.deadline)
		}
		e.BucketDone()
		if i++; i == n || !e.More() {
			break
		}
	}
	at, ok := s.p.Looked(e, (i<<32+n-1)/n, i == n)
	if ok {
		b, j := s.at(e.Shard, at)
		if j < 0 {
			panic("the policy named a place that it was not shown")
		}
		s.drop(e.Shard, b, j)
	}
	return ok
}

func (s *simEngine) judge(e *Eviction) bool {
	sh := &s.shards[e.Shard]
	b := sh.home(e.Handle << (64 - s.p.HandleBits()))
	for i := range sh.buckets[b] {
		slot := &sh.buckets[b][i]
		if slot.hash>>(64-s.p.HandleBits()) != e.Handle || slot.meta&Window == 0 {
			continue
		}
		m, evict := s.p.Judge(e, slot.meta)
		slot.meta = m
		if evict {
			s.drop(e.Shard, b, i)
		}
		return evict
	}
	s.p.Gone(e)
	return false
}

func (s *simEngine) take(e *Eviction) bool {
	b, j := s.at(e.Shard, e.Place)
	if j < 0 {
		s.p.Gone(e)
		return false
	}
	if !s.p.Confirm(e, s.shards[e.Shard].buckets[b][j].meta) {
		return false
	}
	s.drop(e.Shard, b, j)
	return true
}

// at returns bucket and slot of a place, slot -1 if the entry is not there.
func (s *simEngine) at(shard uint32, at Place) (int, int) {
	sh := &s.shards[shard]
	if b := int(at.Cursor); b < len(sh.buckets) {
		for i, slot := range sh.buckets[b] {
			if slot.hash == at.Token {
				return b, i
			}
		}
	}
	return 0, -1
}

// drop evicts slot i of bucket b. REQUIRES: the shard is locked.
func (s *simEngine) drop(shard uint32, b, i int) {
	slot := s.remove(shard, b, i)
	s.p.OnEvict(shard, slot.hash, slot.meta)
	if s.evicted != nil {
		s.evicted(slot)
	}
}
