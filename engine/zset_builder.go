package engine

import "math"

// ZSetBuilder makes a sorted set that belongs to no key yet: what several others
// are combined to, or what is left of one. It lies beside them, in the memory of
// a shard, so that the shard may be unlocked while it grows: nobody else knows
// of it.
type ZSetBuilder struct {
	z       ZSet
	lim     Limits // while it is built
	longest int    // member, in bytes
}

// builderPacked bounds how many members are kept packed while a set is built:
// each is put in its place, which takes time by their number. What turns out to
// fit is packed at the end.
const builderPacked = 128

// NewZSetBuilder returns an empty builder in s. With large the set is never
// packed.
func NewZSetBuilder(s *Shard, large bool, lim *Limits) *ZSetBuilder {
	b := &ZSetBuilder{lim: *lim}
	b.lim.ZSetItems = min(lim.ZSetItems, builderPacked)
	if large {
		b.lim.ZSetItems = 0
	}
	b.reset(s)
	return b
}

func (b *ZSetBuilder) reset(s *Shard) {
	b.z = ZSet{s: s, lim: &b.lim, run: newOneway(nil), detached: true}
	b.longest = 0
}

// Len is the number of members.
func (b *ZSetBuilder) Len() int { return b.z.Len() }

// Add adds a member. On ErrNoRoom the builder is empty again.
// REQUIRES: the shard is locked; the member is absent; score is not NaN.
func (b *ZSetBuilder) Add(member []byte, score float64) error {
	b.now()
	if err := b.keepSign(score); err != nil {
		return err
	}
	var at ZPlace
	if b.z.root != nil {
		at.hash = b.z.s.engine.seed.Hash(member)
	}
	return b.insert(at, member, score)
}

// Merge adds a member, or, if it is there, gives it the score that of makes of
// the one it has and the new one. On ErrNoRoom the builder is empty again.
// REQUIRES: as for Add; of does not return NaN.
func (b *ZSetBuilder) Merge(member []byte, score float64, of func(has, score float64) float64) error {
	b.now()
	at, has, found := b.z.Find(member)
	if !found {
		return b.Add(member, score)
	}
	if score = of(has, score); math.Float64bits(score) == math.Float64bits(has) {
		return nil
	}
	if b.z.root == nil {
		if err := b.keepSign(score); err != nil {
			return err
		}
		at, _, _ = b.z.Find(member) // it may be large now
	}
	return b.failed(b.z.Update(at, member, score))
}

// now says that the set is of now, see asideNow.
func (b *ZSetBuilder) now() {
	if b.z.root != nil {
		b.z.s.asideNow(b.z.ref)
	}
}

// keepSign makes the set large for a score of -0. A packed run has it as 0, and
// while the set grows nobody knows yet whether it will be packed.
func (b *ZSetBuilder) keepSign(score float64) error {
	if b.z.root != nil || score != 0 || !math.Signbit(score) {
		return nil
	}
	return b.failed(b.z.convert())
}

func (b *ZSetBuilder) insert(at ZPlace, member []byte, score float64) error {
	b.longest = max(b.longest, len(member))
	return b.failed(b.z.Insert(at, member, score))
}

// failed begins anew if err is not nil: the set is gone then.
func (b *ZSetBuilder) failed(err error) error {
	if err != nil {
		b.reset(b.z.s)
	}
	return err
}

// Seek is ZSet.Seek for what was built so far.
func (b *ZSetBuilder) Seek(c *ZCursor, rank int) { b.z.Seek(c, rank, false) }

// Store makes the set that of key k, without a deadline, whatever was there, or
// removes the key if the set is empty; the builder is used up. On ErrNoRoom it
// is as before. lim says what is packed.
// REQUIRES: k.Shard is the builder's.
func (b *ZSetBuilder) Store(e *Engine, db int, k Key, nowMs int64, lim *Limits) error {
	b.now()
	if n := b.Len(); n == 0 {
		e.Delete(db, k, nowMs)
		b.Discard()
		return nil
	} else if b.z.root != nil && lim.packsZSet(n, b.longest) {
		if err := e.setContainer(db, k, TypeZSet, EncPacked, b.pack(), NoDeadline, nowMs); err != nil {
			return err
		}
		b.Discard()
		return nil
	}
	if b.z.root == nil {
		return e.setContainer(db, k, TypeZSet, EncPacked, b.z.run, NoDeadline, nowMs)
	}
	if err := e.setRoot(db, k, TypeZSet, b.z.ref, NoDeadline, nowMs); err != nil {
		return err
	}
	b.z.root = nil
	b.reset(b.z.s)
	return nil
}

// pack returns the members as a packed run.
func (b *ZSetBuilder) pack() oneway {
	run := newOneway(nil)
	var buf [8]byte
	var cur ZCursor
	for b.z.Seek(&cur, 0, false); cur.Next(); {
		run = run.append(contentOf(cur.Member())).append(scoreContent(cur.Score(), &buf))
	}
	return run
}

// Large tells whether the sorted set is kept in the large form.
func (z *ZSet) Large() bool { return z.root != nil }

// Replace gives the item, a large sorted set, the members that were built in its
// place; its key and deadline stay. The builder is used up. On ErrNoRoom nothing
// has changed.
// REQUIRES: the item's shard is the builder's, which was made with large and has
// members.
func (b *ZSetBuilder) Replace(it *Item) error {
	b.now()
	old := it.root()
	if err := it.replaceRoot(b.z.ref); err != nil {
		return err
	}
	b.z.s.unlist(old)
	b.z.s.discardRoot(old)
	b.reset(b.z.s)
	return nil
}

// Discard frees what is not stored; a large set, in the background.
func (b *ZSetBuilder) Discard() {
	b.now()
	b.z.discard()
	b.reset(b.z.s)
}
