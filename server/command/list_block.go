package command

import "larder/engine"

// Commands that wait for a list. A handler that finds none asks for the session
// to be parked (Ctx.Block), and is run again from the start when one of the keys
// has changed; so each does what the command without B does, or nothing.

func blpop(c *Ctx) { c.blockingPop(engine.Head) }
func brpop(c *Ctx) { c.blockingPop(engine.Tail) }

// blockingPop is BLPOP and BRPOP key... timeout.
func (c *Ctx) blockingPop(end engine.ListEnd) {
	timeoutMs, ok := c.timeoutSeconds(len(c.Args) - 1)
	if !ok {
		return
	}
	for i := range c.Keys {
		l, found, ok := c.writeList(i)
		if !ok {
			return
		}
		if !found {
			continue
		}
		mark := len(c.Out.Buf)
		c.Out.Array(2)
		c.Out.Bulk(c.Keys[i].Name)
		from := len(c.Out.Buf)
		if !c.popOne(&l, i, end) {
			c.Out.Buf = append(c.Out.Buf[:mark], c.Out.Buf[from:]...)
		}
		return
	}
	c.Block(BlockRequest{TimeoutMs: timeoutMs})
}

// blmpop is BLMPOP timeout numkeys key... LEFT|RIGHT [COUNT count].
func blmpop(c *Ctx) {
	p, ok := c.parseMultiPop(2)
	if !ok {
		return
	}
	timeoutMs, ok := c.timeoutSeconds(1)
	if ok && !c.popFirst(p) {
		c.Block(BlockRequest{TimeoutMs: timeoutMs})
	}
}

// blmove is BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout.
func blmove(c *Ctx) {
	if from, to, ok := c.listEnds(); ok {
		c.blockingMove(from, to, 5)
	}
}

// brpoplpush is BRPOPLPUSH source destination timeout.
func brpoplpush(c *Ctx) { c.blockingMove(engine.Tail, engine.Head, 3) }

func (c *Ctx) blockingMove(from, to engine.ListEnd, timeoutAt int) {
	timeoutMs, ok := c.timeoutSeconds(timeoutAt)
	if !ok {
		return
	}
	src, found, ok := c.writeList(0)
	switch {
	case !ok:
	case found:
		c.moveFrom(&src, from, to)
	case c.NoBlock:
		c.Out.Null() // not what a timeout answers, as in Redis
	default:
		c.Block(BlockRequest{TimeoutMs: timeoutMs, Keys: onlyFirstKey})
	}
}

// onlyFirstKey is what commands wait for that move an element.
var onlyFirstKey = []int{0}
