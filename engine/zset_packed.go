package engine

import (
	"bytes"
	"math"
)

// Small sorted sets: runs of member and score, in order.

// wholeScores bounds the scores that are kept as integers: all integers up to
// there are doubles.
const wholeScores = 1 << 53

// scoreContent is how a score is kept in a run; it may be a view of buf. The
// zero loses its sign, as in Redis's small sets and unlike in large ones.
func scoreContent(f float64, buf *[8]byte) content {
	if f == math.Trunc(f) && math.Abs(f) <= wholeScores {
		return contentOfInt(int64(f))
	}
	putScore(buf[:], f)
	return contentOfString(buf[:])
}

// score reads an item that scoreContent has made.
func (it packedItem) score() float64 {
	if it.isInt {
		return float64(it.n)
	}
	return getScore(it.str())
}

// scoreOf is the score of the member at off.
func (b oneway) scoreOf(off int) float64 {
	it := b.item(b.next(off))
	return it.score()
}

// compareMember compares a member with bytes.
func (it packedItem) compareMember(member []byte) int {
	var digits [20]byte
	return bytes.Compare(it.bytes(digits[:0]), member)
}

// placeOf is the offset at which a member with this score belongs: that of the
// first pair behind it, or the end.
func (b oneway) placeOf(score float64, member []byte) int {
	off := packedHeader
	for off < len(b) {
		m := b.item(off)
		s := b.item(m.next)
		if has := s.score(); has > score || has == score && m.compareMember(member) > 0 {
			return off
		}
		off = s.next
	}
	return off
}

func (b oneway) rankOfScore(score float64, orEqual bool) (rank int) {
	for off := packedHeader; off < len(b); rank++ {
		s := b.item(b.next(off))
		if has := s.score(); has > score || has == score && !orEqual {
			break
		}
		off = s.next
	}
	return rank
}

func (b oneway) rankOfMember(member []byte, orEqual bool) (rank int) {
	for off := packedHeader; off < len(b); rank++ {
		m := b.item(off)
		if c := m.compareMember(member); c > 0 || c == 0 && !orEqual {
			break
		}
		off = b.next(m.next)
	}
	return rank
}

// insertPair adds a member that is absent.
func (b oneway) insertPair(member []byte, score float64) oneway {
	var buf [8]byte
	off := b.placeOf(score, member)
	b = b.insert(off, scoreContent(score, &buf))
	return b.insert(off, contentOf(member))
}

// updatePacked gives the member at off another score.
func (z *ZSet) updatePacked(off int, member []byte, score float64) {
	var buf [8]byte
	c := scoreContent(score, &buf)
	z.detach()
	at := z.run.next(off)
	if z.run.staysAt(off, z.run.next(at), member, score) {
		z.run = z.run.replace(at, c)
	} else {
		z.run = z.run.remove(off, 2).insertPair(member, score)
	}
}

// staysAt tells whether the member at off, the pair behind which is at next,
// keeps its place with another score.
func (b oneway) staysAt(off, next int, member []byte, score float64) bool {
	if off > packedHeader {
		before := packedHeader
		for behind := b.next(b.next(before)); behind < off; behind = b.next(b.next(behind)) {
			before = behind
		}
		p := b.item(before)
		if has := b.scoreOf(before); has > score || has == score && p.compareMember(member) > 0 {
			return false
		}
	}
	if next < len(b) {
		n := b.item(next)
		if has := b.scoreOf(next); has < score || has == score && n.compareMember(member) < 0 {
			return false
		}
	}
	return true
}
