package command

import "larder/engine"

// bitOp combines strings bit by bit into another key. Shorter ones count as if
// zeros followed. The result is computed beside what the destination holds,
// which may be a source.
func bitOp(c *Ctx) {
	op, ok := c.bitOperation()
	if !ok {
		return
	}
	size, total, ok := c.sourceBytes()
	if !ok {
		return
	}
	if c.Heavy(total) {
		c.uncount(1, len(c.Keys)-1)
		return
	}
	if size == 0 {
		if c.Engine.Delete(c.DB, c.Keys[0], c.NowMs) {
			c.Changed(0, EventGeneric, "del")
		}
		c.Out.Int(0)
		return
	}
	w, err := c.Engine.Stage(c.DB, c.Keys[0], size, engine.EncGrown, engine.Attrs{Deadline: engine.NoDeadline}, c.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	c.combineSources(w.Value, op)
	w.Commit()
	c.Changed(0, EventString, "set")
	c.Out.Int(int64(size))
}

// bitOperation is what BITOP computes.
type bitOperation uint8

const (
	bitAnd bitOperation = iota
	bitOr
	bitXor
	bitNot
)

// bitOperation parses the operation. If it is none, or does not go with the
// number of sources, it has replied.
func (c *Ctx) bitOperation() (op bitOperation, ok bool) {
	switch {
	case c.Is(1, "AND"):
		return bitAnd, true
	case c.Is(1, "OR"):
		return bitOr, true
	case c.Is(1, "XOR"):
		return bitXor, true
	case !c.Is(1, "NOT"):
		c.Out.Error(ErrSyntax)
	case len(c.Args) != 4:
		c.Out.Error("ERR BITOP NOT must be called with a single source key.")
	default:
		return bitNot, true
	}
	return 0, false
}

// sourceBytes returns the length of the longest source and of all together,
// in bytes. If one is no string it has replied.
func (c *Ctx) sourceBytes() (longest, total int, ok bool) {
	for i := 1; i < len(c.Keys); i++ {
		it, found := c.Find(i)
		if !found {
			continue
		}
		if !c.str(&it) {
			return 0, 0, false
		}
		longest = max(longest, it.Len())
		total += it.Len()
	}
	return longest, total, true
}

// combineSources computes the result in dst, which holds garbage and is as
// long as the longest source.
func (c *Ctx) combineSources(dst []byte, op bitOperation) {
	clear(dst[c.copySource(1, dst):])
	if op == bitNot {
		notBits(dst)
		return
	}
	for i := 2; i < len(c.Keys); i++ {
		var digits [20]byte
		var src []byte
		if it, found := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs); found {
			src = it.Bytes(digits[:0])
		}
		switch op {
		case bitAnd:
			andBits(dst[:len(src)], src)
			clear(dst[len(src):])
		case bitOr:
			orBits(dst[:len(src)], src)
		case bitXor:
			xorBits(dst[:len(src)], src)
		}
	}
}

// copySource copies the i-th key's string to dst and returns its length.
func (c *Ctx) copySource(i int, dst []byte) int {
	it, found := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs)
	if !found {
		return 0
	}
	var digits [20]byte
	return copy(dst, it.Bytes(digits[:0]))
}
