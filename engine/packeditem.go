package engine

import (
	"encoding/binary"
	"strconv"
	"unsafe"
)

// packedItem is an item of a run that was read: a view of the run. It and
// content have no more than four words, because the compiler keeps what is larger
// in memory: with the string as a slice, walking a list took three times as long.
type packedItem struct {
	p     *byte // first byte of a string
	n     int64 // its length, or the integer
	next  int   // offset of the item behind it
	isInt bool
}

// readItem reads head and content at off; next is what lies behind those.
func readItem(b []byte, off int) packedItem {
	c := b[off]
	switch {
	case c < headStr:
		return packedItem{n: int64(c), next: off + 1, isInt: true}
	case c < head13:
		return stringItem(b, off+1, int(c&0x3f))
	case c < head12:
		u := uint64(c&0x1f)<<8 | uint64(b[off+1])
		return packedItem{n: int64(u<<51) >> 51, next: off + 2, isInt: true}
	case c < headStr4:
		return stringItem(b, off+2, int(c&0x0f)<<8|int(b[off+1]))
	case c == headStr4:
		return stringItem(b, off+5, int(binary.LittleEndian.Uint32(b[off+1:])))
	}
	n, size := wideInt(b, off)
	return packedItem{n: n, next: off + size, isInt: true}
}

// stringItem is an item whose content are the n bytes at off.
func stringItem(b []byte, off, n int) packedItem {
	return packedItem{p: unsafe.SliceData(b[off : off+n]), n: int64(n), next: off + n}
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

// str is the content of an item that is no integer.
func (it packedItem) str() []byte { return unsafe.Slice(it.p, it.n) }

// is tells whether the item holds c.
func (it packedItem) is(c content) bool {
	if it.isInt || c.isInt || it.n != c.n {
		return it.isInt == c.isInt && it.n == c.n
	}
	return string(it.str()) == string(c.str())
}

// content returns the item as content for another run.
func (it packedItem) content() content { return content{it.p, it.n, it.isInt} }

// append adds the item's string to dst.
func (it packedItem) append(dst []byte) []byte {
	if it.isInt {
		return strconv.AppendInt(dst, it.n, 10)
	}
	return append(dst, it.str()...)
}

// bytes returns the item's string: a view of the run, or for integers digits
// written to scratch, which should have a capacity of 20.
func (it packedItem) bytes(scratch []byte) []byte {
	if it.isInt {
		return strconv.AppendInt(scratch[:0], it.n, 10)
	}
	return it.str()
}

// len is the length of the item's string in bytes.
func (it packedItem) len() int {
	if it.isInt {
		return digitCount(it.n)
	}
	return int(it.n)
}

// content is a string as it will be kept in a run.
type content struct {
	p     *byte
	n     int64 // length, or the integer
	isInt bool
}

// contentOf decides how s is kept. The result is a view of s.
func contentOf(s []byte) content {
	if n, ok := canonicalInt(s); ok {
		return contentOfInt(n)
	}
	return contentOfString(s)
}

// contentOfInt is contentOf for an integer's digits.
func contentOfInt(n int64) content { return content{n: n, isInt: true} }

// contentOfString is the content that is kept as the bytes of s.
func contentOfString(s []byte) content { return content{p: unsafe.SliceData(s), n: int64(len(s))} }

// str is the content if it is no integer.
func (c content) str() []byte { return unsafe.Slice(c.p, c.n) }

// len is the length of the string in bytes.
func (c content) len() int {
	if c.isInt {
		return digitCount(c.n)
	}
	return int(c.n)
}

// digitCount is the length of an integer in digits and sign.
func digitCount(n int64) int {
	var digits [20]byte
	return len(strconv.AppendInt(digits[:0], n, 10))
}

// size is the length of head and content.
func (c content) size() int {
	switch n := c.n; {
	case c.isInt:
		return intItemBytes(c.n)
	case n < 64:
		return 1 + int(n)
	case n < 4096:
		return 2 + int(n)
	default:
		return 5 + int(n)
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
		n += copy(dst[n:], c.str())
	}
	return n
}

// writeHead writes what stands before a string, or all of an integer, and
// returns its length, at most headMax.
func (c content) writeHead(dst []byte) int {
	switch n := c.n; {
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

// backBytes is the length of the field that tells a size backwards.
func backBytes(size int) int {
	if size <= 0x7f {
		return 1
	}
	return wideBack(size)
}

func wideBack(size int) int {
	n := 1
	for size > 0x7f {
		size >>= 7
		n++
	}
	return n
}
