package engine

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"larder/engine/mem"
)

// Large sorted sets: the table says what a member's score is, the tree where
// the member stands. Each change is one of both; what may lack room comes
// first.

// zsetRoot is the root of a large sorted set.
type zsetRoot struct {
	containerHeader
	table nestedRoot
	order treeRoot
}

const zsetRootBytes = int(unsafe.Sizeof(zsetRoot{}))

// zsetOps are the containerOps of sorted sets.
var zsetOps = containerOps{free: freeZSet, copy: copyZSet, state: zsetState}

// zscoreHeader is that of a member's entry: the value is the score.
var zscoreHeader = header{enc: EncInt, deadline: never}

func (z *ZSet) table() nested { return nested{z.s, &z.root.table, &z.root.containerHeader} }
func (z *ZSet) order() ztree  { return orderOf(z.s, z.root) }

func orderOf(s *Shard, r *zsetRoot) ztree { return ztree{tree{s, &r.containerHeader, &r.order}} }

// scoreBytes is the score in a member's entry.
func (e entry) scoreBytes() []byte { return e.bytes(e.afterKey(), 8) }

func (z *ZSet) findLarge(member []byte) (at ZPlace, score float64, ok bool) {
	at.hash = z.s.engine.seed.Hash(member)
	if at.p, at.e, ok = z.table().find(at.hash, member); !ok {
		return at, 0, false
	}
	return at, getScore(at.e.scoreBytes()), true
}

// insertLarge adds a member that is absent; on ErrNoRoom it still is.
func (z *ZSet) insertLarge(hash uint64, member []byte, score float64) error {
	hd := zscoreHeader
	e, value, err := z.table().insert(hash, member, &hd, 8)
	if err != nil {
		return err
	}
	putScore(value, score)
	if !z.order().add(zitem{orderedScore(score), e.ref}, member) {
		p, _, _ := z.table().find(hash, member)
		z.table().remove(p, e)
		return ErrNoRoom
	}
	return nil
}

// updateLarge gives the member of an entry another score and returns the old
// one.
func (z *ZSet) updateLarge(e entry, score float64) (old float64, err error) {
	value := e.scoreBytes()
	old = getScore(value)
	from, to := orderedScore(old), orderedScore(score)
	if from != to && !z.order().move(e, from, to) {
		return old, ErrNoRoom
	}
	z.table().preserve(e)
	putScore(value, score)
	z.table().changed() // for State
	return old, nil
}

// removeLarge takes out a member that findLarge has found.
func (z *ZSet) removeLarge(at ZPlace) {
	z.order().cut(orderedScore(getScore(at.e.scoreBytes())), at.e.key())
	z.table().remove(at.p, at.e)
}

// removeRanksLarge takes the members with ranks from first to before end out,
// leaf by leaf.
func (z *ZSet) removeRanksLarge(first, end int) {
	t := z.order()
	for n := end - first; n > 0; {
		var p treePath
		at := int(t.seekIndex(&p, uint64(first)))
		ref, items := t.leaf(&p)
		leaf := t.leafAt(ref)
		count := min(n, int(items)-at)
		n -= count
		// The entries go first: the table is a matter of its own, while the tree
		// compares by them no more before the leaf is mended.
		for _, it := range leaf.items[at : at+count] {
			e := entryAt(z.s.region, it.ref)
			if p, ok := z.table().open().t.findRef(z.s.engine.seed.Hash(e.key()), it.ref); ok {
				z.table().remove(p, e)
			}
		}
		t.cutItems(&p, at, count)
	}
}

// rankOfEntry is the number of members before that of an entry.
func (z *ZSet) rankOfEntry(e entry) int {
	_, p, at := z.order().find(orderedScore(getScore(e.scoreBytes())), e.key())
	return int(p.before) + at
}

func (z *ZSet) rankOfScoreLarge(score uint64, orEqual bool) int {
	return z.order().rank(func(it zitem) bool { return it.score > score || it.score == score && !orEqual })
}

