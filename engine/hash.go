package engine

import (
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

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
//
// It is XXH64. Short keys are hashed here: the package has a seed for streams
// only, whose state takes longer to set up than 31 bytes to hash (BenchmarkHash).
func (s Seed) Hash(key []byte) uint64 {
	if len(key) >= xxBlock {
		var d xxhash.Digest
		d.ResetWithSeed(uint64(s))
		_, _ = d.Write(key) // a Digest's Write never fails
		return d.Sum64()
	}
	h := uint64(s) + xxPrime5 + uint64(len(key))
	for ; len(key) >= 8; key = key[8:] {
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(key)*xxPrime2, 31) * xxPrime1
		h = bits.RotateLeft64(h, 27)*xxPrime1 + xxPrime4
	}
	if len(key) >= 4 {
		h ^= uint64(binary.LittleEndian.Uint32(key)) * xxPrime1
		h = bits.RotateLeft64(h, 23)*xxPrime2 + xxPrime3
		key = key[4:]
	}
	for _, c := range key {
		h ^= uint64(c) * xxPrime5
		h = bits.RotateLeft64(h, 11) * xxPrime1
	}
	h ^= h >> 33
	h *= xxPrime2
	h ^= h >> 29
	h *= xxPrime3
	return h ^ h>>32
}

// The constants of XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), and
// the length from which on it works on four lanes.
const (
	xxPrime1 uint64 = 11400714785074694791
	xxPrime2 uint64 = 14029467366897019727
	xxPrime3 uint64 = 1609587929392839161
	xxPrime4 uint64 = 9650029242287828579
	xxPrime5 uint64 = 2870177450012600261

	xxBlock = 32
)

func hashTag(h uint64) uint64 {
	tag := h & 0xff
	if tag == 0 {
		tag = 1 // 0 marks an empty slot
	}
	return tag
}

func hashPos(h uint64) uint64   { return h >> 8 & 0xffff }
func hashShard(h uint64) uint64 { return h >> 24 & 0xffff }
