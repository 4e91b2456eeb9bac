package engine

import "larder/engine/mem"

// Changes of a large list. None of them fails half-way: what needs memory is
// allocated before anything is changed. The two ends are here, the middle is in
// listmiddle.go.

// push adds an element at an end; false: no memory, and nothing has changed.
// REQUIRES: c is no view of the leaf at that end.
func (g *largeList) push(end ListEnd, c content) bool {
	g.preserve()
	size := c.bytes()
	ref := g.r.ends[end]
	if ref == 0 || !g.fits(ref, size) {
		var ok bool
		if ref, ok = g.newEnd(end, size); !ok {
			return false
		}
	}
	run := g.edit(ref)
	off := packedHeader
	if end == Tail {
		off = len(run)
	}
	g.setRun(ref, run.insert(off, c))
	g.r.count++
	g.r.runBytes += uint64(size)
	return true
}

// fits tells whether a leaf has room for an element of so many bytes.
func (g *largeList) fits(ref mem.Ref, size int) bool {
	lf := g.leaf(ref)
	return int(lf.used)+size <= min(int(lf.room)-leafHeader, leafMax)
}

// newEnd puts an empty leaf at an end, for an element of so many bytes to
// begin it; the leaf that was there goes to the tree.
func (g *largeList) newEnd(end ListEnd, size int) (mem.Ref, bool) {
	ref, ok := g.newLeaf(max(leafMax, packedHeader+size))
	if !ok {
		return 0, false
	}
	if !g.flush(end) {
		g.freeLeaf(ref)
		return 0, false
	}
	g.r.ends[end] = ref
	return ref, true
}

// flush moves the leaf at an end, if there is one, to the tree.
func (g *largeList) flush(end ListEnd) bool {
	ref := g.r.ends[end]
	if ref == 0 {
		return true
	}
	n := uint64(g.run(ref).count())
	if n == 0 {
		g.freeLeaf(ref)
		g.r.ends[end] = 0
		return true
	}
	ref = g.fitted(ref)
	g.r.ends[end] = ref
	t := g.tree()
	var p treePath
	switch {
	case t.r.top == 0:
		t.start(ref, n, treeKey{})
	case end == Head:
		if t.first(&p); !t.insert(&p, ref, n, treeKey{}, true) {
			return false
		}
	default:
		if t.end(&p); !t.insert(&p, ref, n, treeKey{}, false) {
			return false
		}
	}
	g.r.ends[end] = 0
	return true
}

// pop removes n elements at an end. REQUIRES: n <= count.
func (g *largeList) pop(end ListEnd, n int) {
	g.preserve()
	for n > 0 {
		ref, side := g.refill(end), end
		if ref == 0 {
			// All there is lies at the other end.
			ref, side = g.r.ends[end.other()], end.other()
		}
		run := g.edit(ref)
		k := min(n, run.count())
		n -= k
		g.cut(ref, run, end, k)
		if lf := g.leaf(ref); lf.used == packedHeader && int(lf.room) != leafBytes {
			g.r.ends[side] = 0
			g.freeLeaf(ref)
		}
	}
}

// cut removes n elements at an end of a leaf's run.
func (g *largeList) cut(ref mem.Ref, run packed, end ListEnd, n int) {
	before := len(run)
	switch {
	case n == run.count():
		run = newPacked(run)
	case end == Head:
		run = run.remove(packedHeader, n)
	case n == 1:
		run = run.remove(run.prev(len(run)), 1)
	default:
		run = run.remove(run.seek(-n), n)
	}
	g.setRun(ref, run)
	g.r.count -= uint64(n)
	g.r.runBytes -= uint64(before - len(run))
}

// refill returns the leaf at an end; one of the tree takes the place of an empty
// one. It is 0 if neither has an element.
func (g *largeList) refill(end ListEnd) mem.Ref {
	ref := g.r.ends[end]
	if ref != 0 && g.run(ref).count() > 0 {
		return ref
	}
	t := g.tree()
	if t.r.top == 0 {
		return 0
	}
	if ref != 0 {
		g.freeLeaf(ref)
	}
	var p treePath
	if end == Head {
		t.first(&p)
	} else {
		t.end(&p)
	}
	ref, _ = t.leaf(&p)
	t.remove(&p)
	g.r.ends[end] = ref
	return ref
}

// lengthOf is how many bytes of runs n elements from an index on take, if that
// is less than limit; else it is limit or more.
func (l *List) lengthOf(from, n, limit int) (size int) {
	if n == 0 {
		return 0
	}
	w := l.Walk(from, false)
	for ; n > 0 && size < limit; n-- {
		v, _ := w.Next()
		size += v.item.content().bytes()
	}
	return size
}

// freeList frees up to budget objects of a list.
func freeList(s *Shard, root mem.Ref, budget int) (freed int, done bool) {
	g := largeAt(s, root)
	for end, ref := range g.r.ends {
		if ref != 0 {
			g.freeLeaf(ref)
			g.r.ends[end] = 0
			freed++
		}
	}
	t := g.tree()
	for t.r.top != 0 {
		if freed >= budget {
			return freed, false
		}
		var p treePath
		t.end(&p)
		ref, _ := t.leaf(&p)
		t.remove(&p)
		g.freeLeaf(ref)
		freed++
	}
	s.freeRoot(root, listRootBytes)
	return freed + 1, true
}

// copyList copies a list to the memory of another shard, or of the same.
func copyList(from *Shard, root mem.Ref, to *Shard, pause pauseFunc) (mem.Ref, bool) {
	src := largeAt(from, root)
	dst, ok := to.newLargeList()
	if !ok {
		return 0, false
	}
	for end, ref := range src.r.ends {
		if ref != 0 && ok {
			run := src.run(ref)
			dst.r.ends[end], ok = dst.leafOf(max(leafMax, len(run)), run.count(), run[packedHeader:])
		}
	}
	if ok && src.r.treeRoot.top != 0 {
		ok = src.copyTree(&dst, pause)
	}
	dst.r.count, dst.r.runBytes = src.r.count, src.r.runBytes
	return dst.root, ok
}

// copyLeaves is how many leaves are copied between two pauses.
const copyLeaves = 16

// copyTree copies the leaves between the ends.
func (g *largeList) copyTree(dst *largeList, pause pauseFunc) bool {
	t, u := g.tree(), dst.tree()
	var p, q treePath
	t.first(&p)
	for i, more := 1, true; more; i, more = i+1, t.next(&p) {
		if i%copyLeaves == 0 && !pause.goOn() {
			return false
		}
		ref, n := t.leaf(&p)
		run := g.run(ref)
		leaf, ok := dst.leafOf(len(run), run.count(), run[packedHeader:])
		if !ok {
			return false
		}
		if u.r.top == 0 {
			u.start(leaf, n, treeKey{})
			continue
		}
		if u.end(&q); !u.insert(&q, leaf, n, treeKey{}, false) {
			dst.freeLeaf(leaf)
			return false
		}
	}
	return true
}

// listState appends the elements, wherever they lie.
func listState(s *Shard, root mem.Ref, dst []byte) []byte {
	g := largeAt(s, root)
	add := func(ref mem.Ref) {
		if ref != 0 {
			dst = append(dst, g.run(ref)[packedHeader:]...)
		}
	}
	add(g.r.ends[Head])
	if t := g.tree(); t.r.top != 0 {
		var p treePath
		t.first(&p)
		for more := true; more; more = t.next(&p) {
			ref, _ := t.leaf(&p)
			add(ref)
		}
	}
	add(g.r.ends[Tail])
	return dst
}
