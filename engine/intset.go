package engine

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// intset is a small set of integers: int64 values in ascending order, 8 bytes
// each, little-endian. A member is found by bisection, and the whole takes a
// fraction of what the digits would.
type intset []byte

const intBytes = 8

func (b intset) len() int { return len(b) / intBytes }

func (b intset) at(i int) int64 { return int64(binary.LittleEndian.Uint64(b[i*intBytes:])) }

// find returns where n is or belongs.
func (b intset) find(n int64) (i int, ok bool) {
	from, to := 0, b.len()
	for from < to {
		mid := int(uint(from+to) / 2)
		if b.at(mid) < n {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from, from < b.len() && b.at(from) == n
}

// insert adds n at place i. The result lies in b's memory if its capacity
// allows.
func (b intset) insert(i int, n int64) intset {
	at := i * intBytes
	size := len(b)
	b = slices.Grow(b, intBytes)[:size+intBytes]
	copy(b[at+intBytes:], b[at:size])
	binary.LittleEndian.PutUint64(b[at:], uint64(n))
	return b
}

// remove takes the integer at place i out.
func (b intset) remove(i int) intset {
	return append(b[:i*intBytes], b[(i+1)*intBytes:]...)
}

// longest is the length of the longest member as a string.
func (b intset) longest() int {
	if b.len() == 0 {
		return 0
	}
	var digits [20]byte
	first := len(strconv.AppendInt(digits[:0], b.at(0), 10))
	return max(first, len(strconv.AppendInt(digits[:0], b.at(b.len()-1), 10)))
}

// pack appends the integers to a packed run.
func (b intset) pack(dst oneway) oneway {
	for i := range b.len() {
		dst = dst.append(contentOfInt(b.at(i)))
	}
	return dst
}
