package command

import (
	"math"

	"larder/engine"
)

// What takes elements off the ends of lists. The reply is written first, from
// views of the elements, and taken back if there is no room for what remains:
// a smaller list may need another piece of memory.

func lpop(c *Ctx) { c.pop(engine.Head) }
func rpop(c *Ctx) { c.pop(engine.Tail) }

// pop is LPOP and RPOP key [count].
func (c *Ctx) pop(end engine.ListEnd) {
	if len(c.Args) > 3 {
		c.Out.Error("ERR wrong number of arguments for '" + popEvent(end) + "' command")
		return
	}
	counted, count := len(c.Args) == 3, int64(1)
	if counted {
		var ok bool
		if count, ok = c.intFrom(2, 0, ErrNegative); !ok {
			return
		}
	}
	l, found, ok := c.writeList(0)
	switch {
	case !ok:
	case !found && counted:
		c.Out.NullArray()
	case !found:
		c.Out.Null()
	case counted:
		c.popMany(&l, 0, end, count)
	default:
		c.popOne(&l, 0, end)
	}
}

// popEvent is the name of the event, and of the command.
func popEvent(end engine.ListEnd) string {
	if end == engine.Head {
		return "lpop"
	}
	return "rpop"
}

// popOne takes an element off the list at the i-th key and writes it. It
// returns false if that failed; then the caller replies nothing more.
func (c *Ctx) popOne(l *engine.List, i int, end engine.ListEnd) bool {
	mark := len(c.Out.Buf)
	c.element(l.End(end))
	return c.drop(l, i, end, 1, mark)
}

// popMany takes up to count elements off the list at the i-th key and writes
// them as an array.
func (c *Ctx) popMany(l *engine.List, i int, end engine.ListEnd, count int64) bool {
	n := int(min(count, int64(l.Len())))
	if c.Heavy(l.Share(n)) {
		return false
	}
	mark := len(c.Out.Buf)
	if end == engine.Head {
		c.elements(l, 0, n, false)
	} else {
		c.elements(l, l.Len()-1, n, true)
	}
	return n == 0 || c.drop(l, i, end, n, mark)
}

// drop removes n elements that were written to the reply. If it fails, the
// reply since mark is an error instead.
func (c *Ctx) drop(l *engine.List, i int, end engine.ListEnd, n, mark int) bool {
	left := l.Len() - n
	if err := l.Pop(end, n, &c.Config.Limits); err != nil {
		c.Out.Buf = c.Out.Buf[:mark]
		c.Fail(err)
		return false
	}
	c.Changed(i, EventList, popEvent(end))
	c.Dirty += n - 1 // Redis counts elements
	c.emptied(i, left)
	return true
}

// emptied tells that the i-th key is gone if nothing is left in its list.
func (c *Ctx) emptied(i, left int) {
	if left == 0 {
		c.Notify(i, EventGeneric, "del")
	}
}

// multiPop are the arguments of LMPOP and BLMPOP.
type multiPop struct {
	end   engine.ListEnd
	count int64
}

// parseMultiPop parses numkeys key... LEFT|RIGHT [COUNT count] from argument i
// on; on failure it has replied.
func (c *Ctx) parseMultiPop(i int) (p multiPop, ok bool) {
	keys, ok := c.intFrom(i, 1, "ERR numkeys should be greater than 0")
	if !ok {
		return p, false
	}
	if keys >= math.MaxInt32 || i+int(keys)+1 >= len(c.Args) {
		c.Out.Error(ErrSyntax)
		return p, false
	}
	i += int(keys) + 1
	if p.end, ok = c.listEnd(i); !ok {
		return p, false
	}
	for i++; i < len(c.Args); i += 2 {
		if p.count != 0 || !c.Is(i, "COUNT") || i+1 == len(c.Args) {
			c.Out.Error(ErrSyntax)
			return p, false
		}
		if p.count, ok = c.intFrom(i+1, 1, "ERR count should be greater than 0"); !ok {
			return p, false
		}
	}
	p.count = max(p.count, 1)
	return p, true
}

// listEnd parses LEFT or RIGHT; on failure it has replied.
func (c *Ctx) listEnd(i int) (engine.ListEnd, bool) {
	switch {
	case c.Is(i, "LEFT"):
		return engine.Head, true
	case c.Is(i, "RIGHT"):
		return engine.Tail, true
	}
	c.Out.Error(ErrSyntax)
	return engine.Head, false
}

func lmpop(c *Ctx) {
	p, ok := c.parseMultiPop(1)
	if !ok {
		return
	}
	if done := c.popFirst(p); !done {
		c.Out.NullArray()
	}
}

// popFirst takes elements off the first of the keys that has a list, and
// writes its name with them. done is false if there is no list.
func (c *Ctx) popFirst(p multiPop) (done bool) {
	for i := range c.Keys {
		l, found, ok := c.writeList(i)
		if !ok {
			return true
		}
		if !found {
			continue
		}
		mark := len(c.Out.Buf)
		c.Out.Array(2)
		c.Out.Bulk(c.Keys[i].Name)
		from := len(c.Out.Buf)
		if !c.popMany(&l, i, p.end, p.count) {
			// What is behind the head is an error, or nothing.
			c.Out.Buf = append(c.Out.Buf[:mark], c.Out.Buf[from:]...)
		}
		return true
	}
	return false
}
