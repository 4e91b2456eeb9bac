package engine

// EachNode calls f for each leaf of the entries, in order, until it returns
// false: with the ID that the leaf's others are told from, and its items, which
// are those of a node of Redis's (stream_leaf.go). They are a view.
func (st *Stream) EachNode(f func(id StreamID, count int, items []byte) bool) {
	if st.r.entries.leaves == 0 {
		return
	}
	var p treePath
	st.tree().first(&p)
	for {
		l := st.leafOf(&p)
		b := l.run()
		if !f(l.id(), l.items(), b[packedHeader:]) || !st.tree().next(&p) {
			return
		}
	}
}

// items is the number of items of the leaf, which its run's header does not
// keep.
func (l streamLeaf) items() (n int) {
	b := l.run()
	for off := packedHeader; off < len(b); off = b.next(off) {
		n++
	}
	return n
}
