package engine

import (
	"github.com/cespare/xxhash/v2"

	"larder/engine/mem"
)

// Walks over large sets with pauses. A command that works through a million
// members cannot keep its shards locked for all that time. So it walks a slice,
// lets others in, and then looks whether the sets are still what they were: each
// change gives a table another version. If they are not, it begins anew; what it
// made so far belongs to nobody yet.

// walkBuckets is how many buckets a slice has: about 400 members.
const walkBuckets = 64

// setState identifies what a key holds.
type setState struct {
	there   bool
	root    mem.Ref
	version uint64 // of the table, or a digest of a small set
}

func (x *Set) state() setState {
	switch {
	case !x.there:
		return setState{}
	case x.large():
		return setState{true, x.it.root(), x.n.r.version}
	}
	return setState{true, 0, xxhash.Sum64(x.it.Raw())}
}

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

// SetPlace is where a walk goes on; the zero value is its start.
type SetPlace struct{ p place }

// EachFrom is Each for a slice of the set from p on. It returns where to go on,
// and more = false at the end or when f has returned false.
// REQUIRES: the set has not changed since p was returned.
func (x *Set) EachFrom(p SetPlace, f func(member []byte) bool) (next SetPlace, more bool) {
	if !x.there || !x.large() {
		x.Each(f)
		return SetPlace{}, false
	}
	at, more := x.n.eachFrom(p.p, walkBuckets, func(e entry) bool { return f(e.key()) })
	return SetPlace{at}, more
}
