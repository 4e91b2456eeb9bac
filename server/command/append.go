package command

import (
	"larder/engine"
)

// APPEND and SETRANGE change a string where it lies; the engine gives it room
// to grow, so that appending byte by byte copies each byte a few times only.

// fits tells whether a string may be size bytes long; if not it has replied.
// REQUIRES: size did not overflow.
func (c *Ctx) fits(size int64) bool {
	if size > int64(c.Config.MaxStringBytes) {
		c.Out.Error(ErrTooLong)
		return false
	}
	return true
}

func appendTo(c *Ctx) {
	it, found := c.FindWrite(0)
	tail := c.Args[2]
	if !found {
		if c.store("append") {
			c.Out.Int(int64(len(tail)))
		}
		return
	}
	if !c.str(&it) {
		return
	}
	old := it.Len()
	if !c.fits(int64(old) + int64(len(tail))) {
		return
	}
	dst, ok := c.edit(old + len(tail))
	if !ok {
		return
	}
	copy(dst[old:], tail)
	c.Changed(0, EventString, "append")
	c.Out.Int(int64(len(dst)))
}

// edit makes the only key's string size bytes long and returns its content
// for changing; if there is no room it has replied.
func (c *Ctx) edit(size int) ([]byte, bool) {
	dst, err := c.Engine.EditString(c.DB, c.Keys[0], size, engine.Attrs{Deadline: engine.NoDeadline}, c.NowMs)
	if err != nil {
		c.Fail(err)
		return nil, false
	}
	return dst, true
}

func setRange(c *Ctx) {
	offset, ok := c.Int(2)
	if !ok {
		return
	}
	if offset < 0 {
		c.Out.Error("ERR offset is out of range")
		return
	}
	it, found := c.FindWrite(0)
	if found && !c.str(&it) {
		return
	}
	old, part := 0, c.Args[3]
	if found {
		old = it.Len()
	}
	if len(part) == 0 {
		c.Out.Int(int64(old))
		return
	}
	if offset > int64(c.Config.MaxStringBytes) {
		offset = int64(c.Config.MaxStringBytes) // too long in any case; keeps the sum from overflowing
	}
	if !c.fits(offset + int64(len(part))) {
		return
	}
	size := max(old, int(offset)+len(part))
	if size-old >= heavyBytes && c.Heavy(size) {
		return
	}
	dst, ok := c.edit(size)
	if !ok {
		return
	}
	copy(dst[offset:], part)
	c.Changed(0, EventString, "setrange")
	c.Out.Int(int64(size))
}
