package command

import "larder/engine"

// Commands on whole keys, whatever their values are.

// del is DEL and UNLINK: taking a key out of the index is all that either
// does under the lock, so there is nothing that UNLINK could put off.
func del(c *Ctx) {
	n := 0
	for i := range c.Keys {
		if c.Engine.Delete(c.DB, c.Keys[i], c.NowMs) {
			c.Changed(i, EventGeneric, "del")
			n++
		}
	}
	c.Out.Int(int64(n))
}

// look is Find for commands that ask about a key and do not use its value:
// hit or miss is counted, but eviction does not take it for a use. An expired
// key is removed on the way, so that DBSIZE does not count a key that the
// client has just seen gone. Items that were found before are not valid then.
func (c *Ctx) look(i int) (engine.Item, bool) {
	it, ok := c.lookQuietly(i)
	if !ok && c.Listening&ListenMiss != 0 {
		c.note(KeyNoted, c.DB, c.Keys[i].Name, EventKeyMiss, "keymiss")
	}
	return it, ok
}

// lookQuietly is look without the event that the key is missing.
func (c *Ctx) lookQuietly(i int) (engine.Item, bool) {
	it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs)
	ok = ok && !c.fieldsGone(&it)
	if ok {
		c.Keys[i].Shard.Stats().Hits++
	} else {
		c.Keys[i].Shard.Stats().Misses++
		c.Engine.Reap(c.DB, c.Keys[i], c.NowMs)
	}
	return it, ok
}

func exists(c *Ctx) {
	n := int64(0)
	for i := range c.Keys {
		if _, ok := c.look(i); ok {
			n++
		}
	}
	c.Out.Int(n)
}

// touch counts as a use of the keys even after CLIENT NO-TOUCH: that is what
// it was sent for.
func touch(c *Ctx) {
	n := int64(0)
	for i := range c.Keys {
		if it, ok := c.look(i); ok {
			it.Touch()
			n++
		}
	}
	c.Out.Int(n)
}

func typeOf(c *Ctx) {
	it, ok := c.look(0)
	if !ok {
		c.Out.Simple("none")
		return
	}
	c.Out.Simple(it.Type().String())
}
