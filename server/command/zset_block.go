package command

// Commands that wait for a sorted set. They do what the command without B does,
// or ask for the session to be parked (Ctx.Block) and are run again when one of
// the keys has changed.

func bzpopMin(c *Ctx) { c.bzpop(false) }
func bzpopMax(c *Ctx) { c.bzpop(true) }

// bzpop is BZPOPMIN and BZPOPMAX key... timeout.
func (c *Ctx) bzpop(fromMax bool) {
	timeoutMs, ok := c.timeoutSeconds(len(c.Args) - 1)
	if ok && !c.zpopFirst(1, zpopForm{max: fromMax, key: true}) {
		c.waitForZSet(timeoutMs)
	}
}

func bzmpop(c *Ctx) {
	f, count, ok := c.parseZMPop(2)
	if !ok {
		return
	}
	timeoutMs, ok := c.timeoutSeconds(1)
	if ok && !c.zpopFirst(count, f) {
		c.waitForZSet(timeoutMs)
	}
}

// waitForZSet makes the session wait until one of the keys holds a sorted set.
func (c *Ctx) waitForZSet(timeoutMs int64) {
	c.Block(BlockRequest{TimeoutMs: timeoutMs})
}
