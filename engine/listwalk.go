package engine

import "bytes"

// ListWalk visits the elements of a list in order. It is valid until the list
// is written.
type ListWalk struct {
	run      packed
	off      int // forward: of the next element; backward: behind it
	backward bool
	part     listPart
	g        largeList // the zero value: run is all there is
	path     treePath  // if part is partTree
}

// Walk starts at an index and goes to the end of the list, or backward to its
// start. REQUIRES: 0 <= from < Len().
func (l *List) Walk(from int, backward bool) (w ListWalk) {
	w.backward = backward
	if l.isLarge() {
		w.g = l.large()
		var p listPlace
		w.g.locate(&p, from)
		w.part, w.path, w.run, from = p.part, p.path, w.g.run(p.ref), p.at
	} else {
		w.run = l.packedRun()
	}
	w.off = w.run.seek(from)
	if backward {
		w.off = w.run.next(w.off)
	}
	return w
}

// Next returns the next element; false behind the last.
func (w *ListWalk) Next() (Element, bool) {
	for {
		if w.backward {
			if off := w.run.prev(w.off); off >= 0 {
				w.off = off
				return Element{w.run.item(off)}, true
			}
		} else if w.off < len(w.run) {
			it := w.run.item(w.off)
			w.off = it.next
			return Element{it}, true
		}
		if !w.nextLeaf() {
			return Element{}, false
		}
	}
}

// nextLeaf goes to the next leaf, which may be empty; false behind the last.
func (w *ListWalk) nextLeaf() bool {
	if w.g.s == nil {
		return false
	}
	t, goal := w.g.tree(), partLast
	if w.backward {
		goal = partFirst
	}
	switch {
	case w.part == goal:
		return false
	case w.part == partTree:
		more := false
		if w.backward {
			more = t.prev(&w.path)
		} else {
			more = t.next(&w.path)
		}
		if !more {
			w.part = goal
		}
	case t.r.top == 0:
		w.part = goal
	case w.backward:
		w.part = partTree
		t.end(&w.path)
	default:
		w.part = partTree
		t.first(&w.path)
	}
	ref := w.g.r.ends[goal]
	if w.part == partTree {
		ref, _ = t.leaf(&w.path)
	}
	if ref == 0 {
		return false // there is no leaf at that end
	}
	w.run = w.g.run(ref)
	w.off = packedHeader
	if w.backward {
		w.off = len(w.run)
	}
	return true
}

// Version identifies a state of a large list: after a pause in which others were
// let in, the key holds the same list if its version is. It is 0 for a small one.
func (l *List) Version() uint64 {
	if !l.isLarge() {
		return 0
	}
	return l.large().r.version
}

// ListSearch finds the elements of a list that equal a value. An item of a run
// has one encoding only, so that its bytes are compared and nothing is decoded.
type ListSearch struct {
	w    ListWalk
	item []byte // the value as an item, in the shard's buffer
	seen int
	end  int
}

// Search starts at an index, as Walk does, and looks at up to n elements.
// REQUIRES: 0 <= from < Len(); nothing of the shard is written while the search
// lasts.
func (l *List) Search(from int, backward bool, value []byte, n int) ListSearch {
	c := contentOf(value)
	item := append(l.it.shard.buffer(), make([]byte, c.bytes())...)
	c.put(item)
	l.it.shard.keepBuffer(item)
	return ListSearch{w: l.Walk(from, backward), item: item, end: n}
}

// Match finds the next element and returns how many there are between the start
// of the search and it; false if there is none.
func (f *ListSearch) Match() (skipped int, ok bool) {
	w := &f.w
	for f.seen < f.end {
		off := w.off
		if w.backward {
			off = w.run.prev(off)
			w.off = off
		} else if off < len(w.run) {
			w.off = w.run.next(off)
		}
		if off < 0 || off == len(w.run) {
			if !w.nextLeaf() {
				return 0, false
			}
			continue
		}
		f.seen++
		if w.run[off] == f.item[0] && bytes.HasPrefix(w.run[off:], f.item) {
			return f.seen - 1, true
		}
	}
	return 0, false
}
