package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// What a group has delivered and nobody has acknowledged, by ID: who got it,
// when, how many times. There is one such list a group and none a consumer, so
// that an entry is there once, and passing it on to another consumer changes it
// where it lies: XCLAIM cannot fail halfway for want of memory. Who looks for
// the entries of one consumer passes over leaves that have none: each leaf has
// a set of 64 bits of its owners.
//
//	leaf  n 2 | room 2 | 4 | owners 8 | record …     host byte order
//	record  ID 16 | owner 8 | delivered 8 | count 8

type pendingLeaf struct {
	n, room uint16
	_       uint32
	owners  uint64 // of the records; may have bits of former owners
}

// pendingRecord is an entry in memory. Its owner is 0 between Reserve and
// Assign.
type pendingRecord struct {
	id          StreamID
	owner       mem.Ref
	deliveredMs int64
	count       int64
}

const (
	pendingHeader = int(unsafe.Sizeof(pendingLeaf{}))
	recordBytes   = int(unsafe.Sizeof(pendingRecord{}))
	// pendingMax is how many records a leaf has at most: with them it takes
	// 2 KiB, and an insert moves half of that.
	pendingMax = 50
)

func pendingLeafBytes(room int) int { return pendingHeader + room*recordBytes }

// StreamPending is an entry that was delivered and not acknowledged.
type StreamPending struct {
	ID          StreamID
	DeliveredMs int64 // ms since 1970
	Deliveries  int64
	owner       mem.Ref
}

// OwnedBy tells whether c is the consumer that got it last.
func (p *StreamPending) OwnedBy(c *StreamConsumer) bool { return p.owner == c.ref }

// Owned tells whether a consumer has got it; false for what is Reserved only.
func (p *StreamPending) Owned() bool { return p.owner != 0 }

// OwnerName returns the name of its consumer: a view.
func (g *StreamGroup) OwnerName(p *StreamPending) []byte { return g.st.s.nameOf(p.owner) }

func (r *pendingRecord) pending() StreamPending {
	return StreamPending{r.id, r.deliveredMs, r.count, r.owner}
}

func (g *StreamGroup) tree() tree { return tree{g.st.s, g.st.hd(), &g.g.pending} }

func (g *StreamGroup) leafAt(p *treePath) (mem.Ref, *pendingLeaf) {
	ref, _ := g.tree().leaf(p)
	return ref, (*pendingLeaf)(g.st.s.region.Ptr(ref))
}

// all returns the records of a leaf with the room behind them.
func (l *pendingLeaf) all() []pendingRecord {
	return unsafe.Slice((*pendingRecord)(unsafe.Add(unsafe.Pointer(l), pendingHeader)), l.room)
}

func (l *pendingLeaf) records() []pendingRecord { return l.all()[:l.n] }

