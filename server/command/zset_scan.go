package command

import (
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// zscan is ZSCAN key cursor [MATCH pattern] [COUNT count]. A member that is
// there throughout an iteration is returned at least once.
func zscan(c *Ctx) {
	n, ok := parseCursor(c.Args[2])
	if !ok {
		c.Out.Error("ERR invalid cursor")
		return
	}
	var z engine.ZSet
	found, ok := c.zset(0, &z)
	if !ok {
		return
	}
	if !found {
		c.Out.Array(2)
		c.Out.BulkInt(0)
		c.Out.Array(0)
		return
	}
	o, ok := c.parseScan(3, scanElements)
	if !ok || c.heavyRead(0, min(o.count, z.Len())*zmemberBytes) {
		return
	}
	mark, returned := len(c.Out.Buf), 0
	next := z.Scan(engine.Cursor(n), o.count, func(member []byte, score float64) {
		if o.match.match(member) {
			c.Out.Bulk(member)
			c.bulkDouble(score)
			returned += 2
		}
	})
	var head [64]byte
	w := resp.Writer{Buf: head[:0], Proto: c.Out.Proto}
	w.Array(2)
	w.BulkInt(int64(next))
	w.Array(returned)
	c.Out.Buf = slices.Insert(c.Out.Buf, mark, w.Buf...)
}

// bulkDouble writes a double as a bulk string, in RESP3 too.
func (c *Ctx) bulkDouble(f float64) {
	var text [32]byte
	c.Out.Bulk(resp.AppendDouble(text[:0], f))
}
