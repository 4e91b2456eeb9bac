package command

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
	st, found, ok := c.stream(0)
	switch {
	case !ok:
	case !found:
		c.Out.Array(0)
	case count == 0:
		c.Out.NullArray()
	case !c.heavyRange(&st, from, to, max(count, 0)):
		c.entries(&st, from, to, max(count, 0), reverse)
	}
}
