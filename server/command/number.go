package command

import (
	"math"

	"larder/engine"
	"larder/protocol/resp"
)

// Counters: strings that hold an int64 are stored as one and changed in place.

func incr(c *Ctx) { c.addInt(1) }
func decr(c *Ctx) { c.addInt(-1) }

func incrBy(c *Ctx) {
	if n, ok := c.Int(2); ok {
		c.addInt(n)
	}
}

func decrBy(c *Ctx) {
	n, ok := c.Int(2)
	switch {
	case !ok:
	case n == math.MinInt64:
		c.Out.Error("ERR decrement would overflow")
	default:
		c.addInt(-n)
	}
}

// addInt adds n to the number at the only key, 0 if there is none, and replies
// the sum.
func (c *Ctx) addInt(n int64) {
	it, found := c.FindWrite(0)
	if !found {
		c.putInt(n, engine.Attrs{Deadline: engine.NoDeadline})
		return
	}
	if !c.str(&it) {
		return
	}
	old, inPlace := it.Int()
	if !inPlace {
		var ok bool
		if old, ok = resp.ParseInt(it.Raw()); !ok {
			c.Out.Error(ErrNotInt)
			return
		}
	}
	sum := old + n
	if n > 0 && sum < old || n < 0 && sum > old {
		c.Out.Error("ERR increment or decrement would overflow")
		return
	}
	if !inPlace {
		c.putInt(sum, it.Attrs())
		return
	}
	it.UpdateInt(sum)
	c.Changed(0, EventString, "incrby")
	c.Out.Int(sum)
}

// putInt makes n the string at the only key and replies it.
func (c *Ctx) putInt(n int64, a engine.Attrs) {
	if err := c.Engine.SetInt(c.DB, c.Keys[0], n, a, c.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventString, "incrby")
	c.Out.Int(n)
}
