package command

import "larder/engine"

// What adds elements to lists or replaces one. Each call of the engine takes
// all elements of a command, so that it can find out first that there is no
// room for one of them.

func lpush(c *Ctx)  { c.push(engine.Head, "lpush", false) }
func rpush(c *Ctx)  { c.push(engine.Tail, "rpush", false) }
func lpushx(c *Ctx) { c.push(engine.Head, "lpush", true) }
func rpushx(c *Ctx) { c.push(engine.Tail, "rpush", true) }

// push adds the arguments behind the key one after the other at an end, and
// makes the list if there is none, unless onlyThere.
func (c *Ctx) push(end engine.ListEnd, event string, onlyThere bool) {
	values := c.Args[2:]
	l, found, ok := c.writeList(0)
	if !ok {
		return
	}
	n := len(values)
	switch {
	case found:
		n += l.Len()
		if err := l.Push(end, values, &c.Config.Limits); err != nil {
			c.Fail(err)
			return
		}
	case onlyThere:
		c.Out.Int(0)
		return
	default:
		if err := c.Engine.NewList(c.DB, c.Keys[0], end, values, &c.Config.Limits, c.NowMs); err != nil {
			c.Fail(err)
			return
		}
	}
	c.Changed(0, EventList, event)
	c.Dirty += len(values) - 1 // Redis counts elements
	c.Out.Int(int64(n))
}

// nearHead is how many elements LINSERT looks at before it leaves a large list
// to a worker: about 10 µs.
const nearHead = 1024

// linsert is LINSERT key BEFORE|AFTER pivot element.
func linsert(c *Ctx) {
	behind := 0
	switch {
	case c.Is(2, "AFTER"):
		behind = 1
	case !c.Is(2, "BEFORE"):
		c.Out.Error(ErrSyntax)
		return
	}
	l, found, ok := c.writeList(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Int(0)
		return
	}
	w := l.Search(0, false, c.Args[3], nearHead)
	at, ok := w.Match()
	if !ok && l.Len() > nearHead {
		if c.Heavy(l.Bytes()) {
			return
		}
		w = l.Search(0, false, c.Args[3], l.Len())
		at, ok = w.Match()
	}
	if !ok {
		c.Out.Int(-1)
		return
	}
	n := l.Len() + 1
	if err := l.Insert(at+behind, c.Args[4], &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventList, "linsert")
	c.Out.Int(int64(n))
}

// lset looks the key up before it parses the index, as Redis does.
func lset(c *Ctx) {
	l, found, ok := c.writeList(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Error(ErrNoKey)
		return
	}
	i, ok := c.Int(2)
	if !ok {
		return
	}
	if i < 0 {
		i += int64(l.Len())
	}
	if i < 0 || i >= int64(l.Len()) {
		c.Out.Error(ErrRange)
		return
	}
	if err := l.Set(int(i), c.Args[3], &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventList, "lset")
	c.Out.OK()
}
