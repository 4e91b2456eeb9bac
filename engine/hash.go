package engine

import "github.com/cespare/xxhash/v2"

// Seed is the secret that is mixed into every key's hash. It is drawn once
// for a data set and travels with its snapshots, so that no client can aim
// collisions and every node orders members alike.
type Seed uint64

// Hash returns the 64-bit hash of key. Its bits are used like this:
//
//	63..40 directory (from the top, as many as the table's depth)
//	39..24 shard
//	23..8  position of the home bucket inside a segment
//	 7..0  tag in the bucket's header
func (s Seed) Hash(key []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(s))
	_, _ = d.Write(key) // a Digest's Write never fails
	return d.Sum64()
}

func hashTag(h uint64) uint64 {
	tag := h & 0xff
	if tag == 0 {
		tag = 1 // 0 marks an empty slot
	}
	return tag
}

func hashPos(h uint64) uint64   { return h >> 8 & 0xffff }
func hashShard(h uint64) uint64 { return h >> 24 & 0xffff }
