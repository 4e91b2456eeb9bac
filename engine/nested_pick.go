package engine

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"larder/engine/mem"
)

// Random picks. SPOP's choice has to be the same on every machine that runs
// the record, whatever the history and layout of its table, and each member's
// chance has to be the same. So the choice is made among hashes and not among
// places: a draw names one of the windows into which the hashes are divided, by
// some top bits and a range of position bits, such that about pickShare members
// are in each; and a rank. The member of this rank in the window, in the order of
// the rest of the hash, is the choice; if there are not so many, the next draw
// decides. That rejects three draws of five and makes all members equal: each is
// in one window and has the same chance in every draw.
//
// Tags and position bits lie in the buckets, so a draw that is rejected reads
// a few cache lines of the index and no entry. What a draw is about does not
// depend on the draws before it: some are made ahead, so that their cache misses
// overlap.

const (
	// pickPrefixShare is the least number of members that share the top bits of
	// a draw. Twice as many do not fit in a segment, so that one which has fewer
	// of the bits than a draw exists with improbable hashes only; and most draws
	// meet one segment or two.
	pickPrefixShare = 1700
	// pickShare is the number of members that a draw is about, on average.
	pickShare = 8
	// pickRanks is the number of ranks. One draw in 10^4 is about more members
	// than that, and then all of them get a rank.
	pickRanks = 20
	// pickAhead is the number of draws that are made at once. About as many are
	// needed.
	pickAhead = 4
	// pickTries bounds the draws, which hashes that are not random might fail.
	pickTries = 1 << 12
)

// draw is one draw.
type draw struct {
	prefix uint64 // top bits of the hash
	depth  uint8  // how many
	pos    uint64 // first position
	end    uint64 // behind the last position
	rank   int
	spare  int // chooses among more than pickRanks
}

// candidate is a member that a draw is about: bits 8 to 23 of its hash are the
// position, 0 to 7 the tag.
type candidate struct {
	order uint32
	ref   mem.Ref
}

// pick returns the entry that seed chooses, each with the same chance, and its
// hash. REQUIRES: the table is not empty and holds nothing that has expired.
func (n nested) pick(seed uint64) (h uint64, p position, e entry) {
	var room [2 * pickRanks]candidate
	var draws [pickAhead]draw
	sp := n.open()
	for try := range pickTries {
		d := &draws[try%pickAhead]
		if try%pickAhead == 0 {
			for i := range draws {
				seed = mix(seed)
				draws[i].draw(n.count(), seed)
				draws[i].prefetch(sp.t)
			}
		}
		found := n.candidates(sp, d, room[:0])
		switch {
		case d.rank < len(found):
			return n.rank(sp, found, d.rank)
		case len(found) > pickRanks:
			return n.rank(sp, found, d.spare%len(found))
		}
	}
	return n.first(sp)
}

// mix is a step of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// draw sets d from a random number, for a table of count entries.
func (d *draw) draw(count int, r uint64) {
	d.depth = uint8(bits.Len64(uint64(count) / pickPrefixShare))
	if d.depth > 0 {
		d.depth--
	}
	windows := max(uint64(count)>>d.depth/pickShare, 1)
	d.prefix = r >> (64 - d.depth)
	at := r & math.MaxUint32 * windows >> 32
	d.pos, d.end = at*allPositions/windows, (at+1)*allPositions/windows
	r = mix(^r) // mix(r) is the next draw's
	d.rank, d.spare = int(r&math.MaxUint32*pickRanks>>32), int(r>>33)
}

// prefetch asks for the buckets that d reads first.
func (d *draw) prefetch(t *table) {
	seg := t.segment(d.prefix << (64 - d.depth))
	prefetchTwo(unsafe.Pointer(seg.bucket(seg.home(d.pos))))
}

// candidates appends the members that d is about to dst, in no order. Which
// segments have them is seen in the directory, so that their headers are not
// read unless there are many.
func (n nested) candidates(sp *space, d *draw, dst []candidate) []candidate {
	dir, depth := sp.t.dir.segments, 64-sp.t.dir.shift
	if depth < d.depth {
		return n.candidatesIn(sp.t.segmentOf(dir[d.prefix>>(d.depth-depth)]), d, true, dst)
	}
	const few = 2
	free := depth - d.depth
	from := int(d.prefix) << free
	shallow := d.depth > 0 && dir[from] == dir[from^1<<free]
	for i := from; i < from+1<<free; {
		seg := sp.t.segmentOf(dir[i])
		dst = n.candidatesIn(seg, d, shallow, dst)
		if free > few {
			i += 1 << (depth - seg.header().depth)
			continue
		}
		for i++; i < from+1<<free && dir[i] == dir[i-1]; i++ {
		}
	}
	return dst
}

// candidatesIn is candidates for one segment, which is shallow if it has other
// prefixes than that of d as well.
func (n nested) candidatesIn(seg segment, d *draw, shallow bool, dst []candidate) []candidate {
	pos, width := d.pos, d.end-d.pos
	from := seg.home(pos)
	homes := seg.home(d.end-1) + 1 - from
	at := from
	for step := 1; ; step++ {
		b := seg.bucket(at)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			slot := b.slots[i&7%slotsPerBucket]
			if slotPos(slot)-pos >= width {
				continue
			}
			if shallow && n.s.engine.seed.Hash(entryAt(n.s.region, slotRef(slot)).key())>>(64-d.depth) != d.prefix {
				continue
			}
			dst = append(dst, candidate{uint32(slotPos(slot))<<8 | uint32(b.tag(i)), slotRef(slot)})
		}
		at = seg.next(at)
		if step >= homes && b.overflow() == 0 || at == from {
			return dst
		}
	}
}

// rank returns the entry at a place in the candidates' order. There are few
// candidates: to count for one after the other how many are before it is faster
// than to sort them.
func (n nested) rank(sp *space, found []candidate, rank int) (uint64, position, entry) {
	at, same := -1, 0
	for i, c := range found {
		before := 0
		for _, other := range found {
			before += int((uint64(other.order) - uint64(c.order)) >> 63) // 1 if less
		}
		if before == rank {
			at, same = i, same+1
		}
	}
	if same != 1 { // hashes that have 24 bits in common
		slices.SortFunc(found, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.order, b.order), n.compare(a.ref, b.ref))
		})
		at = rank
	}
	e := entryAt(n.s.region, found[at].ref)
	h := n.s.engine.seed.Hash(e.key())
	p, _ := sp.t.findRef(h, e.ref)
	return h, p, e
}

// compare orders two entries by hash, and by key when that is the same.
func (n nested) compare(a, b mem.Ref) int {
	x, y := entryAt(n.s.region, a).key(), entryAt(n.s.region, b).key()
	if c := cmp.Compare(n.s.engine.seed.Hash(x), n.s.engine.seed.Hash(y)); c != 0 {
		return c
	}
	return bytes.Compare(x, y)
}

// first returns the entry with the smallest hash.
func (n nested) first(sp *space) (uint64, position, entry) {
	var least mem.Ref
	n.each(func(e entry) bool {
		if least == 0 || n.compare(e.ref, least) < 0 {
			least = e.ref
		}
		return true
	})
	return n.rank(sp, []candidate{{0, least}}, 0)
}
