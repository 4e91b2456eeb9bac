package command

import (
	"fmt"

	"larder/engine"
)

// XGROUP makes, sets and deletes groups of consumers; XACK tells a group that
// entries are done with.

// subcommandSyntax replies that a subcommand's arguments are wrong.
func (c *Ctx) subcommandSyntax(container string) {
	c.Out.Error(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%.128s'. Try %s HELP.", c.Args[1], container))
}

// groupOptions parses the options of XGROUP CREATE and SETID, on failure it
// has replied.
func (c *Ctx) groupOptions(creates bool) (makes bool, read int64, ok bool) {
	read = engine.ReadUnknown
	for i := 5; i < len(c.Args); i++ {
		switch {
		case creates && c.Is(i, "MKSTREAM"):
			makes = true
		case c.Is(i, "ENTRIESREAD") && i+1 < len(c.Args):
			i++
			if read, ok = c.Int(i); !ok {
				return makes, read, false
			}
			if read < 0 && read != engine.ReadUnknown {
				c.Out.Error("ERR value for ENTRIESREAD must be positive or -1")
				return makes, read, false
			}
		default:
			c.subcommandSyntax("XGROUP")
			return makes, read, false
		}
	}
	return makes, read, true
}

// groupStream finds the stream of a subcommand of XGROUP; if there is none,
// and it will not be made, it has replied.
func (c *Ctx) groupStream(makes bool) (st engine.Stream, found, ok bool) {
	st, found, ok = c.streamToWrite(0)
	if ok && !found && !makes {
		c.Out.Error("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.")
		return st, false, false
	}
	return st, found, ok
}

// namedGroup finds the group that the second argument behind the subcommand
// names; if it is not there it has replied.
func (c *Ctx) namedGroup(st *engine.Stream) (engine.StreamGroup, bool) {
	g, ok := st.Group(c.Args[3])
	if !ok {
		c.Out.Error(fmt.Sprintf("NOGROUP No such consumer group '%s' for key name '%s'", c.Args[3], c.Args[2]))
	}
	return g, ok
}

// groupID parses the ID of XGROUP CREATE and SETID; on failure it has replied.
func (c *Ctx) groupID(st *engine.Stream, found, ends bool) (id engine.StreamID, ok bool) {
	if arg := c.Args[4]; len(arg) == 1 && arg[0] == '$' {
		if found {
			id = st.LastID()
		}
		return id, true
	}
	id, _, ok = c.streamID(c.Args[4], idForm{ends: ends})
	return id, ok
}

func xgroupCreate(c *Ctx) {
	makes, read, ok := c.groupOptions(true)
	if !ok {
		return
	}
	st, found, ok := c.groupStream(makes)
	if !ok {
		return
	}
	if len(c.Args) > 8 {
		c.subcommandSyntax("XGROUP")
		return
	}
	id, ok := c.groupID(&st, found, false)
	if !ok {
		return
	}
	var err error
	if !found {
		if st, err = c.Engine.CreateStream(c.DB, c.Keys[0], c.NowMs); err != nil {
			c.Fail(err)
			return
		}
	}
	created, err := st.CreateGroup(c.Args[3], id, read)
	switch {
	case err != nil:
		if !found {
			c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
		}
		c.Fail(err)
		return
	case !created:
		c.Out.Error("BUSYGROUP Consumer Group name already exists")
		return
	case found:
		c.groupEvent(0, "xgroup-create")
	default:
		c.Changed(0, EventStream, "xgroup-create")
	}
	c.Out.OK()
}

func xgroupSetID(c *Ctx) {
	_, read, ok := c.groupOptions(false)
	if !ok {
		return
	}
	st, _, ok := c.groupStream(false)
	if !ok {
		return
	}
	g, ok := c.namedGroup(&st)
	if !ok {
		return
	}
	if len(c.Args) != 5 && len(c.Args) != 7 {
		c.subcommandSyntax("XGROUP")
		return
	}
	id, ok := c.groupID(&st, true, true)
	if !ok {
		return
	}
	g.SetLastID(id)
	g.SetRead(read)
	c.groupEvent(0, "xgroup-setid")
	c.Out.OK()
}

// xgroupDestroy wakes those who wait for the group, so that they learn that it
// is gone: to them the key has changed.
func xgroupDestroy(c *Ctx) {
	st, _, ok := c.groupStream(false)
	if !ok {
		return
	}
	deleted := st.DeleteGroup(c.Args[3])
	if deleted {
		c.Changed(0, EventStream, "xgroup-destroy")
	}
	c.Out.Flag(deleted)
}

func xgroupCreateConsumer(c *Ctx) {
	st, _, ok := c.groupStream(false)
	if !ok {
		return
	}
	g, ok := c.namedGroup(&st)
	if !ok {
		return
	}
	if _, exists := g.Consumer(c.Args[4]); exists {
		c.Out.Int(0)
		return
	}
	if _, ok = c.createConsumer(&g, c.Args[4]); ok {
		c.Out.Int(1)
	}
}

// createConsumer makes a consumer of a group of the first key; if there is no
// room it has replied.
func (c *Ctx) createConsumer(g *engine.StreamGroup, name []byte) (engine.StreamConsumer, bool) {
	by, err := g.CreateConsumer(name, c.NowMs)
	if err != nil {
		c.Fail(err)
		return by, false
	}
	c.groupEvent(0, "xgroup-createconsumer")
	return by, true
}

// seenConsumer finds a consumer, or makes it, and notes that it was seen; if
// there is no room it has replied.
func (c *Ctx) seenConsumer(g *engine.StreamGroup, name []byte) (by engine.StreamConsumer, ok bool) {
	if by, ok = g.Consumer(name); !ok {
		if by, ok = c.createConsumer(g, name); !ok {
			return by, false
		}
	}
	by.SetSeenMs(c.NowMs)
	return by, true
}

func xgroupDelConsumer(c *Ctx) {
	st, _, ok := c.groupStream(false)
	if !ok {
		return
	}
	g, ok := c.namedGroup(&st)
	if !ok {
		return
	}
	pending, deleted := g.DeleteConsumer(c.Args[4])
	if deleted {
		c.groupEvent(0, "xgroup-delconsumer")
	}
	c.Out.Int(pending)
}

var xgroupHelpLines = []string{
	"XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
	"CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <n>]",
	"    Make a group that will read what is behind <id>, or behind the present",
	"    end ($). MKSTREAM makes the stream too. ENTRIESREAD says how many of the",
	"    entries ever added the group has read.",
	"CREATECONSUMER <key> <group> <consumer>",
	"    Make a consumer of a group.",
	"DELCONSUMER <key> <group> <consumer>",
	"    Delete a consumer and what is pending for it.",
	"DESTROY <key> <group>",
	"    Delete a group.",
	"SETID <key> <group> <id|$> [ENTRIESREAD <n>]",
	"    Set the last ID that a group has read.",
	"HELP",
	"    Print this help.",
}

func xgroupHelp(c *Ctx) { c.help(xgroupHelpLines) }

// help writes the lines of a HELP subcommand.
func (c *Ctx) help(lines []string) {
	c.Out.Array(len(lines))
	for _, line := range lines {
		c.Out.Simple(line)
	}
}

// readGroup finds the stream of the first key and the group that the second
// argument names; if one is missing it has replied.
func (c *Ctx) readGroup() (st engine.Stream, g engine.StreamGroup, ok bool) {
	st, found, ok := c.stream(0)
	if !ok {
		return st, g, false
	}
	if found {
		g, ok = st.Group(c.Args[2])
	}
	if !found || !ok {
		c.Out.Error(fmt.Sprintf("NOGROUP No such key '%s' or consumer group '%s'", c.Args[1], c.Args[2]))
		return st, g, false
	}
	return st, g, true
}

// xack is XACK key group id ….
func xack(c *Ctx) {
	st, found, ok := c.stream(0)
	if !ok {
		return
	}
	var g engine.StreamGroup
	if found {
		g, found = st.Group(c.Args[2])
	}
	if !found {
		c.Out.Int(0)
		return
	}
	for i := 3; i < len(c.Args); i++ {
		if _, ok := c.strictID(i); !ok {
			return
		}
	}
	acknowledged := 0
	for _, arg := range c.Args[3:] {
		if id, _, _ := parseStreamID(arg, idForm{}); g.Ack(id) {
			acknowledged++
		}
	}
	c.Dirty += acknowledged
	c.Out.Int(int64(acknowledged))
}
