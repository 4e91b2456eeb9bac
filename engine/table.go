package engine

import (
	"math"
	"unsafe"

	"larder/engine/mem"
)

// never is a time in milliseconds that does not come.
const never = math.MaxInt64

// maxDepth bounds the directory to 2^maxDepth segments a table. A table that
// is full at that depth (possible only when most hashes are equal in their top
// bits) refuses inserts as if memory had run out.
const maxDepth = 24

// table is an extendible hash table over segments: the directory is indexed
// by the top bits of a hash, each of its entries names a segment, and a full
// segment is replaced alone. All of it is guarded by the shard's lock; only
// prefetching reads it without (see prefetch.go), which is why the directory
// is replaced as a whole and never resized.
type table struct {
	region *mem.Region
	heap   *mem.Heap
	seed   Seed
	kind   mem.Kind // of the segments

	s     *Shard           // nil in tests of the table alone
	owner *containerHeader // of a nested table

	dir   *directory
	out   mem.Ref // the directory's words if they lie in the heap, see nested.go
	count int     // entries, expired ones that are not removed yet included
	bytes int     // bytes in segments
}

// directory maps the top depth bits of a hash to segments:
//
//	bits 0..39   mem.Ref of the segment
//	bits 40..55  number of its buckets
type directory struct {
	shift    uint8 // 64 - depth
	segments []uint64
}

func dirEntry(s segment) uint64 { return uint64(s.ref) | uint64(s.buckets)<<40 }

// position names a slot of a table. It is valid until the table is changed.
type position struct {
	seg  segment
	slot *uint64
	at   int32 // bucket
	i    int32 // slot in the bucket
}

// positionIn names slot i of bucket at.
func positionIn(s segment, at int, b *bucket, i int) position {
	return position{s, &b.slots[i], int32(at), int32(i)}
}

func newTable(r *mem.Region, h *mem.Heap, seed Seed) (*table, bool) {
	s, ok := newSegment(r, h, mem.Fixed, 0, 0, 0)
	if !ok {
		return nil, false
	}
	return &table{
		region: r, heap: h, seed: seed, kind: mem.Fixed,
		dir:   &directory{shift: 64, segments: []uint64{dirEntry(s)}},
		bytes: segmentBytes[0],
	}, true
}

func (t *table) segmentOf(d uint64) segment {
	ref := mem.Ref(d & slotRefMask)
	return segment{ref: ref, buckets: int(d >> 40), base: t.region.Ptr(ref)}
}

func (t *table) segment(h uint64) segment {
	return t.segmentOf(t.dir.segments[h>>t.dir.shift])
}

// find returns the slot that holds key, or ok = false.
func (t *table) find(h uint64, key []byte) (p position, e entry, ok bool) {
	s := t.segment(h)
	pos, tag := hashPos(h), hashTag(h)
	at := s.home(pos)
	for range s.buckets {
		b := s.bucket(at)
		for m := b.match(tag); m != 0; m &= m - 1 {
			i := matchIndex(m)
			slot := &b.slots[i&7%slotsPerBucket]
			if slotPos(*slot) != pos {
				continue
			}
			e = entryAt(t.region, slotRef(*slot))
			if e.hasKey(key) {
				return position{s, slot, int32(at), int32(i)}, e, true
			}
		}
		if b.overflow() == 0 {
			break
		}
		at = s.next(at)
	}
	return position{}, entry{}, false
}

// findRef returns the slot of the entry at ref, whose hash is h.
func (t *table) findRef(h uint64, ref mem.Ref) (position, bool) {
	s := t.segment(h)
	tag := hashTag(h)
	at := s.home(hashPos(h))
	for range s.buckets {
		b := s.bucket(at)
		for m := b.match(tag); m != 0; m &= m - 1 {
			if i := matchIndex(m); slotRef(b.slots[i]) == ref {
				return positionIn(s, at, b, i), true
			}
		}
		if b.overflow() == 0 {
			break
		}
		at = s.next(at)
	}
	return position{}, false
}

// reserve makes room for one more entry with hash h, so that the next insert
// cannot fail. It reports false when there is no memory.
func (t *table) reserve(h uint64) bool {
	for {
		s := t.segment(h)
		hd := s.header()
		if hd.count < maxEntriesOf(hd.size) {
			return true
		}
		if int(hd.size) < largestSize {
			if !t.resize(s, hd.size+1) {
				return false
			}
			continue
		}
		if !t.split(s) {
			return false
		}
	}
}

