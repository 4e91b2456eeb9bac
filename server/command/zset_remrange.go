package command

import "larder/engine"

// Removing a range of a sorted set: ZREMRANGEBYRANK, ZREMRANGEBYSCORE and
// ZREMRANGEBYLEX.
//
// A range of many members cannot be removed piece by piece while others look on,
// nor can it be cut out at once: each member has an entry in the table besides its
// place in the order. So the others, those that stay, are copied in slices to a
// set that takes the place of the old one in one step; and the old one is freed in
// the background. That costs the time of as many members as stay. Where these are
// very many more than what goes, the range is removed at once after all: a
// command that is bound to begin anew because others write to the key, a board
// of scores that is trimmed every minute say, would gain nothing.

// zremAtOnce is how many times as many members as are removed have to stay for
// the range to be removed at once.
const zremAtOnce = 16

// zremRange removes what lies between two limits.
func (c *Ctx) zremRange(by zrangeBy, event string) {
	b, ok := c.parseZBounds(by, 2, 3)
	if !ok {
		return
	}
	for restarts := 0; ; restarts++ {
		var z engine.ZSet
		found, ok := c.zsetWrite(0, &z)
		if !ok {
			return
		}
		first, end := 0, 0
		if found {
			first, end = b.ranks(&z)
		}
		n := end - first
		if n < z.Len() && c.Heavy(n*zmemberBytes) {
			return
		}
		stay := z.Len() - n
		if c.Pause != nil && z.Large() && stay > 0 && stay < zremAtOnce*n && n*zmemberBytes >= heavyBytes && restarts < maxRestarts {
			var g guard
			c.remember(&g, 0)
			if !c.zkeepInSlices(&g, 0, z.Len(), first, end) {
				continue
			}
			c.Changed(0, EventZSet, event)
			c.Dirty += n - 1
			c.Out.Int(int64(n))
			return
		}
		if n > 0 {
			z.RemoveRanks(first, end)
		}
		if c.zcommit(0, &z, n, event) {
			c.Out.Int(int64(n))
		}
		return
	}
}

// zkeepInSlices removes the ranks from first to before end, not all, of the large
// sorted set of so many members at the i-th key, which g guards. It returns false,
// having changed nothing, if that has changed in a pause. Without room for a second
// set there are no more pauses: what removes never lacks room.
func (c *Ctx) zkeepInSlices(g *guard, i, members, first, end int) (done bool) {
	b := engine.NewZSetBuilder(c.Keys[i].Shard, true, &c.Config.Limits)
	var err error
	add := func(member []byte, score float64) bool {
		err = b.Add(member, score)
		return err == nil
	}
	same := c.zranks(g, i, 0, first, add)
	if same && err == nil && first > 0 {
		same = c.paused(g)
	}
	if same && err == nil {
		same = c.zranks(g, i, end, members-end, add)
	}
	it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs)
	if !same || !ok {
		b.Discard()
		return false
	}
	if err == nil {
		err = b.Replace(&it)
	}
	if err != nil {
		b.Discard()
		c.Pause = nil
		return false
	}
	return true
}
