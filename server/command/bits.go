package command

import (
	"encoding/binary"
	"math/bits"
)

// Loops over bits, 64 at a time. Bit 0 of a string is the highest bit of its
// first byte, so words are read as big-endian numbers.

// countBits counts the ones in p.
func countBits(p []byte) (n int) {
	for ; len(p) >= 32; p = p[32:] {
		n += bits.OnesCount64(binary.BigEndian.Uint64(p)) +
			bits.OnesCount64(binary.BigEndian.Uint64(p[8:])) +
			bits.OnesCount64(binary.BigEndian.Uint64(p[16:])) +
			bits.OnesCount64(binary.BigEndian.Uint64(p[24:]))
	}
	for ; len(p) >= 8; p = p[8:] {
		n += bits.OnesCount64(binary.BigEndian.Uint64(p))
	}
	for _, c := range p {
		n += bits.OnesCount8(c)
	}
	return n
}

// countBitRange counts the ones in bits [from, to) of p.
// REQUIRES: 0 <= from <= to <= 8*len(p).
func countBitRange(p []byte, from, to int) int {
	if from == to {
		return 0
	}
	first, last := from>>3, (to-1)>>3
	n := countBits(p[first : last+1])
	n -= bits.OnesCount8(p[first] &^ (0xff >> (from & 7)))
	n -= bits.OnesCount8(p[last] & (0x7f >> ((to - 1) & 7)))
	return n
}

// findBit returns the place of the first bit that is one (or zero) among bits
// [from, to) of p, -1 if there is none.
// REQUIRES: 0 <= from <= to <= 8*len(p).
func findBit(p []byte, one bool, from, to int) int {
	var flip uint64 // turns the search for a zero into that for a one
	if !one {
		flip = ^uint64(0)
	}
	for at := from; at < to; {
		// A window of whole bytes that holds bit at; what is before it is
		// masked, what is behind to is found but does not count.
		first := at >> 3
		w, n := window(p[first:])
		w = (w ^ flip) & (^uint64(0) >> (at & 7))
		if n < 64 {
			w &= ^uint64(0) << (64 - n)
		}
		if w != 0 {
			if at = first<<3 + bits.LeadingZeros64(w); at < to {
				return at
			}
			return -1
		}
		at = first<<3 + n
		for to-at >= 64 && binary.BigEndian.Uint64(p[at>>3:]) == flip {
			at += 64
		}
	}
	return -1
}

// window returns the first bytes of p, 8 at most, as the high bits of a word
// and the number of those bits. REQUIRES: len(p) > 0.
func window(p []byte) (w uint64, n int) {
	if len(p) >= 8 {
		return binary.BigEndian.Uint64(p), 64
	}
	for i, c := range p {
		w |= uint64(c) << (56 - 8*i)
	}
	return w, 8 * len(p)
}

// andBits, orBits, xorBits and notBits work on dst in place; src is as long.

func andBits(dst, src []byte) {
	for ; len(dst) >= 8 && len(src) >= 8; dst, src = dst[8:], src[8:] {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)&binary.LittleEndian.Uint64(src))
	}
	for i := range dst {
		dst[i] &= src[i]
	}
}

func orBits(dst, src []byte) {
	for ; len(dst) >= 8 && len(src) >= 8; dst, src = dst[8:], src[8:] {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)|binary.LittleEndian.Uint64(src))
	}
	for i := range dst {
		dst[i] |= src[i]
	}
}

func xorBits(dst, src []byte) {
	for ; len(dst) >= 8 && len(src) >= 8; dst, src = dst[8:], src[8:] {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)^binary.LittleEndian.Uint64(src))
	}
	for i := range dst {
		dst[i] ^= src[i]
	}
}

func notBits(dst []byte) {
	for ; len(dst) >= 8; dst = dst[8:] {
		binary.LittleEndian.PutUint64(dst, ^binary.LittleEndian.Uint64(dst))
	}
	for i := range dst {
		dst[i] = ^dst[i]
	}
}
