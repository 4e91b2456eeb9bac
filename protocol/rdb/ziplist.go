package rdb

import (
	"encoding/binary"
	"math"
)

// Ziplists and zipmaps are what Redis kept small containers in before
// listpacks. They are only read. A ziplist is
//
//	bytes   4, little-endian: length of all
//	tail    4, little-endian: offset of the last item
//	count   2, little-endian: number of items, 65535 = more than can be told
//	item ...
//	end     0xff
//
//	item    before  1 byte, or 0xfe and 4 bytes: length of the item before
//	        head    00llllll                string of l bytes
//	                01llllll llllllll       string, high bits first
//	                10------ l l l l        string, length of 4 bytes, big-endian
//	                11000000, 11010000, 11100000, 11110000, 11111110
//	                                        integer of 2, 4, 8, 3, 1 bytes, little-endian
//	                1111iiii                i-1, i from 1 to 13
//	        content
//
// and a zipmap, of which only hashes were made,
//
//	count   1 byte: number of fields, 254 = more than can be told
//	field   length, bytes
//	value   length, 1 byte: how many unused bytes follow the value, bytes, unused ...
//	end     0xff
//
// where a length has 1 byte, or 0xfe and 4 bytes, little-endian.

const (
	zipHeader = 10
	zipWide   = 0xfe
)

// readZiplist starts to walk through a ziplist.
func readZiplist(b []byte) items {
	if len(b) < zipHeader+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != packEnd {
		return items{err: corrupt("a ziplist of %d bytes has a false header", len(b))}
	}
	left := int(binary.LittleEndian.Uint16(b[8:]))
	if left == packUncounted {
		left = -1
	}
	before := 0
	next := func(b []byte) (it item, size int, ok bool) {
		it, size, told, ok := nextZiplist(b)
		ok = ok && told == before
		before = size
		return it, size, ok
	}
	return items{b: b[zipHeader:], left: left, next: next}
}

// nextZiplist reads the item at the start of b, how many bytes it takes and
// what it says of the item before.
func nextZiplist(b []byte) (it item, size, before int, ok bool) {
	before, at := int(b[0]), 1
	if before == zipWide {
		if len(b) < 5 {
			return it, 0, 0, false
		}
		before, at = int(binary.LittleEndian.Uint32(b[1:])), 5
	}
	head, content := zipHead(b[at:])
	if head == 0 || content > len(b)-at-head {
		return it, 0, 0, false
	}
	c, body := b[at], b[at+head:at+head+content]
	switch {
	case c < 0xc0:
		it.s = body
	case content == 0:
		it.n, it.isInt = int64(c&0x0f)-1, true
	default:
		it.n, it.isInt = littleInt(body), true
	}
	return it, at + head + content, before, true
}

// zipHead returns the lengths of an item's head and content; a head of 0 is
// none.
func zipHead(b []byte) (head, content int) {
	if len(b) == 0 {
		return 0, 0
	}
	switch c := b[0]; {
	case c < 0x40:
		return 1, int(c)
	case c < 0x80 && len(b) >= 2:
		return 2, int(c&0x3f)<<8 | int(b[1])
	case c < 0x80:
		return 0, 0
	case c < 0xc0 && len(b) >= 5:
		return 5, int(min(binary.BigEndian.Uint32(b[1:]), math.MaxInt32))
	case c == 0xc0:
		return 1, 2
	case c == 0xd0:
		return 1, 4
	case c == 0xe0:
		return 1, 8
	case c == 0xf0:
		return 1, 3
	case c == 0xfe:
		return 1, 1
	case c > 0xf0 && c <= 0xfd:
		return 1, 0
	}
	return 0, 0
}

// readZipmap starts to walk through the fields and values of a zipmap.
func readZipmap(b []byte) items {
	if len(b) < 2 || b[len(b)-1] != packEnd {
		return items{err: corrupt("a zipmap of %d bytes does not end", len(b))}
	}
	left := -1
	if b[0] < zipWide {
		left = 2 * int(b[0])
	}
	value := false
	next := func(b []byte) (it item, size int, ok bool) {
		it, size, ok = nextZipmap(b, value)
		value = !value
		return it, size, ok
	}
	return items{b: b[1:], left: left, next: next}
}

// nextZipmap reads the field or value at the start of b.
func nextZipmap(b []byte, value bool) (it item, size int, ok bool) {
	n, at := int(b[0]), 1
	if n == zipWide {
		if len(b) < 5 {
			return it, 0, false
		}
		n, at = int(min(binary.LittleEndian.Uint32(b[1:]), math.MaxInt32)), 5
	}
	unused := 0
	if value {
		if len(b) <= at {
			return it, 0, false
		}
		unused = int(b[at])
		at++
	}
	if n+unused > len(b)-at {
		return it, 0, false
	}
	return item{s: b[at : at+n]}, at + n + unused, true
}
