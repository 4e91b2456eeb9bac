package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// A nested table is the keyspace's hash table (table.go) inside of one key: it
// holds the fields of a large hash, the members of a large set, and leads from
// a sorted set's members to their scores. There is no second hash table in the
// engine: buckets, segments, entries and cursors are those of the keyspace.
//
// What differs is where things lie. All of it is Node memory of the key's
// shard, the directory included, and what the keyspace keeps in a Go object is
// a nestedRoot within the container's root object:
//
//	root object  containerHeader … | first 8 | directory 8 | segments 8 | sweep 8
//	             | deadlines 8 | version 8 | freed 4 | freed buckets 4 | depth 1 | 7 unused
//
// The count of entries is the containerHeader's.
//
// A member costs its length, three bytes and 10.5 to 12 bytes of index, and no
// operation moves more than 3,100 slots, whatever the size of the container.
//
// The code of the table works on the shard's one view (nestedView), which open
// fills from a root and save writes back. So a view is valid until the next
// open, of whatever container: nothing here keeps one across a call of f.
type nested struct {
	s  *Shard
	r  *nestedRoot
	hd *containerHeader // of the root object that r is a part of
}

// nestedRoot is a nested table in memory. The zero value is none.
type nestedRoot struct {
	first     uint64  // the directory while it has one word
	dir       mem.Ref // the directory when it has more, 2^depth words
	segments  int64   // bytes in segments
	sweepMs   int64   // no entry expires before
	deadlines int64   // entries with a deadline
	version   uint64  // another one after each change, and in each table of a shard
	freed     uint32  // words of the directory whose segments are freed, see freeSlots
	freedAt   uint32  // and buckets of the segment behind them
	depth     uint8   // directory bits
	_         [7]byte
}

// nestedView is the table of which a nestedRoot is the state at rest.
type nestedView struct {
	sp   space
	t    table
	d    directory
	used uint64 // of the heap when it was opened
}

// init prepares the view for open.
func (v *nestedView) init(s *Shard) {
	v.t = table{s: s, region: s.region, heap: s.heap, seed: s.engine.seed, kind: mem.Node, dir: &v.d}
	v.sp.t = &v.t
}

// start makes n an empty table with room for about hint entries.
func (n nested) start(hint int) error {
	size := uint8(0)
	for size < splitSize && uint32(hint) > maxEntriesOf(size) {
		size++
	}
	seg, ok := newSegment(n.s.region, n.s.heap, mem.Node, size, 0, 0)
	if !ok {
		return ErrNoRoom
	}
	*n.r = nestedRoot{first: dirEntry(seg), segments: int64(segmentBytes[size]), sweepMs: never}
	n.hd.bytes += uint64(mem.RoundUp(segmentBytes[size]))
	n.changed()
	return nil
}

// changed gives the table a version that no table of the shard has had.
func (n nested) changed() {
	n.s.versions++
	n.r.version = n.s.versions
}

// words is the directory.
func (n nested) words() []uint64 {
	if n.r.depth == 0 {
		return unsafe.Slice(&n.r.first, 1)
	}
	return words(n.s.region, n.r.dir, 1<<n.r.depth)
}

// words is a view of so many words of memory.
func words(r *mem.Region, ref mem.Ref, count int) []uint64 {
	b := r.Bytes(ref, 8*count)
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), count)
}

// open makes the shard's view that of n.
func (n nested) open() *space {
	v, r := &n.s.nest, n.r
	v.d.shift, v.d.segments = 64-r.depth, n.words()
	v.t.out, v.t.count, v.t.bytes = r.dir, n.count(), int(r.segments)
	v.sp.deadlines, v.sp.sweepMs = int(r.deadlines), r.sweepMs
	v.t.owner = n.hd
	v.used = n.s.heap.Used()
	return &v.sp
}

// save writes the view back to the root.
// REQUIRES: the view is n's.
func (n nested) save() {
	v, r := &n.s.nest, n.r
	r.depth, r.dir = 64-v.d.shift, v.t.out
	n.hd.count, r.segments = uint64(v.t.count), int64(v.t.bytes)
	r.deadlines, r.sweepMs = int64(v.sp.deadlines), v.sp.sweepMs
	n.hd.bytes += n.s.heap.Used() - v.used // below 0 by wrapping around
	n.changed()
}

// doubleNested is doubleDirectory for a nested table.
func (t *table) doubleNested() bool {
	old := t.dir.segments
	ref, ok := t.heap.Alloc(16*len(old), mem.Node)
	if !ok {
		return false
	}
	w := words(t.region, ref, 2*len(old))
	for i, s := range old {
		w[2*i], w[2*i+1] = s, s
	}
	if t.out != 0 {
		t.heap.Free(t.out, 8*len(old), mem.Node)
	}
	t.out, t.dir.segments = ref, w
	t.dir.shift--
	return true
}

