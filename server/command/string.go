package command

import "larder/engine"

func get(c *Ctx) {
	it, ok := c.Find(0)
	if !ok {
		c.Out.Null()
		return
	}
	replyString(c, &it)
}

// replyString writes a string item as a bulk reply.
func replyString(c *Ctx, it *engine.Item) {
	if it.Type() != engine.TypeString {
		c.Out.Error(ErrWrongType)
		return
	}
	if n, ok := it.Int(); ok {
		c.Out.BulkInt(n)
		return
	}
	c.Out.Bulk(it.Raw())
}

func set(c *Ctx) {
	a := engine.Attrs{Deadline: engine.NoDeadline}
	if err := c.Engine.SetString(c.DB, c.Keys[0], c.Args[2], a, c.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Dirty++
	c.Out.OK()
}
