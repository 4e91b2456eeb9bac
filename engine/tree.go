package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// tree is a counted B+tree: every inner node knows how many items lie below
// each child, so an item is found by its position in O(log n), and the position
// of an item by its key. It is the one ordered structure: lists use it by
// position, sorted sets and streams by key and position. There is no skiplist,
// because nodes of 31 children cost a 1-million-member set four cache misses a
// search in place of twenty, and half a byte a member in place of pointers.
//
// The tree knows nothing of items: a leaf is an object of the container, given
// by reference with the number of its items and its smallest key, and its owner
// fills, splits and frees it. Nodes refer to children, never to parents or
// siblings: a path from the root (treePath) is how one gets around.
//
//	treeRoot   in the container's root
//	node       1,000 B, Node memory: header, then one array a property, so that a
//	           search touches only the lines of what it looks for
//	  n        2 bytes: children
//	  epoch    4 bytes: for snapshots
//	  refs     31 × 8 bytes: mem.Ref of the leaf or node below
//	  counts   31 × 8 bytes: items below
//	  keys     31 × 16 bytes: no item below is smaller; unused in lists
//
// INVARIANT: all leaves have the same depth; no leaf and no node is empty; the
// count of a child is the sum of the counts below it.
type tree struct {
	s  *Shard
	hd *containerHeader
	r  *treeRoot
}

// treeRoot is the part of a container's root that belongs to the tree.
type treeRoot struct {
	top    mem.Ref // leaf if height is 0, else node; 0 = the tree is empty
	items  uint64
	leaves uint64
	height uint8 // levels of nodes
	_      [7]byte
	key    treeKey // of the only leaf, if height is 0
}

// treeKey is a key as the nodes keep it; the owner knows how to compare it.
type treeKey [2]uint64

const (
	treeFan = 31
	// maxTreeHeight bounds the depth of a tree: nodes are at least a quarter
	// full but for those on the right edge, so 12 levels are out of reach.
	maxTreeHeight = 12
	// treeMergeMax is how many children two neighbours may have together to be
	// made one; less than treeFan, so that inserts and deletes in turn do not
	// split and merge each time.
	treeMergeMax = 20
)

type treeNode struct {
	n      uint16
	_      uint16
	epoch  uint32
	refs   [treeFan]mem.Ref
	counts [treeFan]uint64
	keys   [treeFan]treeKey
}

const treeNodeBytes = int(unsafe.Sizeof(treeNode{}))

// treePath names a leaf by the way from the root to it. It is valid until
// leaves are inserted or removed.
type treePath struct {
	node   [maxTreeHeight]mem.Ref // [0] is the top
	at     [maxTreeHeight]uint8   // child chosen there
	before uint64                 // items in the leaves before this one
}

func (t tree) nodeAt(ref mem.Ref) *treeNode { return (*treeNode)(t.s.region.Ptr(ref)) }

// sum is the number of items below the first n children.
func (nd *treeNode) sum(n int) (items uint64) {
	for _, c := range nd.counts[:n] {
		items += c
	}
	return items
}

// leaf returns the leaf that p names and the number of its items.
func (t tree) leaf(p *treePath) (ref mem.Ref, items uint64) {
	if t.r.height == 0 {
		return t.r.top, t.r.items
	}
	nd, i := t.last(p)
	return nd.refs[i], nd.counts[i]
}

// last is the node above the leaf, and the leaf's place in it.
// REQUIRES: height > 0.
func (t tree) last(p *treePath) (*treeNode, int) {
	level := t.r.height - 1
	return t.nodeAt(p.node[level]), int(p.at[level])
}

// seekIndex finds the leaf that holds the item at a position, and its place in
// the leaf. A position behind the last item is behind the last in its leaf.
// REQUIRES: the tree is not empty; index <= items.
func (t tree) seekIndex(p *treePath, index uint64) (at uint64) {
	p.before = 0
	ref := t.r.top
	for level := range t.r.height {
		nd := t.nodeAt(ref)
		i, n := 0, int(nd.n)-1
		for i < n && index >= nd.counts[i] {
			index -= nd.counts[i]
			p.before += nd.counts[i]
			i++
		}
		p.node[level], p.at[level] = ref, uint8(i)
		ref = nd.refs[i]
	}
	return index
}

// seekKey finds the last leaf whose key is not above what is sought, or the
// first. below tells that a key is above it.
// REQUIRES: the tree is not empty.
func (t tree) seekKey(p *treePath, above func(treeKey) bool) {
	p.before = 0
	ref := t.r.top
	for level := range t.r.height {
		nd := t.nodeAt(ref)
		lo, hi := 0, int(nd.n)-1 // the child is in [lo, hi]
		for lo < hi {
			if mid := (lo + hi + 1) / 2; above(nd.keys[mid]) {
				hi = mid - 1
			} else {
				lo = mid
			}
		}
		p.before += nd.sum(lo)
		p.node[level], p.at[level] = ref, uint8(lo)
		ref = nd.refs[lo]
	}
}

