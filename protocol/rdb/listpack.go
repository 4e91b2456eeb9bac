package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// A listpack is a run of strings and integers in one piece of memory
// (specification: listpack.md of github.com/antirez/listpack):
//
//	bytes   4, little-endian: length of all
//	count   2, little-endian: number of items, 65535 = more than can be told
//	item ...
//	end     0xff
//
//	item    head    1 to 5 bytes: what follows, and how long it is
//	        content
//	        back    1 to 5 bytes: length of head and content, to walk backwards
//
//	head    0iiiiiii                      0 to 127
//	        10llllll                      string of l bytes, up to 63
//	        110iiiii iiiiiiii             13-bit integer, high bits first
//	        1110llll llllllll             string of up to 4,095 bytes, high bits first
//	        11110000 l l l l              string, length of 4 bytes, little-endian
//	        1111 0001, 0010, 0011, 0100   integer of 2, 3, 4, 8 bytes, little-endian
//	back    7 bits a byte, the last byte holds the lowest, all but the first have bit 7 set

const (
	packHeader = 6
	packEnd    = 0xff
	// packUncounted stands for a count that 16 bits cannot hold.
	packUncounted = math.MaxUint16

	packInt13 = 0xc0
	packStr12 = 0xe0
	packStr32 = 0xf0
	packInt16 = 0xf1
	packInt24 = 0xf2
	packInt32 = 0xf3
	packInt64 = 0xf4
)

// Listpack is one that is being written. Its zero value is empty.
type Listpack struct {
	b     []byte // header and items, without the end
	count int
}

// Reset empties the listpack and keeps its memory.
func (p *Listpack) Reset() { p.b, p.count = p.b[:0], 0 }

// Size is the length in bytes that Bytes will return.
func (p *Listpack) Size() int { return max(len(p.b), packHeader) + 1 }

// Count is the number of items.
func (p *Listpack) Count() int { return p.count }

// String appends an item; what reads as an integer is kept as one.
func (p *Listpack) String(s []byte) {
	if n, ok := canonicalInt(s); ok {
		p.Int(n)
		return
	}
	p.begin()
	at := len(p.b)
	switch n := len(s); {
	case n < 64:
		p.b = append(p.b, 0x80|byte(n))
	case n < 4096:
		p.b = append(p.b, packStr12|byte(n>>8), byte(n))
	default:
		p.b = binary.LittleEndian.AppendUint32(append(p.b, packStr32), uint32(n))
	}
	p.b = append(p.b, s...)
	p.back(len(p.b) - at)
}

// Int appends an integer.
func (p *Listpack) Int(n int64) {
	p.begin()
	at := len(p.b)
	switch {
	case n >= 0 && n < 128:
		p.b = append(p.b, byte(n))
	case n >= -4096 && n < 4096:
		p.b = append(p.b, packInt13|byte(n>>8)&0x1f, byte(n))
	case n == int64(int16(n)):
		p.b = binary.LittleEndian.AppendUint16(append(p.b, packInt16), uint16(n))
	case n >= -1<<23 && n < 1<<23:
		p.b = append(p.b, packInt24, byte(n), byte(n>>8), byte(n>>16))
	case n == int64(int32(n)):
		p.b = binary.LittleEndian.AppendUint32(append(p.b, packInt32), uint32(n))
	default:
		p.b = binary.LittleEndian.AppendUint64(append(p.b, packInt64), uint64(n))
	}
	p.back(len(p.b) - at)
}

// Encoded appends count items that are encoded already.
func (p *Listpack) Encoded(count int, items []byte) {
	if count > 0 {
		p.begin()
		p.b = append(p.b, items...)
		p.count += count - 1
	}
}

// begin counts an item and makes room for the header in front of the first.
func (p *Listpack) begin() {
	if len(p.b) == 0 {
		p.b = append(p.b, 0, 0, 0, 0, 0, 0)
	}
	p.count++
}

// back ends an item whose head and content have size bytes.
func (p *Listpack) back(size int) {
	width := backWidth(size)
	for i := width - 1; i >= 0; i-- {
		c := byte(size>>(7*i)) & 0x7f
		if i < width-1 {
			c |= 0x80
		}
		p.b = append(p.b, c)
	}
}

// backWidth is the length of the field that tells a size backwards.
func backWidth(size int) int {
	n := 1
	for size >>= 7; size > 0; size >>= 7 {
		n++
	}
	return n
}

