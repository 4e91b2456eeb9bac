package engine

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"larder/engine/mem"
)

// Random picks. SPOP's choice has to be the same on every machine that runs
// the record, whatever the history and layout of its table, and each member's
// chance has to be the same. So the choice is made among hashes and not among
// places: a draw names some top bits of the hash and some of its position bits
// (both fewer the smaller the table is, so that 6 to 12 members have them) and
// a rank. The member of this rank among those, in the order of the rest of the
// hash, is the choice; if there are not so many, the next draw decides. That
// rejects about three draws of four and makes all members equal: each has the
// same chance in every draw.
//
// Tags and position bits lie in the buckets, so a draw that is rejected reads
// a few cache lines of the index and no entry.

const (
	// pickPrefixShare is the least number of members that share the top bits of
	// a draw. Twice as many do not fit in a segment, so that one which has fewer
	// of the bits than a draw exists with improbable hashes only; and most draws
	// meet one segment or two.
	pickPrefixShare = 1700
	// pickWindowShare is the least number of members that a draw is about.
	pickWindowShare = 6
	// pickRanks is the number of ranks, a power of two: one in 10^7 draws is
	// about more members, and then all of them get a rank.
	pickRanks = 32
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
	sp := n.open()
	d := draw{}
	for try := range pickTries {
		seed = mix(seed)
		d.draw(n.count(), seed)
		if found := n.candidates(sp, &d, room[:0]); d.rank < len(found) || len(found) > pickRanks || try == pickTries-1 {
			if len(found) > pickRanks {
				d.rank = int(seed>>16) % len(found)
			}
			if d.rank < len(found) {
				return n.rank(sp, found, d.rank)
			}
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
	share := uint64(count) >> d.depth
	window := bits.Len64(share / pickWindowShare)
	if window > 0 {
		window--
	}
	d.prefix = r >> (64 - d.depth)
	width := uint64(allPositions) >> window
	d.pos = (r & (1<<window - 1)) * width
	d.end = d.pos + width
	d.rank = int(r >> 24 & (pickRanks - 1))
}

// candidates appends the members that d is about to dst, in no order.
func (n nested) candidates(sp *space, d *draw, dst []candidate) []candidate {
	last := (d.prefix+1)<<(64-d.depth) - 1
	for h := d.prefix << (64 - d.depth); ; h++ {
		seg := sp.t.segment(h)
		dst = n.candidatesIn(seg, d, dst)
		if h |= 1<<(64-seg.header().depth) - 1; h >= last {
			return dst
		}
	}
}

// candidatesIn is candidates for one segment.
func (n nested) candidatesIn(seg segment, d *draw, dst []candidate) []candidate {
	shallow := seg.header().depth < d.depth
	from := seg.home(d.pos)
	homes := seg.home(d.end-1) + 1 - from
	at := from
	for step := 1; ; step++ {
		b := seg.bucket(at)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			slot := b.slots[i]
			if pos := slotPos(slot); pos < d.pos || pos >= d.end {
				continue
			}
			ref := slotRef(slot)
			if shallow && n.s.engine.seed.Hash(entryAt(n.s.region, ref).key())>>(64-d.depth) != d.prefix {
				continue
			}
			dst = append(dst, candidate{uint32(slotPos(slot))<<8 | uint32(b.tag(i)), ref})
		}
		at = seg.next(at)
		if step >= homes && b.overflow() == 0 || at == from {
			return dst
		}
	}
}

// rank returns the entry at a place in the candidates' order.
func (n nested) rank(sp *space, found []candidate, rank int) (uint64, position, entry) {
	slices.SortFunc(found, func(a, b candidate) int {
		if a.order != b.order {
			return cmp.Compare(a.order, b.order)
		}
		return n.compare(a.ref, b.ref)
	})
	e := entryAt(n.s.region, found[rank].ref)
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
