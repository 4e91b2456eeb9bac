package command

import (
	"larder/engine"
	"larder/protocol/resp"
)

// HGETDEL, HGETEX and HSETEX: fields with what else is to be done about them.

// hGetDel is HGETDEL key FIELDS numfields field …
func hGetDel(c *Ctx) {
	if _, ok := c.writeHash(&c.hash, 0); !ok {
		return
	}
	fields, ok := c.fieldArgs(2, errFieldsPositive)
	if !ok {
		return
	}
	mark := len(c.Out.Buf)
	c.Out.Array(len(fields))
	for _, field := range fields {
		c.fieldOrNull(field)
	}
	c.deleteFields(mark, fields)
}

// exOptions are what HGETEX and HSETEX say about deadlines and conditions.
type exOptions struct {
	deadline int64 // ms, NoDeadline or KeepDeadline
	given    bool  // an option about deadlines was there
	onlyNew  bool  // FNX
	onlyOld  bool  // FXX
	fields   [][]byte
}

// exOptions parses the arguments from the third on: options in any order, one
// of them FIELDS numfields with each fields' arguments; on failure it has
// replied. set says that it is HSETEX.
func (c *Ctx) exOptions(name string, each int, set bool) (o exOptions, ok bool) {
	o.deadline = engine.NoDeadline
	for i := 2; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "FIELDS"):
			if i = c.exFields(&o, i, each); i < 0 {
				return o, false
			}
		case c.Is(i, "EX"), c.Is(i, "PX"), c.Is(i, "EXAT"), c.Is(i, "PXAT"):
			if ok := c.exDeadline(&o, i, name, set); !ok {
				return o, false
			}
			i++
		case set && c.Is(i, "KEEPTTL"), !set && c.Is(i, "PERSIST"):
			if o.given {
				c.exTwice(set)
				return o, false
			}
			o.given = true
			if set {
				o.deadline = engine.KeepDeadline
			}
		case set && (c.Is(i, "FNX") || c.Is(i, "FXX")):
			if o.onlyNew || o.onlyOld {
				c.Out.Error("ERR Only one of FXX or FNX arguments can be specified")
				return o, false
			}
			o.onlyNew, o.onlyOld = c.Is(i, "FNX"), c.Is(i, "FXX")
		default:
			c.Out.Error("ERR unknown argument: " + string(c.Args[i]))
			return o, false
		}
	}
	if o.fields == nil {
		c.Out.Error("ERR missing FIELDS argument")
		return o, false
	}
	return o, true
}

// exFields parses FIELDS at argument i and returns its last argument's place;
// on failure -1: it has replied.
func (c *Ctx) exFields(o *exOptions, i, each int) int {
	if o.fields != nil {
		c.Out.Error("ERR FIELDS keyword specified multiple times")
		return -1
	}
	if i+1 >= len(c.Args) {
		c.Out.Error("ERR wrong number of arguments")
		return -1
	}
	n, ok := resp.ParseInt(c.Args[i+1])
	if !ok || n < 1 || n > 1<<31-1 {
		c.Out.Error("ERR invalid number of fields")
		return -1
	}
	end := i + 2 + int(n)*each
	if end > len(c.Args) {
		c.Out.Error("ERR wrong number of arguments")
		return -1
	}
	o.fields = c.Args[i+2 : end]
	return end - 1
}

// exDeadline parses EX, PX, EXAT or PXAT at argument i; on failure it has
// replied.
func (c *Ctx) exDeadline(o *exOptions, i int, name string, set bool) (ok bool) {
	if o.given {
		c.exTwice(set)
		return false
	}
	if i+1 >= len(c.Args) {
		c.Out.Error("ERR missing expire time")
		return false
	}
	base := c.NowMs
	if len(c.Args[i]) == len("EXAT") {
		base = 0
	}
	o.given = true
	o.deadline, ok = c.fieldDeadline(name, c.Args[i+1], c.Args[i][0]|0x20 == 'e', base)
	return ok
}

// exTwice replies that there are two options about the deadline.
func (c *Ctx) exTwice(set bool) {
	word := "PERSIST"
	if set {
		word = "KEEPTTL"
	}
	c.Out.Error("ERR Only one of EX, PX, EXAT, PXAT or " + word + " arguments can be specified")
}

// hGetEx is HGETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST] FIELDS numfields
// field …
func hGetEx(c *Ctx) {
	o, ok := c.exOptions("hgetex", 1, false)
	if !ok {
		return
	}
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	mark := len(c.Out.Buf)
	c.Out.Array(len(o.fields))
	for _, field := range o.fields {
		c.fieldOrNull(field)
	}
	if !o.given {
		return
	}
	set, removed, persisted := 0, 0, 0
	for _, field := range o.fields {
		has, ok := x.FieldDeadline(field)
		if !ok || o.deadline == engine.NoDeadline && has == engine.NoDeadline {
			continue
		}
		var err error
		switch {
		case o.deadline <= c.NowMs:
			_, err = x.Delete(field)
			removed++
		case o.deadline == engine.NoDeadline:
			err = x.SetFieldDeadline(field, o.deadline)
			persisted++
		default:
			err = x.SetFieldDeadline(field, o.deadline)
			set++
		}
		if err != nil {
			c.failFrom(mark, err)
			return
		}
	}
	c.changedBy(0, EventHash, "hpersist", persisted)
	c.fieldsExpired(set, removed)
}

// hSetEx is HSETEX key [FNX|FXX] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL] FIELDS
// numfields field value …
func hSetEx(c *Ctx) {
	o, ok := c.exOptions("hsetex", 2, true)
	if !ok {
		return
	}
	x, lim := &c.hash, &c.Config.Limits
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	for i := 0; i < len(o.fields) && c.progress.at == 0; i += 2 {
		if has := x.Has(o.fields[i]); has && o.onlyNew || !has && o.onlyOld {
			c.Out.Int(0)
			return
		}
	}
	passed := o.deadline != engine.KeepDeadline && o.deadline <= c.NowMs
	p, removed := &c.progress, 0
	before := p.at
	for ; p.at < len(o.fields); p.at += 2 {
		var err error
		if passed {
			var was bool
			if was, err = x.Delete(o.fields[p.at]); was {
				removed++
			}
		} else {
			_, err = x.Set(o.fields[p.at], o.fields[p.at+1], o.deadline, lim)
		}
		if err != nil {
			c.changedBy(0, EventHash, "hset", (p.at-before)/2)
			c.Fail(err)
			return
		}
	}
	if !passed {
		c.changedBy(0, EventHash, "hset", (p.at-before)/2)
		if o.given && o.deadline != engine.KeepDeadline {
			c.Notify(0, EventHash, "hexpire")
		}
	}
	c.fieldsExpired(0, removed)
	*p = progress{}
	c.Out.Int(1)
}
