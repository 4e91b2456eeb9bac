package command

import "larder/protocol/resp"

// Commands on whole databases.

func dbSize(c *Ctx) {
	total := 0
	for _, s := range c.Engine.Shards() {
		c.WithShard(s, func() {
			n, _ := s.Len(c.DB)
			total += n
		})
	}
	c.Out.Int(int64(total))
}

func flushDB(c *Ctx) {
	if c.parseFlush() {
		c.flush(c.DB)
		c.Out.OK()
	}
}

func flushAll(c *Ctx) {
	if !c.parseFlush() {
		return
	}
	for db := range c.Engine.Databases() {
		c.flush(db)
	}
	c.Out.OK()
}

// parseFlush accepts nothing, ASYNC or SYNC; else it has replied. The two make
// no difference: the keys are gone at once, and their memory is always freed
// in the background, so that SYNC does not stop the other clients.
func (c *Ctx) parseFlush() bool {
	if len(c.Args) == 1 || len(c.Args) == 2 && (c.Is(1, "ASYNC") || c.Is(1, "SYNC")) {
		return true
	}
	c.Out.Error(ErrSyntax)
	return false
}

// flush empties a database. REQUIRES: all shards are locked.
func (c *Ctx) flush(db int) {
	g := c.Engine.Flush(db)
	c.Dirty += g.Keys
	c.flushed(db)
	c.Garbage = append(c.Garbage, g)
}

func swapDB(c *Ctx) {
	a, ok := parseInt32(c.Args[1])
	if !ok {
		c.Out.Error("ERR invalid first DB index")
		return
	}
	b, ok := parseInt32(c.Args[2])
	if !ok {
		c.Out.Error("ERR invalid second DB index")
		return
	}
	if n := c.Engine.Databases(); a < 0 || b < 0 || a >= n || b >= n {
		c.Out.Error(errDBRange)
		return
	}
	c.Engine.SwapDatabases(a, b)
	c.Dirty++
	c.swapped(a, b)
	c.Out.OK()
}

// parseInt32 parses an integer of 32 bits.
func parseInt32(b []byte) (int, bool) {
	n, ok := resp.ParseInt(b)
	return int(n), ok && int64(int32(n)) == n
}
