package command

import (
	"bytes"

	"larder/engine"
	"larder/protocol/resp"
)

// Strings of several keys at once. All the shards are locked, so that nobody
// sees some keys changed and others not.

// keyCost is what a key of a request counts against heavyBytes.
const keyCost = 64

func mget(c *Ctx) {
	if c.Heavy(len(c.Keys) * keyCost) {
		return
	}
	c.Out.Array(len(c.Keys))
	total := 0
	for i := range c.Keys {
		it, ok := c.Find(i)
		if !ok || it.Type() != engine.TypeString {
			c.Out.Null()
			continue
		}
		if total += it.Len(); c.Heavy(total) {
			c.uncount(0, i)
			return
		}
		c.bulk(&it)
	}
}

// uncount takes back the hits and misses of the keys from the first to the
// last one, because they will be looked up again.
func (c *Ctx) uncount(first, last int) {
	for i := first; i <= last; i++ {
		if _, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs); ok {
			c.Keys[i].Shard.Stats().Hits--
		} else {
			c.Keys[i].Shard.Stats().Misses--
		}
	}
}

func mset(c *Ctx) {
	if c.pairs() && c.storePairs(2, engine.NoDeadline, false) {
		c.Out.OK()
	}
}

func msetNX(c *Ctx) {
	if !c.pairs() {
		return
	}
	if c.countFound() > 0 {
		c.Out.Int(0)
		return
	}
	if c.storePairs(2, engine.NoDeadline, false) {
		c.Out.Int(1)
	}
}

// pairs tells whether each key has a value and the work may be done here; if
// not it has replied or asked for a worker.
func (c *Ctx) pairs() bool {
	if len(c.Args)%2 == 0 {
		c.Out.Error("ERR wrong number of arguments for '" + string(bytes.ToLower(c.Args[0])) + "' command")
		return false
	}
	return !c.Heavy(len(c.Keys) * keyCost)
}

// countFound returns how many of the keys exist.
func (c *Ctx) countFound() int {
	n := 0
	for i := range c.Keys {
		if _, ok := c.FindWrite(i); ok {
			n++
		}
	}
	return n
}

// storePairs sets each key to the value behind it, the first of which is
// argument first, or changes nothing and replies if there is no room.
func (c *Ctx) storePairs(first int, deadline int64, keepTTL bool) bool {
	err := c.Engine.SetStrings(c.DB, c.Keys, func(i int) ([]byte, engine.Attrs) {
		a := engine.Attrs{Deadline: deadline}
		if keepTTL {
			if it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs); ok {
				a.Deadline = it.Deadline()
			}
		}
		return c.Args[first+2*i], a
	}, c.NowMs)
	if err != nil {
		c.Fail(err)
		return false
	}
	for i := range c.Keys {
		c.Changed(i, EventString, "set")
		if deadline != engine.NoDeadline {
			c.Notify(i, EventGeneric, "expire")
		}
	}
	return true
}

// msetEx sets several keys under one condition and with one deadline.
func msetEx(c *Ctx) {
	n, ok := resp.ParseInt(c.Args[1])
	switch {
	case !ok || n < 1:
		c.Out.Error("ERR invalid numkeys value")
		return
	case n > int64(len(c.Args)-2)/2:
		c.Out.Error("ERR wrong number of key-value pairs")
		return
	}
	o, ok := c.stringOptions(2+2*int(n), forMSetEx)
	if !ok {
		return
	}
	deadline, ok := c.deadline(o.expiry)
	if !ok || c.Heavy(len(c.Keys)*keyCost) {
		return
	}
	if o.nx || o.xx {
		if found := c.countFound(); o.nx && found > 0 || o.xx && found < len(c.Keys) {
			c.Out.Int(0)
			return
		}
	}
	if deadline <= c.NowMs {
		for i := range c.Keys {
			c.Engine.Delete(c.DB, c.Keys[i], c.NowMs)
			c.Changed(i, EventString, "set")
			c.setExpires(i, deadline, true)
		}
	} else if !c.storePairs(3, deadline, o.keepTTL) {
		return
	}
	c.Out.Int(1)
}