// next goes to the leaf behind p's; false if there is none, and p stays.
func (t tree) next(p *treePath) bool {
	_, items := t.leaf(p)
	for level := int(t.r.height) - 1; level >= 0; level-- {
		nd := t.nodeAt(p.node[level])
		if int(p.at[level])+1 < int(nd.n) {
			p.at[level]++
			p.before += items
			t.descend(p, level, false)
			return true
		}
	}
	return false
}

// prev goes to the leaf before p's; false if there is none, and p stays.
func (t tree) prev(p *treePath) bool {
	for level := int(t.r.height) - 1; level >= 0; level-- {
		if p.at[level] > 0 {
			p.at[level]--
			t.descend(p, level, true)
			_, items := t.leaf(p)
			p.before -= items
			return true
		}
	}
	return false
}

// descend makes the levels below one name the first or last leaf there.
func (t tree) descend(p *treePath, level int, last bool) {
	for ; level+1 < int(t.r.height); level++ {
		ref := t.nodeAt(p.node[level]).refs[p.at[level]]
		p.node[level+1], p.at[level+1] = ref, 0
		if last {
			p.at[level+1] = uint8(t.nodeAt(ref).n) - 1
		}
	}
}

// update tells the tree that p's leaf has another reference, number of items
// or key. REQUIRES: items > 0.
func (t tree) update(p *treePath, ref mem.Ref, items uint64, key treeKey) {
	_, old := t.leaf(p)
	t.r.items += items - old
	if t.r.height == 0 {
		t.r.top, t.r.key = ref, key
		return
	}
	nd, i := t.last(p)
	nd.refs[i] = ref
	first := true
	for level := int(t.r.height) - 1; level >= 0; level-- {
		nd, i := t.nodeAt(p.node[level]), p.at[level]
		nd.counts[i] += items - old
		if first {
			nd.keys[i] = key
		}
		first = first && i == 0
	}
}

// start makes a leaf the only one of an empty tree.
func (t tree) start(ref mem.Ref, items uint64, key treeKey) {
	*t.r = treeRoot{top: ref, items: items, leaves: 1, key: key}
}

// insert adds a leaf behind p's, or before it. It returns false when there is
// no memory, and nothing has changed. p is not valid afterwards.
func (t tree) insert(p *treePath, ref mem.Ref, items uint64, key treeKey, before bool) bool {
	var spare [maxTreeHeight + 1]mem.Ref
	need := t.fullLevels(p)
	for i := range need {
		var ok bool
		if spare[i], ok = t.s.node(t.hd, treeNodeBytes); !ok {
			for _, ref := range spare[:i] {
				t.s.freeNode(t.hd, ref, treeNodeBytes)
			}
			return false
		}
	}
	t.r.leaves++
	t.r.items += items
	offset := 1
	if before {
		offset = 0
	}
	child := treeChild{ref, items, key}
	for level := int(t.r.height) - 1; level >= 0; level-- {
		nd, i := t.nodeAt(p.node[level]), int(p.at[level])+offset
		if nd.n < treeFan {
			nd.put(i, child)
			t.addAbove(p, level, items)
			t.fixKeys(p, level)
			return true
		}
		need--
		child = t.split(p, level, i, child, spare[need])
		offset = 1
	}
	t.raise(child, p, offset, spare[0])
	return true
}

// treeChild is what a node knows of one child.
type treeChild struct {
	ref   mem.Ref
	count uint64
	key   treeKey
}

// fullLevels is how many nodes an insert at p needs: one for each full node
// from the bottom up, and a new top if all are.
func (t tree) fullLevels(p *treePath) int {
	n := 0
	for level := int(t.r.height) - 1; level >= 0; level-- {
		if t.nodeAt(p.node[level]).n < treeFan {
			return n
		}
		n++
	}
	return n + 1
}

// put inserts a child. REQUIRES: the node is not full.
func (nd *treeNode) put(i int, c treeChild) {
	n := int(nd.n)
	copy(nd.refs[i+1:n+1], nd.refs[i:n])
	copy(nd.counts[i+1:n+1], nd.counts[i:n])
	copy(nd.keys[i+1:n+1], nd.keys[i:n])
	nd.refs[i], nd.counts[i], nd.keys[i] = c.ref, c.count, c.key
	nd.n++
}

// cut takes child i out.
func (nd *treeNode) cut(i int) {
	n := int(nd.n)
	copy(nd.refs[i:n], nd.refs[i+1:n])
	copy(nd.counts[i:n], nd.counts[i+1:n])
	copy(nd.keys[i:n], nd.keys[i+1:n])
	nd.n--
}

