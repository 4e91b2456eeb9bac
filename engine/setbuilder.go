package engine

import (
	"slices"

	"larder/engine/mem"
)

// SetBuilder makes a set that belongs to no key yet: the result of a union,
// which may replace one of its sources, or only be replied. A large one lies
// in the memory of a shard, which stays locked until Store or Discard.
type SetBuilder struct {
	s    *Shard
	lim  *Limits
	m    members
	root mem.Ref // if large
}

// NewSetBuilder returns an empty builder. The set starts as integers, or as a
// packed run if that is more likely to fit.
// REQUIRES: s is locked.
func NewSetBuilder(s *Shard, startPacked bool, lim *Limits) SetBuilder {
	b := SetBuilder{s: s, lim: lim, m: members{enc: EncIntset}}
	if startPacked {
		b.m = members{EncPacked, newOneway(nil)}
	}
	return b
}

// Len is the number of members.
func (b *SetBuilder) Len() int {
	if b.root != 0 {
		return b.s.tableAt(b.root).count()
	}
	return b.m.len()
}

// Add adds a member, if it is new.
func (b *SetBuilder) Add(member []byte) error {
	if b.root == 0 {
		c := contentOf(member)
		if b.m.find(c) >= 0 {
			return nil
		}
		if b.m.takes(c, b.lim) {
			b.m = b.m.add(c)
			return nil
		}
		if err := b.enlarge(); err != nil {
			return err
		}
	}
	b.s.asideNow(b.root)
	n, h := b.s.tableAt(b.root), b.s.engine.seed.Hash(member)
	if _, _, ok := n.find(h, member); ok {
		return nil
	}
	return n.addMember(h, member)
}

func (b *SetBuilder) enlarge() error {
	root, err := b.s.newTableRoot(TypeSet, b.m.len()+1)
	if err != nil {
		return err
	}
	if err := b.s.tableAt(root).insertAll(b.m); err != nil {
		b.s.dropTable(root)
		return err
	}
	b.root, b.m = root, members{}
	return nil
}

// Remove takes a member out, if it is there.
func (b *SetBuilder) Remove(member []byte) {
	if b.root == 0 {
		if at := b.m.find(contentOf(member)); at >= 0 {
			b.m = b.m.remove(at)
		}
		return
	}
	b.s.asideNow(b.root)
	n := b.s.tableAt(b.root)
	if p, e, ok := n.find(b.s.engine.seed.Hash(member), member); ok {
		n.remove(p, e)
	}
}

// Each calls f for each member, see Set.Each.
func (b *SetBuilder) Each(f func(member []byte) bool) {
	if b.root == 0 {
		b.m.each(f)
		return
	}
	b.s.tableAt(b.root).each(func(e entry) bool { return f(e.key()) })
}

// EachFrom is Each for a slice from p on, see Set.EachFrom.
func (b *SetBuilder) EachFrom(p Place, f func(member []byte) bool) (next Place, more bool) {
	if b.root == 0 {
		b.m.each(f)
		return Place{}, false
	}
	at, more := b.s.tableAt(b.root).eachFrom(p.p, walkBuckets, func(e entry) bool { return f(e.key()) })
	return Place{at}, more
}

// PreferInts makes the set one of integers if all its members are and not too
// many.
func (b *SetBuilder) PreferInts() {
	if b.Len() > b.lim.SetInts || b.m.enc == EncIntset && b.root == 0 {
		return
	}
	var all []int64
	ints := true
	b.Each(func(member []byte) bool {
		n, ok := canonicalInt(member)
		all = append(all, n)
		ints = ok
		return ok
	})
	if !ints {
		return
	}
	slices.Sort(all)
	small := members{enc: EncIntset}
	for i, n := range all {
		small.b = small.ints().insert(i, n)
	}
	b.Discard()
	b.m = small
}

// Store makes the set that of key k, whatever was there, or removes the key if
// the set is empty; the builder is used up. On ErrNoRoom it is as before.
// REQUIRES: k.Shard is the builder's.
func (b *SetBuilder) Store(e *Engine, db int, k Key, nowMs int64) error {
	if b.Len() == 0 {
		e.Delete(db, k, nowMs)
		b.Discard()
		return nil
	}
	if b.root == 0 {
		return e.setContainer(db, k, TypeSet, b.m.enc, b.m.b, never, nowMs)
	}
	b.s.asideNow(b.root)
	if err := e.setRoot(db, k, TypeSet, b.root, never, nowMs); err != nil {
		return err
	}
	b.root = 0
	return nil
}

// Discard frees what is not stored.
func (b *SetBuilder) Discard() {
	if b.root != 0 {
		b.s.unlist(b.root)
		b.s.discardRoot(b.root)
		b.root = 0
	}
	b.m = members{enc: EncIntset}
}