func (n nested) count() int { return int(n.hd.count) }

// find returns the entry of key, whose hash is h. The position is valid until
// the table is changed.
func (n nested) find(h uint64, key []byte) (p position, e entry, ok bool) {
	return n.open().t.find(h, key)
}

// insert adds an entry for a key that is absent, with hd's attributes, and
// returns it with its value, n bytes for the caller to fill in.
func (n nested) insert(h uint64, key []byte, hd *header, size int) (entry, []byte, error) {
	sp := n.open()
	if !sp.t.reserve(h) {
		n.save()
		return entry{}, nil, ErrNoRoom
	}
	total := hd.size(len(key), size)
	ref, ok := n.s.heap.Alloc(total, mem.Node)
	if !ok {
		n.save()
		return entry{}, nil, ErrNoRoom
	}
	e := entryAt(n.s.region, ref)
	off := hd.write(e.bytes(0, total), key, size)
	slot := sp.t.insert(h, ref, 0)
	if hd.deadline != never {
		sp.markNested(sp.t.segment(h), slot, hd.deadline)
	}
	n.save()
	return e, e.bytes(off, size), nil
}

// replace gives the entry at p other attributes and a value of size bytes for
// the caller to fill in. The entry may get another place, which is returned.
// REQUIRES: p and e are from find; key is no view of e.
func (n nested) replace(p position, e entry, key []byte, hd *header, size int) (entry, []byte, error) {
	sp := n.open()
	sp.t.preserve(p.seg, int(p.at))
	total, had := hd.size(len(key), size), e.allocBytes()
	if roundUp(total) != roundUp(had) {
		ref, ok := n.s.heap.Alloc(total, mem.Node)
		if !ok {
			return entry{}, nil, ErrNoRoom
		}
		n.s.heap.Free(e.ref, had, mem.Node)
		*p.slot = *p.slot&^slotRefMask | uint64(ref)
		e = entryAt(n.s.region, ref)
	}
	off := hd.write(e.bytes(0, total), key, size)
	sp.markNested(p.seg, p.slot, hd.deadline)
	n.save()
	return e, e.bytes(off, size), nil
}

// preserve is called before the value of an entry is changed where it lies.
func (n nested) preserve(e entry) {
	if !n.s.owes(n.hd) {
		return
	}
	t := n.open().t
	if p, ok := t.findRef(n.s.engine.seed.Hash(e.key()), e.ref); ok {
		t.preserve(p.seg, int(p.at))
	}
}

// remove takes the entry at p out of the table and frees it.
// REQUIRES: p and e are from find.
func (n nested) remove(p position, e entry) {
	sp := n.open()
	n.s.unlink(sp, p)
	n.s.heap.Free(e.ref, e.allocBytes(), mem.Node)
	sp.t.shrink(p.seg)
	n.save()
}

// each calls f for all entries, in no order that means anything, until it
// returns false. f does not change the table.
func (n nested) each(f func(e entry) bool) {
	for h := uint64(0); ; {
		seg := n.open().t.segment(h)
		for at := range seg.buckets {
			b := seg.bucket(at)
			for m := b.occupied(); m != 0; m &= m - 1 {
				if !f(entryAt(n.s.region, slotRef(b.slots[matchIndex(m)]))) {
					return
				}
			}
		}
		if h = behindSegment(seg.header()); h == 0 {
			return
		}
	}
}

// place is where a walk in slices goes on.
type place struct {
	h      uint64 // of the segment
	bucket int
}

// eachFrom is each for some buckets from p on; it returns where to go on, and
// more = false at the end or when f has returned false.
// REQUIRES: the table has not changed since p was returned; the zero value is
// the start.
func (n nested) eachFrom(p place, buckets int, f func(e entry) bool) (next place, more bool) {
	seg := n.open().t.segment(p.h)
	to := min(p.bucket+buckets, seg.buckets)
	for ; p.bucket < to; p.bucket++ {
		b := seg.bucket(p.bucket)
		for m := b.occupied(); m != 0; m &= m - 1 {
			if !f(entryAt(n.s.region, slotRef(b.slots[matchIndex(m)]))) {
				return place{}, false
			}
		}
	}
	if to == seg.buckets {
		p = place{h: behindSegment(seg.header())}
		return p, p.h != 0
	}
	return p, true
}

// behindSegment is the first hash behind those of a segment, 0 behind the last.
func behindSegment(hd *segmentHeader) uint64 {
	return (uint64(hd.prefix) + 1) << (64 - hd.depth)
}

