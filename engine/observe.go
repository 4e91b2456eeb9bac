package engine

import (
	"sync/atomic"
	"unsafe"
)

// What happens to keys without a caller who asked for it. Keys expire, and
// whoever notices first removes them: an Observer hears of each. Keys come into
// being by many functions, to most of which that makes no difference: the shard
// notes it for a caller who wants to know afterwards.

// Observer is told of each key that is gone because its deadline has passed.
type Observer interface {
	// KeyExpired is called before the key is removed, with its shard locked. It
	// must not use the engine; key is a view that is valid until it returns.
	KeyExpired(db int, key []byte)
	// FieldsExpired is called when fields of the hash at key are gone because
	// their deadlines have passed, under the same terms; with the last of them
	// the key goes too.
	FieldsExpired(db int, key []byte, last bool)
}

// observation is what the engine knows of who observes it.
type observation struct {
	observer Observer // nil: nobody
	noteNew  atomic.Bool
}

// createdKeys are keys that have come into being and that nobody has asked
// for yet, in order.
type createdKeys struct {
	list []createdKey
	next int // in list; those before it are done with
}

type createdKey struct {
	db   int
	hash uint64
}

// maxCreatedKeys bounds the list: what nobody asks for is forgotten.
const maxCreatedKeys = 1 << 20

// SetObserver makes o the observer. REQUIRES: nothing uses the engine yet.
func (e *Engine) SetObserver(o Observer) { e.observation.observer = o }

// NoteNew says whether keys that come into being are noted for TakeCreated.
func (e *Engine) NoteNew(on bool) { e.observation.noteNew.Store(on) }

// expire removes an entry whose deadline has passed.
func (s *Shard) expire(sp *space, p position, en entry) {
	s.noteExpired(sp, en)
	s.drop(sp, p, en)
}

// noteExpired counts an entry that is about to be removed because its deadline
// has passed, and tells the observer.
func (s *Shard) noteExpired(sp *space, en entry) {
	s.engine.expiredBy(en.deadline())
	s.stats.Expired++
	if o := s.engine.observation.observer; o != nil {
		o.KeyExpired(s.database(sp), en.key())
	}
}

// expiredBy notes that something is gone whose deadline was ms.
func (e *Engine) expiredBy(ms int64) {
	for {
		last := e.expiredMs.Load()
		if ms <= last || e.expiredMs.CompareAndSwap(last, ms) {
			return
		}
	}
}

// ExpiredMs is the latest deadline in ms since 1970 of all keys and fields that
// were removed because it had passed. A write that is stamped with an earlier
// time would come to another result when it is run again where the key is still
// there.
func (e *Engine) ExpiredMs() int64 { return e.expiredMs.Load() }

// noteCreated notes a key that has just been inserted.
func (s *Shard) noteCreated(sp *space, hash uint64) {
	if !s.engine.observation.noteNew.Load() || len(s.created.list) >= maxCreatedKeys {
		return
	}
	s.created.list = append(s.created.list, createdKey{s.database(sp), hash})
}

// TakeCreated tells whether k has come into being since it was asked for last.
// REQUIRES: k.Shard is locked.
func (e *Engine) TakeCreated(db int, k Key) bool {
	c := &k.Shard.created
	want := createdKey{db, k.Hash}
	for i := c.next; i < len(c.list); i++ {
		if c.list[i] != want {
			continue
		}
		c.list[i] = c.list[c.next]
		if c.next++; c.next == len(c.list) {
			c.list, c.next = c.list[:0], 0
		}
		return true
	}
	return false
}

// database is the number of the database that sp is a part of.
func (s *Shard) database(sp *space) int {
	return int((uintptr(unsafe.Pointer(sp)) - uintptr(unsafe.Pointer(&s.spaces[0]))) / unsafe.Sizeof(*sp))
}

// Reap removes k if its deadline has passed, and tells whether it did.
// REQUIRES: k.Shard is locked.
func (e *Engine) Reap(db int, k Key, nowMs int64) bool {
	sp := &k.Shard.spaces[db]
	if sp.t == nil {
		return false
	}
	p, en, ok := sp.t.find(k.Hash, k.Name)
	if !ok || en.kind()&kindDeadline == 0 || en.deadline() > nowMs {
		return false
	}
	k.Shard.expire(sp, p, en)
	return true
}
