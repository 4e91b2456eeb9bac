package command

import (
	"strconv"

	"larder/engine"
)

// What the stream commands have in common: finding a stream, and writing
// entries. The commands stand in stream_add.go (XADD and what else writes
// entries), stream_range.go, stream_read.go (XREAD, XREADGROUP),
// stream_group.go, stream_pending.go, stream_claim.go and stream_info.go.

// stream finds the stream of the i-th key for a command that reads; on a key
// of another type it has replied, and ok is false.
func (c *Ctx) stream(i int) (st engine.Stream, found, ok bool) {
	it := c.Load(i)
	if it == nil {
		return st, false, true
	}
	if it.Type() != engine.TypeStream {
		c.Out.Error(ErrWrongType)
		return st, false, false
	}
	return it.Stream(), true, true
}

// streamToWrite is stream for a command that writes.
func (c *Ctx) streamToWrite(i int) (st engine.Stream, found, ok bool) {
	it, found := c.FindWrite(i)
	if !found {
		return st, false, true
	}
	if it.Type() != engine.TypeStream {
		c.Out.Error(ErrWrongType)
		return st, false, false
	}
	return it.Stream(), true, true
}

func xlen(c *Ctx) {
	if st, found, ok := c.stream(0); !ok {
		return
	} else if !found {
		c.Out.Int(0)
	} else {
		c.Out.Int(st.Len())
	}
}

// listMark is where the elements of an array begin whose number is not known.
type listMark int

// beginList starts an array whose length endList writes.
func (c *Ctx) beginList() listMark { return listMark(len(c.Out.Buf)) }

// endList puts the head of an array of n elements before what was written
// since m.
func (c *Ctx) endList(m listMark, n int) { c.putHead(m, '*', n) }

func (c *Ctx) putHead(m listMark, kind byte, n int) {
	var head [24]byte
	h := append(strconv.AppendInt(append(head[:0], kind), int64(n), 10), '\r', '\n')
	end := len(c.Out.Buf)
	c.Out.Buf = append(c.Out.Buf, h...)
	copy(c.Out.Buf[int(m)+len(h):], c.Out.Buf[m:end])
	copy(c.Out.Buf[m:], h)
}

// entry writes the entry that cur is at: its ID and its fields and values.
func (c *Ctx) entry(cur *engine.StreamCursor) {
	c.Out.Array(2)
	c.idReply(cur.ID())
	c.Out.Array(2 * cur.Pairs())
	for {
		field, value, ok := cur.Pair()
		if !ok {
			return
		}
		c.Out.Bulk(field)
		c.Out.Bulk(value)
	}
}

// entryAt writes the entry with an ID and tells whether it is there.
func (c *Ctx) entryAt(st *engine.Stream, id engine.StreamID) bool {
	cur := st.Range(id, id, false)
	if !cur.Next() {
		return false
	}
	c.entry(&cur)
	return true
}

// entries writes an array of at most count entries of a range, all if count is
// 0.
func (c *Ctx) entries(st *engine.Stream, from, to engine.StreamID, count int64, reverse bool) {
	m, n := c.beginList(), 0
	cur := st.Range(from, to, reverse)
	for (count == 0 || int64(n) < count) && cur.Next() {
		c.entry(&cur)
		n++
	}
	c.endList(m, n)
}

// heavyRange is Heavy for a reply with at most count entries of a range, all
// if count is 0.
func (c *Ctx) heavyRange(st *engine.Stream, from, to engine.StreamID, count int64) bool {
	return c.Heavy(st.RangeBytes(from, to, count, heavyBytes))
}