// split inserts a child as the i-th of a full node by moving the upper part to
// the new node ref, and returns that as the next child of the level above,
// where the old one's count has been lowered. Behind the last child the new
// node gets only the new one, before the first the old one is left with that:
// runs of inserts at an end, which is how lists and streams grow, leave full
// nodes behind.
func (t tree) split(p *treePath, level, i int, c treeChild, ref mem.Ref) treeChild {
	nd, nn := t.nodeAt(p.node[level]), t.nodeAt(ref)
	nn.n, nn.epoch = 0, nd.epoch
	at := treeFan / 2
	switch i {
	case treeFan:
		at = treeFan
	case 0:
		at = 0
	}
	nn.n = uint16(treeFan - at)
	copy(nn.refs[:], nd.refs[at:])
	copy(nn.counts[:], nd.counts[at:])
	copy(nn.keys[:], nd.keys[at:])
	nd.n = uint16(at)
	if i > at || i == treeFan {
		nn.put(i-at, c)
	} else {
		nd.put(i, c)
	}
	moved := nn.sum(int(nn.n))
	if level > 0 {
		up, j := t.nodeAt(p.node[level-1]), p.at[level-1]
		up.counts[j], up.keys[j] = nd.sum(int(nd.n)), nd.keys[0]
	}
	return treeChild{ref, moved, nn.keys[0]}
}

// raise puts a new top above the old one and child, its neighbour.
func (t tree) raise(child treeChild, p *treePath, offset int, ref mem.Ref) {
	nd := t.nodeAt(ref)
	old := treeChild{t.r.top, t.r.items - child.count, t.r.key}
	if t.r.height > 0 {
		old.key = t.nodeAt(t.r.top).keys[0]
	}
	nd.n, nd.epoch = 0, t.hd.epoch
	nd.put(0, old)
	nd.put(offset, child)
	t.r.top = ref
	t.r.height++
}

// addAbove adds to the counts of all nodes above a level.
func (t tree) addAbove(p *treePath, level int, items uint64) {
	for level--; level >= 0; level-- {
		t.nodeAt(p.node[level]).counts[p.at[level]] += items
	}
}

// fixKeys copies the first key of the node at a level to the nodes above.
func (t tree) fixKeys(p *treePath, level int) {
	for ; level > 0; level-- {
		up, j := t.nodeAt(p.node[level-1]), p.at[level-1]
		key := t.nodeAt(p.node[level]).keys[0]
		if up.keys[j] == key {
			return
		}
		up.keys[j] = key
	}
}

// remove takes p's leaf out of the tree; the caller frees it. p is not valid
// afterwards.
func (t tree) remove(p *treePath) {
	_, items := t.leaf(p)
	t.r.items -= items
	t.r.leaves--
	if t.r.leaves == 0 {
		t.freeSpine(p)
		*t.r = treeRoot{}
		return
	}
	for level := 0; level < int(t.r.height); level++ {
		t.nodeAt(p.node[level]).counts[p.at[level]] -= items
	}
	level := int(t.r.height) - 1
	for ; level >= 0; level-- {
		nd := t.nodeAt(p.node[level])
		nd.cut(int(p.at[level]))
		if nd.n > 0 {
			break
		}
		t.s.freeNode(t.hd, p.node[level], treeNodeBytes)
	}
	t.fixKeys(p, level)
	for ; level > 0; level-- {
		t.merge(p, level)
	}
	t.lower()
}

// freeSpine frees the nodes above the only leaf.
func (t tree) freeSpine(p *treePath) {
	for level := range t.r.height {
		t.s.freeNode(t.hd, p.node[level], treeNodeBytes)
	}
}

// merge joins the node at a level with a neighbour if the two have few
// children together.
func (t tree) merge(p *treePath, level int) {
	up, i := t.nodeAt(p.node[level-1]), int(p.at[level-1])
	if up.n < 2 || t.nodeAt(p.node[level]).n > treeMergeMax {
		return
	}
	for _, left := range [2]int{i - 1, i} {
		if left < 0 || left+1 >= int(up.n) {
			continue
		}
		a, b := t.nodeAt(up.refs[left]), t.nodeAt(up.refs[left+1])
		if a.n+b.n > treeMergeMax {
			continue
		}
		copy(a.refs[a.n:], b.refs[:b.n])
		copy(a.counts[a.n:], b.counts[:b.n])
		copy(a.keys[a.n:], b.keys[:b.n])
		a.n += b.n
		up.counts[left] += up.counts[left+1]
		t.s.freeNode(t.hd, up.refs[left+1], treeNodeBytes)
		up.cut(left + 1)
		return
	}
}

// lower takes tops with one child away.
func (t tree) lower() {
	for t.r.height > 0 {
		nd := t.nodeAt(t.r.top)
		if nd.n > 1 {
			return
		}
		old := t.r.top
		t.r.top, t.r.key = nd.refs[0], nd.keys[0]
		t.r.height--
		t.s.freeNode(t.hd, old, treeNodeBytes)
	}
}

// first names the first leaf, end the last. REQUIRES: the tree is not empty.
func (t tree) first(p *treePath) {
	p.before, p.node[0], p.at[0] = 0, t.r.top, 0
	t.descend(p, 0, false)
}

func (t tree) end(p *treePath) {
	p.node[0] = t.r.top
	if t.r.height > 0 {
		p.at[0] = uint8(t.nodeAt(t.r.top).n) - 1
	}
	t.descend(p, 0, true)
	_, items := t.leaf(p)
	p.before = t.r.items - items
}

// leafKey returns the key of p's leaf.
func (t tree) leafKey(p *treePath) treeKey {
	if t.r.height == 0 {
		return t.r.key
	}
	nd, i := t.last(p)
	return nd.keys[i]
}
