package engine

// StreamTrim says which of the oldest entries of a stream are to go.
type StreamTrim struct {
	ByID   bool
	Len    int64    // unless ByID: how many entries may stay
	Before StreamID // if ByID: entries before it go
	// About lets entries stay that do not fill a whole leaf.
	About bool
	// Limit, if not 0, is how many entries may go at most: the leaf with which
	// they would be more stays, with all behind it.
	Limit int64
}

// Trim takes entries out and returns how many. A leaf whose entries must all
// go is freed; what else is to go of the leaf behind them is flagged.
func (st *Stream) Trim(t *StreamTrim) (removed int64) {
	st.preserve()
	for st.r.entries.leaves > 0 && (t.ByID || st.Len() > t.Len) {
		var p treePath
		st.tree().first(&p)
		l := st.leafOf(&p)
		m := l.run().master()
		if t.Limit != 0 && removed+m.live > t.Limit {
			break
		}
		if !t.wants(st, l, &m) {
			if !t.About {
				st.preserveLeaf(&p)
				removed += st.trimLeaf(l, &m, t)
			}
			break
		}
		st.freeLeaf(&p)
		st.r.count -= uint64(m.live)
		removed += m.live
	}
	if removed > 0 {
		st.findFirst()
	}
	return removed
}

// wants tells whether the first leaf goes as a whole.
func (t *StreamTrim) wants(st *Stream, l streamLeaf, m *leafMaster) bool {
	if t.ByID {
		return l.lastID(m).Less(t.Before)
	}
	return st.Len()-m.live >= t.Len
}

// lastID is the ID of the leaf's last entry, be it deleted or not.
func (l streamLeaf) lastID(m *leafMaster) StreamID {
	b := l.run()
	e := b.entryAt(b.before(len(b)), m, l.id())
	return e.id
}

// trimLeaf flags entries of the first leaf as deleted and returns how many.
func (st *Stream) trimLeaf(l streamLeaf, m *leafMaster, t *StreamTrim) (removed int64) {
	b, base := l.run(), l.id()
	for off := m.entriesAt; off < len(b) && (t.ByID || st.Len() > t.Len); {
		e := b.entryAt(off, m, base)
		if t.ByID && !e.id.Less(t.Before) {
			break
		}
		if !e.deleted {
			b.replace(off, contentOfInt(b.item(off).n|entryDeleted)) // as long as before
			st.r.count--
			removed++
		}
		off = b.behind(&e)
	}
	l.setCounts(m.live-removed, m.deleted+removed)
	return removed
}