// insert adds an entry whose key is absent.
// REQUIRES: reserve(h) has returned true since the last change.
func (t *table) insert(h uint64, ref mem.Ref, m Meta) *uint64 {
	if t.cutting() {
		t.preservePath(h)
	}
	s := t.segment(h)
	s.header().count++
	t.count++
	return s.insert(hashTag(h), makeSlot(ref, hashPos(h), m))
}

// remove takes the entry at p out of the table; its memory stays. Positions
// in the same segment stay valid until shrink is called.
func (t *table) remove(p position) {
	hd := p.seg.header()
	hd.count--
	t.count--
	if slotMeta(*p.slot)&MetaDeadline != 0 {
		hd.deadline--
	}
	p.seg.remove(int(p.at), int(p.i))
}

// resize replaces s by a segment of another size. Entries are not touched:
// slots carry the position bits. It reports false when there is no memory.
func (t *table) resize(s segment, size uint8) bool {
	t.preserveAll(s)
	hd := s.header()
	n, ok := newSegment(t.region, t.heap, t.kind, size, hd.depth, hd.prefix)
	if !ok {
		return false
	}
	nh := n.header()
	nh.count, nh.deadline, nh.early, nh.sweepMs, nh.epoch = hd.count, hd.deadline, hd.early, hd.sweepMs, hd.epoch
	nh.visited = hd.visited
	nh.newMs = hd.sweepMs // a sweep under way has not seen where entries are now
	for i := range s.buckets {
		b := s.bucket(i)
		for m := b.occupied(); m != 0; m &= m - 1 {
			j := matchIndex(m)
			n.insert(b.tag(j), b.slots[j])
		}
	}
	t.publish(n)
	t.bytes += segmentBytes[size] - segmentBytes[hd.size]
	freeSegment(t.heap, t.kind, s)
	return true
}

// move gives s another place, if there is one.
func (t *table) move(s segment) {
	n := segmentBytes[s.header().size]
	ref, ok := t.heap.Alloc(n, t.kind)
	if !ok {
		return
	}
	copy(t.region.Bytes(ref, n), t.region.Bytes(s.ref, n))
	t.publish(segment{ref: ref, buckets: s.buckets, base: t.region.Ptr(ref)})
	freeSegment(t.heap, t.kind, s)
}

// split replaces s by two segments that differ in one more directory bit,
// which has to be computed from the keys.
func (t *table) split(s segment) bool {
	hd := s.header()
	if hd.depth >= maxDepth {
		return false
	}
	depth := hd.depth + 1
	if 64-t.dir.shift < depth && !t.doubleDirectory() {
		return false
	}
	t.preserveAll(s)
	var upper splitBits
	counts := t.divide(s, depth, &upper)
	var half [2]segment
	for i := range half {
		var ok bool
		half[i], ok = newSegment(t.region, t.heap, t.kind, halfSize(counts[i]), depth, hd.prefix<<1|uint32(i))
		if !ok {
			if i == 1 {
				freeSegment(t.heap, t.kind, half[0])
			}
			return false
		}
		nh := half[i].header()
		nh.sweepMs, nh.newMs, nh.epoch, nh.visited = hd.sweepMs, hd.sweepMs, hd.epoch, hd.visited
	}
	distribute(s, half, &upper)
	for _, n := range half {
		t.publish(n)
		t.bytes += segmentBytes[n.header().size]
	}
	t.bytes -= segmentBytes[hd.size]
	freeSegment(t.heap, t.kind, s)
	return true
}

// splitBits says of each slot of a segment whether it goes to the upper half.
type splitBits [(32768-segmentHeaderBytes)/bucketBytes*slotsPerBucket/64 + 1]uint64

// divide finds out which slots of s go to which half by bit depth of their
// hash, and how many.
func (t *table) divide(s segment, depth uint8, upper *splitBits) (counts [2]uint32) {
	for i := range s.buckets {
		b := s.bucket(i)
		for m := b.occupied(); m != 0; m &= m - 1 {
			j := matchIndex(m)
			h := t.seed.Hash(entryAt(t.region, slotRef(b.slots[j])).key())
			bit := h >> (64 - depth) & 1
			at := i*slotsPerBucket + j
			upper[at/64] |= bit << (at % 64)
			counts[bit]++
		}
	}
	return counts
}

// halfSize is the size of a segment that takes n entries of one that is split.
// Keys that come in the order of their hashes, as those of another table do,
// all go to one half for several splits in a row.
func halfSize(n uint32) uint8 {
	if n*roomyDen <= maxEntriesOf(splitSize-1)*roomyNum {
		return sizeFor(n)
	}
	size := uint8(splitSize)
	for n > maxEntriesOf(size) {
		size++
	}
	return size
}

