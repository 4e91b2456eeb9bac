package command

import (
	"larder/engine"
	"larder/protocol/resp"
)

func xrange(c *Ctx)    { c.streamRange(2, 3, false) }
func xrevrange(c *Ctx) { c.streamRange(3, 2, true) }

// streamRange is XRANGE and XREVRANGE; first and last are the arguments with
// the ends of the interval.
func (c *Ctx) streamRange(first, last int, reverse bool) {
	from, ok := c.intervalStart(first)
	if !ok {
		return
	}
	to, ok := c.intervalEnd(last)
	if !ok {
		return
	}
	count := int64(-1)
	for i := 4; i < len(c.Args); i += 2 {
		if !c.Is(i, "COUNT") || i+1 == len(c.Args) {
			c.Out.Error(ErrSyntax)
			return
		}
		if count, ok = c.Int(i + 1); !ok {
			return
		}
		count = max(count, 0)
	}
	mark := len(c.Out.Buf)
	for restarts := 0; ; restarts++ {
		st, found, ok := c.stream(0)
		switch {
		case !ok:
			return
		case !found:
			c.Out.Array(0)
			return
		case count == 0:
			c.Out.NullArray()
			return
		case c.heavyRange(&st, from, to, max(count, 0)):
			return
		}
		if c.Pause == nil || restarts == maxRestarts {
			c.entries(&st, from, to, max(count, 0), reverse)
			return
		}
		if c.entriesInSlices(&st, from, to, max(count, 0), reverse) {
			return
		}
		c.Out.Rewind(mark)
	}
}

// entrySlice is how many entries are written between two pauses: some 20 µs.
const entrySlice = 128

// entriesInSlices is entries with pauses. It returns false when the stream at the
// only key has changed in one.
func (c *Ctx) entriesInSlices(st *engine.Stream, from, to engine.StreamID, count int64, reverse bool) (same bool) {
	var g guard
	c.remember(&g, 0)
	mark, n := c.beginUncounted(), 0
	cur := st.Range(from, to, reverse)
	for (count == 0 || int64(n) < count) && cur.Next() {
		c.entry(&cur)
		if n++; n%entrySlice != 0 {
			continue
		}
		at := cur.ID()
		if !c.paused(&g) {
			return false
		}
		it, ok := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs)
		if !ok {
			return false // it cannot be: paused has compared
		}
		if reverse {
			to, ok = at.Prev()
		} else {
			from, ok = at.Next()
		}
		if !ok {
			break
		}
		now := it.Stream()
		cur = now.Range(from, to, reverse)
	}
	c.endUncounted(mark, func(w *resp.Writer) { w.Array(n) })
	return true
}
