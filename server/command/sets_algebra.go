package command

import (
	"cmp"
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// Intersections, unions and differences. What is to be stored, and every
// union, is built beside the sources (engine.SetBuilder), because the
// destination may be one of them.

// openSets opens the keys from the i-th on into c.sets, in their order. ok is
// false when one holds something else: then it has replied. Its work counts as
// heavy by the number of members.
func (c *Ctx) openSets(i int) (sets []engine.Set, ok bool) {
	c.sets = slices.Grow(c.sets[:0], len(c.Keys)-i)[:len(c.Keys)-i]
	total := 0
	for j := range c.sets {
		if _, ok := c.readSet(&c.sets[j], i+j); !ok {
			return nil, false
		}
		total += c.sets[j].Len()
	}
	if c.Heavy(total * setMemberBytes) {
		for j := range c.sets {
			if st := c.Keys[i+j].Shard.Stats(); c.sets[j].There() {
				st.Hits-- // the lookup will happen, and be counted, again
			} else {
				st.Misses--
			}
		}
		return nil, false
	}
	return c.sets, true
}

// intersect calls f for the members that are in all sets until it returns
// false. It sorts sets by size: the smallest is walked.
func intersect(sets []engine.Set, f func(member []byte) bool) {
	slices.SortStableFunc(sets, func(a, b engine.Set) int { return cmp.Compare(a.Len(), b.Len()) })
	sets[0].Each(func(member []byte) bool {
		for i := range sets[1:] {
			if !sets[1+i].Has(member) {
				return true
			}
		}
		return f(member)
	})
}

// replySet replies the set whose n members were written from mark on.
func (c *Ctx) replySet(mark, n int) {
	var head [24]byte
	w := resp.Writer{Buf: head[:0], Proto: c.Out.Proto}
	w.Set(n)
	c.Out.Buf = slices.Insert(c.Out.Buf, mark, w.Buf...)
}

func sInter(c *Ctx) {
	sets, ok := c.openSets(0)
	if !ok {
		return
	}
	mark, n := len(c.Out.Buf), 0
	intersect(sets, func(member []byte) bool {
		c.Out.Bulk(member)
		n++
		return true
	})
	c.replySet(mark, n)
}

// sInterCard is SINTERCARD numkeys key … [LIMIT limit].
func sInterCard(c *Ctx) {
	limit, ok := c.interCardOptions()
	if !ok {
		return
	}
	sets, ok := c.openSets(0)
	if !ok {
		return
	}
	n := 0
	intersect(sets, func([]byte) bool {
		n++
		return n != limit
	})
	c.Out.Int(int64(n))
}

// interCardOptions checks the arguments of SINTERCARD and returns the limit,
// 0 = none; on failure it has replied.
func (c *Ctx) interCardOptions() (limit int, ok bool) {
	keys, ok := resp.ParseInt(c.Args[1])
	if !ok || keys < 1 {
		c.Out.Error("ERR numkeys should be greater than 0")
		return 0, false
	}
	if keys > int64(len(c.Args)-2) {
		c.Out.Error("ERR Number of keys can't be greater than number of args")
		return 0, false
	}
	for i := 2 + int(keys); i < len(c.Args); i += 2 {
		if !c.Is(i, "LIMIT") || i+1 == len(c.Args) {
			c.Out.Error(ErrSyntax)
			return 0, false
		}
		n, ok := resp.ParseInt(c.Args[i+1])
		if !ok || n < 0 {
			c.Out.Error("ERR LIMIT can't be negative")
			return 0, false
		}
		limit = int(n)
	}
	return limit, true
}

func sInterStore(c *Ctx) {
	sets, ok := c.openSets(1)
	if !ok {
		return
	}
	smallest := &sets[0]
	for i := range sets {
		if sets[i].Len() < smallest.Len() {
			smallest = &sets[i]
		}
	}
	ints := smallest.There() && smallest.Item().Encoding() == engine.EncIntset
	b := engine.NewSetBuilder(c.Keys[0].Shard, !ints, &c.Config.Limits)
	var err error
	intersect(sets, func(member []byte) bool {
		err = b.Add(member)
		return err == nil
	})
	if err == nil {
		b.PreferInts()
	}
	c.storeSet(&b, err, "sinterstore")
}

// storeSet makes what was built the first key's value and replies its size, or
// fails with err.
func (c *Ctx) storeSet(b *engine.SetBuilder, err error, event string) {
	n := b.Len()
	_, was := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs)
	if err == nil {
		err = b.Store(c.Engine, c.DB, c.Keys[0], c.NowMs)
	}
	if err != nil {
		b.Discard()
		c.Fail(err)
		return
	}
	switch {
	case n > 0:
		c.Changed(0, EventSet, event)
	case was:
		c.Changed(0, EventGeneric, "del")
	}
	c.Out.Int(int64(n))
}

// union adds all members of sets to b.
func union(b *engine.SetBuilder, sets []engine.Set) (err error) {
	for i := range sets {
		sets[i].Each(func(member []byte) bool {
			err = b.Add(member)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// difference calls f for the members of the first set that are in no other
// one, until it returns false.
func difference(sets []engine.Set, f func(member []byte) bool) {
	sets[0].Each(func(member []byte) bool {
		for i := range sets[1:] {
			if sets[1+i].Has(member) {
				return true
			}
		}
		return f(member)
	})
}

func sUnion(c *Ctx) {
	sets, ok := c.openSets(0)
	if !ok {
		return
	}
	b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
	defer b.Discard()
	if err := union(&b, sets); err != nil {
		c.Fail(err)
		return
	}
	c.Out.Set(b.Len())
	b.Each(func(member []byte) bool { c.Out.Bulk(member); return true })
}

func sUnionStore(c *Ctx) {
	sets, ok := c.openSets(1)
	if !ok {
		return
	}
	b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
	err := union(&b, sets)
	c.storeSet(&b, err, "sunionstore")
}

func sDiff(c *Ctx) {
	sets, ok := c.openSets(0)
	if !ok {
		return
	}
	mark, n := len(c.Out.Buf), 0
	difference(sets, func(member []byte) bool {
		c.Out.Bulk(member)
		n++
		return true
	})
	c.replySet(mark, n)
}

func sDiffStore(c *Ctx) {
	sets, ok := c.openSets(1)
	if !ok {
		return
	}
	b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
	var err error
	difference(sets, func(member []byte) bool {
		err = b.Add(member)
		return err == nil
	})
	c.storeSet(&b, err, "sdiffstore")
}