// distribute copies the slots of s to the halves that have room for them.
func distribute(s segment, half [2]segment, upper *splitBits) {
	for i := range s.buckets {
		b := s.bucket(i)
		for m := b.occupied(); m != 0; m &= m - 1 {
			j := matchIndex(m)
			at := i*slotsPerBucket + j
			n := half[upper[at/64]>>(at%64)&1]
			nh := n.header()
			nh.count++
			if slotMeta(b.slots[j])&MetaDeadline != 0 {
				nh.deadline++
			}
			n.insert(b.tag(j), b.slots[j])
		}
	}
}

// doubleDirectory replaces the directory by one with one more bit. It reports
// false when there is no memory.
func (t *table) doubleDirectory() bool {
	if t.kind == mem.Node {
		return t.doubleNested()
	}
	old := t.dir.segments
	d := &directory{shift: t.dir.shift - 1, segments: make([]uint64, 2*len(old))}
	for i, s := range old {
		d.segments[2*i], d.segments[2*i+1] = s, s
	}
	t.dir = d
	return true
}

// publish makes all directory entries with the segment's prefix name it.
func (t *table) publish(s segment) {
	hd := s.header()
	free := 64 - t.dir.shift - hd.depth
	from := int(hd.prefix) << free
	e := dirEntry(s)
	for i := from; i < from+1<<free; i++ {
		t.dir.segments[i] = e
	}
}

// shrink gives memory back after many deletes, so that the load of a table
// stays above shrinkLoad: a segment becomes one with its sibling when both
// together leave room, else it becomes smaller by itself.
func (t *table) shrink(s segment) {
	hd := s.header()
	if hd.count*shrinkLoadDen >= maxEntriesOf(hd.size)*shrinkLoadNum {
		return
	}
	if hd.depth > 0 && t.merge(s) {
		return
	}
	if size := sizeFor(hd.count); size < hd.size {
		t.resize(s, size) // without memory it stays as it is
	}
}

// sizeFor is the smallest size in which n entries leave room to grow.
// REQUIRES: there is one.
func sizeFor(n uint32) uint8 {
	size := uint8(0)
	for n*roomyDen > maxEntriesOf(size)*roomyNum {
		size++
	}
	return size
}

// merge joins s with its sibling when the two together leave room to grow, and
// tells whether it did.
func (t *table) merge(s segment) bool {
	hd := s.header()
	free := 64 - t.dir.shift - hd.depth
	sib := t.segmentOf(t.dir.segments[int(hd.prefix^1)<<free])
	sh := sib.header()
	count := hd.count + sh.count
	if sh.depth != hd.depth || count*mergeDen > maxEntriesOf(uint8(largestSize))*mergeNum {
		return false
	}
	size := sizeFor(count)
	n, ok := newSegment(t.region, t.heap, t.kind, size, hd.depth-1, hd.prefix>>1)
	if !ok {
		return false
	}
	t.preserveAll(s)
	t.preserveAll(sib)
	nh := n.header()
	nh.visited = hd.visited
	nh.count, nh.deadline = count, hd.deadline+sh.deadline
	nh.early, nh.sweepMs, nh.epoch = hd.early+sh.early, min(hd.due(), sh.due()), hd.epoch
	nh.newMs = nh.sweepMs
	for _, old := range [2]segment{s, sib} {
		for i := range old.buckets {
			b := old.bucket(i)
			for m := b.occupied(); m != 0; m &= m - 1 {
				j := matchIndex(m)
				n.insert(b.tag(j), b.slots[j])
			}
		}
	}
	t.publish(n)
	t.bytes += segmentBytes[size] - segmentBytes[hd.size] - segmentBytes[sh.size]
	freeSegment(t.heap, t.kind, s)
	freeSegment(t.heap, t.kind, sib)
	return true
}

// forEachSegment calls f for each segment once, in order of their prefixes.
func (t *table) forEachSegment(f func(segment) bool) {
	for i := 0; i < len(t.dir.segments); {
		s := t.segmentOf(t.dir.segments[i])
		depth := s.header().depth
		if !f(s) {
			return
		}
		i += 1 << (64 - t.dir.shift - depth)
	}
}

// overheadBytes is what the table takes besides entries, in bytes.
func (t *table) overheadBytes() int {
	return t.bytes + len(t.dir.segments)*8 + int(unsafe.Sizeof(table{}))
}
