package engine

import (
	"encoding/binary"

	"larder/engine/mem"
)

// A leaf of a stream holds entries in the order of their IDs, as a packed run:
//
//	offset 0   capacity  4 bytes, little-endian: bytes asked of the allocator
//	offset 4   used      4 bytes, little-endian: bytes of the run
//	offset 8   first ID  16 bytes: that of the first entry, in the tree the key
//	offset 24  run
//
//	run        live, deleted, n, field 1 … field n, 0        the master entry
//	           entry …
//	entry      flags, ms, number, value 1 … value n, items   with the master's fields
//	           flags, ms, number, n, field 1, value 1 … field n, value n, items
//
// Most entries of a stream have the same fields, and those of an entry's first
// in the leaf are not repeated. ms and number are counted from the leaf's first
// ID; items is the number of items before it in the entry, to walk backwards.
// A deleted entry stays and is flagged, until all of its leaf are.
//
// Items and their order are those of Redis's stream nodes, so that snapshots
// carry leaves as they are, and so that a leaf is full when a node of Redis is:
// what XTRIM with "~" removes is as many whole nodes.
//
// INVARIANT: streamLeafSlack bytes behind the run are free, so that deleting, which
// may lengthen a counter, never allocates.

const (
	streamLeafUsedAt = 4
	streamLeafIDAt   = 8
	streamLeafHeader = 24
	streamLeafSlack  = 8

	// nodeOverhead is what a node of Redis has on top of the run's items: header
	// and terminator of a listpack.
	nodeOverhead = 7 - packedHeader
)

// The flags of an entry.
const (
	entryDeleted    = 1
	entrySameFields = 2
)

// The items of an entry that are there in any case: flags, ms, number.
const entryFixedItems = 3

// streamLeaf is a view of a leaf: all of its memory.
type streamLeaf []byte

func (s *Shard) streamLeaf(ref mem.Ref) streamLeaf {
	return s.region.Bytes(ref, int(binary.LittleEndian.Uint32(s.region.Bytes(ref, 4))))
}

// newStreamLeaf allocates a leaf with room for n bytes of run, besides the
// slack.
func (s *Shard) newStreamLeaf(hd *containerHeader, id StreamID, n int) (mem.Ref, streamLeaf, bool) {
	size := roundUp(streamLeafHeader + n + streamLeafSlack)
	ref, ok := s.node(hd, size)
	if !ok {
		return 0, nil, false
	}
	l := streamLeaf(s.region.Bytes(ref, size))
	clear(l[:streamLeafHeader+packedHeader])
	binary.LittleEndian.PutUint32(l, uint32(size))
	binary.LittleEndian.PutUint32(l[streamLeafUsedAt:], packedHeader)
	id.put(l[streamLeafIDAt:])
	return ref, l, true
}

func (l streamLeaf) id() StreamID { return streamIDAt(l[streamLeafIDAt:]) }

// room is how many bytes the run may have, the slack included.
func (l streamLeaf) room() int { return len(l) - streamLeafHeader }

// run returns the entries; its capacity is all that the leaf has.
func (l streamLeaf) run() packed {
	return packed(l[streamLeafHeader:][:binary.LittleEndian.Uint32(l[streamLeafUsedAt:])])
}

func (l streamLeaf) setRun(b packed) {
	if len(b) > l.room() {
		panic("engine: the run of a stream's leaf has outgrown it")
	}
	binary.LittleEndian.PutUint32(l[streamLeafUsedAt:], uint32(len(b)))
}

// leafMaster is a leaf's decoded master entry.
type leafMaster struct {
	live, deleted int64
	deletedAt     int // offset of the counter of deleted entries
	fields        int
	fieldsAt      int // offset of the first field
	entriesAt     int // offset of the first entry
}

func (b packed) master() (m leafMaster) {
	it := b.item(packedHeader)
	m.live, m.deletedAt = it.n, it.next
	it = b.item(it.next)
	m.deleted = it.n
	it = b.item(it.next)
	m.fields, m.fieldsAt = int(it.n), it.next
	m.entriesAt = b.next(b.skip(m.fieldsAt, m.fields)) // behind the 0
	return m
}

// skip returns the offset of the item that is n behind the one at off.
func (b packed) skip(off, n int) int {
	for range n {
		off = b.next(off)
	}
	return off
}

// setCounts changes the counters of the master entry. REQUIRES: as many bytes
// as the counters grow are free behind the run; so many are if they are changed
// by deleting.
func (l streamLeaf) setCounts(live, deleted int64) {
	b := l.run()
	b = b.replace(packedHeader, contentOfInt(live))
	b = b.replace(b.next(packedHeader), contentOfInt(deleted))
	l.setRun(b)
}

