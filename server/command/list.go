package command

import (
	"math"
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// Lists: what reads them. A list is a sequence of strings with two ends at
// which adding and removing is cheap. Small ones are one packed run in the
// key's entry; large ones are leaves of packed runs in a counted tree, with the
// first and the last leaf kept apart (engine/list.go). So a list may be pushed,
// popped and indexed at the cost of one leaf, wherever in it that happens; only
// what looks for a value has to look at every element.
//
// What adds to lists is in list_push.go, what takes from them in list_pop.go
// and list_remove.go, what moves elements from one to another in list_move.go,
// and what waits for elements in list_block.go.

// readList finds the list at the only key for a command that reads. If there is
// none, found is false; ok is false for a value of another type: then it has
// replied.
func (c *Ctx) readList() (l engine.List, found, ok bool) {
	it := c.Load(0)
	if it == nil {
		return l, false, true
	}
	return c.asList(it)
}

// writeList is readList for the i-th key of a command that will change it.
func (c *Ctx) writeList(i int) (l engine.List, found, ok bool) {
	it, found := c.FindWrite(i)
	if !found {
		return l, false, true
	}
	return c.asList(&it)
}

// asList is the list that a key holds.
func (c *Ctx) asList(it *engine.Item) (l engine.List, found, ok bool) {
	if it.Type() != engine.TypeList {
		c.Out.Error(ErrWrongType)
		return l, false, false
	}
	return it.List(), true, true
}

// element writes an element of a list.
func (c *Ctx) element(v engine.Element) {
	if n, ok := v.Int(); ok {
		c.Out.BulkInt(n)
		return
	}
	c.Out.Bulk(v.Str())
}

// elements writes n elements from index from on, in the order of the list or
// in reverse. REQUIRES: there are so many.
func (c *Ctx) elements(l *engine.List, from, n int, backward bool) {
	c.Out.Array(n)
	w := l.Walk(from, backward)
	for ; n > 0; n-- {
		v, _ := w.Next()
		c.element(v)
	}
}

// indexRange makes [start, end], which count from the end if they are
// negative, a range of a list of length n. There is nothing in it if to < from.
func indexRange(start, end int64, n int) (from, to int) {
	if start < 0 {
		start = max(start+int64(n), 0)
	}
	if end < 0 {
		end += int64(n)
	}
	end = min(end, int64(n)-1)
	if start > end {
		return 0, -1
	}
	return int(start), int(end)
}

func llen(c *Ctx) {
	if l, found, ok := c.readList(); ok && found {
		c.Out.Int(int64(l.Len()))
	} else if ok {
		c.Out.Int(0)
	}
}

// lindex looks the key up before it parses the index, as Redis does.
func lindex(c *Ctx) {
	l, found, ok := c.readList()
	if !ok {
		return
	}
	if !found {
		c.Out.Null()
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
		c.Out.Null()
		return
	}
	c.element(l.At(int(i)))
}

func lrange(c *Ctx) {
	start, ok := c.Int(2)
	if !ok {
		return
	}
	end, ok := c.Int(3)
	if !ok {
		return
	}
	mark := len(c.Out.Buf)
	for restarts := 0; ; restarts++ {
		l, found, ok := c.readList()
		if !ok {
			return
		}
		if !found {
			c.Out.Array(0)
			return
		}
		from, to := indexRange(start, end, l.Len())
		n := to + 1 - from
		if c.heavyRead(0, l.Share(n)) {
			return
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if c.rangeInSlices(&l, from, n) {
			return
		}
		c.Out.Rewind(mark)
	}
}

// rangeSlice is how many elements are written between two pauses: some 20 µs.
const rangeSlice = 1024

// rangeInSlices is elements with pauses in which others are let in, if the
// command may pause. It returns false when the list has changed in one.
func (c *Ctx) rangeInSlices(l *engine.List, from, n int) (same bool) {
	if c.Pause == nil || n <= rangeSlice {
		c.elements(l, from, n, false)
		return true
	}
	c.Out.Array(n)
	version := l.Version()
	for {
		w := l.Walk(from, false)
		for range min(n, rangeSlice) {
			v, _ := w.Next()
			c.element(v)
		}
		if n -= rangeSlice; n <= 0 {
			return true
		}
		from += rangeSlice
		c.Pause()
		it, ok := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs)
		if !ok || it.Type() != engine.TypeList {
			return false
		}
		if *l = it.List(); l.Version() != version || version == 0 {
			return false
		}
	}
}

// position are the options of LPOS.
type position struct {
	rank     int64 // which match is the first of interest, from 1 on
	backward bool
	count    int64 // matches to return: 0 = all, -1 = the first, and not as an array
	maxLen   int64 // elements to look at, 0 = all
}

// parsePosition parses the options of LPOS; on failure it has replied.
func (c *Ctx) parsePosition() (p position, ok bool) {
	p = position{rank: 1, count: -1}
	for i := 3; i < len(c.Args); i += 2 {
		more := i+1 < len(c.Args)
		switch {
		case more && c.Is(i, "RANK"):
			if p.rank, ok = c.Int(i + 1); !ok {
				return p, false
			}
			if p.rank == math.MinInt64 {
				c.Out.Error(errSymmetric)
				return p, false
			}
			if p.rank == 0 {
				c.Out.Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
				return p, false
			}
			if p.backward = p.rank < 0; p.backward {
				p.rank = -p.rank
			}
		case more && c.Is(i, "COUNT"):
			if p.count, ok = c.intFrom(i+1, 0, "ERR COUNT can't be negative"); !ok {
				return p, false
			}
		case more && c.Is(i, "MAXLEN"):
			if p.maxLen, ok = c.intFrom(i+1, 0, "ERR MAXLEN can't be negative"); !ok {
				return p, false
			}
		default:
			c.Out.Error(ErrSyntax)
			return p, false
		}
	}
	return p, true
}

// errSymmetric refuses the one number of 64 bits that has no opposite.
const errSymmetric = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"

// intFrom parses the i-th argument as an integer of at least low; on failure it
// has replied with the message.
func (c *Ctx) intFrom(i int, low int64, message string) (int64, bool) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok || n < low {
		c.Out.Error(message)
		return 0, false
	}
	return n, true
}

