package engine

import "larder/engine/mem"

// Changes in the middle of a large list.

// insert adds an element before the one at an index; false: no memory, and
// nothing has changed. REQUIRES: 0 < i < count; c is no view of the list.
func (g *largeList) insert(i int, c content) bool {
	var p listPlace
	g.locate(&p, i)
	return g.put(&p, i, g.run(p.ref).seek(p.at), 0, c)
}

// replace puts another element in the place of the one at an index; false as in
// insert. REQUIRES: 0 <= i < count; c is no view of the list.
func (g *largeList) replace(i int, c content) bool {
	var p listPlace
	g.locate(&p, i)
	run := g.run(p.ref)
	off := run.seek(p.at)
	return g.put(&p, i, off, run.next(off)-off, c)
}

// put puts c in the place of the old bytes at an offset, which are no element
// or the one with index i.
func (g *largeList) put(p *listPlace, i, off, old int, c content) bool {
	g.preserve()
	run := g.run(p.ref)
	size, items := c.bytes(), run.count()
	if old == 0 {
		items++
	}
	if n := len(run) - old + size; n > leafMax && items > 1 {
		return g.putSplit(p, i, off, old, c)
	} else if n > int(g.leaf(p.ref).room)-leafHeader && !g.grow(p, n) {
		return false
	}
	run = g.edit(p.ref)
	if old == 0 {
		run = run.insert(off, c)
		g.r.count++
	} else {
		run = run.replace(off, c)
	}
	g.r.runBytes += uint64(size - old)
	g.setRun(p.ref, run)
	g.changed(p)
	return true
}

// grow gives p's leaf room for a run of n bytes.
func (g *largeList) grow(p *listPlace, n int) bool {
	run := g.run(p.ref)
	ref, ok := g.leafOf(n, run.count(), run[packedHeader:])
	if !ok {
		return false
	}
	g.freeLeaf(p.ref)
	p.ref = ref
	return true
}

// changed notes the reference of p's leaf, and how many elements it has, where
// they are looked up. A leaf that has lost most of what it had gets less memory.
// REQUIRES: the leaf is not empty.
func (g *largeList) changed(p *listPlace) {
	lf := g.leaf(p.ref)
	if room := int(lf.room); room > leafBytes && leafHeader+int(lf.used) < room/2 || p.part == partTree && leafHeader+int(lf.used) < room*3/4 {
		p.ref = g.fitted(p.ref)
	}
	if p.part != partTree {
		g.r.ends[p.part] = p.ref
		return
	}
	g.tree().update(&p.path, p.ref, uint64(g.run(p.ref).count()), treeKey{})
}

// piece is a part of a run that becomes a leaf.
type piece struct {
	parts [3][]byte
	items int
}

// putSplit is put for what makes a leaf too long. The leaf becomes two or three.
func (g *largeList) putSplit(p *listPlace, i, off, old int, c content) bool {
	if p.part != partTree {
		// In the tree any leaf can get neighbours.
		if !g.flush(ListEnd(p.part)) {
			return false
		}
		g.locate(p, i)
	}
	run := g.run(p.ref)
	size := c.bytes()
	buf := append(g.s.buffer(), make([]byte, size)...)
	c.put(buf)
	g.s.keepBuffer(buf)
	pieces, n := cutPieces(run, off, old, p.at, buf)
	var refs [3]mem.Ref
	for k := range n {
		var ok bool
		if refs[k], ok = g.leafOf(pieces[k].bytes(), pieces[k].items, pieces[k].parts[:]...); !ok {
			for _, ref := range refs[:k] {
				g.freeLeaf(ref)
			}
			return false
		}
	}
	oldRef := p.ref
	if !g.replaceLeaf(p, refs[:n], &pieces) {
		for _, ref := range refs[:n] {
			g.freeLeaf(ref)
		}
		return false
	}
	g.freeLeaf(oldRef)
	g.touch()
	if old == 0 {
		g.r.count++
	}
	g.r.runBytes += uint64(size - old)
	return true
}

// bytes is the length of the piece as a run.
func (p *piece) bytes() int {
	return packedHeader + len(p.parts[0]) + len(p.parts[1]) + len(p.parts[2])
}

