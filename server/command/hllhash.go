package command

import (
	"encoding/binary"
	"math/bits"
)

// The hash of a HyperLogLog is MurmurHash64A (Austin Appleby, 2008) with
// Redis's seed. It is part of the format: two sketches can be merged only if
// both hashed their elements alike.
const hllSeed = 0xadc83b19

func murmur64A(b []byte, seed uint64) uint64 {
	const (
		m = 0xc6a4a7935bd1e995
		r = 47
	)
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(b) > 0 {
		for i, c := range b {
			h ^= uint64(c) << (8 * i)
		}
		h *= m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

// hllPlace splits an element's hash: the low 14 bits choose the register, and
// the rest, of which 50 bits count, is a rank of 1 to 51: the place of its
// lowest one.
func hllPlace(element []byte) (index int, rank uint8) {
	hash := murmur64A(element, hllSeed)
	index = int(hash & (hllRegisters - 1))
	rest := hash>>hllIndexBits | 1<<hllRankBits
	return index, uint8(bits.TrailingZeros64(rest)) + 1
}
