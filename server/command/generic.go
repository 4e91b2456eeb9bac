package command

func del(c *Ctx) {
	n := 0
	for i := range c.Keys {
		if c.Engine.Delete(c.DB, c.Keys[i], c.NowMs) {
			n++
		}
	}
	c.Dirty += n
	c.Out.Int(int64(n))
}
