package engine

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Digest tells whether two databases are the same for every command: it covers
// each live key with its type, encoding, content, deadline and memcached
// attributes, and depends neither on the order nor on the memory in which they
// lie. Two different databases have the same digest with a chance of 2^-128,
// unless somebody looks for such a pair: it is a check and no proof.
type Digest [2]uint64

// digestSlots is how many slots are visited under one lock.
const digestSlots = 512

// Digest computes the digest of a database as of nowMs. It locks the shards
// one at a time, for a slice each, so it is that of one state only if nothing
// is written meanwhile.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) Digest(db int, nowMs int64) (sum Digest) {
	var scratch []byte
	add := func(it Item) {
		scratch = it.appendState(scratch[:0], nowMs)
		for i := range sum {
			var d xxhash.Digest
			d.ResetWithSeed(uint64(i))
			_, _ = d.Write(scratch) // a Digest's Write never fails
			sum[i] += d.Sum64()
		}
	}
	for c, first := Cursor(0), true; first || c != 0; first = false {
		index, _ := e.CursorShard(c)
		s := e.shards[index]
		s.Lock()
		c = e.Scan(db, c, digestSlots, nowMs, add)
		s.Unlock()
	}
	return sum
}

// appendState appends all that commands can find out about an item.
func (it *Item) appendState(dst []byte, nowMs int64) []byte {
	h := it.e.headerOf(it.l)
	dst = binary.AppendUvarint(dst, uint64(len(it.Key())))
	dst = append(dst, it.Key()...)
	dst = append(dst, byte(h.typ), byte(h.enc), byte(h.marks))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.deadline))
	if h.item {
		dst = binary.LittleEndian.AppendUint32(dst, h.flags)
		dst = binary.LittleEndian.AppendUint64(dst, h.cas)
	}
	if h.typ == TypeHash {
		return it.appendFields(dst, nowMs)
	}
	if isLarge(h.kind()) {
		return containerTypes[h.typ].state(it.shard, it.root(), dst)
	}
	return append(dst, it.Raw()...)
}
