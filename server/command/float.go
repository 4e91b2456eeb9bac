package command

import "larder/engine"

// INCRBYFLOAT computes as Redis does on x86, in numbers with a mantissa of 64
// bits (longdouble.go), so that both print the same digits.

func incrByFloat(c *Ctx) {
	it, found := c.FindWrite(0)
	if found && !c.str(&it) {
		return
	}
	var sum longDouble
	a := engine.Attrs{Deadline: engine.NoDeadline}
	if found {
		var digits [20]byte
		var ok bool
		if sum, ok = parseLongDouble(it.Bytes(digits[:0])); !ok {
			c.Out.Error(ErrNotFloat)
			return
		}
		a = it.Attrs()
	}
	n, ok := parseLongDouble(c.Args[2])
	if !ok {
		c.Out.Error(ErrNotFloat)
		return
	}
	if !sum.add(&n) {
		c.Out.Error("ERR increment would produce NaN or Infinity")
		return
	}
	text := sum.text()
	// The sum is kept as text even if it is whole, as in Redis.
	if err := c.Engine.SetBytes(c.DB, c.Keys[0], text, engine.EncBytes, a, c.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventString, "incrbyfloat")
	c.Out.Bulk(text)
}
