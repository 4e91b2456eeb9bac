package engine

import "encoding/binary"

// A CAS value tells one content of a key from all others that it had or will
// have:
//
//	bit  63      0: clients in some languages have no larger number
//	bit  62      derived: made from the content or from an earlier value
//	bits 61..32  second in which a memcached command stored the value, since
//	             casEpoch
//	bits 31..0   number within that second
//
// Stamped values grow from one write to the next and, because they contain the
// time, also across restarts: a client that comes back with an old one cannot
// hit a new content by chance. The second also tells when an item was stored,
// which no other field does. A client may choose any value by the meta
// protocol's E flag.
const (
	casDerived   = 1 << 62
	casTimeShift = 32
	casEpochSec  = 1704067200 // 2024-01-01 00:00:00 UTC
)

// FirstCAS is the smallest CAS value to be stamped at nowMs; what follows
// within the second counts up from there.
func FirstCAS(nowMs int64) uint64 {
	return uint64(max(nowMs/1000-casEpochSec, 0))<<casTimeShift&(casDerived-1) | 1
}

// CASSecond returns the second since 1970 at which a value was stamped; ok is
// false for one that was derived.
func CASSecond(cas uint64) (sec int64, ok bool) {
	if cas>>casTimeShift == 0 || cas >= casDerived {
		return 0, false
	}
	return int64(cas>>casTimeShift) + casEpochSec, true
}

// derivedCAS makes a CAS value of a hash.
func derivedCAS(hash uint64) uint64 { return hash&(casDerived-1) | casDerived }

// nextCAS is the CAS value of an item after a change by a command that has no
// stamp of its own, because it is not one of memcached's. It differs from all
// others that the key had but for a chance of 2^-62 (a step of splitmix64).
func nextCAS(cas uint64) uint64 {
	z := cas + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return derivedCAS(z ^ z>>31)
}

// renewCAS gives an item that is about to change in place another CAS value.
func (it *Item) renewCAS() {
	if it.IsItem() {
		it.SetCAS(nextCAS(it.CAS()))
	}
}

// SetCAS gives an item another CAS value; a string that Redis commands wrote
// has none to set.
// REQUIRES: the shard is locked.
func (it *Item) SetCAS(cas uint64) {
	if it.IsItem() {
		it.preserve()
		binary.LittleEndian.PutUint64(it.e.bytes(it.l.itemAt()+4, 8), cas)
	}
}
