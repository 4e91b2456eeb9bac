package command

import "larder/engine"

// Strings: what reads them and what takes them away. A string is an entry of
// the engine, bytes or, when it is the canonical form of one, an int64. What
// writes strings is in set.go and append.go, numbers are in number.go and
// float.go, several keys at once in multi.go.

// str tells whether the item is a string; if not it has replied.
func (c *Ctx) str(it *engine.Item) bool {
	if it.Type() != engine.TypeString {
		c.Out.Error(ErrWrongType)
		return false
	}
	return true
}

// heavyRead is Heavy for a handler that has looked up the i-th key, found, to
// read it: the lookup will happen, and be counted, again.
func (c *Ctx) heavyRead(i, n int) bool {
	if !c.Heavy(n) {
		return false
	}
	c.Keys[i].Shard.Stats().Hits--
	return true
}

// bulk writes the content of a string.
func (c *Ctx) bulk(it *engine.Item) {
	if n, ok := it.Int(); ok {
		c.Out.BulkInt(n)
		return
	}
	c.Out.Bulk(it.Raw())
}

func get(c *Ctx) {
	it := c.Load(0)
	if it == nil {
		c.Out.Null()
		return
	}
	if !c.str(it) {
		return
	}
	if n, ok := it.Int(); ok {
		c.Out.BulkInt(n)
		return
	}
	if raw := it.Raw(); !c.heavyRead(0, len(raw)) {
		c.Out.Bulk(raw)
	}
}

func getDel(c *Ctx) {
	it, ok := c.Find(0)
	switch {
	case !ok:
		c.Out.Null()
	case !c.str(&it), c.heavyRead(0, it.Len()):
	default:
		c.bulk(&it)
		c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
		c.Changed(0, EventGeneric, "del")
	}
}

// getEx replies a string and then sets or removes its deadline.
func getEx(c *Ctx) {
	o, ok := c.stringOptions(2, forGetEx)
	if !ok {
		return
	}
	it, ok := c.Find(0)
	if !ok {
		c.Out.Null()
		return
	}
	if !c.str(&it) {
		return
	}
	deadline, ok := c.deadline(o.expiry)
	if !ok || c.heavyRead(0, it.Len()) {
		return
	}
	mark := len(c.Out.Buf)
	c.bulk(&it)
	switch {
	case o.persist && it.Deadline() != engine.NoDeadline, o.expiry.at != 0 && deadline > c.NowMs:
		if err := it.SetDeadline(deadline); err != nil {
			c.Out.Buf = c.Out.Buf[:mark]
			c.Fail(err)
			return
		}
		event := "expire"
		if o.persist {
			event = "persist"
		}
		c.Changed(0, EventGeneric, event)
	case o.expiry.at != 0:
		c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
		c.Changed(0, EventGeneric, "del")
	}
}

func strLen(c *Ctx) {
	it, ok := c.Find(0)
	switch {
	case !ok:
		c.Out.Int(0)
	case c.str(&it):
		c.Out.Int(int64(it.Len()))
	}
}

// getRange is GETRANGE and SUBSTR. Negative places count from the end.
func getRange(c *Ctx) {
	from, ok := c.Int(2)
	if !ok {
		return
	}
	to, ok := c.Int(3)
	if !ok {
		return
	}
	it, ok := c.Find(0)
	if !ok {
		c.Out.Bulk(nil)
		return
	}
	if !c.str(&it) {
		return
	}
	var digits [20]byte
	b := it.Bytes(digits[:0])
	first, end := span(from, to, len(b))
	if backwards(from, to) {
		end = first
	}
	if c.heavyRead(0, end-first) {
		return
	}
	c.Out.Bulk(b[first:end])
}

// span turns the places of a first and a last element of n, negative ones
// counted from the end, into the half-open range that lies inside; first is
// end if nothing does.
func span(from, to int64, n int) (first, end int) {
	if from < 0 {
		from = max(0, from+int64(n))
	}
	if to < 0 {
		to = max(0, to+int64(n))
	}
	to = min(to, int64(n)-1)
	if from > to {
		return 0, 0
	}
	return int(from), int(to) + 1
}

// backwards tells whether both places are counted from the end and the last
// one is before the first. Inside of the string that is empty in any case;
// before its start span takes both for the first byte.
func backwards(from, to int64) bool { return from < 0 && to < 0 && from > to }

// delIfEq deletes a string that has the given content.
func delIfEq(c *Ctx) {
	it, ok := c.FindWrite(0)
	if !ok {
		c.Out.Int(0)
		return
	}
	if !c.str(&it) {
		return
	}
	if !contentIs(&it, c.Args[2]) {
		c.Out.Int(0)
		return
	}
	c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
	c.Changed(0, EventGeneric, "del")
	c.Out.Int(1)
}

// contentIs tells whether the string's content is b.
func contentIs(it *engine.Item, b []byte) bool {
	var digits [20]byte
	return string(it.Bytes(digits[:0])) == string(b)
}
