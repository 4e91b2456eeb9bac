package engine

import (
	"github.com/cespare/xxhash/v2"

	"larder/engine/mem"
)

// Walks over large sets and hashes with pauses. A command that works through a
// million members cannot keep its shards locked for all that time. So it walks a
// slice, lets others in, and then looks whether the sets are still what they
// were: each change gives a table another version. If they are not, it begins
// anew; what it made so far belongs to nobody yet.

// walkBuckets is how many buckets a slice has: about 400 members.
const walkBuckets = 64

// tableState identifies what a key holds.
type tableState struct {
	there   bool
	root    mem.Ref
	version uint64 // of the table, or a digest of what is small
}

func stateOfTable(there bool, it *Item) tableState {
	switch {
	case !there:
		return tableState{}
	case it.Encoding() == EncLarge:
		return tableState{true, it.root(), it.shard.tableAt(it.root()).r.version}
	}
	return tableState{true, 0, xxhash.Sum64(it.Raw())}
}

func (x *Set) state() tableState { return stateOfTable(x.there, &x.it) }

func (x *Hash) state() tableState { return stateOfTable(x.there, &x.it) }

// Remember notes what the set is now, for Reopen.
func (x *Set) Remember() { x.was = x.state() }

// Reopen makes the view valid again after the shard was unlocked, and tells
// whether the set is still what it was at Remember.
// REQUIRES: the shard is locked.
func (x *Set) Reopen() (same bool) {
	was := x.was
	if _, err := x.e.OpenSet(x, x.db, &x.key, x.nowMs); err != nil {
		return false
	}
	x.was = was
	return x.state() == was
}

// Place is where a walk goes on; the zero value is its start.
type Place struct{ p place }

// EachFrom is Each for a slice of the set from p on. It returns where to go on,
// and more = false at the end or when f has returned false.
// REQUIRES: the set has not changed since p was returned.
func (x *Set) EachFrom(p Place, f func(member []byte) bool) (next Place, more bool) {
	if !x.there || !x.large() {
		x.Each(f)
		return Place{}, false
	}
	at, more := x.n.eachFrom(p.p, walkBuckets, func(e entry) bool { return f(e.key()) })
	return Place{at}, more
}

// Remember notes what the hash is now, for Reopen.
func (x *Hash) Remember() { x.was = x.state() }

// Reopen makes the view valid again after the shard was unlocked, and tells
// whether the hash is still what it was at Remember.
// REQUIRES: the shard is locked.
func (x *Hash) Reopen() (same bool) {
	was := x.was
	if _, err := x.e.OpenHash(x, x.db, &x.key, x.nowMs); err != nil {
		return false
	}
	x.was = was
	return x.state() == was
}

// EachFrom is Each for a slice of the hash from p on. It returns where to go on,
// and more = false at the end or when f has returned false.
// REQUIRES: the hash has not changed since p was returned.
func (x *Hash) EachFrom(p Place, f func(field, value []byte) bool) (next Place, more bool) {
	if !x.there || !x.large() {
		x.Each(f)
		return Place{}, false
	}
	at, more := x.n.eachFrom(p.p, walkBuckets, func(e entry) bool { return f(e.key(), e.value()) })
	return Place{at}, more
}
