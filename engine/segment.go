package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// A segment is the unit in which a table grows: a run of memory with a header
// of two cache lines and then its buckets, addressed by linear probing with
// wrap-around. It grows in place of a directory split for as long as that is
// cheap: through the sizes of segmentBytes, and only from the largest one it
// splits in two. So the load stays between 77 and 87 % although the table as
// a whole doubles, and no operation moves more than 3,600 slots.
//
//	offset 0    segmentHeader
//	offset 64   visited: one bit a bucket, see snapshot.go
//	offset 128  buckets
type segmentHeader struct {
	count    uint32 // entries
	deadline uint32 // entries that have a deadline
	epoch    uint32 // snapshot epoch that visited belongs to
	early    uint32 // entries that got a deadline before sweepMs since the last sweep
	sweepMs  int64  // when the next look for expired entries is due, maxInt64 = never
	newMs    int64  // earliest deadline that was set since the last sweep of this segment began
	prefix   uint32 // the directory bits that lead here, depth of them
	depth    uint8  // local depth: how many directory bits
	size     uint8  // index into segmentBytes
	_        [26]byte
	visited  [64]byte
}

const (
	segmentHeaderBytes = 128
	// maxLoadNum/maxLoadDen of all slots is the fill at which a segment grows.
	maxLoadNum, maxLoadDen = 87, 100
)

// segmentBytes are the sizes of a segment. The small ones are for small
// tables; from splitSize on steps are 2 KiB, and a segment of the last
// size splits into two of size splitSize.
var segmentBytes = [...]int{256, 512, 1024, 2048, 4096, 8192, 16384,
	18432, 20480, 22528, 24576, 26624, 28672, 30720, 32768}

const (
	splitSize   = 7
	largestSize = len(segmentBytes) - 1

	// A segment shrinks when it holds less than shrinkLoad of what it may, to
	// a size that it fills to at most roomy; it becomes one with its sibling
	// if both together fill at most mergeLoad of the largest size. The gaps
	// between the three are what keeps inserts and deletes in turn from
	// moving slots each time: at least a quarter of a segment's entries has to
	// come or go in between.
	shrinkLoadNum, shrinkLoadDen = 45, 100
	roomyNum, roomyDen           = 75, 100
	mergeNum, mergeDen           = 60, 100
)

func bucketsOf(size uint8) int { return (segmentBytes[size] - segmentHeaderBytes) / bucketBytes }

func maxEntriesOf(size uint8) uint32 {
	return uint32(bucketsOf(size) * slotsPerBucket * maxLoadNum / maxLoadDen)
}

// segment is a view of a segment in memory.
type segment struct {
	ref     mem.Ref
	buckets int
	base    unsafe.Pointer
}

// due is when the next look for expired entries is due.
func (hd *segmentHeader) due() int64 {
	if hd.deadline == 0 {
		return never
	}
	return hd.sweepMs
}

func (s segment) header() *segmentHeader { return (*segmentHeader)(s.base) }

// bucket returns bucket i. REQUIRES: 0 <= i < s.buckets.
func (s segment) bucket(i int) *bucket {
	return (*bucket)(unsafe.Add(s.base, segmentHeaderBytes+i*bucketBytes))
}

// home returns the bucket at which the probe path of a position starts. The
// mapping is monotonic, which SCAN cursors rely on.
func (s segment) home(pos uint64) int { return int(pos * uint64(s.buckets) >> 16) }

func (s segment) next(i int) int {
	if i++; i < s.buckets {
		return i
	}
	return 0
}

// insert stores a slot whose key is known to be absent.
// REQUIRES: the segment has an empty slot.
func (s segment) insert(tag, slot uint64) *uint64 {
	i := s.home(slotPos(slot))
	for {
		b := s.bucket(i)
		if f := b.free(); f >= 0 {
			b.put(f, tag, slot)
			return &b.slots[f]
		}
		b.raiseOverflow()
		i = s.next(i)
	}
}

// remove clears slot i of bucket at and lowers the overflow counts on the way
// from the entry's home to it.
func (s segment) remove(at, i int) {
	b := s.bucket(at)
	for h := s.home(slotPos(b.slots[i])); h != at; h = s.next(h) {
		s.bucket(h).lowerOverflow()
	}
	b.clear(i)
}

// newSegment allocates an empty segment.
func newSegment(r *mem.Region, h *mem.Heap, kind mem.Kind, size, depth uint8, prefix uint32) (segment, bool) {
	n := segmentBytes[size]
	ref, ok := h.Alloc(n, kind)
	if !ok {
		return segment{}, false
	}
	clear(r.Bytes(ref, n))
	s := segment{ref: ref, buckets: bucketsOf(size), base: r.Ptr(ref)}
	*s.header() = segmentHeader{size: size, depth: depth, prefix: prefix, sweepMs: never, newMs: never}
	return s, true
}

func freeSegment(h *mem.Heap, kind mem.Kind, s segment) {
	h.Free(s.ref, segmentBytes[s.header().size], kind)
}
