package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// A stream is a log of entries under ascending IDs, each a list of fields and
// values, with groups of consumers that share the reading of it.
//
//	streamRoot   container of the key
//	 ├─ entries  counted B+tree by ID; leaves are packed runs of up to 100
//	 │           entries that share their fields' names (stream_leaf.go)
//	 └─ groups   sorted array of references (stream_names.go)
//	     └─ group       last ID, counter of entries read (stream_group.go)
//	         ├─ pending     counted B+tree by ID; leaves are arrays of what was
//	         │              delivered and not acknowledged (stream_pending.go)
//	         └─ consumers   sorted array of references
//
// Appending touches the root, the last leaf and the nodes on the tree's right
// edge; a range costs the way to its first leaf. An entry of three short fields
// takes what its values take and about 15 bytes, a pending one 40 bytes; that
// is a third of what a radix tree with an object a pending entry needs.
//
// A stream is always large: a key that is a stream has more than one entry soon,
// and the IDs and counters that it keeps would not fit into a packed form.
type Stream struct {
	s   *Shard
	ref mem.Ref
	r   *streamRoot
}

// streamRoot is the root of a stream. INVARIANT: count is the number of live
// entries, and first the ID of the first of them, 0-0 if there is none.
type streamRoot struct {
	containerHeader
	entries    treeRoot
	last       StreamID // the last that was given out
	first      StreamID
	maxDeleted StreamID // the largest of those that Delete has taken out
	added      int64    // entries ever added
	groups     nameList
	version    uint64 // another one after each change, and in each stream of the shard
}

const streamRootBytes = int(unsafe.Sizeof(streamRoot{}))

// maxEntryBytes is how long the fields and values of an entry may be together.
const maxEntryBytes = 1 << 30

func (s *Shard) stream(ref mem.Ref) Stream {
	return Stream{s, ref, (*streamRoot)(s.region.Ptr(ref))}
}

// Stream returns the item's stream, which stays valid as long as the key is
// not deleted or overwritten. REQUIRES: it.Type() == TypeStream.
func (it *Item) Stream() Stream { return it.shard.stream(it.root()) }

// CreateStream makes an empty stream at k.
// REQUIRES: k.Shard is locked, and k is absent.
func (e *Engine) CreateStream(db int, k Key, nowMs int64) (Stream, error) {
	root, ok := k.Shard.newRoot(TypeStream, streamRootBytes)
	if !ok {
		return Stream{}, ErrNoRoom
	}
	if err := e.setRoot(db, k, TypeStream, root, NoDeadline, nowMs); err != nil {
		k.Shard.dropRoot(root, streamRootBytes)
		return Stream{}, err
	}
	st := k.Shard.stream(root)
	st.changed()
	return st, nil
}

func (st *Stream) hd() *containerHeader { return &st.r.containerHeader }

// preserve is called before anything of the stream is changed, its groups
// included; neither a snapshot nor a version takes notice of when consumers were
// last seen.
func (st *Stream) preserve() {
	st.changed()
	st.s.preserveContainer(st.hd())
}

// changed gives the stream a version that no container of the shard has had.
func (st *Stream) changed() {
	st.s.versions++
	st.r.version = st.s.versions
}

// preserveLeaf is called before p's leaf is changed or freed.
func (st *Stream) preserveLeaf(p *treePath) {
	ref, _ := st.tree().leaf(p)
	st.s.preserveLeaf(st.hd(), ref)
}

func (st *Stream) tree() tree { return tree{st.s, st.hd(), &st.r.entries} }

// Len is the number of entries.
func (st *Stream) Len() int64 { return int64(st.r.count) }

// LastID is the ID that was given out last, whether or not its entry is there.
func (st *Stream) LastID() StreamID { return st.r.last }

// FirstID is the ID of the first entry, 0-0 if there is none.
func (st *Stream) FirstID() StreamID { return st.r.first }

// MaxDeletedID is the largest ID that Delete has taken out.
func (st *Stream) MaxDeletedID() StreamID { return st.r.maxDeleted }

// Added is the number of entries ever added.
func (st *Stream) Added() int64 { return st.r.added }

// Leaves is the number of leaves that the entries lie in.
func (st *Stream) Leaves() int { return int(st.r.entries.leaves) }

// SetLastID sets the ID that the next entry's has to exceed.
func (st *Stream) SetLastID(id StreamID) {
	st.preserve()
	st.r.last = id
}

// SetAdded sets the number of entries ever added.
func (st *Stream) SetAdded(n int64) {
	st.preserve()
	st.r.added = n
}

// SetMaxDeletedID sets the largest ID that was deleted.
func (st *Stream) SetMaxDeletedID(id StreamID) {
	st.preserve()
	st.r.maxDeleted = id
}

// EntryFits tells whether fields and values are not too long for an entry.
func EntryFits(pairs [][]byte) bool {
	total := 0
	for _, p := range pairs {
		total += len(p)
	}
	return total <= maxEntryBytes
}

// Append adds an entry: pairs are field, value, field, value …
// REQUIRES: LastID() is less than id; EntryFits(pairs).
func (st *Stream) Append(id StreamID, pairs [][]byte, l *Limits) error {
	st.preserve()
	e := newEntry{id: id, pairs: pairs}
	var p treePath
	var last streamLeaf
	if st.r.entries.leaves > 0 {
		st.tree().end(&p)
		last = st.leafOf(&p)
	}
	var ok bool
	if last != nil && last.takes(pairs, l) {
		ok = st.appendTo(&p, last, &e, l)
	} else {
		ok = st.appendLeaf(&p, last, &e)
	}
	if !ok {
		return ErrNoRoom
	}
	st.r.count++
	st.r.added++
	st.r.last = id
	if st.r.count == 1 {
		st.r.first = id
	}
	return nil
}

