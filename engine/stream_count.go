package engine

import "math/bits"

// How far behind the end of a stream a reader is cannot be counted without
// walking the entries. But a stream knows how many entries were ever added, and
// from that follows how many were added up to an ID, as long as no entry was
// deleted between that ID and the end.

// DeletedBehind tells whether Delete has left a gap at or behind id: what was
// before the first entry is none.
func (st *Stream) DeletedBehind(id StreamID) bool {
	return st.r.count > 0 && !st.r.maxDeleted.Less(st.r.first) && !st.r.maxDeleted.Less(id)
}

// AddedUpTo is how many entries were ever added with an ID up to id,
// ReadUnknown if that cannot be told.
func (st *Stream) AddedUpTo(id StreamID) int64 {
	r := st.r
	switch {
	case r.added == 0:
		return 0
	case r.count == 0 && id.Compare(r.last) < 1:
		return r.added
	case !id.IsZero() && id.Less(r.maxDeleted):
		return ReadUnknown
	case id == r.last:
		return r.added
	case r.last.Less(id):
		return ReadUnknown
	case r.maxDeleted.IsZero() || r.maxDeleted.Less(r.first):
		switch id.Compare(r.first) {
		case -1:
			return r.added - int64(r.count)
		case 0:
			return r.added - int64(r.count) + 1
		}
	}
	return ReadUnknown
}

// Lag is how many entries a group has still to read, false if that cannot be
// told.
func (st *Stream) Lag(g *StreamGroup) (lag int64, known bool) {
	if st.r.added == 0 {
		return 0, true
	}
	read := g.Read()
	if read == ReadUnknown || st.DeletedBehind(g.LastID()) {
		read = st.AddedUpTo(g.LastID())
	}
	return st.r.added - read, read != ReadUnknown
}

// radixSample is how many leaves RadixNodes looks at.
const radixSample = 4096

// RadixNodes is how many nodes a radix tree over the IDs of the leaves would
// have, by which people who know Redis judge a stream: a node for each leaf,
// for each point where IDs part, and for each run of bytes between these. Of a
// stream with very many leaves it is extrapolated.
func (st *Stream) RadixNodes() int64 {
	if st.r.entries.leaves == 0 {
		return 1
	}
	var n int64
	var forks [streamIDBytes]int // depths at which the last ID parted from others, ascending
	depth := 0                   // how many they are
	// A node hangs from the deepest fork above it by one byte; what is between
	// that and its own depth is a run.
	hang := func(at, fork int) {
		n++
		if at > fork+1 {
			n++
		}
	}
	var p treePath
	st.tree().first(&p)
	before := 0 // bytes that this leaf's ID shares with that of the one before it, plus 1
	seen := int64(0)
	for id, more := st.leafOf(&p).id(), true; more; {
		seen++
		shared := 0
		next := id
		if more = seen < radixSample && st.tree().next(&p); more {
			next = st.leafOf(&p).id()
			shared = commonBytes(id, next) + 1
		}
		hang(streamIDBytes, max(before, shared)-1)
		for depth > 0 && forks[depth-1] >= shared {
			depth--
			if forks[depth] == shared {
				depth++
				break
			}
			above := shared
			if depth > 0 {
				above = max(above, forks[depth-1])
			}
			hang(forks[depth]-1, above-1)
		}
		if shared > 0 && (depth == 0 || forks[depth-1] < shared) {
			forks[depth] = shared
			depth++
		}
		before, id = shared, next
	}
	return n * int64(st.r.entries.leaves) / seen
}

// commonBytes is how many bytes two IDs have in common at the front. REQUIRES:
// they differ.
func commonBytes(a, b StreamID) int {
	if a.Ms != b.Ms {
		return bits.LeadingZeros64(a.Ms^b.Ms) / 8
	}
	return 8 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}
