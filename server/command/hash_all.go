package command

import (
	"bytes"
	"math"

	"larder/engine"
)

// Many fields of a hash at once: all of them, some by chance, and iteration.

func hKeys(c *Ctx) {
	c.allFields(false, func(field, _ []byte) bool { c.Out.Bulk(field); return true })
}

func hVals(c *Ctx) {
	c.allFields(false, func(_, value []byte) bool { c.Out.Bulk(value); return true })
}

func hGetAll(c *Ctx) {
	c.allFields(true, func(field, value []byte) bool { c.Out.Bulk(field); c.Out.Bulk(value); return true })
}

// allFields replies a list, or a map of pairs, to which f adds for each field.
// Others are let in meanwhile, as in sets_algebra.go.
func (c *Ctx) allFields(pairs bool, f func(field, value []byte) bool) {
	x, mark := &c.hash, len(c.Out.Buf)
	for restarts := 0; ; restarts++ {
		if _, ok := c.readHash(x, 0); !ok || c.heavyRead(0, x.Len()*hashFieldBytes) {
			return
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if pairs {
			c.Out.Map(x.Len())
		} else {
			c.Out.Array(x.Len())
		}
		if c.walkHash(x, f) {
			return
		}
		c.Out.Rewind(mark)
	}
}

// walkHash calls f for each field until it returns false, with pauses. It
// returns false when the hash has changed in one of them.
func (c *Ctx) walkHash(x *engine.Hash, f func(field, value []byte) bool) (same bool) {
	if c.Pause != nil {
		x.Remember()
	}
	for at, more := x.EachFrom(engine.Place{}, f); more; at, more = x.EachFrom(at, f) {
		if c.Pause == nil {
			continue
		}
		if c.Pause(); !x.Reopen() {
			return false
		}
	}
	return true
}

// hScan is HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES].
func hScan(c *Ctx) {
	cursor, ok := parseCursor(c.Args[2])
	if !ok {
		c.Out.Error("ERR invalid cursor")
		return
	}
	there, ok := c.readHash(&c.hash, 0)
	if !ok {
		return
	}
	if !there {
		c.emptyScan()
		return
	}
	o, ok := c.parseScan(3, scanFields)
	if !ok || c.heavyRead(0, min(o.count, c.hash.Len())*hashFieldBytes) {
		return
	}
	mark, n := len(c.Out.Buf), 0
	next := c.hash.Scan(engine.Cursor(cursor), o.count, func(field, value []byte) {
		if !o.match.match(field) {
			return
		}
		c.Out.Bulk(field)
		n++
		if !o.noValues {
			c.Out.Bulk(value)
			n++
		}
	})
	c.scanHead(mark, uint64(next), n)
}

// hRandField is HRANDFIELD key [count [WITHVALUES]]. A negative count may
// choose a field more than once.
func hRandField(c *Ctx) {
	if len(c.Args) == 2 {
		c.oneRandomField()
		return
	}
	count, ok := c.randomCount(2)
	if !ok {
		return
	}
	values := len(c.Args) > 3
	if len(c.Args) > 4 || values && !c.Is(3, "WITHVALUES") {
		c.Out.Error(ErrSyntax)
		return
	}
	if values && count > math.MaxInt64/2 {
		c.Out.Error("ERR value is out of range")
		return
	}
	c.untilSame(func() bool { return c.randomFields(count, values) })
}

// randomFields replies as many fields. It returns false when the hash has changed
// in a pause.
func (c *Ctx) randomFields(count int64, values bool) (same bool) {
	there, ok := c.readHash(&c.hash, 0)
	switch {
	case !ok:
	case !there || count == 0:
		c.Out.Array(0)
	case count < 0:
		return c.repeatedFields(int(-count), values)
	default:
		return c.distinctFields(int(min(count, int64(c.hash.Len()))), values)
	}
	return true
}

// hashPaused lets others in, if the command may, and tells whether c.hash, which
// was told to remember its state, is as it was.
func (c *Ctx) hashPaused() (same bool) {
	if c.Pause == nil {
		return true
	}
	c.Pause()
	return c.hash.Reopen()
}

func (c *Ctx) oneRandomField() {
	there, ok := c.readHash(&c.hash, 0)
	switch {
	case !ok:
	case !there:
		c.Out.Null()
	default:
		var a, v [20]byte
		field, _ := c.hash.Pick(c.Seed, a[:0], v[:0])
		c.Out.Bulk(field)
	}
}

// beginFields begins a reply of n fields, with their values or without.
func (c *Ctx) beginFields(n int, values bool) {
	if values && c.Out.Proto != 3 {
		n *= 2
	}
	c.Out.Array(n)
}

// randomField replies a field and, if asked for, its value: in RESP3 the two
// are a pair.
func (c *Ctx) randomField(field, value []byte, values bool) {
	if values && c.Out.Proto == 3 {
		c.Out.Array(2)
	}
	c.Out.Bulk(field)
	if values {
		c.Out.Bulk(value)
	}
}

// repeatedFields replies n fields, each by chance. It returns false as
// randomFields does.
func (c *Ctx) repeatedFields(n int, values bool) (same bool) {
	if c.heavyRead(0, n*hashFieldBytes) {
		return true
	}
	if c.Pause != nil {
		c.hash.Remember()
	}
	c.beginFields(n, values)
	var a, v [20]byte
	for i := range n {
		c.Seed = nextRandom(c.Seed)
		field, value := c.hash.Pick(c.Seed, a[:0], v[:0])
		c.randomField(field, value, values)
		if i%randomSlice == randomSlice-1 && !c.hashPaused() {
			return false
		}
	}
	return true
}

// distinctFields replies n different fields. It returns false as randomFields
// does. REQUIRES: n <= c.hash.Len().
func (c *Ctx) distinctFields(n int, values bool) (same bool) {
	total := c.hash.Len()
	if c.heavyRead(0, n*hashFieldBytes) {
		return true
	}
	if c.Pause != nil {
		c.hash.Remember()
	}
	c.beginFields(n, values)
	if n == total {
		return c.walkHash(&c.hash, func(field, value []byte) bool { c.randomField(field, value, values); return true })
	}
	if 2*n < total {
		var a, v [20]byte
		chosen := make(map[string]struct{}, n)
		for len(chosen) < n {
			c.Seed = nextRandom(c.Seed)
			field, value := c.hash.Pick(c.Seed, a[:0], v[:0])
			if _, twice := chosen[string(field)]; !twice {
				chosen[string(field)] = struct{}{}
				c.randomField(field, value, values)
			}
			if c.Seed%randomSlice == 0 && !c.hashPaused() {
				return false
			}
		}
		return true
	}
	// Most of the fields: all in an order that the seed alone decides.
	all := make([][]byte, 0, total)
	if !c.walkHash(&c.hash, func(field, _ []byte) bool { all = append(all, bytes.Clone(field)); return true }) {
		return false
	}
	var digits [20]byte
	for i, field := range c.shuffled(all)[:n] {
		if i%randomSlice == 0 && !c.hashPaused() { // also behind the pauses of shuffled
			return false
		}
		value, _ := c.hash.Get(field, digits[:0])
		c.randomField(field, value, values)
	}
	return true
}