func (st *Stream) leafOf(p *treePath) streamLeaf {
	ref, _ := st.tree().leaf(p)
	return st.s.streamLeaf(ref)
}

// takes tells whether a leaf is not full for an entry.
func (l streamLeaf) takes(pairs [][]byte, limits *Limits) bool {
	total := len(l.run()) + nodeOverhead
	for _, p := range pairs {
		total += len(p)
	}
	bytes := limits.StreamNodeBytes
	if bytes <= 0 || bytes > maxEntryBytes {
		bytes = maxEntryBytes
	}
	if total >= bytes {
		return false
	}
	if limits.StreamNodeItems <= 0 {
		return true
	}
	b := l.run()
	live := b.item(packedHeader)
	return live.n+b.item(live.next).n < int64(limits.StreamNodeItems)
}

// appendTo adds an entry to the last leaf, which p names.
func (st *Stream) appendTo(p *treePath, l streamLeaf, e *newEntry, limits *Limits) bool {
	st.preserveLeaf(p)
	b := l.run()
	m := b.master()
	e.same = b.sameFields(&m, e.pairs)
	grows := contentOfInt(m.live+1).bytes() - contentOfInt(m.live).bytes()
	if need := len(b) + grows + e.bytes(l.id()); need+streamLeafSlack > l.room() {
		// A quarter more than is needed now: a leaf is copied a bounded number
		// of times until it is full.
		room := need + need/4
		if limits.StreamNodeBytes > 0 {
			room = max(need, min(room, limits.StreamNodeBytes))
		}
		if l = st.resize(p, l, room); l == nil {
			return false
		}
	}
	l.append(e)
	l.setCounts(m.live+1, m.deleted)
	return true
}

// resize moves the leaf at p to one with room for n bytes of run and returns
// that, nil if there is no memory.
func (st *Stream) resize(p *treePath, old streamLeaf, n int) streamLeaf {
	ref, l, ok := st.s.newStreamLeaf(st.hd(), old.id(), n)
	if !ok {
		return nil
	}
	copy(l[streamLeafHeader:], old.run())
	l.setRun(l.run()[:len(old.run())])
	oldRef, _ := st.tree().leaf(p)
	st.s.preserveLeaf(st.hd(), oldRef)
	st.tree().update(p, ref, 1, leafKeyOf(l.id()))
	st.s.freeNode(st.hd(), oldRef, len(old))
	return l
}

// appendLeaf adds a leaf with the entry behind last, the present last one or
// nil, which p names.
func (st *Stream) appendLeaf(p *treePath, last streamLeaf, e *newEntry) bool {
	e.same = true
	ref, l, ok := st.s.newStreamLeaf(st.hd(), e.id, e.masterBytes()+e.bytes(e.id))
	if !ok {
		return false
	}
	l.begin(e)
	l.append(e)
	if last == nil {
		st.tree().start(ref, 1, leafKeyOf(e.id))
		return true
	}
	if n := len(last.run()); roundUp(streamLeafHeader+n+streamLeafSlack) < len(last) {
		st.resize(p, last, n) // if there is no memory it stays as large as it is
	}
	if !st.tree().insert(p, ref, 1, leafKeyOf(e.id), false) {
		st.s.freeNode(st.hd(), ref, len(l))
		return false
	}
	return true
}

func leafKeyOf(id StreamID) treeKey { return treeKey{id.Ms, id.Seq} }

// seek names the last leaf whose ID is not behind id, or the first.
// REQUIRES: there are leaves.
func (st *Stream) seek(p *treePath, id StreamID) {
	st.tree().seekKey(p, func(k treeKey) bool { return id.Less(StreamID{k[0], k[1]}) })
}

// freeLeaf takes p's leaf out of the tree and frees it.
func (st *Stream) freeLeaf(p *treePath) {
	ref, _ := st.tree().leaf(p)
	st.s.preserveLeaf(st.hd(), ref)
	n := len(st.s.streamLeaf(ref))
	st.tree().remove(p)
	st.s.freeNode(st.hd(), ref, n)
}

// Delete takes an entry out and tells whether it was there.
func (st *Stream) Delete(id StreamID) bool {
	st.preserve()
	c := st.Range(id, id, false)
	if !c.Next() {
		return false
	}
	if c.m.live == 1 {
		st.freeLeaf(&c.p)
	} else {
		st.preserveLeaf(&c.p)
		c.l.markDeleted(c.e.at)
	}
	st.r.count--
	if st.r.maxDeleted.Less(id) {
		st.r.maxDeleted = id
	}
	if st.r.count == 0 || id == st.r.first {
		st.findFirst()
	}
	return true
}

// findFirst sets the first ID anew.
func (st *Stream) findFirst() {
	st.r.first = StreamID{}
	if st.r.count == 0 {
		return
	}
	if c := st.Range(StreamID{}, MaxStreamID, false); c.Next() {
		st.r.first = c.ID()
	}
}

// MaxID is the ID of the last entry, 0-0 if there is none.
func (st *Stream) MaxID() StreamID {
	if c := st.Range(StreamID{}, MaxStreamID, true); c.Next() {
		return c.ID()
	}
	return StreamID{}
}

// Has tells whether there is an entry with an ID.
func (st *Stream) Has(id StreamID) bool {
	c := st.Range(id, id, false)
	return c.Next()
}
