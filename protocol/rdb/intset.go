package rdb

import (
	"encoding/binary"
	"iter"
	"math"
)

// An intset is a set of integers in ascending order, all as wide as the widest
// needs:
//
//	width     4 bytes, little-endian: 2, 4 or 8
//	count     4 bytes, little-endian
//	integers  width bytes each, little-endian
const intsetHeader = 8

// appendIntset appends an intset of what ints yields: twice the same, in
// ascending order.
func appendIntset(dst []byte, ints iter.Seq[int64]) []byte {
	width, count := 2, 0
	for n := range ints {
		count++
		switch {
		case n != int64(int32(n)):
			width = 8
		case n != int64(int16(n)):
			width = max(width, 4)
		}
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(width))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(count))
	for n := range ints {
		switch width {
		case 2:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		case 4:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
		default:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
		}
	}
	return dst
}

// readIntset checks an intset and calls f for each integer in it.
func readIntset(b []byte, f func(n int64) error) error {
	if len(b) < intsetHeader {
		return corrupt("an intset of %d bytes has no header", len(b))
	}
	width, count := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	body := b[intsetHeader:]
	if width != 2 && width != 4 && width != 8 || uint64(width)*uint64(count) != uint64(len(body)) {
		return corrupt("an intset of %d integers of %d bytes takes %d", count, width, len(body))
	}
	last := int64(math.MinInt64)
	for i := range int(count) {
		at := i * int(width)
		n := littleInt(body[at : at+int(width)])
		if i > 0 && n <= last {
			return corrupt("an intset is out of order")
		}
		last = n
		if err := f(n); err != nil {
			return err
		}
	}
	return nil
}
