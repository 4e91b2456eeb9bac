package command

import (
	"iter"
	"slices"

	"larder/engine"
	"larder/protocol/rdb"
	"larder/protocol/resp"
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
	if c.rdb == nil {
		c.rdb = new(rdb.Writer)
	}
	defer c.rdb.Reset()
	version, ok := c.dumpValue(&it)
	if !ok {
		return
	}
	c.rdb.Seal(0, version)
	c.Out.Bulk(c.rdb.Buf)
}

// dumpValue writes a value to c.rdb and returns the version of the format that
// can express it. ok is false if the command runs elsewhere or the value has
// gone; then it has replied.
func (c *Ctx) dumpValue(it *engine.Item) (version int, ok bool) {
	switch it.Type() {
	case engine.TypeString:
		if c.heavyRead(0, it.Len()*dumpCost) {
			return 0, false
		}
		if n, isInt := it.Int(); isInt {
			c.rdb.IntegerValue(n)
		} else {
			c.rdb.StringValue(it.Raw())
		}
		return rdb.Version, true
	case engine.TypeList:
		return rdb.Version, c.dumpList(it)
	case engine.TypeHash:
		return c.dumpHash()
	case engine.TypeSet:
		return rdb.Version, c.dumpSet()
	case engine.TypeZSet:
		return rdb.Version, c.dumpZSet(it)
	default:
		return rdb.Version, c.dumpStream(it)
	}
}

func (c *Ctx) dumpList(it *engine.Item) bool {
	l := it.List()
	if c.heavyRead(0, l.Bytes()*dumpCost) {
		return false
	}
	c.rdb.List(c.Config.Limits.ListSize, func(yield func([]byte) bool) {
		var digits [20]byte
		at := l.Walk(0, false)
		for e, ok := at.Next(); ok; e, ok = at.Next() {
			if !yield(e.Bytes(digits[:0])) {
				return
			}
		}
	})
	return true
}

// dumpHash writes a hash. One whose fields have deadlines can be read by Redis
// 7.4 and later only.
func (c *Ctx) dumpHash() (version int, ok bool) {
	var x engine.Hash
	there, err := c.Engine.OpenHash(&x, c.DB, &c.Keys[0], c.NowMs)
	switch {
	case err != nil:
		c.Fail(err)
		return 0, false
	case !there: // its last field has just expired
		c.Out.Null()
		return 0, false
	case c.heavyRead(0, x.Len()*keyCost):
		return 0, false
	}
	packed := x.Item().HashEncoding() != engine.HashTable
	if x.HasDeadlines() {
		if fields, first := fieldsByDeadline(&x); first != 0 {
			if packed {
				c.rdb.PackedHashTTL(first, slices.Values(fields))
			} else {
				c.rdb.HashTTL(len(fields), first, slices.Values(fields))
			}
			return rdb.VersionTTL, true
		}
	}
	if packed {
		c.rdb.PackedHash(x.Each)
	} else {
		c.rdb.Hash(x.Len(), x.Each)
	}
	return rdb.Version, true
}

// fieldsByDeadline returns copies of a hash's fields in order of their
// deadlines, those without at the end, and the first deadline, 0 if there is
// none.
func fieldsByDeadline(x *engine.Hash) (fields []rdb.Field, first int64) {
	x.EachField(func(field, value []byte, deadline int64) bool {
		if deadline == engine.NoDeadline {
			deadline = 0
		}
		fields = append(fields, rdb.Field{Name: slices.Clone(field), Value: slices.Clone(value), DeadlineMs: deadline})
		return true
	})
	slices.SortStableFunc(fields, func(a, b rdb.Field) int {
		// As unsigned numbers, 0 less 1 is the largest.
		x, y := uint64(a.DeadlineMs-1), uint64(b.DeadlineMs-1)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return fields, fields[0].DeadlineMs
}

func (c *Ctx) dumpSet() bool {
	var x engine.Set
	if _, err := c.Engine.OpenSet(&x, c.DB, &c.Keys[0], c.NowMs); err != nil {
		c.Fail(err)
		return false
	}
	if c.heavyRead(0, x.Len()*keyCost) {
		return false
	}
	if x.Item().Encoding() != engine.EncIntset {
		c.rdb.Set(x.Len(), x.Each)
		return true
	}
	c.rdb.Intset(func(yield func(int64) bool) {
		for member := range x.Each {
			if n, _ := resp.ParseInt(member); !yield(n) {
				return
			}
		}
	})
	return true
}

func (c *Ctx) dumpZSet(it *engine.Item) bool {
	var z engine.ZSet
	if err := z.View(it); err != nil {
		c.Fail(err)
		return false
	}
	n := z.Len()
	if c.heavyRead(0, n*keyCost) {
		return false
	}
	if it.Encoding() == engine.EncLarge {
		c.rdb.ZSet(n, scores(&z, true))
	} else {
		c.rdb.PackedZSet(scores(&z, false))
	}
	return true
}

// scores yields the members of a sorted set in order or in reverse.
func scores(z *engine.ZSet, reverse bool) iter.Seq2[[]byte, float64] {
	return func(yield func([]byte, float64) bool) {
		var at engine.ZCursor
		first := 0
		if reverse {
			first = z.Len() - 1
		}
		z.Seek(&at, first, reverse)
		for at.Next() {
			if !yield(at.Member(), at.Score()) {
				return
			}
		}
	}
}
