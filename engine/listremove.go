package engine

// What removes elements of a list, in either form. A list that has become short
// enough takes its small form again; the run is then complete before the large
// form is given up. A small list may need another piece of memory to be shorter,
// so that removing can fail as adding can.

// gather returns n elements of the list from an index on as a run in the
// shard's buffer.
func (l *List) gather(from, n int) packed {
	return l.gatherTo(newPacked(l.it.shard.buffer()), from, n)
}

// gatherTo appends n elements from an index on to a run.
func (l *List) gatherTo(run packed, from, n int) packed {
	if n == 0 {
		return run
	}
	w := l.Walk(from, false)
	for ; n > 0; n-- {
		v, _ := w.Next()
		run = run.append(v.item.content())
	}
	return run
}

// shrink makes run, which is in the shard's buffer, the small form of a large
// list.
func (l *List) shrink(run packed) error {
	g := l.large()
	if err := l.keep(run); err != nil {
		return err
	}
	g.discard()
	return nil
}

// Pop removes n elements at an end; the key, if these are all.
// REQUIRES: 1 <= n <= Len(). The list is not valid afterwards if it is gone.
func (l *List) Pop(end ListEnd, n int, lim *Limits) error {
	left := l.Len() - n
	if l.isLarge() && left > 0 {
		g := l.large()
		if _, maxItems := lim.listRun(); left > maxItems || n == 1 && !l.popShrinks(end, lim) {
			g.pop(end, n)
			return nil
		}
	}
	if end == Head {
		return l.Trim(n, left, lim)
	}
	return l.Trim(0, left, lim)
}

// popShrinks tells whether a large list takes its small form when it loses the
// element at an end.
func (l *List) popShrinks(end ListEnd, lim *Limits) bool {
	g := l.large()
	v := l.End(end)
	return lim.listShrinks(int(g.r.runBytes)-v.item.content().bytes(), int(g.r.count)-1)
}

// Trim removes all but n elements from an index on; the key, if n is 0.
// REQUIRES: 0 <= n, 0 <= from, from+n <= Len(). The list is not valid
// afterwards if it is gone.
func (l *List) Trim(from, n int, lim *Limits) error {
	length := l.Len()
	switch {
	case n == 0:
		l.it.remove()
		return nil
	case n == length:
		return nil
	case !l.isLarge():
		run := l.packedRun()
		start := run.seek(from)
		end := len(run)
		if from+n < length {
			end = run.seek(from + n)
		}
		part := append(newPacked(l.it.shard.buffer()), run[start:end]...)
		part.addCount(n)
		return l.keep(part)
	}
	maxBytes, maxItems := lim.listRun()
	if n <= maxItems && lim.listShrinks(packedHeader+l.lengthOf(from, n, maxBytes), n) {
		return l.shrink(l.gather(from, n))
	}
	g := l.large()
	if gone := length - n; gone > rebuildAbove && gone > 8*n && l.rebuild(from, n) {
		return nil
	}
	g.pop(Tail, length-from-n)
	g.pop(Head, from)
	return nil
}

// rebuildAbove is how many elements have to go before the rest is copied, if it
// is much less, and the list that was is freed in the background.
const rebuildAbove = 10_000

// rebuild makes n elements from an index on a list of their own, in the place of
// the one that they are in. It does nothing and returns false if there is no
// memory for that.
// REQUIRES: the list is large and stays so.
func (l *List) rebuild(from, n int) bool {
	old := l.large()
	g, ok := l.it.shard.newLargeList()
	if !ok {
		return false
	}
	w := l.Walk(from, false)
	for ; n > 0; n-- {
		v, _ := w.Next()
		if !g.push(Tail, v.item.content()) {
			g.discard()
			return false
		}
	}
	if l.it.replaceRoot(g.root) != nil {
		g.discard()
		return false
	}
	old.discard()
	return true
}

// RemoveEqual removes up to n elements that equal a value, the first of the list
// or the last, and the key, if these are all. It returns how many there were.
// REQUIRES: n > 0; value is no view of the list. The list is not valid
// afterwards if it is gone.
func (l *List) RemoveEqual(value []byte, n int, last bool, lim *Limits) (removed int, err error) {
	c := contentOf(value)
	from, found := l.matches(value, n, last)
	left := l.Len() - found
	switch {
	case found == 0:
		return 0, nil
	case left == 0:
		l.it.remove()
	case !l.isLarge():
		err = l.keep(withoutMatches(l.it.edit(), from, c, found))
	case lim.listShrinks(int(l.large().r.runBytes)-found*c.bytes(), left):
		run := l.gather(0, l.Len())
		err = l.shrink(withoutMatches(run, from, c, found))
	default:
		g := l.large()
		g.removeMatches(from, c, found)
	}
	if err != nil {
		return 0, err
	}
	return found, nil
}

// matches counts up to n elements that equal a value, the first or the last,
// and returns the index of the foremost.
func (l *List) matches(value []byte, n int, last bool) (from, found int) {
	start, step := 0, 1
	if last {
		start, step = l.Len()-1, -1
	}
	f := l.Search(start, last, value, l.Len())
	for ; found < n; found++ {
		skipped, ok := f.Match()
		if !ok {
			break
		}
		if at := start + step*skipped; last || found == 0 {
			from = at
		}
	}
	return from, found
}

// withoutMatches removes n items that equal c, the first of which are those from
// an index on. REQUIRES: there are so many.
func withoutMatches(run packed, from int, c content, n int) packed {
	off := run.seek(from)
	for range n {
		off = run.find(off, c, 0)
		run = run.remove(off, 1)
	}
	return run
}
