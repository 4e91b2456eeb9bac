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
		count := 0 // leaves do not keep it in the run's header
		for off := packedHeader; off < len(b); off = b.next(off) {
			count++
		}
		if !f(l.id(), count, b[packedHeader:]) || !st.tree().next(&p) {
			return
		}
	}
}