// find returns the place of the first record whose ID is not before id.
func (l *pendingLeaf) find(id StreamID) (i int, found bool) {
	records := l.records()
	low, high := 0, len(records)
	for low < high {
		if mid := int(uint(low+high) / 2); records[mid].id.Less(id) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(records) && records[low].id == id
}

// countOwners makes the set of owners what the records say.
func (l *pendingLeaf) countOwners() {
	l.owners = 0
	for i := range l.records() {
		l.owners |= ownerBit(l.records()[i].owner)
	}
}

// seek names the leaf in which id is or belongs.
// REQUIRES: there are leaves.
func (g *StreamGroup) seek(p *treePath, id StreamID) {
	g.tree().seekKey(p, func(k treeKey) bool { return id.Less(StreamID{k[0], k[1]}) })
}

// record finds the record of an ID, nil if there is none.
func (g *StreamGroup) record(id StreamID) (*pendingRecord, *pendingLeaf) {
	if g.g.pending.leaves == 0 {
		return nil, nil
	}
	var p treePath
	g.seek(&p, id)
	_, l := g.leafAt(&p)
	if i, ok := l.find(id); ok {
		return &l.records()[i], l
	}
	return nil, nil
}

// FindPending finds what is pending under an ID.
func (g *StreamGroup) FindPending(id StreamID) (StreamPending, bool) {
	r, _ := g.record(id)
	if r == nil {
		return StreamPending{}, false
	}
	return r.pending(), true
}

// Assign makes c the consumer that got the entry with an ID, at a time and so
// many times. REQUIRES: it is pending, or was Reserved.
func (g *StreamGroup) Assign(id StreamID, c *StreamConsumer, deliveredMs, deliveries int64) {
	g.st.preserve()
	r, l := g.record(id)
	if r.owner != c.ref {
		g.disown(r)
		r.owner = c.ref
		c.c.pending++
		l.owners |= ownerBit(c.ref)
	}
	r.deliveredMs, r.count = deliveredMs, deliveries
}

// disown tells a record's consumer, if it has one, that it has it no more.
func (g *StreamGroup) disown(r *pendingRecord) {
	if r.owner != 0 {
		owner := g.st.s.streamConsumer(r.owner)
		owner.c.pending--
	}
}

// Reserve makes a pending entry of an ID, unless it is one, for Assign to
// follow. Nobody may see it before that: whoever fails in between takes it back
// with Release.
func (g *StreamGroup) Reserve(id StreamID) error {
	if !g.insert(id) {
		return ErrNoRoom
	}
	return nil
}

// Release undoes Reserve, and leaves what has been assigned.
func (g *StreamGroup) Release(id StreamID) {
	if r, _ := g.record(id); r != nil && r.owner == 0 {
		g.Ack(id)
	}
}

func (g *StreamGroup) newLeaf(room int) (mem.Ref, *pendingLeaf, bool) {
	ref, ok := g.st.s.node(g.st.hd(), pendingLeafBytes(room))
	if !ok {
		return 0, nil, false
	}
	l := (*pendingLeaf)(g.st.s.region.Ptr(ref))
	*l = pendingLeaf{room: uint16(room)}
	return ref, l, true
}

// insert adds a record for an ID unless there is one.
func (g *StreamGroup) insert(id StreamID) bool {
	g.st.preserve()
	if g.g.pending.leaves == 0 {
		ref, l, ok := g.newLeaf(1)
		if !ok {
			return false
		}
		l.put(0, id)
		g.tree().start(ref, 1, leafKeyOf(id))
		return true
	}
	var p treePath
	g.seek(&p, id)
	_, l := g.leafAt(&p)
	i, found := l.find(id)
	switch {
	case found:
		return true
	case l.n < pendingMax:
		if l = g.widen(&p, l); l == nil {
			return false
		}
	case i == pendingMax:
		return g.insertLeaf(&p, id)
	default:
		ok := g.splitLeaf(&p, l)
		return ok && g.insert(id)
	}
	l.put(i, id)
	ref, n := g.tree().leaf(&p)
	g.tree().update(&p, ref, n+1, leafKeyOf(l.records()[0].id))
	return true
}

// put makes a record for an ID the i-th. REQUIRES: there is room.
func (l *pendingLeaf) put(i int, id StreamID) {
	l.n++
	records := l.records()
	copy(records[i+1:], records[i:])
	records[i] = pendingRecord{id: id, count: 1}
}

// widen makes room for one more record in p's leaf and returns that, nil if
// there is no memory.
func (g *StreamGroup) widen(p *treePath, l *pendingLeaf) *pendingLeaf {
	if l.n < l.room {
		return l
	}
	return g.resize(p, l, min(pendingMax, 2*int(l.room)))
}

// resize moves p's leaf to one with another room.
func (g *StreamGroup) resize(p *treePath, l *pendingLeaf, room int) *pendingLeaf {
	ref, nl, ok := g.newLeaf(room)
	if !ok {
		return nil
	}
	nl.n, nl.owners = l.n, l.owners
	copy(nl.records(), l.records())
	old, n := g.tree().leaf(p)
	g.tree().update(p, ref, n, g.tree().leafKey(p))
	g.st.s.freeNode(g.st.hd(), old, pendingLeafBytes(int(l.room)))
	return nl
}

// insertLeaf adds a leaf with a record for id behind p's, which is full: what
// is delivered in order fills leaves to the last record.
func (g *StreamGroup) insertLeaf(p *treePath, id StreamID) bool {
	ref, l, ok := g.newLeaf(pendingMax / 4)
	if !ok {
		return false
	}
	l.put(0, id)
	if !g.tree().insert(p, ref, 1, leafKeyOf(id), false) {
		g.st.s.freeNode(g.st.hd(), ref, pendingLeafBytes(int(l.room)))
		return false
	}
	return true
}

// splitLeaf moves the upper half of p's leaf, which is full, to a new one.
func (g *StreamGroup) splitLeaf(p *treePath, l *pendingLeaf) bool {
	const half = pendingMax / 2
	ref, nl, ok := g.newLeaf(pendingMax)
	if !ok {
		return false
	}
	nl.n = pendingMax - half
	copy(nl.records(), l.records()[half:])
	old, _ := g.tree().leaf(p)
	key := g.tree().leafKey(p)
	g.tree().update(p, old, half, key)
	if !g.tree().insert(p, ref, pendingMax-half, leafKeyOf(nl.records()[0].id), false) {
		g.tree().update(p, old, pendingMax, key)
		g.st.s.freeNode(g.st.hd(), ref, pendingLeafBytes(pendingMax))
		return false
	}
	l.n = half
	l.countOwners()
	nl.countOwners()
	return true
}

// freeLeaf takes p's leaf out of the tree and frees it.
func (g *StreamGroup) freeLeaf(p *treePath) {
	ref, l := g.leafAt(p)
	room := int(l.room)
	g.tree().remove(p)
	g.st.s.freeNode(g.st.hd(), ref, pendingLeafBytes(room))
}

// Ack takes the entry with an ID out and tells whether it was pending.
func (g *StreamGroup) Ack(id StreamID) bool {
	if g.g.pending.leaves == 0 {
		return false
	}
	var p treePath
	g.seek(&p, id)
	ref, l := g.leafAt(&p)
	i, found := l.find(id)
	if !found {
		return false
	}
	g.st.preserve()
	g.disown(&l.records()[i])
	if l.n == 1 {
		g.freeLeaf(&p)
		return true
	}
	copy(l.records()[i:], l.records()[i+1:])
	l.n--
	l.countOwners()
	g.tree().update(&p, ref, uint64(l.n), g.tree().leafKey(&p))
	if l.n <= l.room/4 {
		g.resize(&p, l, int(l.room)/2) // if there is no memory it stays as it is
	}
	return true
}

// PendingCursor walks what is pending in a range of IDs. It is valid until an
// entry is added to or taken out of the group's; Assign does neither.
type PendingCursor struct {
	g        StreamGroup
	from, to StreamID
	owner    mem.Ref // 0 = all
	started  bool
	p        treePath
	l        *pendingLeaf
	at       int // of the next record
	now      StreamPending
}

// PendingRange returns a cursor before the first entry of [from, to] that is
// pending, of those that consumer c got if it is not nil.
func (g *StreamGroup) PendingRange(from, to StreamID, c *StreamConsumer) PendingCursor {
	cur := PendingCursor{g: *g, from: from, to: to}
	if c != nil {
		cur.owner = c.ref
	}
	return cur
}

// Entry is the present entry.
func (c *PendingCursor) Entry() StreamPending { return c.now }

// Next goes to the next entry and tells whether there is one.
func (c *PendingCursor) Next() bool {
	if !c.started {
		c.started = true
		if c.g.g.pending.leaves == 0 {
			return false
		}
		c.g.seek(&c.p, c.from)
		_, c.l = c.g.leafAt(&c.p)
		c.at, _ = c.l.find(c.from)
	}
	for {
		if c.at == int(c.l.n) || c.owner != 0 && c.l.owners&ownerBit(c.owner) == 0 {
			if !c.g.tree().next(&c.p) {
				c.at = int(c.l.n)
				return false
			}
			_, c.l = c.g.leafAt(&c.p)
			c.at = 0
			continue
		}
		r := &c.l.records()[c.at]
		if c.to.Less(r.id) {
			return false
		}
		c.at++
		if c.owner == 0 || r.owner == c.owner {
			c.now = r.pending()
			return true
		}
	}
}

// PendingBounds returns the first and the last ID that is pending.
// REQUIRES: Pending() > 0.
func (g *StreamGroup) PendingBounds() (first, last StreamID) {
	var p treePath
	g.tree().first(&p)
	_, l := g.leafAt(&p)
	first = l.records()[0].id
	g.tree().end(&p)
	_, l = g.leafAt(&p)
	return first, l.records()[l.n-1].id
}
