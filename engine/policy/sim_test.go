package policy

import "testing"

// simEngine is what the policy needs of an engine, over plain slices: shards,
// buckets in hash order that grow in number, and the dialogue. It counts items
// or bytes and evicts before it inserts.
type simEngine struct {
	t      testing.TB
	p      *Policy
	shards []simShard
	limit  int
	used   int
	sizeOf func(key uint32) int
	expiry func(key uint32) int64 // deadline, 0 for none; nil for none at all

	refused int
	looks   int
	slots   int // slots weighed
}

type simShard struct {
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
	s := &simEngine{t: t, p: p, limit: limit, shards: make([]simShard, o.Shards)}
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
	if slot := s.find(key); slot != nil {
		if m, write := slot.meta.Hit(); write {
			slot.meta = m
		}
		sh.hits++
		return true
	}
	sh.misses++
	s.insert(key)
	return false
}

func (s *simEngine) size(key uint32) int {
	if s.sizeOf == nil {
		return 1
	}
	return s.sizeOf(key)
}

func (s *simEngine) insert(key uint32) {
	for s.used+s.size(key) > s.limit {
		if !s.evict() {
			s.refused++
			return
		}
	}
	h := simHash(key)
	n := s.shardOf(h)
	sh := &s.shards[n]
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
	s.used += s.size(key)
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
func (s *simEngine) remove(shard uint32, b, i int) simSlot {
	sh := &s.shards[shard]
	bucket := sh.buckets[b]
	slot := bucket[i]
	bucket[i] = bucket[len(bucket)-1]
	sh.buckets[b] = bucket[:len(bucket)-1]
	sh.count--
	s.used -= s.size(slot.key)
	return slot
}

func (s *simEngine) delete(key uint32) bool {
	h := simHash(key)
	n := s.shardOf(h)
	sh := &s.shards[n]
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
			s.t.Fatal("a dialogue does not end")
		}
		switch s.p.Next(&e) {
		case Stop:
			return false
		case Look:
			if at, ok := s.look(&e); ok {
				return s.evictAt(e.Shard, at)
			}
		case Find:
			if s.judge(&e) {
				return true
			}
		case Take:
			slot := s.at(e.Shard, e.Place)
			if slot == nil {
				s.p.Gone(&e)
			} else if s.p.Confirm(&e, slot.meta) {
				return s.evictAt(e.Shard, e.Place)
			}
		}
	}
}

func (s *simEngine) look(e *Eviction) (Place, bool) {
	s.looks++
	sh := &s.shards[e.Shard]
	shard := e.Shard
	n := uint64(len(sh.buckets))
	cursor := e.Cursor
	if e.Random {
		cursor >>= 32
	}
	s.p.Observe(shard, sh.hits, sh.misses)
	for i := cursor * n >> 32; ; i++ {
		for j := range sh.buckets[i] {
			slot := &sh.buckets[i][j]
			s.slots++
			slot.meta = e.Weigh(slot.meta, Place{i, slot.hash}, slot.deadline)
		}
		e.BucketDone()
		if next := i + 1; next == n {
			return s.p.Looked(e, 0, true)
		} else if !e.More() {
			return s.p.Looked(e, (next<<32+n-1)/n, false)
		}
	}
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
			gone := s.remove(e.Shard, b, i)
			s.p.OnEvict(e.Shard, gone.hash, gone.meta)
		}
		return evict
	}
	s.p.Gone(e)
	return false
}

// at returns the slot at a place, nil if another entry or none is there now.
func (s *simEngine) at(shard uint32, at Place) *simSlot {
	sh := &s.shards[shard]
	if int(at.Cursor) < len(sh.buckets) {
		for i := range sh.buckets[at.Cursor] {
			if slot := &sh.buckets[at.Cursor][i]; slot.hash == at.Token {
				return slot
			}
		}
	}
	return nil
}

func (s *simEngine) evictAt(shard uint32, at Place) bool {
	for i, slot := range s.shards[shard].buckets[at.Cursor] {
		if slot.hash == at.Token {
			s.remove(shard, int(at.Cursor), i)
			s.p.OnEvict(shard, slot.hash, slot.meta)
			return true
		}
	}
	s.t.Fatal("the policy named a place that it was not shown")
	return false
}
