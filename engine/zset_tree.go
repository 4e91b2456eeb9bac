package engine

import (
	"bytes"
	"unsafe"

	"larder/engine/mem"
)

// The order of a large sorted set: leaves of items, in a counted tree.
//
// A leaf that is full is split in the middle; behind the last item of all, or
// before the first, a new leaf is begun instead, so that members that come in
// order leave full leaves behind. A leaf that has become small is joined with a
// neighbour if both fit in two thirds of one.

// zitem is one member in order. INVARIANT: of two items the one with the lower
// score comes first, of two with one score the one with the lesser member.
type zitem struct {
	score uint64  // orderedScore
	ref   mem.Ref // of the member's entry
}

const (
	zleafItems = 127
	// zleafLow is the number of items below which a leaf looks for a neighbour,
	// zleafJoin the most that the two may have together.
	zleafLow  = zleafItems / 3
	zleafJoin = zleafItems * 2 / 3
)

// zleaf is a leaf; how many items it has is in the tree.
type zleaf struct {
	epoch uint32 // for snapshots
	_     uint32
	items [zleafItems]zitem
}

const zleafBytes = int(unsafe.Sizeof(zleaf{}))

// ztree is the tree of a sorted set.
type ztree struct{ tree }

func (t ztree) leafAt(ref mem.Ref) *zleaf { return (*zleaf)(t.s.region.Ptr(ref)) }

func (it zitem) key() treeKey { return treeKey{it.score, uint64(it.ref)} }

func zitemOf(k treeKey) zitem { return zitem{k[0], mem.Ref(k[1])} }

// compare compares an item with a score and a member.
func (t ztree) compare(it zitem, score uint64, member []byte) int {
	switch {
	case it.score < score:
		return -1
	case it.score > score:
		return 1
	}
	return bytes.Compare(entryAt(t.s.region, it.ref).key(), member)
}

