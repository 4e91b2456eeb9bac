package engine

import (
	"unsafe"

	"larder/engine/mem"
)

// The large form of a list: its root, its leaves, and where an element is.

// listRoot is the root of a large list.
type listRoot struct {
	containerHeader
	runBytes uint64     // of all elements in runs, as if they were in one
	ends     [2]mem.Ref // first and last leaf, by ListEnd; 0 = none
	treeRoot treeRoot   // the leaves between
	version  uint64     // another one after each change, and in each list of the shard
}

const listRootBytes = int(unsafe.Sizeof(listRoot{}))

// listLeaf is the header of a leaf; its run follows.
type listLeaf struct {
	room uint32 // bytes that were asked of the allocator
	used uint32 // bytes of the run
}

const (
	leafHeader = int(unsafe.Sizeof(listLeaf{}))
	// leafBytes is the size of a leaf that is to be filled.
	leafBytes = 2 << 10
	// leafMax bounds the run of a leaf, unless it is of one element.
	leafMax = leafBytes - leafHeader
	// leafSmall is the length of a run below which a leaf in the tree is joined
	// with its neighbour, if both together are no longer than leafJoined: so
	// that inserting and removing in turn does not split and join each time.
	leafSmall  = leafMax / 4
	leafJoined = leafMax * 3 / 4
)

// largeList is a list in its large form.
type largeList struct {
	s    *Shard
	r    *listRoot
	root mem.Ref
}

func largeAt(s *Shard, root mem.Ref) largeList {
	return largeList{s, (*listRoot)(s.region.Ptr(root)), root}
}

// newLargeList makes an empty large list that no entry refers to.
func (s *Shard) newLargeList() (g largeList, ok bool) {
	root, ok := s.newRoot(TypeList, listRootBytes)
	if !ok {
		return g, false
	}
	g = largeAt(s, root)
	g.r.runBytes = packedHeader
	g.touch()
	return g, true
}

// discard frees the list, which no entry refers to any more.
func (g *largeList) discard() {
	g.s.unlist(g.root)
	g.s.discardRoot(g.root)
}

func (g *largeList) tree() tree { return tree{g.s, &g.r.containerHeader, &g.r.treeRoot} }

func (g *largeList) leaf(ref mem.Ref) *listLeaf { return (*listLeaf)(g.s.region.Ptr(ref)) }

// run returns a leaf's run. Its capacity is the leaf's, so that edits which
// have room are made in place; setRun then notes the length.
func (g *largeList) run(ref mem.Ref) packed {
	lf := g.leaf(ref)
	return packed(g.s.region.Bytes(ref, int(lf.room))[leafHeader : leafHeader+int(lf.used) : int(lf.room)])
}

// edit is run for a leaf that is about to be changed.
func (g *largeList) edit(ref mem.Ref) packed {
	g.s.preserveLeaf(&g.r.containerHeader, ref)
	return g.run(ref)
}

// preserve is called before anything of the list is changed.
func (g *largeList) preserve() { g.s.preserveContainer(&g.r.containerHeader) }

// setRun notes the length of a run that was changed.
func (g *largeList) setRun(ref mem.Ref, run packed) {
	g.leaf(ref).used = uint32(len(run))
	g.touch()
}

// touch gives a list that is being changed another version.
func (g *largeList) touch() {
	g.s.listVersion++
	g.r.version = g.s.listVersion
}

// newLeaf makes a leaf with an empty run and room for one of n bytes.
func (g *largeList) newLeaf(n int) (mem.Ref, bool) {
	ref, ok := g.s.node(&g.r.containerHeader, leafHeader+n)
	if !ok {
		return 0, false
	}
	*g.leaf(ref) = listLeaf{uint32(leafHeader + n), packedHeader}
	clear(g.s.region.Bytes(ref, leafHeader+packedHeader)[leafHeader:])
	return ref, true
}

// leafOf is newLeaf with a run of so many elements, which are given in parts.
func (g *largeList) leafOf(room, items int, parts ...[]byte) (mem.Ref, bool) {
	ref, ok := g.newLeaf(room)
	if !ok {
		return 0, false
	}
	run := g.run(ref)
	for _, p := range parts {
		run = append(run, p...)
	}
	run.addCount(items)
	g.setRun(ref, run)
	return ref, true
}

func (g *largeList) freeLeaf(ref mem.Ref) {
	g.s.preserveLeaf(&g.r.containerHeader, ref)
	g.s.freeNode(&g.r.containerHeader, ref, int(g.leaf(ref).room))
}

// fitted returns the leaf, or a copy of it in a smaller piece of memory if that
// saves some: then the leaf is freed.
func (g *largeList) fitted(ref mem.Ref) mem.Ref {
	run := g.run(ref)
	if roundUp(leafHeader+len(run)) == roundUp(int(g.leaf(ref).room)) {
		return ref
	}
	small, ok := g.leafOf(len(run), run.count(), run[packedHeader:])
	if !ok {
		return ref // it serves as it is
	}
	g.freeLeaf(ref)
	return small
}

// listPart says where a leaf is. The first two are the ends, as ListEnd.
type listPart uint8

const (
	partFirst = listPart(Head)
	partLast  = listPart(Tail)
	partTree  = listPart(2)
)

// listPlace names an element of a large list. It is valid until leaves come or
// go.
type listPlace struct {
	part listPart
	ref  mem.Ref  // its leaf
	at   int      // its index in the leaf
	path treePath // to the leaf, if part is partTree
}

// locate finds the element at an index. REQUIRES: 0 <= i < count.
func (g *largeList) locate(p *listPlace, i int) {
	if ref := g.r.ends[Head]; ref != 0 {
		n := g.run(ref).count()
		if i < n {
			p.part, p.ref, p.at = partFirst, ref, i
			return
		}
		i -= n
	}
	if n := int(g.r.treeRoot.items); i >= n {
		p.part, p.ref, p.at = partLast, g.r.ends[Tail], i-n
		return
	}
	t := g.tree()
	p.part, p.at = partTree, int(t.seekIndex(&p.path, uint64(i)))
	p.ref, _ = t.leaf(&p.path)
}

// edge returns the leaf with the element at an end.
func (g *largeList) edge(end ListEnd) mem.Ref {
	if ref := g.r.ends[end]; ref != 0 && g.run(ref).count() > 0 {
		return ref
	}
	t := g.tree()
	if t.r.top == 0 {
		return g.r.ends[end.other()]
	}
	var p treePath
	if end == Head {
		t.first(&p)
	} else {
		t.end(&p)
	}
	ref, _ := t.leaf(&p)
	return ref
}
