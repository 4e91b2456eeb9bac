package engine

import (
	"encoding/binary"
	"slices"
)

// packed is a run of short items, the form of a small list and of the leaves of
// large lists and streams. It is one piece of memory, found with one cache miss
// and walked at the processor's pleasure; an edit moves what lies behind it, so
// it must stay short. Small hashes, sets and sorted sets are runs that are walked
// in one direction only, see oneway.go.
//
//	offset 0   count   2 bytes, little-endian: number of items, at most maxPackedItems
//	offset 2   item ...
//
//	item       head    1 to 5 bytes: what follows, and how long it is
//	           content
//	           back    1 to 5 bytes: length of head and content, to walk backwards
//
//	head       0iiiiiii                      0 to 127
//	           10llllll                      string of l bytes, up to 63
//	           110iiiii iiiiiiii             13-bit integer, high bits first
//	           1110llll llllllll             string of up to 4,095 bytes, high bits first
//	           11110000 l l l l              string, length of 4 bytes, little-endian
//	           1111 0001, 0010, 0011, 0100   integer of 2, 3, 4, 8 bytes, little-endian
//	back       7 bits a byte, the last byte holds the lowest, all but the first have bit 7 set
//
// Items are encoded as in Redis's listpack (the specification is listpack.md
// of github.com/antirez/listpack); header and terminator, which an entry's
// length makes superfluous, are left out.
//
// A string that reads as an integer is kept as one, and reads the same again.
type packed []byte

const (
	packedHeader = 2
	// maxPackedItems bounds a run, whatever the thresholds say: its count has 16
	// bits, and walking more would take long.
	maxPackedItems = 1<<16 - 1
)

const (
	head13   = 0xc0
	headStr  = 0x80
	head12   = 0xe0
	headStr4 = 0xf0
	headInt2 = 0xf1
	headInt3 = 0xf2
	headInt4 = 0xf3
	headInt8 = 0xf4

	headMax = 9 // bytes of an integer of 8 bytes with its head
)

// newPacked returns an empty run that begins in dst's memory.
func newPacked(dst []byte) packed { return append(dst[:0], 0, 0) }

// count is the number of items.
func (b packed) count() int { return int(binary.LittleEndian.Uint16(b)) }

func (b packed) addCount(n int) {
	binary.LittleEndian.PutUint16(b, uint16(b.count()+n))
}

// item reads the item at off. REQUIRES: off is that of an item.
func (b packed) item(off int) packedItem {
	it := readItem(b, off)
	it.next += backBytes(it.next - off)
	return it
}

// next returns the offset of the item behind the one at off; it is len(b)
// behind the last.
func (b packed) next(off int) int {
	size := itemSize(b, off)
	return off + size + backBytes(size)
}

// prev returns the offset of the item before off, which may be len(b); -1
// before the first.
func (b packed) prev(off int) int {
	if off <= packedHeader {
		return -1
	}
	size, shift := 0, 0
	for i := off - 1; ; i-- {
		size |= int(b[i]&0x7f) << shift
		if b[i]&0x80 == 0 {
			return i - size
		}
		shift += 7
	}
}

// seek returns the offset of an item by its index; from the end if it is
// negative, -1 being the last. It is -1 if there is no such item.
func (b packed) seek(index int) int {
	n := b.count()
	if index < 0 {
		index += n
	}
	if index < 0 || index >= n {
		return -1
	}
	if index < n/2 {
		off := packedHeader
		for range index {
			off = b.next(off)
		}
		return off
	}
	off := len(b)
	for range n - index {
		off = b.prev(off)
	}
	return off
}

// append adds an item at the end. As with the other edits, the result lies in
// b's memory if its capacity allows.
// REQUIRES: b.count() < maxPackedItems; c is no view of b.
func (b packed) append(c content) packed { return b.insert(len(b), c) }

// insert adds an item before the one at off.
// REQUIRES: b.count() < maxPackedItems; c is no view of b.
func (b packed) insert(off int, c content) packed {
	b = b.resize(off, 0, c.bytes())
	c.put(b[off : off+c.bytes()])
	b.addCount(1)
	return b
}

// replace puts another item in the place of the one at off.
// REQUIRES: c is no view of b.
func (b packed) replace(off int, c content) packed {
	size := c.bytes()
	b = b.resize(off, b.next(off)-off, size)
	c.put(b[off : off+size])
	return b
}

// remove takes n items out, the first of which is at off.
// REQUIRES: there are so many.
func (b packed) remove(off, n int) packed {
	end := off
	for range n {
		end = b.next(end)
	}
	b.addCount(-n)
	return append(b[:off], b[end:]...)
}

// resize makes the old bytes at off into new ones, whose content is undefined.
func (b packed) resize(off, old, size int) packed {
	n := len(b)
	switch d := size - old; {
	case d > 0:
		b = slices.Grow(b, d)[:n+d]
		copy(b[off+size:], b[off+old:n])
	case d < 0:
		copy(b[off+size:], b[off+old:])
		b = b[:n+d]
	}
	return b
}

// find returns the offset of the first item that holds c, looking at off and
// then at every (skip+1)-th item; -1 if there is none.
func (b packed) find(off int, c content, skip int) int {
	for off < len(b) {
		it := b.item(off)
		if it.is(c) {
			return off
		}
		off = it.next
		for range skip {
			if off == len(b) {
				return -1
			}
			off = b.next(off)
		}
	}
	return -1
}
