package command

import (
	"larder/engine"
)

// XINFO: what there is to know of a stream, its groups and their consumers.

// fullCount is how many entries XINFO STREAM FULL shows of each list without
// COUNT.
const fullCount = 10

func xinfoStream(c *Ctx) {
	st, ok := c.infoSubject()
	if !ok {
		return
	}
	full, count, ok := c.infoOptions()
	if !ok {
		return
	}
	if full && c.heavyRange(&st, engine.StreamID{}, engine.MaxStreamID, count) {
		return
	}
	if full {
		c.Out.Map(9)
	} else {
		c.Out.Map(10)
	}
	c.infoInt("length", st.Len())
	c.infoInt("radix-tree-keys", int64(st.Leaves()))
	c.infoInt("radix-tree-nodes", st.RadixNodes())
	c.infoID("last-generated-id", st.LastID())
	c.infoID("max-deleted-entry-id", st.MaxDeletedID())
	c.infoInt("entries-added", st.Added())
	c.infoID("recorded-first-entry-id", st.FirstID())
	if full {
		c.infoFull(&st, count)
		return
	}
	c.infoInt("groups", int64(st.Groups()))
	c.infoEdge("first-entry", &st, false)
	c.infoEdge("last-entry", &st, true)
}

// infoSubject finds the stream of the only key; if there is none it has
// replied.
func (c *Ctx) infoSubject() (engine.Stream, bool) {
	st, found, ok := c.stream(0)
	if ok && !found {
		c.Out.Error(ErrNoKey)
	}
	return st, found
}

// infoOptions parses [FULL [COUNT count]]; on failure it has replied.
func (c *Ctx) infoOptions() (full bool, count int64, ok bool) {
	switch n := len(c.Args); {
	case n == 3:
		return false, 0, true
	case n != 4 && n != 6, !c.Is(3, "FULL"), n == 6 && !c.Is(4, "COUNT"):
		c.subcommandSyntax("XINFO")
		return false, 0, false
	case n == 4:
		return true, fullCount, true
	}
	if count, ok = c.Int(5); count < 0 {
		count = fullCount
	}
	return true, count, ok
}

func (c *Ctx) infoInt(name string, n int64) {
	c.Out.BulkString(name)
	c.Out.Int(n)
}

func (c *Ctx) infoID(name string, id engine.StreamID) {
	c.Out.BulkString(name)
	c.idReply(id)
}

// infoEdge writes the first or the last entry.
func (c *Ctx) infoEdge(name string, st *engine.Stream, last bool) {
	c.Out.BulkString(name)
	cur := st.Range(engine.StreamID{}, engine.MaxStreamID, last)
	if cur.Next() {
		c.entry(&cur)
	} else {
		c.Out.Null()
	}
}

// infoFull writes the entries and the groups, of each list at most count, all
// if count is 0.
func (c *Ctx) infoFull(st *engine.Stream, count int64) {
	c.Out.BulkString("entries")
	c.entries(st, engine.StreamID{}, engine.MaxStreamID, count, false)
	c.Out.BulkString("groups")
	c.Out.Array(st.Groups())
	for i := range st.Groups() {
		g := st.GroupAt(i)
		c.Out.Map(7)
		c.infoName(g.Name())
		c.infoID("last-delivered-id", g.LastID())
		c.infoRead(st, &g)
		c.infoInt("pel-count", g.Pending())
		c.infoPending(&g, nil, count)
		c.Out.BulkString("consumers")
		c.Out.Array(g.Consumers())
		for i := range g.Consumers() {
			by := g.ConsumerAt(i)
			c.Out.Map(5)
			c.infoName(by.Name())
			c.infoInt("seen-time", by.SeenMs())
			c.infoInt("active-time", by.ActiveMs())
			c.infoInt("pel-count", by.Pending())
			c.infoPending(&g, &by, count)
		}
	}
}

func (c *Ctx) infoName(name []byte) {
	c.Out.BulkString("name")
	c.Out.Bulk(name)
}

// infoRead writes how far a group has got.
func (c *Ctx) infoRead(st *engine.Stream, g *engine.StreamGroup) {
	c.Out.BulkString("entries-read")
	if read := g.Read(); read != engine.ReadUnknown {
		c.Out.Int(read)
	} else {
		c.Out.Null()
	}
	c.Out.BulkString("lag")
	if lag, known := st.Lag(g); known {
		c.Out.Int(lag)
	} else {
		c.Out.Null()
	}
}

// infoPending writes what is pending in a group, or for one consumer of it,
// whose name then goes without saying.
func (c *Ctx) infoPending(g *engine.StreamGroup, by *engine.StreamConsumer, count int64) {
	c.Out.BulkString("pending")
	m, n := c.beginList(), 0
	cur := g.PendingRange(engine.StreamID{}, engine.MaxStreamID, by)
	for (count == 0 || int64(n) < count) && cur.Next() {
		p := cur.Entry()
		if by == nil {
			c.Out.Array(4)
			c.idReply(p.ID)
			c.Out.Bulk(g.OwnerName(&p))
		} else {
			c.Out.Array(3)
			c.idReply(p.ID)
		}
		c.Out.Int(p.DeliveredMs)
		c.Out.Int(p.Deliveries)
		n++
	}
	c.endList(m, n)
}

func xinfoGroups(c *Ctx) {
	st, ok := c.infoSubject()
	if !ok {
		return
	}
	c.Out.Array(st.Groups())
	for i := range st.Groups() {
		g := st.GroupAt(i)
		c.Out.Map(6)
		c.infoName(g.Name())
		c.infoInt("consumers", int64(g.Consumers()))
		c.infoInt("pending", g.Pending())
		c.infoID("last-delivered-id", g.LastID())
		c.infoRead(&st, &g)
	}
}

func xinfoConsumers(c *Ctx) {
	st, ok := c.infoSubject()
	if !ok {
		return
	}
	g, ok := c.namedGroup(&st)
	if !ok {
		return
	}
	c.Out.Array(g.Consumers())
	for i := range g.Consumers() {
		by := g.ConsumerAt(i)
		c.Out.Map(4)
		c.infoName(by.Name())
		c.infoInt("pending", by.Pending())
		c.infoInt("idle", max(0, c.NowMs-by.SeenMs()))
		inactive := int64(-1)
		if by.ActiveMs() != engine.NeverActive {
			inactive = max(0, c.NowMs-by.ActiveMs())
		}
		c.infoInt("inactive", inactive)
	}
}

var xinfoHelpLines = []string{
	"XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
	"CONSUMERS <key> <group>",
	"    Show the consumers of a group.",
	"GROUPS <key>",
	"    Show the groups of a stream.",
	"STREAM <key> [FULL [COUNT <count>]]",
	"    Show a stream; FULL also its entries, and its groups with what is",
	"    pending, of each list <count>, by default 10, 0 for all.",
	"HELP",
	"    Print this help.",
}

func xinfoHelp(c *Ctx) { c.help(xinfoHelpLines) }
