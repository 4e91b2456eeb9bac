package command

import "larder/engine"

// SET and its older relatives. Which of them keeps the old deadline, wants the
// key absent or present, and replies what: that is all they differ in.

// set makes a value the string of a key.
func set(c *Ctx) {
	if len(c.Args) == 3 {
		if c.store("set") {
			c.Out.OK()
		}
		return
	}
	o, ok := c.stringOptions(3, forSet)
	if !ok {
		return
	}
	deadline, ok := c.deadline(o.expiry)
	if !ok {
		return
	}
	mark := len(c.Out.Buf)
	if o.looks() {
		if ok, deadline = c.maySet(&o, deadline); !ok {
			return
		}
	}
	if !c.storeAt(2, deadline, o.keepTTL) {
		// The reply so far is the old value: the error takes its place.
		c.Out.Buf = c.Out.Buf[:mark]
		c.Fail(engine.ErrNoRoom)
		return
	}
	if !o.get {
		c.Out.OK()
	}
}

// maySet looks at what the key holds for a SET with options that depend on it,
// replies the old value if it is asked for, and tells whether to go on and
// with which deadline. If not it has replied.
func (c *Ctx) maySet(o *stringOptions, deadline int64) (ok bool, _ int64) {
	var it engine.Item
	var found bool
	if o.get {
		it, found = c.Find(0)
	} else {
		it, found = c.FindWrite(0)
	}
	if found && (o.get || o.ifEq != nil) {
		if !c.str(&it) {
			return false, 0
		}
		if o.get && c.heavyRead(0, it.Len()) {
			return false, 0
		}
	}
	may := !(o.nx && found) && !(o.xx && !found) && (o.ifEq == nil || found && contentIs(&it, o.ifEq))
	switch {
	case o.get && found:
		c.bulk(&it)
	case o.get || !may:
		c.Out.Null()
	}
	if o.keepTTL && found {
		deadline = it.Deadline()
	}
	return may, deadline
}

// store makes the second argument the string at the only key, which does not
// expire, and raises the event; if there is no room it has replied.
func (c *Ctx) store(event string) bool {
	a := engine.Attrs{Deadline: engine.NoDeadline}
	if err := c.Engine.SetString(c.DB, c.Keys[0], c.Args[2], a, c.NowMs); err != nil {
		c.Fail(err)
		return false
	}
	c.Changed(0, EventString, event)
	return true
}

// storeAt makes an argument the string at the only key, or deletes the key if
// the deadline has passed already. kept tells that the deadline is the one that
// the key had. It reports false if there is no room.
func (c *Ctx) storeAt(arg int, deadline int64, kept bool) bool {
	expired := deadline <= c.NowMs
	if expired {
		c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
	} else if c.Engine.SetString(c.DB, c.Keys[0], c.Args[arg], engine.Attrs{Deadline: deadline}, c.NowMs) != nil {
		return false
	}
	c.Changed(0, EventString, "set")
	if !kept {
		c.setExpires(0, deadline, expired)
	}
	return true
}

// setExpires publishes what follows when the i-th key was set with a deadline:
// nothing if it is none, and also the key's end if it has passed already.
func (c *Ctx) setExpires(i int, deadline int64, expired bool) {
	if deadline != engine.NoDeadline {
		c.Notify(i, EventGeneric, "expire")
	}
	if expired {
		c.Notify(i, EventExpired, "expired")
	}
}

func setNX(c *Ctx) {
	if _, found := c.FindWrite(0); found {
		c.Out.Int(0)
		return
	}
	if c.store("set") {
		c.Out.Int(1)
	}
}

func setEx(c *Ctx)  { c.setFor(expiry{at: 2, seconds: true}) }
func psetEx(c *Ctx) { c.setFor(expiry{at: 2}) }

// setFor is SETEX and PSETEX: the deadline stands before the value.
func (c *Ctx) setFor(x expiry) {
	deadline, ok := c.deadline(x)
	if !ok {
		return
	}
	if !c.storeAt(3, deadline, false) {
		c.Fail(engine.ErrNoRoom)
		return
	}
	c.Out.OK()
}

func getSet(c *Ctx) {
	it, found := c.Find(0)
	mark := len(c.Out.Buf)
	switch {
	case !found:
		c.Out.Null()
	case !c.str(&it), c.heavyRead(0, it.Len()):
		return
	default:
		c.bulk(&it)
	}
	if !c.storeAt(2, engine.NoDeadline, false) {
		c.Out.Buf = c.Out.Buf[:mark]
		c.Fail(engine.ErrNoRoom)
	}
}
