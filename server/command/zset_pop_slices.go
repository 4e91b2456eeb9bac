package command

import "larder/engine"

// Popping many members, in slices: they are replied first, and then removed as
// ZREMRANGEBYRANK does it.

// zpopInSlices pops n members of z, the large sorted set at the i-th key. It
// returns false, having changed and replied nothing, if that has changed in a
// pause.
func (c *Ctx) zpopInSlices(i int, z *engine.ZSet, n int, f zpopForm) (done bool) {
	var g guard
	c.remember(&g, i)
	members, mark := z.Len(), len(c.Out.Buf)
	c.zpopHead(i, n, f)
	for from := 0; from < n; from += zslice {
		at := from
		if f.max {
			at = members - 1 - from
		}
		c.zpopped(z, at, min(zslice, n-from), f)
		if !c.paused(&g) {
			c.Out.Rewind(mark)
			return false
		}
		if it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs); ok {
			_ = z.View(&it) // it is the sorted set that it was
		}
	}
	first := 0
	if f.max {
		first = members - n
	}
	switch stay := members - n; {
	case stay > 0 && stay < zremAtOnce*n:
		if !c.zkeepInSlices(&g, i, members, first, first+n) {
			c.Out.Rewind(mark)
			return false
		}
		c.Changed(i, EventZSet, f.event())
		c.Dirty += n - 1
	default:
		// Nothing of this fails: it is removed as a whole, or from a large set.
		if found, err := z.Open(c.Engine, c.DB, c.Keys[i], c.NowMs, &c.Config.Limits); !found || err != nil {
			c.Out.Rewind(mark)
			return false // it cannot be: paused has compared
		}
		z.RemoveRanks(first, first+n)
		c.zcommit(i, z, n, f.event())
	}
	return true
}
