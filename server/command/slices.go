package command

import "larder/engine"

// Work in slices. A command on a million members cannot keep its shards locked
// for all that time. So on a worker it works through a few hundred of them,
// calls paused, which lets others in every now and then, and goes on if the keys
// that it reads still hold what they did; if not, it begins anew. What it makes
// lies beside the keys until it is complete and takes its place in one step, so
// others see the state before or the state behind, whichever key they look at.
// A command that has begun anew maxRestarts times works without pauses.

// guard is what keys held when a command began to read them.
type guard struct {
	keys   []int // indexes into Ctx.Keys
	states []engine.State
}

// remember notes what keys hold.
func (c *Ctx) remember(g *guard, keys ...int) {
	g.keys, g.states = keys, g.states[:0]
	for _, i := range keys {
		g.states = append(g.states, c.Engine.StateOf(c.DB, c.Keys[i], c.NowMs))
	}
}

// paused lets others in, if the command may, and tells whether the keys hold
// what they did. What was opened has to be opened anew.
func (c *Ctx) paused(g *guard) (same bool) {
	if c.Pause == nil {
		return true
	}
	c.Pause()
	for j, i := range g.keys {
		if c.Engine.StateOf(c.DB, c.Keys[i], c.NowMs) != g.states[j] {
			return false
		}
	}
	return true
}

// untilSame calls run, which works with pauses, until nothing has changed in them:
// each time from the same reply and seed on.
func (c *Ctx) untilSame(run func() (same bool)) {
	mark, seed := len(c.Out.Buf), c.Seed
	for restarts := 0; ; restarts++ {
		c.pauseless(restarts)
		if run() {
			return
		}
		c.Out.Rewind(mark)
		c.Seed = seed
	}
}

// randomSlice is how many elements are picked between two pauses: some 100 µs.
const randomSlice = 256

// pauseless makes a command that has begun anew too often do without pauses.
func (c *Ctx) pauseless(restarts int) {
	if restarts == maxRestarts {
		c.Pause = nil
	}
}

// zslice is how many members of a sorted set are looked at between two calls of
// paused: some 20 to 50 µs.
const zslice = 256

// zranks calls f for n members of the sorted set at the i-th key, in order from a
// rank on, with pauses, until it returns false. It returns false when a key that
// g guards, of which the i-th is one, has changed.
func (c *Ctx) zranks(g *guard, i, from, n int, f func(member []byte, score float64) bool) (same bool) {
	for n > 0 {
		it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs)
		var z engine.ZSet
		if !ok || z.View(&it) != nil {
			return false // it cannot be: paused has compared
		}
		var cur engine.ZCursor
		z.Seek(&cur, from, false)
		for range min(n, zslice) {
			cur.Next()
			if !f(cur.Member(), cur.Score()) {
				return true
			}
		}
		from, n = from+zslice, n-zslice
		if n > 0 && !c.paused(g) {
			return false
		}
	}
	return true
}

// zbuilt replies n members of what was built, which nobody else can change.
func (c *Ctx) zbuilt(b *engine.ZSetBuilder, scores bool) {
	c.zarray(b.Len(), scores)
	for from := 0; from < b.Len(); from += zslice {
		if from > 0 && c.Pause != nil {
			c.Pause()
		}
		var cur engine.ZCursor
		b.Seek(&cur, from)
		for n := zslice; n > 0 && cur.Next(); n-- {
			c.zmember(cur.Member(), cur.Score(), scores)
		}
	}
}

// zstoreBuilt makes what was built the value of the i-th key, whatever was there,
// and replies the number of members. Without members the key is deleted.
func (c *Ctx) zstoreBuilt(i int, b *engine.ZSetBuilder, event string) {
	n := b.Len()
	_, was := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs)
	if err := b.Store(c.Engine, c.DB, c.Keys[i], c.NowMs, &c.Config.Limits); err != nil {
		b.Discard()
		c.Fail(err)
		return
	}
	switch {
	case n > 0:
		c.Changed(i, EventZSet, event)
	case was:
		c.Changed(i, EventGeneric, "del")
	}
	c.Out.Int(int64(n))
}
