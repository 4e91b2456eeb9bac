package command

import "larder/engine"

// XPENDING: what a group has delivered and nobody has acknowledged.

func xpending(c *Ctx) {
	if len(c.Args) == 3 {
		if _, g, ok := c.readGroup(); ok {
			c.pendingSummary(&g)
		}
		return
	}
	if len(c.Args) < 6 || len(c.Args) > 9 {
		c.Out.Error(ErrSyntax)
		return
	}
	minIdleMs, at, ok := int64(0), 3, true
	if c.Is(3, "IDLE") {
		if minIdleMs, ok = c.Int(4); !ok {
			return
		}
		if len(c.Args) < 8 {
			c.Out.Error(ErrSyntax)
			return
		}
		at = 5
	}
	count, ok := c.Int(at + 2)
	if !ok {
		return
	}
	from, ok := c.intervalStart(at)
	if !ok {
		return
	}
	to, ok := c.intervalEnd(at + 1)
	if !ok {
		return
	}
	_, g, ok := c.readGroup()
	if !ok {
		return
	}
	var by *engine.StreamConsumer
	if at+3 < len(c.Args) {
		found, ok := g.Consumer(c.Args[at+3])
		if !ok {
			c.Out.Array(0)
			return
		}
		by = &found
	}
	c.pendingList(&g, from, to, by, minIdleMs, count)
}

// pendingSummary replies how much is pending, between which IDs, and how much
// for each consumer.
func (c *Ctx) pendingSummary(g *engine.StreamGroup) {
	c.Out.Array(4)
	c.Out.Int(g.Pending())
	if g.Pending() == 0 {
		c.Out.Null()
		c.Out.Null()
		c.Out.NullArray()
		return
	}
	first, last := g.PendingBounds()
	c.idReply(first)
	c.idReply(last)
	m, n := c.beginList(), 0
	for i := range g.Consumers() {
		by := g.ConsumerAt(i)
		if by.Pending() == 0 {
			continue
		}
		c.Out.Array(2)
		c.Out.Bulk(by.Name())
		c.Out.BulkInt(by.Pending())
		n++
	}
	c.endList(m, n)
}

// pendingList replies at most count entries that have been pending for some
// time, with their consumers.
func (c *Ctx) pendingList(g *engine.StreamGroup, from, to engine.StreamID, by *engine.StreamConsumer, minIdleMs, count int64) {
	if c.heavyPending(g, count, minIdleMs != 0) {
		return
	}
	m, n := c.beginList(), 0
	cur := g.PendingRange(from, to, by)
	for int64(n) < count && cur.Next() {
		p := cur.Entry()
		idle := c.NowMs - p.DeliveredMs
		if minIdleMs != 0 && idle < minIdleMs {
			continue
		}
		c.Out.Array(4)
		c.idReply(p.ID)
		c.Out.Bulk(g.OwnerName(&p))
		c.Out.Int(max(idle, 0))
		c.Out.Int(p.Deliveries)
		n++
	}
	c.endList(m, n)
}

// heavyPending is Heavy for a walk over what is pending, of which filtered
// leaves out some.
func (c *Ctx) heavyPending(g *engine.StreamGroup, count int64, filtered bool) bool {
	const each = 64 // bytes in memory and in the reply
	n := g.Pending()
	if !filtered {
		n = min(n, max(count, 0))
	}
	return c.Heavy(int(n) * each)
}