// search returns the first of the items for which above is true, or their
// number. REQUIRES: above is false for some of the items and true for all
// behind them.
func search(items []zitem, above func(zitem) bool) int {
	lo, hi := 0, len(items)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); above(items[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// seek finds the last leaf with an item that is not above, or the first, and
// the place in it of the first item that is.
// REQUIRES: the tree is not empty.
func (t ztree) seek(p *treePath, above func(zitem) bool) (leaf *zleaf, n, at int) {
	t.seekKey(p, func(k treeKey) bool { return above(zitemOf(k)) })
	ref, items := t.leaf(p)
	leaf = t.leafAt(ref)
	return leaf, int(items), search(leaf.items[:items], above)
}

// rank is the number of items that are not above.
func (t ztree) rank(above func(zitem) bool) int {
	if t.r.top == 0 {
		return 0
	}
	var p treePath
	_, _, at := t.seek(&p, above)
	return int(p.before) + at
}

// find returns the leaf and the place of an item that is there.
func (t ztree) find(score uint64, member []byte) (leaf *zleaf, p treePath, at int) {
	leaf, _, at = t.seek(&p, func(it zitem) bool { return t.compare(it, score, member) > 0 })
	return leaf, p, at - 1
}

// add inserts an item whose entry has the given member. It returns false, having
// changed nothing, when there is no memory.
func (t ztree) add(it zitem, member []byte) bool {
	if t.r.top == 0 {
		ref, ok := t.s.node(t.hd, zleafBytes)
		if !ok {
			return false
		}
		leaf := t.leafAt(ref)
		leaf.epoch, leaf.items[0] = t.hd.epoch, it
		t.start(ref, 1, it.key())
		return true
	}
	var p treePath
	leaf, n, at := t.seek(&p, func(has zitem) bool { return t.compare(has, it.score, member) > 0 })
	if n == zleafItems {
		return t.addFull(&p, leaf, at, it)
	}
	t.put(&p, leaf, n, at, it)
	return true
}

// put inserts an item into a leaf that has n and is not full.
func (t ztree) put(p *treePath, leaf *zleaf, n, at int, it zitem) {
	copy(leaf.items[at+1:n+1], leaf.items[at:n])
	leaf.items[at] = it
	ref, _ := t.leaf(p)
	t.update(p, ref, uint64(n+1), leaf.items[0].key())
}

// addFull is add for a leaf that is full.
func (t ztree) addFull(p *treePath, leaf *zleaf, at int, it zitem) bool {
	ref, ok := t.s.node(t.hd, zleafBytes)
	if !ok {
		return false
	}
	added := t.leafAt(ref)
	added.epoch = t.hd.epoch
	first := p.before == 0 && at == 0
	last := p.before+zleafItems == t.r.items && at == zleafItems
	if first || last {
		added.items[0] = it
		if ok = t.insert(p, ref, 1, it.key(), first); !ok {
			t.s.freeNode(t.hd, ref, zleafBytes)
		}
		return ok
	}
	// The new leaf is filled and joined first: until then nothing has changed.
	half := zleafItems / 2
	moved := copy(added.items[:], leaf.items[half:])
	into := at - half
	if at > half {
		copy(added.items[into+1:moved+1], added.items[into:moved])
		added.items[into] = it
		moved++
	}
	way := *p
	// Until the old leaf is shortened the tree counts some items twice.
	if ok = t.insert(p, ref, uint64(moved), added.items[0].key(), false); !ok {
		t.s.freeNode(t.hd, ref, zleafBytes)
		return false
	}
	n := half
	if at <= half {
		copy(leaf.items[at+1:half+1], leaf.items[at:half])
		leaf.items[at] = it
		n++
	}
	t.shorten(&way, leaf, n)
	return true
}

// shorten tells the tree that the leaf, which was at way before another one was
// inserted behind it, has n items now.
func (t ztree) shorten(way *treePath, leaf *zleaf, n int) {
	t.seekIndex(way, way.before)
	ref, _ := t.leaf(way)
	t.update(way, ref, uint64(n), leaf.items[0].key())
}

// cut takes out the item of a member.
func (t ztree) cut(score uint64, member []byte) {
	_, p, at := t.find(score, member)
	t.cutItems(&p, at, 1)
}

// cutItems takes n items out of p's leaf. p is not valid afterwards.
func (t ztree) cutItems(p *treePath, at, n int) {
	ref, items := t.leaf(p)
	left := int(items) - n
	if left == 0 {
		t.remove(p)
		t.s.freeNode(t.hd, ref, zleafBytes)
		return
	}
	leaf := t.leafAt(ref)
	copy(leaf.items[at:left], leaf.items[at+n:items])
	t.update(p, ref, uint64(left), leaf.items[0].key())
	if left < zleafLow {
		t.join(p, leaf, left)
	}
}

// join empties the leaf behind p's, or p's own, into its neighbour before it if
// both fit.
func (t ztree) join(p *treePath, leaf *zleaf, n int) {
	other := *p
	if t.next(&other) {
		ref, items := t.leaf(&other)
		if n+int(items) <= zleafJoin {
			t.joinInto(p, leaf, n, &other, ref, int(items))
			return
		}
	}
	other = *p
	if t.prev(&other) {
		ref, items := t.leaf(&other)
		if n+int(items) <= zleafJoin {
			own, _ := t.leaf(p)
			t.joinInto(&other, t.leafAt(ref), int(items), p, own, n)
		}
	}
}

// joinInto moves the items of a leaf, which is at from, behind those of the
// leaf before it, which is at to.
func (t ztree) joinInto(to *treePath, leaf *zleaf, n int, from *treePath, ref mem.Ref, items int) {
	copy(leaf.items[n:], t.leafAt(ref).items[:items])
	own, _ := t.leaf(to)
	t.update(to, own, uint64(n+items), leaf.items[0].key())
	t.remove(from)
	t.s.freeNode(t.hd, ref, zleafBytes)
}

// move gives the item of an entry another score. It returns false, having
// changed nothing, when there is no memory. The entry's own score still is the
// old one.
// REQUIRES: the two scores differ.
func (t ztree) move(e entry, from, to uint64) bool {
	member := e.key()
	leaf, p, at := t.find(from, member)
	_, items := t.leaf(&p)
	if t.stays(leaf, int(items), at, to, member) {
		leaf.items[at].score = to
		return true
	}
	// For a moment the member stands at both places.
	if !t.add(zitem{to, e.ref}, member) {
		return false
	}
	t.cut(from, member)
	return true
}

// stays tells whether an item is known to keep its place between its neighbours
// with another score; at an end of the leaf it is not.
func (t ztree) stays(leaf *zleaf, n, at int, to uint64, member []byte) bool {
	return at > 0 && at+1 < n &&
		t.compare(leaf.items[at-1], to, member) < 0 && t.compare(leaf.items[at+1], to, member) > 0
}
