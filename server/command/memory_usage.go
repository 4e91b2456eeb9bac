package command

// slotBytes is what a key costs in the index at its usual load, see the
// package engine's documentation.
const slotBytes = 11

// memoryUsage implements MEMORY USAGE key [SAMPLES count]. The size of an entry
// is known, and a large container counts its own, so that there is nothing to
// sample.
func memoryUsage(c *Ctx) {
	for i := 3; i < len(c.Args); i += 2 {
		if !c.Is(i, "SAMPLES") || i+1 >= len(c.Args) {
			c.Out.Error(ErrSyntax)
			return
		}
		n, ok := c.Int(i + 1)
		if !ok {
			return
		}
		if n < 0 {
			c.Out.Error(ErrSyntax)
			return
		}
	}
	it, ok := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs)
	if !ok {
		c.Out.Null()
		return
	}
	c.Out.Int(int64(it.EntryBytes() + it.ContentBytes() + slotBytes))
}
