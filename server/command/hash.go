package command

import (
	"math"

	"larder/engine"
	"larder/protocol/resp"
)

// Hashes: what sets, reads and removes fields. What a hash is and how it is
// kept is told in the engine's hashtype.go. What returns many fields is in
// hash_all.go, deadlines of fields are in hash_expire.go and hash_ex.go.

// hashFieldBytes is what a field weighs for Heavy: visiting one takes as long
// as copying so many bytes.
const hashFieldBytes = 64

// writeHash opens the i-th key for a command that changes it. ok is false when
// it holds something else: then it has replied.
func (c *Ctx) writeHash(x *engine.Hash, i int) (there, ok bool) {
	there, err := c.Engine.OpenHash(x, c.DB, &c.Keys[i], c.NowMs)
	switch {
	case err != nil:
		c.Fail(err)
		return false, false
	case there:
		x.Item().Touch()
	default:
		c.absent(i)
	}
	return there, true
}

// readHash is writeHash for a command that reads: hit or miss is counted.
func (c *Ctx) readHash(x *engine.Hash, i int) (there, ok bool) {
	there, err := c.Engine.OpenHash(x, c.DB, &c.Keys[i], c.NowMs)
	c.count(i, there || err != nil)
	switch {
	case err != nil:
		c.Fail(err)
		return false, false
	case !there:
		c.missed(i)
	case !c.NoTouch:
		x.Item().Touch()
	}
	return there, true
}

func hSet(c *Ctx) {
	if created, ok := c.setFields("hset"); ok {
		c.Out.Int(int64(created))
	}
}

func hMSet(c *Ctx) {
	if _, ok := c.setFields("hmset"); ok {
		c.Out.OK()
	}
}

// setFields sets the pairs of HSET and HMSET and returns how many of the fields
// are new; if ok is false it has replied.
func (c *Ctx) setFields(name string) (created int, ok bool) {
	pairs := c.Args[2:]
	if len(pairs)%2 == 1 {
		c.Out.Error("ERR wrong number of arguments for '" + name + "' command")
		return 0, false
	}
	x, lim := &c.hash, &c.Config.Limits
	if _, ok := c.writeHash(x, 0); !ok {
		return 0, false
	}
	if err := x.Expect(len(pairs)/2, lim); err != nil {
		c.Fail(err)
		return 0, false
	}
	p := &c.progress
	before := p.at
	for ; p.at < len(pairs); p.at += 2 {
		created, err := x.Set(pairs[p.at], pairs[p.at+1], engine.NoDeadline, lim)
		if err != nil {
			c.changedBy(0, EventHash, "hset", (p.at-before)/2)
			c.Fail(err)
			return 0, false
		}
		if created {
			p.n++
		}
	}
	c.changedBy(0, EventHash, "hset", (p.at-before)/2)
	created = p.n
	*p = progress{}
	return created, true
}

func hSetNX(c *Ctx) {
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	if x.Has(c.Args[2]) {
		c.Out.Int(0)
		return
	}
	if _, err := x.Set(c.Args[2], c.Args[3], engine.NoDeadline, &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventHash, "hset")
	c.Out.Int(1)
}

func hGet(c *Ctx) {
	if _, ok := c.readHash(&c.hash, 0); ok {
		c.fieldOrNull(c.Args[2])
	}
}

// fieldOrNull replies the value of a field of c.hash.
func (c *Ctx) fieldOrNull(field []byte) {
	var digits [20]byte
	if value, ok := c.hash.Get(field, digits[:0]); ok {
		c.Out.Bulk(value)
	} else {
		c.Out.Null()
	}
}

func hMGet(c *Ctx) {
	if _, ok := c.readHash(&c.hash, 0); !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		c.fieldOrNull(field)
	}
}

func hDel(c *Ctx) {
	if _, ok := c.writeHash(&c.hash, 0); !ok {
		return
	}
	if n, ok := c.deleteFields(len(c.Out.Buf), c.Args[2:]); ok {
		c.Out.Int(int64(n))
	}
}

// deleteFields removes fields of c.hash and tells how many were there; if ok is
// false it has replied, in the place of what was written since mark.
func (c *Ctx) deleteFields(mark int, fields [][]byte) (n int, ok bool) {
	n, err := c.hash.DeleteAll(fields)
	if err != nil {
		c.failFrom(mark, err)
		return 0, false
	}
	c.changedBy(0, EventHash, "hdel", n)
	if n > 0 && !c.hash.There() {
		c.Notify(0, EventGeneric, "del")
	}
	return n, true
}

func hLen(c *Ctx) {
	if _, ok := c.readHash(&c.hash, 0); ok {
		c.Out.Int(int64(c.hash.Len()))
	}
}

func hStrLen(c *Ctx) {
	if _, ok := c.readHash(&c.hash, 0); ok {
		var digits [20]byte
		value, _ := c.hash.Get(c.Args[2], digits[:0])
		c.Out.Int(int64(len(value)))
	}
}

func hExists(c *Ctx) {
	if _, ok := c.readHash(&c.hash, 0); ok {
		c.Out.Flag(c.hash.Has(c.Args[2]))
	}
}

func hIncrBy(c *Ctx) {
	n, ok := c.Int(3)
	if !ok {
		return
	}
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	var digits [20]byte
	old := int64(0)
	if value, ok := x.Get(c.Args[2], digits[:0]); ok {
		if old, ok = resp.ParseInt(value); !ok {
			c.Out.Error("ERR hash value is not an integer")
			return
		}
	}
	if n < 0 && old < math.MinInt64-n || n > 0 && old > math.MaxInt64-n {
		c.Out.Error("ERR increment or decrement would overflow")
		return
	}
	if err := x.SetInt(c.Args[2], old+n, engine.KeepDeadline, &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventHash, "hincrby")
	c.Out.Int(old + n)
}

// hIncrByFloat computes as INCRBYFLOAT does, see float.go.
func hIncrByFloat(c *Ctx) {
	n, ok := parseLongDouble(c.Args[3])
	if !ok {
		c.Out.Error(ErrNotFloat)
		return
	}
	if n.f.IsInf() {
		c.Out.Error("ERR value is NaN or Infinity")
		return
	}
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	var digits [20]byte
	var sum longDouble
	if value, ok := x.Get(c.Args[2], digits[:0]); ok {
		if sum, ok = parseLongDouble(value); !ok {
			c.Out.Error("ERR hash value is not a float")
			return
		}
	} else {
		sum, _ = parseLongDouble([]byte("0"))
	}
	if !sum.add(&n) {
		c.Out.Error("ERR increment would produce NaN or Infinity")
		return
	}
	text := sum.text()
	if _, err := x.Set(c.Args[2], text, engine.KeepDeadline, &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventHash, "hincrbyfloat")
	c.Out.Bulk(text)
}