// lpos is LPOS key element [RANK rank] [COUNT count] [MAXLEN len].
func lpos(c *Ctx) {
	p, ok := c.parsePosition()
	if !ok {
		return
	}
	l, found, ok := c.readList()
	switch {
	case !ok:
	case found && !c.heavyRead(0, l.Share(p.looksAt(l.Len()))):
		c.positions(&l, &p)
	case found:
	case p.count >= 0:
		c.Out.Array(0)
	default:
		c.Out.Null()
	}
}

// looksAt is how many of n elements may have to be looked at.
func (p *position) looksAt(n int) int {
	if p.maxLen == 0 {
		return n
	}
	return int(min(int64(n), p.maxLen))
}

// positions writes the indexes of the elements that equal the third argument.
func (c *Ctx) positions(l *engine.List, p *position) {
	mark, n := len(c.Out.Buf), l.Len()
	first, step, looks := 0, 1, p.looksAt(n)
	if p.backward {
		first, step = n-1, -1
	}
	matches, written := int64(0), 0
	w := l.Search(first, p.backward, c.Args[2], looks)
	for {
		skipped, ok := w.Match()
		if !ok {
			break
		}
		if matches++; matches < p.rank {
			continue
		}
		c.Out.Int(int64(first + step*skipped))
		written++
		if p.count < 0 || p.count > 0 && int64(written) == p.count {
			break
		}
	}
	switch {
	case p.count >= 0:
		c.arrayBefore(mark, written)
	case written == 0:
		c.Out.Null()
	}
}

// arrayBefore makes what was written since mark an array of n elements.
func (c *Ctx) arrayBefore(mark, n int) {
	var head [16]byte
	w := resp.Writer{Buf: head[:0], Proto: c.Out.Proto}
	w.Array(n)
	c.Out.Buf = slices.Insert(c.Out.Buf, mark, w.Buf...)
}
