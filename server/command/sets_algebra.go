package command

import (
	"cmp"
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// Intersections, unions and differences. What is to be stored, and every
// union, is built beside the sources (engine.SetBuilder), because the
// destination may be one of them. Large sets are walked in slices, between which
// others may use the shards; if that has changed a set, all begins anew.

// maxRestarts is how often that is, before a command keeps others out.
const maxRestarts = 3

// combine opens the keys from the first-th on and calls run with them, again if
// that returns false because of a change.
func (c *Ctx) combine(first int, run func(sets []engine.Set) (done bool)) {
	mark := len(c.Out.Buf)
	for restarts := 0; ; restarts++ {
		sets, ok := c.openSets(first)
		if !ok {
			return
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if c.Pause != nil {
			for i := range sets {
				sets[i].Remember()
			}
		}
		if run(sets) {
			return
		}
		c.Out.Rewind(mark)
	}
}

// walkSet calls f for each member of sets[i] until it returns false, with pauses.
// It returns false when a set has changed in one of them.
func (c *Ctx) walkSet(sets []engine.Set, i int, f func(member []byte) bool) (same bool) {
	for at, more := sets[i].EachFrom(engine.Place{}, f); more; at, more = sets[i].EachFrom(at, f) {
		if c.Pause == nil {
			continue
		}
		c.Pause()
		for j := range sets {
			if !sets[j].Reopen() {
				return false
			}
		}
	}
	return true
}

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
// false. It sorts sets by size: the smallest is walked. It returns false as
// walkSet does.
func (c *Ctx) intersect(sets []engine.Set, f func(member []byte) bool) (same bool) {
	slices.SortStableFunc(sets, func(a, b engine.Set) int { return cmp.Compare(a.Len(), b.Len()) })
	return c.walkSet(sets, 0, func(member []byte) bool {
		for i := range sets[1:] {
			if !sets[1+i].Has(member) {
				return true
			}
		}
		return f(member)
	})
}

// replyEach replies the set that list finds.
func (c *Ctx) replyEach(list func(sets []engine.Set, f func(member []byte) bool) (same bool)) {
	c.combine(0, func(sets []engine.Set) bool {
		mark := c.beginUncounted()
		n := 0
		same := list(sets, func(member []byte) bool {
			c.Out.Bulk(member)
			n++
			return true
		})
		if same {
			c.endUncounted(mark, func(w *resp.Writer) { w.Set(n) })
		}
		return same
	})
}

func sInter(c *Ctx) { c.replyEach(c.intersect) }
func sDiff(c *Ctx)  { c.replyEach(c.difference) }

// sInterCard is SINTERCARD numkeys key … [LIMIT limit].
func sInterCard(c *Ctx) {
	limit, ok := c.interCardOptions()
	if !ok {
		return
	}
	c.combine(0, func(sets []engine.Set) bool {
		n := 0
		same := c.intersect(sets, func([]byte) bool {
			n++
			return n != limit
		})
		if same {
			c.Out.Int(int64(n))
		}
		return same
	})
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
	c.combine(1, func(sets []engine.Set) bool {
		smallest := &sets[0]
		for i := range sets {
			if sets[i].Len() < smallest.Len() {
				smallest = &sets[i]
			}
		}
		ints := smallest.There() && smallest.Item().Encoding() == engine.EncIntset
		b := engine.NewSetBuilder(c.Keys[0].Shard, !ints, &c.Config.Limits)
		return c.build(&b, sets, c.intersect, "sinterstore")
	})
}

func sDiffStore(c *Ctx) {
	c.combine(1, func(sets []engine.Set) bool {
		b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
		return c.build(&b, sets, c.difference, "sdiffstore")
	})
}

func sUnionStore(c *Ctx) {
	c.combine(1, func(sets []engine.Set) bool {
		b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
		return c.build(&b, sets, c.unite, "sunionstore")
	})
}

// build stores the set that list finds; it returns false, having stored
// nothing, when a set has changed meanwhile.
func (c *Ctx) build(b *engine.SetBuilder, sets []engine.Set,
	list func(sets []engine.Set, f func(member []byte) bool) (same bool), event string) (done bool) {
	var err error
	same := list(sets, func(member []byte) bool {
		err = b.Add(member)
		return err == nil
	})
	if !same {
		b.Discard()
		return false
	}
	if err == nil && event == "sinterstore" {
		b.PreferInts()
	}
	c.storeSet(b, err, event)
	return true
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

// unite calls f for the members of all sets, for some more than once, until it
// returns false. It returns false as walkSet does.
func (c *Ctx) unite(sets []engine.Set, f func(member []byte) bool) (same bool) {
	goOn := true
	for i := 0; i < len(sets) && goOn; i++ {
		same := c.walkSet(sets, i, func(member []byte) bool {
			goOn = f(member)
			return goOn
		})
		if !same {
			return false
		}
	}
	return true
}

// difference calls f for the members of the first set that are in no other
// one, until it returns false. It returns false as walkSet does.
func (c *Ctx) difference(sets []engine.Set, f func(member []byte) bool) (same bool) {
	return c.walkSet(sets, 0, func(member []byte) bool {
		for i := range sets[1:] {
			if sets[1+i].Has(member) {
				return true
			}
		}
		return f(member)
	})
}

func sUnion(c *Ctx) {
	c.combine(0, func(sets []engine.Set) bool {
		b := engine.NewSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
		defer b.Discard()
		var err error
		same := c.unite(sets, func(member []byte) bool {
			err = b.Add(member)
			return err == nil
		})
		switch {
		case !same:
			return false
		case err != nil:
			c.Fail(err)
			return true
		}
		c.replyBuilt(&b)
		return true
	})
}

// replyBuilt replies what was built, which nobody else can change in a pause.
func (c *Ctx) replyBuilt(b *engine.SetBuilder) {
	c.Out.Set(b.Len())
	reply := func(member []byte) bool { c.Out.Bulk(member); return true }
	for at, more := b.EachFrom(engine.Place{}, reply); more; at, more = b.EachFrom(at, reply) {
		if c.Pause != nil {
			c.Pause()
		}
	}
}
