package engine

import (
	"math/bits"

	"larder/engine/mem"
	"larder/engine/policy"
)

// A bucket is one cache line:
//
//	offset 0  header  uint64: tag bytes of slots 0..6, then the overflow count
//	offset 8  slots   7 × uint64
//
// A tag of 0 marks an empty slot. The overflow count says how many entries
// whose probe path starts at or crosses this bucket live further on, so that
// a lookup that does not find its key here stops when the count is 0.
// Deleting an entry lowers the counts that inserting it raised. A count that
// reaches 255 stays there; it only costs lookups of absent keys a few more
// cache lines, and the next resize of the segment counts afresh.
//
// A slot is
//
//	bits 0..39   mem.Ref of the entry, in 8-byte units
//	bits 40..55  the hash's position bits: moving an entry to another bucket
//	             of a resized segment needs no look at the entry, and a lookup
//	             meets a false match once in 2^24 comparisons
//	bits 56..63  Meta
type bucket struct {
	header uint64
	slots  [slotsPerBucket]uint64
}

const (
	slotsPerBucket = 7
	bucketBytes    = 64

	tagLow       = 0x0001010101010101 // the lowest bit of each tag byte
	tagHigh      = 0x0080808080808080 // the highest bit of each tag byte
	tagRest      = 0x007f7f7f7f7f7f7f // the others
	overflowOne  = 1 << 56
	overflowMask = 0xff << 56

	slotRefMask  = 1<<40 - 1
	slotPosShift = 40
	slotPosMask  = 0xffff << slotPosShift
	slotKeyMask  = slotRefMask | slotPosMask
)

// Meta is the byte of a slot that eviction and expiry own.
type Meta uint8

const (
	// MetaFreq counts recent hits, saturating at 3.
	MetaFreq = Meta(policy.Freq)
	// MetaDeadline marks an entry that has a deadline. The other bits are the
	// eviction policy's.
	MetaDeadline = Meta(policy.Deadline)
	// MetaFetched marks an entry that a command has read since it was stored.
	MetaFetched Meta = 1 << 7

	metaShift = 56
)

func makeSlot(ref mem.Ref, pos uint64, m Meta) uint64 {
	return uint64(ref) | pos<<slotPosShift | uint64(m)<<metaShift
}

func slotRef(s uint64) mem.Ref { return mem.Ref(s & slotRefMask) }
func slotPos(s uint64) uint64  { return s >> slotPosShift & 0xffff }
func slotMeta(s uint64) Meta   { return Meta(s >> metaShift) }

// match returns a mask in which exactly the bits 7, 15, … 55 of the slots with
// this tag are set. The shorter form (x - tagLow) & ^x & tagHigh will not do: it
// also reports a byte that is one bit off above a true match, and a tag of 1 is
// one bit off an empty slot, which leads to no entry.
func (b *bucket) match(tag uint64) uint64 {
	x := b.header ^ tag*tagLow
	return ^(x&tagRest + tagRest | x) & tagHigh
}

// matchIndex turns the lowest set bit of a mask from match into a slot number.
func matchIndex(mask uint64) int { return bits.TrailingZeros64(mask) >> 3 }

// occupied returns a mask like match's of the slots that hold an entry.
func (b *bucket) occupied() uint64 { return (b.header&tagRest + tagRest | b.header) & tagHigh }

// free returns the number of an empty slot, or -1.
func (b *bucket) free() int {
	if m := b.match(0); m != 0 {
		return matchIndex(m)
	}
	return -1
}

func (b *bucket) overflow() uint64 { return b.header >> 56 }

func (b *bucket) raiseOverflow() {
	if b.header&overflowMask != overflowMask {
		b.header += overflowOne
	}
}

func (b *bucket) lowerOverflow() {
	if b.header&overflowMask != overflowMask {
		b.header -= overflowOne
	}
}

func (b *bucket) put(i int, tag, slot uint64) {
	b.header = b.header&^(0xff<<(8*i)) | tag<<(8*i)
	b.slots[i] = slot
}

func (b *bucket) clear(i int) {
	b.header &^= 0xff << (8 * i)
	b.slots[i] = 0
}

func (b *bucket) tag(i int) uint64 { return b.header >> (8 * i) & 0xff }