// leafEntry is a decoded entry of a leaf.
type leafEntry struct {
	at      int // offset of the flags
	id      StreamID
	deleted bool
	same    bool // the fields are the master's
	pairs   int
	pairsAt int // offset of the first value if same, else of the first field
}

// entryAt decodes the entry at off. REQUIRES: m is b's master, base the ID of
// the leaf.
func (b packed) entryAt(off int, m *leafMaster, base StreamID) (e leafEntry) {
	e.at = off
	flags := b.item(off)
	ms := b.item(flags.next)
	number := b.item(ms.next)
	e.id = StreamID{base.Ms + uint64(ms.n), base.Seq + uint64(number.n)}
	e.deleted, e.same = flags.n&entryDeleted != 0, flags.n&entrySameFields != 0
	e.pairs, e.pairsAt = m.fields, number.next
	if !e.same {
		n := b.item(number.next)
		e.pairs, e.pairsAt = int(n.n), n.next
	}
	return e
}

// behind returns the offset of the entry behind e, len(b) behind the last.
func (b packed) behind(e *leafEntry) int {
	n := e.pairs
	if !e.same {
		n *= 2
	}
	return b.next(b.skip(e.pairsAt, n))
}

// before returns the offset of the entry that ends at off, -1 if off is that of
// the first entry.
func (b packed) before(off int) int {
	off = b.prev(off)
	n := b.item(off).n
	if n == 0 {
		return -1 // the master's end
	}
	for range n {
		off = b.prev(off)
	}
	return off
}

// markDeleted flags the entry at off, which is live, and counts it.
func (l streamLeaf) markDeleted(off int) {
	b := l.run()
	b.replace(off, contentOfInt(b.item(off).n|entryDeleted)) // as long as before
	m := b.master()
	l.setCounts(m.live-1, m.deleted+1)
}

// newEntry is an entry that is to be appended.
type newEntry struct {
	id    StreamID
	pairs [][]byte // field, value, field, value …
	same  bool     // the fields are the master's
}

// sameFields tells whether the entry has the master's fields.
func (b packed) sameFields(m *leafMaster, pairs [][]byte) bool {
	if len(pairs)/2 != m.fields {
		return false
	}
	off := m.fieldsAt
	for i := 0; i < len(pairs); i += 2 {
		it := b.item(off)
		if !it.is(contentOf(pairs[i])) {
			return false
		}
		off = it.next
	}
	return true
}

// each calls f for every item of the entry in a leaf whose first ID is base.
func (e *newEntry) each(base StreamID, f func(content)) {
	n := len(e.pairs) / 2
	flags, items := int64(0), entryFixedItems+n
	if e.same {
		flags = entrySameFields
	} else {
		items += n + 1
	}
	f(contentOfInt(flags))
	f(contentOfInt(int64(e.id.Ms - base.Ms)))
	f(contentOfInt(int64(e.id.Seq - base.Seq)))
	if !e.same {
		f(contentOfInt(int64(n)))
	}
	for i, item := range e.pairs {
		if !e.same || i%2 == 1 {
			f(contentOf(item))
		}
	}
	f(contentOfInt(int64(items)))
}

// bytes is what the entry takes in a run.
func (e *newEntry) bytes(base StreamID) (size int) {
	e.each(base, func(c content) { size += c.bytes() })
	return size
}

// append adds the entry behind the others. REQUIRES: there is room for it.
func (l streamLeaf) append(e *newEntry) {
	b, base := l.run(), l.id()
	e.each(base, func(c content) { b = b.push(c) })
	l.setRun(b)
}

// begin writes the master entry that the first entry of a leaf makes.
// REQUIRES: there is room for it, and the run is empty.
func (l streamLeaf) begin(e *newEntry) {
	b := l.run()
	e.eachOfMaster(func(c content) { b = b.push(c) })
	l.setRun(b)
}

func (e *newEntry) eachOfMaster(f func(content)) {
	f(contentOfInt(1))
	f(contentOfInt(0))
	f(contentOfInt(int64(len(e.pairs) / 2)))
	for i := 0; i < len(e.pairs); i += 2 {
		f(contentOf(e.pairs[i]))
	}
	f(contentOfInt(0))
}

// masterBytes is what the master entry takes that the entry makes.
func (e *newEntry) masterBytes() (size int) {
	e.eachOfMaster(func(c content) { size += c.bytes() })
	return size
}

// push is append for runs that do not count their items: a stream's may have
// more than the count can hold, and nobody asks for it.
// REQUIRES: the capacity suffices.
func (b packed) push(c content) packed {
	n, size := len(b), c.bytes()
	b = b[:n+size]
	c.put(b[n:])
	return b
}