// cutPieces cuts a run in which elem takes the place of the old bytes at off, its
// at-th element, into two of about the same length; or, if elem fits to neither
// side, into what is before it, it alone, and what is behind it.
func cutPieces(run packed, off, old, at int, elem []byte) (list [3]piece, n int) {
	left, right := run[packedHeader:off], run[off+old:]
	behind := run.count() - at
	if old > 0 {
		behind--
	}
	total := len(left) + len(elem) + len(right)
	best, sizeOfLeft := -1, packedHeader
	// Cuts before elem, then behind it, by how many elements go to the left.
	try := func(cut, size int) {
		if size <= leafMax && packedHeader*2+total-size <= leafMax && (best < 0 || abs(total/2-size) < abs(total/2-sizeOfLeft)) {
			best, sizeOfLeft = cut, size
		}
	}
	cut := 0
	for o := packedHeader; ; o = run.next(o) {
		try(cut, o)
		if o == off {
			break
		}
		cut++
	}
	for o := off + old; ; o = run.next(o) {
		try(cut+1, o-old+len(elem))
		if o == len(run) {
			break
		}
		cut++
	}
	if best < 0 {
		return piecesApart(left, elem, right, at, behind)
	}
	if best <= at {
		k := sizeOfLeft - packedHeader
		list[0] = piece{[3][]byte{left[:k]}, best}
		list[1] = piece{[3][]byte{left[k:], elem, right}, at - best + 1 + behind}
	} else {
		k := sizeOfLeft - packedHeader - len(left) - len(elem)
		list[0] = piece{[3][]byte{left, elem, right[:k]}, best}
		list[1] = piece{[3][]byte{right[k:]}, at + 1 + behind - best}
	}
	return list, 2
}

// piecesApart are what is before an element, it alone, and what is behind it,
// without empty ones.
func piecesApart(left, elem, right []byte, before, behind int) (list [3]piece, n int) {
	for _, p := range [3]piece{{[3][]byte{left}, before}, {[3][]byte{elem}, 1}, {[3][]byte{right}, behind}} {
		if p.items > 0 {
			list[n] = p
			n++
		}
	}
	return list, n
}

func abs(n int) int { return max(n, -n) }

// replaceLeaf puts leaves in the place of the one that p names, which is in the
// tree; false: no memory, and nothing has changed. The old one is not freed.
func (g *largeList) replaceLeaf(p *listPlace, refs []mem.Ref, pieces *[3]piece) bool {
	t := g.tree()
	before := p.path.before
	_, items := t.leaf(&p.path)
	for k := len(refs) - 1; k > 0; k-- {
		t.seekIndex(&p.path, before)
		if t.insert(&p.path, refs[k], uint64(pieces[k].items), treeKey{}, false) {
			continue
		}
		for range len(refs) - 1 - k {
			t.seekIndex(&p.path, before+items)
			t.remove(&p.path)
		}
		return false
	}
	t.seekIndex(&p.path, before)
	t.update(&p.path, refs[0], uint64(pieces[0].items), treeKey{})
	return true
}

// removeMatches removes n elements that equal c, the first of which are those
// from an index on. REQUIRES: there are so many.
func (g *largeList) removeMatches(from int, c content, n int) {
	g.preserve()
	for n > 0 {
		var p listPlace
		g.locate(&p, from)
		run := g.edit(p.ref)
		before, items := len(run), run.count()
		off := run.seek(p.at)
		for n > 0 {
			if off = run.find(off, c, 0); off < 0 {
				break
			}
			run = run.remove(off, 1)
			n--
		}
		g.setRun(p.ref, run)
		left := run.count()
		g.r.count -= uint64(items - left)
		g.r.runBytes -= uint64(before - len(run))
		from += left - p.at
		g.shrunk(&p)
	}
}

// shrunk follows removals from a leaf: an empty one goes, a small one is joined
// with the next.
func (g *largeList) shrunk(p *listPlace) {
	run := g.run(p.ref)
	switch {
	case p.part != partTree:
		if run.count() > 0 {
			g.changed(p)
		} else {
			g.freeLeaf(p.ref)
			g.r.ends[p.part] = 0
		}
	case run.count() == 0:
		g.tree().remove(&p.path)
		g.freeLeaf(p.ref)
	case len(run) > leafSmall || !g.join(p):
		g.changed(p)
	}
}

// join makes a leaf in the tree and the one behind it one, if they are short;
// false: it has done nothing.
func (g *largeList) join(p *listPlace) bool {
	t, q := g.tree(), p.path
	if !t.next(&q) {
		return false
	}
	next, _ := t.leaf(&q)
	a, b := g.run(p.ref), g.run(next)
	if len(a)+len(b) > leafJoined {
		return false
	}
	ref, ok := g.leafOf(len(a)+len(b)-packedHeader, a.count()+b.count(), a[packedHeader:], b[packedHeader:])
	if !ok {
		return false
	}
	t.update(&p.path, ref, uint64(a.count()+b.count()), treeKey{})
	g.freeLeaf(p.ref)
	g.freeLeaf(next)
	// The counts have changed beside q's path, not on it.
	t.remove(&q)
	return true
}
