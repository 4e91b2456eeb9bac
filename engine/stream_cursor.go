package engine

// StreamCursor walks the entries of a range of IDs. It is valid until the
// stream's entries change.
type StreamCursor struct {
	st       Stream
	from, to StreamID
	reverse  bool
	started  bool

	p  treePath
	l  streamLeaf
	b  packed
	m  leafMaster
	at int // where the next entry begins, in reverse where it ends

	e       leafEntry
	left    int // pairs that Pair has not returned
	fieldAt int // the next field, in the entry or in the master
	valueAt int // the next value, if the fields are the master's
	digits  [2][20]byte
}

// Range returns a cursor before the first entry of [from, to], or behind the
// last if reverse is set.
func (st *Stream) Range(from, to StreamID, reverse bool) StreamCursor {
	return StreamCursor{st: *st, from: from, to: to, reverse: reverse}
}

// Next goes to the next entry and tells whether there is one.
func (c *StreamCursor) Next() bool {
	if !c.started && !c.start() {
		return false
	}
	for {
		if !c.step() {
			return false
		}
		if c.reverse && c.e.id.Less(c.from) || !c.reverse && c.to.Less(c.e.id) {
			return false
		}
		if !c.e.deleted && !c.e.id.Less(c.from) && !c.to.Less(c.e.id) {
			c.left, c.fieldAt = c.e.pairs, c.e.pairsAt
			if c.e.same {
				c.fieldAt, c.valueAt = c.m.fieldsAt, c.e.pairsAt
			}
			return true
		}
	}
}

func (c *StreamCursor) start() bool {
	c.started = true
	if c.st.r.entries.leaves == 0 {
		return false
	}
	if c.reverse {
		c.st.seek(&c.p, c.to)
	} else {
		c.st.seek(&c.p, c.from)
	}
	c.load()
	return true
}

// load makes the leaf at p the present one.
func (c *StreamCursor) load() {
	c.l = c.st.leafOf(&c.p)
	c.b = c.l.run()
	c.m = c.b.master()
	c.at = c.m.entriesAt
	if c.reverse {
		c.at = len(c.b)
	}
}

// step goes to the next entry, be it deleted or outside of the range.
func (c *StreamCursor) step() bool {
	for {
		off := c.at
		if c.reverse {
			off = c.b.before(c.at)
		} else if c.at == len(c.b) {
			off = -1
		}
		if off >= 0 {
			c.e = c.b.entryAt(off, &c.m, c.l.id())
			c.at = off
			if !c.reverse {
				c.at = c.b.behind(&c.e)
			}
			return true
		}
		if c.reverse && !c.st.tree().prev(&c.p) || !c.reverse && !c.st.tree().next(&c.p) {
			return false
		}
		c.load()
	}
}

// ID is that of the present entry.
func (c *StreamCursor) ID() StreamID { return c.e.id }

// Pairs is how many fields with values the entry has.
func (c *StreamCursor) Pairs() int { return c.e.pairs }

// Pair returns the next field and its value: views, valid until the next call.
// ok is false when all were returned.
func (c *StreamCursor) Pair() (field, value []byte, ok bool) {
	if c.left == 0 {
		return nil, nil, false
	}
	c.left--
	f := c.b.item(c.fieldAt)
	c.fieldAt = f.next
	if !c.e.same {
		v := c.b.item(f.next)
		c.fieldAt = v.next
		return f.bytes(c.digits[0][:0]), v.bytes(c.digits[1][:0]), true
	}
	v := c.b.item(c.valueAt)
	c.valueAt = v.next
	return f.bytes(c.digits[0][:0]), v.bytes(c.digits[1][:0]), true
}

// RangeBytes is about how many bytes the first count entries of [from, to]
// take, all if count is 0; but no more is looked at than it takes to reach
// atLeast.
func (st *Stream) RangeBytes(from, to StreamID, count int64, atLeast int) (n int) {
	if st.r.entries.leaves == 0 {
		return 0
	}
	var p treePath
	seen := int64(0)
	for st.seek(&p, from); n < atLeast; {
		l := st.leafOf(&p)
		if n > 0 {
			if to.Less(l.id()) || count > 0 && seen >= count {
				break
			}
			seen += l.run().item(packedHeader).n
		}
		n += len(l.run()) // of the first leaf any part may be before the range
		if !st.tree().next(&p) {
			break
		}
	}
	return n
}