// scan calls f for the entries from cursor c on that do not expire until nowMs,
// until it has visited about so many slots, and returns the cursor to go on
// with, 0 at the end. An entry that is there throughout is returned at least
// once, whatever happens to the table meanwhile: see Cursor, whose bits for the
// shard are 0 here. f opens no nested table.
func (n nested) scan(c Cursor, slots int, nowMs int64, f func(e entry)) Cursor {
	if c.shard() != 0 || c.depth() > maxDepth {
		return 0 // made up
	}
	const inShard = 1<<45 - 1
	sp := n.open()
	for {
		next, visited, more := n.s.scanStep(sp, c, slots, nowMs, func(it Item) { f(it.e) })
		if !more {
			return 0
		}
		c = next & inShard
		if slots -= visited; slots <= 0 {
			return c
		}
	}
}

// freeSlots frees what the table holds, visiting about so many slots, and
// tells how many it has visited and whether all is freed. In between the root
// keeps the place; nothing else may be done with the table any more.
func (n nested) freeSlots(slots int) (visited int, done bool) {
	r, dir := n.r, n.words()
	before := n.s.heap.Used()
	defer func() { n.hd.bytes += n.s.heap.Used() - before }()
	for int(r.freed) < len(dir) {
		if dir[r.freed] == 0 {
			r.freed++ // a copy that was given up, see copyTo
			continue
		}
		seg := n.s.nest.t.segmentOf(dir[r.freed])
		for ; int(r.freedAt) < seg.buckets; r.freedAt++ {
			if visited >= slots {
				return visited, false
			}
			b := seg.bucket(int(r.freedAt))
			for m := b.occupied(); m != 0; m &= m - 1 {
				e := entryAt(n.s.region, slotRef(b.slots[matchIndex(m)]))
				n.s.heap.Free(e.ref, e.allocBytes(), mem.Node)
			}
			visited += slotsPerBucket
		}
		r.freed, r.freedAt = r.freed+1<<(r.depth-seg.header().depth), 0
		freeSegment(n.s.heap, mem.Node, seg)
	}
	if r.dir != 0 {
		n.s.heap.Free(r.dir, 8*len(dir), mem.Node)
	}
	*r = nestedRoot{}
	return visited, true
}

// copyTo makes to, whose root is not in use, a copy of n, in the same shard or
// another, with pauses. On an error, which is ErrNoRoom also for one that was
// given up, the copy is to be freed as it is.
// REQUIRES: both shards are locked.
func (n nested) copyTo(to nested, pause pauseFunc) error {
	before := to.s.heap.Used()
	*to.r, to.hd.count = *n.r, n.hd.count
	to.r.first, to.r.dir = 0, 0
	if n.r.depth > 0 {
		ref, ok := to.s.heap.Alloc(8<<n.r.depth, mem.Node)
		if !ok {
			*to.r = nestedRoot{}
			return ErrNoRoom
		}
		to.r.dir = ref
		clear(to.words())
	}
	rest := pauseFunc(func() bool { // what others take of the heap is not ours
		to.hd.bytes += to.s.heap.Used() - before
		goOn := pause.goOn()
		before = to.s.heap.Used()
		return goOn
	})
	from, dir := n.words(), to.words()
	for i := 0; i < len(from); {
		old := n.s.nest.t.segmentOf(from[i])
		seg, ok := old.copyTo(n.s, to.s, rest)
		span := 1 << (n.r.depth - old.header().depth)
		if seg.ref != 0 {
			for j := range span {
				dir[i+j] = dirEntry(seg)
			}
		}
		if !ok {
			to.hd.bytes += to.s.heap.Used() - before
			return ErrNoRoom
		}
		i += span
	}
	to.hd.bytes += to.s.heap.Used() - before
	to.changed()
	return nil
}

// copyTo copies a segment with its entries. When there is no memory, or a pause
// says so, ok is false, and the copy, if there is one, holds only some of the
// entries.
func (s segment) copyTo(from, to *Shard, pause pauseFunc) (c segment, ok bool) {
	n := segmentBytes[s.header().size]
	ref, ok := to.heap.Alloc(n, mem.Node)
	if !ok {
		return segment{}, false
	}
	c = segment{ref: ref, buckets: s.buckets, base: to.region.Ptr(ref)}
	copy(to.region.Bytes(ref, n), from.region.Bytes(s.ref, n))
	for at := range c.buckets {
		if at%copyBuckets == copyBuckets-1 && ok {
			ok = pause.goOn()
		}
		b := c.bucket(at)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if !ok {
				b.clear(i)
				continue
			}
			e := entryAt(from.region, slotRef(b.slots[i]))
			l := e.layout()
			size := l.value + l.valueLen
			var place mem.Ref
			if place, ok = to.heap.Alloc(e.allocBytes(), mem.Node); !ok {
				b.clear(i)
				continue
			}
			copy(to.region.Bytes(place, size), e.bytes(0, size))
			b.slots[i] = b.slots[i]&^slotRefMask | uint64(place)
		}
	}
	return c, ok
}
