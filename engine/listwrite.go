package engine

// What adds elements to a list and replaces them, in either form.

// NewList makes a list of values, pushed at an end one after the other, the
// value of k, whatever was there, without a deadline. The values may be views of
// what was there.
// REQUIRES: k.Shard is locked; there is a value.
func (e *Engine) NewList(db int, k Key, end ListEnd, values [][]byte, lim *Limits, nowMs int64) error {
	s := k.Shard
	if lim.listGrows(packedHeader+valueBytes(values), len(values)) {
		g, ok := s.newLargeList()
		if !ok {
			return ErrNoRoom
		}
		err := ErrNoRoom
		if g.pushAll(end, values) {
			err = e.setRoot(db, k, TypeList, g.root, never, nowMs)
		}
		if err != nil {
			g.discard()
		}
		return err
	}
	run := pushed(newPacked(s.buffer()), end, values)
	s.keepBuffer(run)
	return e.setContainer(db, k, TypeList, EncPacked, run, never, nowMs)
}

// valueBytes is the length of all values, which is what Redis adds to that of a
// listpack to find out whether it would grow too long.
func valueBytes(values [][]byte) (n int) {
	for _, v := range values {
		n += len(v)
	}
	return n
}

// pushed adds values to a run.
func pushed(run packed, end ListEnd, values [][]byte) packed {
	for _, v := range values {
		off := packedHeader
		if end == Tail {
			off = len(run)
		}
		run = run.insert(off, contentOf(v))
	}
	return run
}

// pushAll adds values; false: no memory, and nothing has changed.
func (g *largeList) pushAll(end ListEnd, values [][]byte) bool {
	for i, v := range values {
		if !g.push(end, contentOf(v)) {
			g.pop(end, i)
			return false
		}
	}
	return true
}

// Push adds values at an end, one after the other.
// REQUIRES: no value is a view of the list.
func (l *List) Push(end ListEnd, values [][]byte, lim *Limits) error {
	if l.isLarge() {
		g := l.large()
		if !g.pushAll(end, values) {
			return ErrNoRoom
		}
		return nil
	}
	run := l.packedRun()
	if lim.listGrows(len(run)+valueBytes(values), run.count()+len(values)) {
		return l.enlarge(func(g *largeList) bool { return g.pushAll(end, values) })
	}
	return l.keep(pushed(l.it.edit(), end, values))
}

// keep makes an edited copy of the run the list's value.
func (l *List) keep(run packed) error {
	l.it.shard.keepBuffer(run)
	return l.it.replace(EncPacked, run)
}

// enlarge gives the list its large form and makes a change to that; if the
// change fails, for want of memory, nothing has changed.
func (l *List) enlarge(change func(g *largeList) bool) error {
	g, ok := l.it.shard.newLargeList()
	if !ok {
		return ErrNoRoom
	}
	run := l.packedRun()
	for off := packedHeader; ok && off < len(run); {
		item := run.item(off)
		ok = g.push(Tail, item.content())
		off = item.next
	}
	err := ErrNoRoom
	if ok && change(&g) {
		err = l.it.replaceRoot(g.root)
	}
	if err != nil {
		g.discard()
	}
	return err
}

// Insert adds a value before the element at an index, or behind the last.
// REQUIRES: 0 <= i <= Len(); value is no view of the list.
func (l *List) Insert(i int, value []byte, lim *Limits) error {
	c := contentOf(value)
	if l.isLarge() {
		g := l.large()
		if !g.insertAt(i, c) {
			return ErrNoRoom
		}
		return nil
	}
	run := l.packedRun()
	n := run.count()
	if lim.listGrows(len(run)+len(value), n+1) {
		return l.enlarge(func(g *largeList) bool { return g.insertAt(i, c) })
	}
	off := len(run)
	if i < n {
		off = run.seek(i)
	}
	return l.keep(l.it.edit().insert(off, c))
}

// insertAt is insert for any place, or a push.
func (g *largeList) insertAt(i int, c content) bool {
	switch i {
	case 0:
		return g.push(Head, c)
	case int(g.r.count):
		return g.push(Tail, c)
	}
	return g.insert(i, c)
}

// Set puts a value in the place of the element at an index.
// REQUIRES: 0 <= i < Len(); value is no view of the list.
func (l *List) Set(i int, value []byte, lim *Limits) error {
	c := contentOf(value)
	if l.isLarge() {
		return l.setLarge(i, c, lim)
	}
	run := l.packedRun()
	off := run.seek(i)
	n := len(run) + c.bytes() - (run.next(off) - off)
	if lim.listGrows(len(run)+len(value), run.count()) && !lim.listShrinks(n, run.count()) {
		return l.enlarge(func(g *largeList) bool { return g.replace(i, c) })
	}
	return l.keep(l.it.edit().replace(off, c))
}

func (l *List) setLarge(i int, c content, lim *Limits) error {
	g := l.large()
	v := l.At(i)
	n := int(g.r.runBytes) + c.bytes() - v.item.content().bytes()
	if lim.listShrinks(n, int(g.r.count)) {
		run := l.gather(0, i).append(c)
		return l.shrink(l.gatherTo(run, i+1, l.Len()-i-1))
	}
	if !g.replace(i, c) {
		return ErrNoRoom
	}
	return nil
}
