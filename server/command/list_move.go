package command

import (
	"bytes"

	"larder/engine"
)

// What moves an element from an end of a list to an end of another, or of the
// same one.

// lmove is LMOVE source destination LEFT|RIGHT LEFT|RIGHT.
func lmove(c *Ctx) {
	if from, to, ok := c.listEnds(); ok {
		c.moveElement(from, to)
	}
}

// rpoplpush is RPOPLPUSH source destination.
func rpoplpush(c *Ctx) { c.moveElement(engine.Tail, engine.Head) }

// listEnds parses the ends behind the two keys; on failure it has replied.
func (c *Ctx) listEnds() (from, to engine.ListEnd, ok bool) {
	if from, ok = c.listEnd(3); ok {
		to, ok = c.listEnd(4)
	}
	return from, to, ok
}

// moveElement moves an element between the two keys and writes it, or null if
// the first one has no list. It returns false in that case.
func (c *Ctx) moveElement(from, to engine.ListEnd) {
	src, found, ok := c.writeList(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Null()
		return
	}
	c.moveFrom(&src, from, to)
}

// moveFrom is moveElement once the first key's list is known.
func (c *Ctx) moveFrom(src *engine.List, from, to engine.ListEnd) {
	same := bytes.Equal(c.Keys[0].Name, c.Keys[1].Name)
	dst, found := engine.List{}, false
	if !same {
		var ok bool
		if dst, found, ok = c.writeList(1); !ok {
			return
		}
	}
	mark, left := len(c.Out.Buf), src.Len()-1
	c.element(src.End(from))
	var err error
	switch {
	case same:
		left++
		err = src.Rotate(from, to)
	case found:
		err = src.MoveTo(from, &dst, to, &c.Config.Limits)
	default:
		err = src.MoveToNew(from, c.DB, c.Keys[1], &c.Config.Limits, c.NowMs)
	}
	if err != nil {
		c.Out.Buf = c.Out.Buf[:mark]
		c.Fail(err)
		return
	}
	c.Changed(1, EventList, pushEvent(to))
	c.Changed(0, EventList, popEvent(from))
	c.Dirty-- // Redis counts one change
	c.emptied(0, left)
}

func pushEvent(end engine.ListEnd) string {
	if end == engine.Head {
		return "lpush"
	}
	return "rpush"
}
