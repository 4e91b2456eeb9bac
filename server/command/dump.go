package command

import (
	"larder/engine"
	"larder/protocol/rdb"
)

// DUMP and RESTORE move a value from server to server as the bytes of a
// snapshot (package rdb). The payload is what Redis 7.0 would answer of the
// same value, so that each restores what the other has dumped.

// dump replies the payload of a key's value.
func dump(c *Ctx) {
	it, ok := c.Find(0)
	if !ok {
		c.Out.Null()
		return
	}
	if c.heavyRead(0, dumpWork(&it)) {
		return
	}
	if c.rdb == nil {
		c.rdb = new(rdb.Writer)
	}
	defer c.rdb.Reset()
	version := appendValue(c.rdb, &it, c.Config.Limits.ListSize)
	c.rdb.Seal(0, version)
	c.Out.Bulk(c.rdb.Buf)
}

// dumpWork is what writing a value counts against heavyBytes.
func dumpWork(it *engine.Item) int {
	switch it.Type() {
	case engine.TypeString:
		return it.Len() * dumpCost
	case engine.TypeList:
		l := it.List()
		return l.Bytes() * dumpCost
	case engine.TypeStream:
		st := it.Stream()
		return int(st.Len()) * keyCost
	case engine.TypeHash:
		var x engine.Hash
		it.ViewHash(&x)
		return x.Len() * keyCost
	case engine.TypeSet:
		var x engine.Set
		it.ViewSet(&x)
		return x.Len() * keyCost
	}
	var z engine.ZSet
	_ = z.View(it) // it is a sorted set
	return z.Len() * keyCost
}