func (z *ZSet) rankOfMemberLarge(member []byte, orEqual bool) int {
	region := z.s.region
	return z.order().rank(func(it zitem) bool {
		c := bytes.Compare(entryAt(region, it.ref).key(), member)
		return c > 0 || c == 0 && !orEqual
	})
}

// newZSetRoot makes an empty large set with room for about hint members.
func (s *Shard) newZSetRoot(hint int) (mem.Ref, error) {
	ref, ok := s.newRoot(TypeZSet, zsetRootBytes)
	if !ok {
		return 0, ErrNoRoom
	}
	z := ZSet{s: s}
	z.setRoot(ref)
	if err := z.table().start(hint); err != nil {
		s.dropRoot(ref, zsetRootBytes)
		return 0, err
	}
	return ref, nil
}

// dropZSet undoes newZSetRoot for a set that never came into use, with what was
// added meanwhile.
func (s *Shard) dropZSet(ref mem.Ref) {
	s.unlist(ref)
	for done := false; !done; {
		_, done = freeZSet(s, ref, 1<<20)
	}
}

// Enlarge makes the sorted set, which may be absent, a large one, whatever the
// limits say.
func (z *ZSet) Enlarge() error {
	if z.root != nil {
		return nil
	}
	if err := z.convert(); err != nil {
		return z.fail(err)
	}
	return nil
}

// convert makes the run a large set, which is not yet the key's.
func (z *ZSet) convert() error {
	large := ZSet{s: z.s}
	ref, err := z.s.newZSetRoot(z.Len() + 1)
	if err != nil {
		return err
	}
	large.setRoot(ref)
	var cur ZCursor
	for z.Seek(&cur, 0, false); cur.Next(); {
		if err := large.append(cur.Member(), cur.Score()); err != nil {
			z.s.dropZSet(ref)
			return err
		}
	}
	z.setRoot(ref)
	z.detached = true
	return nil
}

// append adds a member behind all others.
func (z *ZSet) append(member []byte, score float64) error {
	return z.insertLarge(z.s.engine.seed.Hash(member), member, score)
}

// freeZSet frees the leaves, from the last on, then the table.
func freeZSet(s *Shard, ref mem.Ref, budget int) (freed int, done bool) {
	z := ZSet{s: s}
	z.setRoot(ref)
	t := z.order()
	for t.r.top != 0 {
		if freed >= budget {
			return freed, false
		}
		var p treePath
		t.end(&p)
		leaf, _ := t.leaf(&p)
		t.remove(&p)
		s.freeNode(&z.root.containerHeader, leaf, zleafBytes)
		freed++
	}
	n, done := z.table().freeSlots(budget - freed)
	if freed += n; !done {
		return freed, false
	}
	s.freeRoot(ref, zsetRootBytes)
	return freed + 1, true
}

// copyMembers is how many members are copied between two pauses.
const copyMembers = 256

// copyZSet copies the members in order, because the copy's leaves have to have
// the references of its own entries.
func copyZSet(from *Shard, ref mem.Ref, to *Shard, pause pauseFunc) (mem.Ref, bool) {
	old, z := ZSet{s: from}, ZSet{s: to}
	old.setRoot(ref)
	copied, err := to.newZSetRoot(old.Len())
	if err != nil {
		return 0, false
	}
	z.setRoot(copied)
	var cur ZCursor
	n := 0
	for old.Seek(&cur, 0, false); cur.Next(); {
		if n++; z.append(cur.Member(), cur.Score()) != nil || n%copyMembers == 0 && !pause.goOn() {
			return copied, false
		}
		to.asideNow(copied)
	}
	return copied, true
}

// zsetState is the members with their scores, in order.
func zsetState(s *Shard, ref mem.Ref, dst []byte) []byte {
	z := ZSet{s: s}
	z.setRoot(ref)
	var cur ZCursor
	for z.Seek(&cur, 0, false); cur.Next(); {
		dst = binary.AppendUvarint(dst, uint64(len(cur.Member())))
		dst = append(dst, cur.Member()...)
		dst = append(dst, cur.entry.scoreBytes()...)
	}
	return dst
}
