package command

import (
	"bytes"

	"larder/engine"
	"larder/protocol/resp"
)

// Taking members from the ends. What waits for members is in zset_block.go.

const (
	errNumKeys  = "ERR numkeys should be greater than 0"
	errPopCount = "ERR count should be greater than 0"
)

// zpopForm is how the members that were popped are replied.
type zpopForm struct {
	max    bool
	key    bool // the key's name stands in front
	nested bool // each member is an array with its score
}

func (f zpopForm) event() string {
	if f.max {
		return "zpopmax"
	}
	return "zpopmin"
}

func zpopMin(c *Ctx) { c.zpop(false) }
func zpopMax(c *Ctx) { c.zpop(true) }

// zpop is ZPOPMIN and ZPOPMAX key [count].
func (c *Ctx) zpop(fromMax bool) {
	if len(c.Args) > 3 {
		c.Out.Error(ErrSyntax)
		return
	}
	count := int64(1)
	if len(c.Args) == 3 {
		var ok bool
		if count, ok = resp.ParseInt(c.Args[2]); !ok || count < 0 {
			c.Out.Error(ErrNegative)
			return
		}
	}
	for restarts := 0; ; restarts++ {
		var z engine.ZSet
		found, ok := c.zsetWrite(0, &z)
		if !ok {
			return
		}
		if !found || count == 0 {
			c.Out.Array(0)
			return
		}
		c.pauseless(restarts)
		if c.zpopFrom(0, &z, count, zpopForm{max: fromMax, nested: c.Out.Proto == 3 && len(c.Args) == 3}) {
			return
		}
	}
}

// zpopFrom pops up to count members of z, which the i-th key holds and which is
// not empty, or returns false if the command is to begin anew: z has changed in a
// pause.
func (c *Ctx) zpopFrom(i int, z *engine.ZSet, count int64, f zpopForm) (done bool) {
	n := int(min(count, int64(z.Len())))
	if c.Heavy(n * zmemberBytes) {
		return true
	}
	if c.Pause != nil && z.Large() && n*zmemberBytes >= heavyBytes {
		return c.zpopInSlices(i, z, n, f)
	}
	mark := len(c.Out.Buf)
	c.zpopHead(i, n, f)
	first, at := 0, 0
	if f.max {
		first, at = z.Len()-n, z.Len()-1
	}
	c.zpopped(z, at, n, f)
	z.RemoveRanks(first, first+n)
	if written := len(c.Out.Buf); !c.zcommit(i, z, n, f.event()) {
		// The error takes the place of the members.
		c.Out.Buf = append(c.Out.Buf[:mark], c.Out.Buf[written:]...)
	}
	return true
}

// zpopHead begins the reply of n members of the i-th key.
func (c *Ctx) zpopHead(i, n int, f zpopForm) {
	switch {
	case f.key && f.nested:
		c.Out.Array(2)
		c.Out.Bulk(c.Keys[i].Name)
		c.Out.Array(n)
	case f.key:
		c.Out.Array(1 + 2*n)
		c.Out.Bulk(c.Keys[i].Name)
	case f.nested:
		c.Out.Array(n)
	default:
		c.Out.Array(2 * n)
	}
}

// zpopped replies n members from a rank on.
func (c *Ctx) zpopped(z *engine.ZSet, at, n int, f zpopForm) {
	var cur engine.ZCursor
	z.Seek(&cur, at, f.max)
	for range n {
		cur.Next()
		if f.nested {
			c.Out.Array(2)
		}
		c.Out.Bulk(cur.Member())
		c.Out.Double(cur.Score())
	}
}

// zpopFirst pops from the first of the keys that holds a sorted set. It
// reports false if there is none; if one of them holds another type before
// that, it has replied.
func (c *Ctx) zpopFirst(count int64, f zpopForm) bool {
	restarts := 0
	for i := 0; i < len(c.Keys); i++ {
		var z engine.ZSet
		found, ok := c.zsetWrite(i, &z)
		if !ok {
			return true
		}
		if !found {
			continue
		}
		c.pauseless(restarts)
		if c.zpopFrom(i, &z, count, f) {
			return true
		}
		restarts++
		i = -1 // an earlier key may hold one by now
	}
	return false
}

func zmpop(c *Ctx) {
	f, count, ok := c.parseZMPop(1)
	if ok && !c.zpopFirst(count, f) {
		c.Out.NullArray()
	}
}

// parseZMPop reads numkeys key... MIN|MAX [COUNT count], numkeys being argument
// at; on failure it has replied.
func (c *Ctx) parseZMPop(at int) (f zpopForm, count int64, ok bool) {
	f, count = zpopForm{key: true, nested: true}, 1
	numKeys, ok := resp.ParseInt(c.Args[at])
	if !ok || numKeys < 1 {
		c.Out.Error(errNumKeys)
		return f, 0, false
	}
	if numKeys >= int64(len(c.Args)-at-1) {
		c.Out.Error(ErrSyntax)
		return f, 0, false
	}
	i := at + int(numKeys) + 1
	switch {
	case c.Is(i, "MAX"):
		f.max = true
	case !c.Is(i, "MIN"):
		c.Out.Error(ErrSyntax)
		return f, 0, false
	}
	given := false
	for i++; i < len(c.Args); i += 2 {
		if given || !c.Is(i, "COUNT") || i+1 == len(c.Args) {
			c.Out.Error(ErrSyntax)
			return f, 0, false
		}
		if count, ok = resp.ParseInt(c.Args[i+1]); !ok || count < 1 {
			c.Out.Error(errPopCount)
			return f, 0, false
		}
		given = true
	}
	return f, count, true
}

// wrongArity replies as the dispatcher does to a wrong number of arguments.
func (c *Ctx) wrongArity() {
	c.Out.Error("ERR wrong number of arguments for '" + string(bytes.ToLower(c.Args[0])) + "' command")
}