// Bytes completes the listpack and returns it; it is valid until the next
// change.
func (p *Listpack) Bytes() []byte {
	if len(p.b) == 0 {
		p.b = append(p.b, 0, 0, 0, 0, 0, 0)
	}
	b := append(p.b, packEnd)
	p.b = b[:len(b)-1]
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uint16(min(p.count, packUncounted)))
	return b
}

// item is what a packed form holds: a string or an integer.
type item struct {
	s     []byte // content of a string, a view
	n     int64
	isInt bool
}

// bytes returns the item's string: a view, or the integer's digits in memory
// of their own.
func (i item) bytes() []byte {
	if i.isInt {
		return strconv.AppendInt(make([]byte, 0, 20), i.n, 10)
	}
	return i.s
}

// items walks through a packed form that was checked as far as its header. Its
// zero value is at the end.
type items struct {
	b    []byte // from the next item on, the end included
	left int    // items that the header promises, -1 = it does not know
	next func(b []byte) (it item, size int, ok bool)
	err  error
}

// read returns the next item; ok is false behind the last one, and where the
// form is damaged.
func (r *items) read() (it item, ok bool) {
	if r.err != nil || len(r.b) == 0 {
		return item{}, false
	}
	if r.b[0] == packEnd {
		if len(r.b) != 1 || r.left > 0 {
			r.err = corrupt("a packed form ends early")
		}
		r.b = nil
		return item{}, false
	}
	it, size, ok := r.next(r.b)
	if !ok || r.left == 0 || size >= len(r.b) {
		r.err = corrupt("a packed form is damaged")
		return item{}, false
	}
	if r.left > 0 {
		r.left--
	}
	r.b = r.b[size:]
	return it, true
}

// readListpack starts to walk through a listpack.
func readListpack(b []byte) items {
	if len(b) < packHeader+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != packEnd {
		return items{err: corrupt("a listpack of %d bytes has a false header", len(b))}
	}
	left := int(binary.LittleEndian.Uint16(b[4:]))
	if left == packUncounted {
		left = -1
	}
	return items{b: b[packHeader:], left: left, next: nextListpack}
}

// nextListpack reads the item at the start of b, and how many bytes it takes.
func nextListpack(b []byte) (it item, size int, ok bool) {
	head, content := packHead(b)
	if head == 0 || content > len(b)-head {
		return it, 0, false
	}
	it = packItem(b[:head], b[head:head+content])
	size = head + content
	width := backWidth(size)
	if width > len(b)-size {
		return it, 0, false
	}
	back := 0
	for i, c := range b[size : size+width] {
		if (c&0x80 != 0) != (i > 0) {
			return it, 0, false
		}
		back = back<<7 | int(c&0x7f)
	}
	return it, size + width, back == size
}

// packHead returns the lengths of an item's head and content; a head of 0 is
// none.
func packHead(b []byte) (head, content int) {
	switch c := b[0]; {
	case c < 0x80:
		return 1, 0
	case c < packInt13:
		return 1, int(c & 0x3f)
	case c < packStr12:
		if len(b) < 2 {
			return 0, 0
		}
		return 2, 0
	case c < packStr32:
		if len(b) < 2 {
			return 0, 0
		}
		return 2, int(c&0x0f)<<8 | int(b[1])
	case c == packStr32:
		if len(b) < 5 {
			return 0, 0
		}
		n := binary.LittleEndian.Uint32(b[1:])
		return 5, int(min(n, math.MaxInt32))
	case c <= packInt32:
		return 1, int(c-packInt16) + 2
	case c == packInt64:
		return 1, 8
	}
	return 0, 0
}

// packItem decodes an item. REQUIRES: packHead gave the lengths.
func packItem(head, content []byte) item {
	switch c := head[0]; {
	case c < 0x80:
		return item{n: int64(c), isInt: true}
	case c >= packInt13 && c < packStr12:
		u := uint64(c&0x1f)<<8 | uint64(head[1])
		return item{n: int64(u<<51) >> 51, isInt: true}
	case c >= packInt16:
		return item{n: littleInt(content), isInt: true}
	}
	return item{s: content}
}

// littleInt reads a little-endian integer of 1 to 8 bytes.
func littleInt(b []byte) int64 {
	var u uint64
	for i, c := range b {
		u |= uint64(c) << (8 * i)
	}
	shift := 64 - 8*len(b)
	return int64(u<<shift) >> shift
}
