package engine

import (
	"encoding/binary"
	"slices"
	"strconv"
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

// packedItem is an item that was read: a view of the run.
type packedItem struct {
	str   []byte // content, if it is no integer
	n     int64
	isInt bool
	next  int // offset of the item behind it
}

// item reads the item at off. REQUIRES: off is that of an item.
func (b packed) item(off int) packedItem {
	it := readItem(b, off)
	it.next += backBytes(it.next - off)
	return it
}

// readItem reads head and content at off; next is what lies behind those.
func readItem(b []byte, off int) (it packedItem) {
	c := b[off]
	var size int // head and content
	switch {
	case c < headStr:
		it.n, it.isInt, size = int64(c), true, 1
	case c < head13:
		n := int(c & 0x3f)
		it.str, size = b[off+1:off+1+n], 1+n
	case c < head12:
		u := uint64(c&0x1f)<<8 | uint64(b[off+1])
		it.n, it.isInt, size = int64(u<<51)>>51, true, 2
	case c < headStr4:
		n := int(c&0x0f)<<8 | int(b[off+1])
		it.str, size = b[off+2:off+2+n], 2+n
	case c == headStr4:
		n := int(binary.LittleEndian.Uint32(b[off+1:]))
		it.str, size = b[off+5:off+5+n], 5+n
	default:
		it.isInt = true
		it.n, size = wideInt(b, off)
	}
	it.next = off + size
	return it
}

// wideInt reads an integer of 2, 3, 4 or 8 bytes.
func wideInt(b []byte, off int) (n int64, size int) {
	switch b[off] {
	case headInt2:
		return int64(int16(binary.LittleEndian.Uint16(b[off+1:]))), 3
	case headInt3:
		u := uint32(b[off+1]) | uint32(b[off+2])<<8 | uint32(b[off+3])<<16
		return int64(int32(u<<8) >> 8), 4
	case headInt4:
		return int64(int32(binary.LittleEndian.Uint32(b[off+1:]))), 5
	}
	return int64(binary.LittleEndian.Uint64(b[off+1:])), 9
}

// next returns the offset of the item behind the one at off; it is len(b)
// behind the last.
func (b packed) next(off int) int {
	size := itemSize(b, off)
	return off + size + backBytes(size)
}

// itemSize is the length of head and content at off.
func itemSize(b []byte, off int) int {
	switch c := b[off]; {
	case c < headStr:
		return 1
	case c < head13:
		return 1 + int(c&0x3f)
	case c < head12:
		return 2
	case c < headStr4:
		return 2 + (int(c&0x0f)<<8 | int(b[off+1]))
	case c == headStr4:
		return 5 + int(binary.LittleEndian.Uint32(b[off+1:]))
	}
	_, size := wideInt(b, off)
	return size
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

// backBytes is the length of the field that tells a size backwards.
func backBytes(size int) int {
	n := 1
	for size > 0x7f {
		size >>= 7
		n++
	}
	return n
}

// content is a string as it will be kept in a run.
type content struct {
	str   []byte
	n     int64
	isInt bool
}

// contentOf decides how s is kept. The result is a view of s.
func contentOf(s []byte) content {
	n, ok := canonicalInt(s)
	return content{s, n, ok}
}

// contentOfInt is contentOf for an integer's digits.
func contentOfInt(n int64) content { return content{nil, n, true} }

// size is the length of head and content.
func (c content) size() int {
	switch n := len(c.str); {
	case c.isInt:
		return intItemBytes(c.n)
	case n < 64:
		return 1 + n
	case n < 4096:
		return 2 + n
	default:
		return 5 + n
	}
}

// bytes is what the content takes in a run.
func (c content) bytes() int {
	size := c.size()
	return size + backBytes(size)
}

// intItemBytes is the length of head and content of an integer.
func intItemBytes(n int64) int {
	switch {
	case n >= 0 && n <= 127:
		return 1
	case n >= -4096 && n <= 4095:
		return 2
	case n >= -1<<15 && n < 1<<15:
		return 3
	case n >= -1<<23 && n < 1<<23:
		return 4
	case n >= -1<<31 && n < 1<<31:
		return 5
	}
	return 9
}

// put writes the content to dst. REQUIRES: len(dst) == c.bytes().
func (c content) put(dst []byte) {
	size := c.write(dst)
	for i, n := len(dst)-1, size; i >= size; i-- {
		dst[i] = byte(n) & 0x7f
		if n >>= 7; i > size {
			dst[i] |= 0x80
		}
	}
}

// write writes head and content to dst and returns their length.
// REQUIRES: len(dst) >= c.size().
func (c content) write(dst []byte) int {
	n := c.writeHead(dst)
	if !c.isInt {
		n += copy(dst[n:], c.str)
	}
	return n
}

// writeHead writes what stands before a string, or all of an integer, and
// returns its length, at most headMax.
func (c content) writeHead(dst []byte) int {
	switch n := len(c.str); {
	case c.isInt:
		return putIntItem(dst, c.n)
	case n < 64:
		dst[0] = headStr | byte(n)
		return 1
	case n < 4096:
		dst[0], dst[1] = head12|byte(n>>8), byte(n)
		return 2
	default:
		dst[0] = headStr4
		binary.LittleEndian.PutUint32(dst[1:], uint32(n))
		return 5
	}
}

// putIntItem writes head and content of an integer and returns their length.
func putIntItem(dst []byte, n int64) int {
	size := intItemBytes(n)
	switch size {
	case 1:
		dst[0] = byte(n)
	case 2:
		dst[0], dst[1] = head13|byte(n>>8)&0x1f, byte(n)
	case 3:
		dst[0] = headInt2
		binary.LittleEndian.PutUint16(dst[1:], uint16(n))
	case 4:
		dst[0], dst[1], dst[2], dst[3] = headInt3, byte(n), byte(n>>8), byte(n>>16)
	case 5:
		dst[0] = headInt4
		binary.LittleEndian.PutUint32(dst[1:], uint32(n))
	default:
		dst[0] = headInt8
		binary.LittleEndian.PutUint64(dst[1:], uint64(n))
	}
	return size
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

// is tells whether the item holds c.
func (it *packedItem) is(c content) bool {
	if it.isInt || c.isInt {
		return it.isInt == c.isInt && it.n == c.n
	}
	return string(it.str) == string(c.str)
}

// content returns the item as content for another run.
func (it *packedItem) content() content { return content{it.str, it.n, it.isInt} }

// append adds the item's string to dst.
func (it *packedItem) append(dst []byte) []byte {
	if it.isInt {
		return strconv.AppendInt(dst, it.n, 10)
	}
	return append(dst, it.str...)
}

// bytes returns the item's string: a view of the run, or for integers digits
// written to scratch, which should have a capacity of 20.
func (it *packedItem) bytes(scratch []byte) []byte {
	if it.isInt {
		return strconv.AppendInt(scratch[:0], it.n, 10)
	}
	return it.str
}

// len is the length of the item's string in bytes.
func (it *packedItem) len() int {
	if it.isInt {
		var digits [20]byte
		return len(strconv.AppendInt(digits[:0], it.n, 10))
	}
	return len(it.str)
}
