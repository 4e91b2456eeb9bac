package engine

// Moving an element from an end of a list to an end of a list. Adding to the
// second may fail, and so may removing from the first; so the memory that
// removing needs is set aside first, then the element is added, and then
// nothing is left that can fail.

// Rotate moves the element at an end to an end of the same list.
func (l *List) Rotate(from, to ListEnd) error {
	if from == to || l.Len() == 1 {
		return nil
	}
	if !l.isLarge() {
		run := l.packedRun()
		cut := run.next(packedHeader)
		if from == Tail {
			cut = run.prev(len(run))
		}
		turned := append(l.it.shard.buffer(), run[:packedHeader]...)
		turned = append(append(turned, run[cut:]...), run[packedHeader:cut]...)
		return l.keep(turned)
	}
	g := l.large()
	v := l.End(from)
	c := v.item.content()
	if !c.isInt && c.bytes() < leafMax {
		// It may lie in the leaf that it is added to.
		own := append(l.it.shard.buffer(), c.str()...)
		l.it.shard.keepBuffer(own)
		c = contentOfString(own)
	}
	if !g.push(to, c) {
		return ErrNoRoom
	}
	g.pop(from, 1)
	return nil
}

// MoveTo moves the element at an end to an end of another list.
// REQUIRES: the shards of both are locked. The list is not valid afterwards if
// it has become empty: then its key is gone.
func (l *List) MoveTo(from ListEnd, dst *List, to ListEnd, lim *Limits) error {
	sp, ok := l.reservePop(from, lim)
	if !ok {
		return ErrNoRoom
	}
	v := l.End(from)
	var digits [20]byte
	values := [1][]byte{v.Bytes(digits[:0])}
	if err := dst.Push(to, values[:], lim); err != nil {
		l.it.shard.releaseSpare(sp)
		return err
	}
	l.popReserved(from, sp, lim)
	return nil
}

// MoveToNew is MoveTo for a key that is absent.
func (l *List) MoveToNew(from ListEnd, db int, dst Key, lim *Limits, nowMs int64) error {
	sp, ok := l.reservePop(from, lim)
	if !ok {
		return ErrNoRoom
	}
	s := l.it.shard
	v := l.End(from)
	var digits [20]byte
	values := [1][]byte{v.Bytes(digits[:0])}
	if err := s.engine.NewList(db, dst, Head, values[:], lim, nowMs); err != nil {
		s.releaseSpare(sp)
		return err
	}
	// The new key may have changed the table.
	l.it.pos, _ = l.it.sp.t.findRef(s.engine.seed.Hash(l.it.Key()), l.it.e.ref)
	l.popReserved(from, sp, lim)
	return nil
}

// shortened is the length of the run that the list has after losing the element
// at an end, if it has its small form then; else it is 0.
func (l *List) shortened(end ListEnd, lim *Limits) int {
	n := l.Len() - 1
	v := l.End(end)
	size := l.Bytes() - v.item.content().bytes()
	if n == 0 || l.isLarge() && !lim.listShrinks(size, n) {
		return 0
	}
	return size
}

// reservePop sets aside what popReserved needs.
func (l *List) reservePop(end ListEnd, lim *Limits) (spare, bool) {
	if n := l.shortened(end, lim); n > 0 {
		return l.it.reserve(EncPacked, n)
	}
	return spare{}, true
}

// popReserved removes the element at an end.
func (l *List) popReserved(end ListEnd, sp spare, lim *Limits) {
	n := l.Len() - 1
	if l.shortened(end, lim) == 0 {
		if n == 0 {
			l.it.remove()
			return
		}
		g := l.large()
		g.pop(end, 1)
		return
	}
	from := 0
	if end == Head {
		from = 1
	}
	run := l.gather(from, n)
	l.it.shard.keepBuffer(run)
	if !l.isLarge() {
		l.it.replaceIn(sp, EncPacked, run)
		return
	}
	g := l.large()
	l.it.replaceIn(sp, EncPacked, run)
	g.discard()
}
