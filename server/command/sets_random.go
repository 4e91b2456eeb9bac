package command

import (
	"bytes"
	"math"
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// Random members. The choice follows from the command's seed and the members'
// hashes, so that it is the same on every machine that runs the record.

// sPop is SPOP key [count].
func sPop(c *Ctx) {
	if len(c.Args) > 2 {
		c.popMembers()
		return
	}
	there, ok := c.writeSet(&c.set, 0)
	if !ok {
		return
	}
	if !there {
		c.Out.Null()
		return
	}
	c.popSome(len(c.Out.Buf), 1)
}

// popMembers is SPOP with a count.
func (c *Ctx) popMembers() {
	if len(c.Args) > 3 {
		c.Out.Error(ErrSyntax)
		return
	}
	count, ok := resp.ParseInt(c.Args[2])
	if !ok || count < 0 {
		c.Out.Error(ErrNegative)
		return
	}
	there, ok := c.writeSet(&c.set, 0)
	if !ok {
		return
	}
	if !there || count == 0 {
		c.Out.Set(0)
		return
	}
	n := int(min(count, int64(c.set.Len())))
	if !c.Heavy(n * setMemberBytes) {
		mark := len(c.Out.Buf)
		c.Out.Set(n)
		c.popSome(mark, n)
	}
}

// popSome removes n members and replies each; the reply began at mark. REQUIRES: 0 < n <= c.set.Len().
func (c *Ctx) popSome(mark, n int) {
	err := c.set.Pop(c.Seed, n, func(member []byte) { c.Out.Bulk(member) })
	if err != nil {
		c.failFrom(mark, err)
		return
	}
	c.changedBy(0, EventSet, "spop", n)
	if !c.set.There() {
		c.Notify(0, EventGeneric, "del")
	}
}

// sRandMember is SRANDMEMBER key [count]. A negative count may choose a member
// more than once.
func sRandMember(c *Ctx) {
	if len(c.Args) > 3 {
		c.Out.Error(ErrSyntax)
		return
	}
	count, many := int64(1), len(c.Args) == 3
	if many {
		var ok bool
		if count, ok = c.randomCount(2); !ok {
			return
		}
	}
	c.untilSame(func() bool { return c.randomMembers(count, many) })
}

// randomMembers replies as many members, or one that is no array. It returns false
// when the set has changed in a pause.
func (c *Ctx) randomMembers(count int64, many bool) (same bool) {
	there, ok := c.readSet(&c.set, 0)
	if !ok {
		return true
	}
	var digits [20]byte
	switch {
	case !there && !many:
		c.Out.Null()
	case !there || count == 0:
		c.Out.Array(0)
	case !many:
		c.Out.Bulk(c.set.Pick(c.Seed, digits[:0]))
	case count < 0:
		return c.repeatedMembers(int(-count))
	default:
		return c.distinctMembers(int(min(count, int64(c.set.Len()))))
	}
	return true
}

// repeatedMembers replies n members, each by chance. It returns false as
// randomMembers does.
func (c *Ctx) repeatedMembers(n int) (same bool) {
	if c.heavyRead(0, min(n, math.MaxInt32)*setMemberBytes) {
		return true
	}
	if c.Pause != nil {
		c.set.Remember()
	}
	c.Out.Array(n)
	var digits [20]byte
	for i := range n {
		c.Seed = nextRandom(c.Seed)
		c.Out.Bulk(c.set.Pick(c.Seed, digits[:0]))
		if i%randomSlice == randomSlice-1 && !c.setPaused() {
			return false
		}
	}
	return true
}

// setPaused lets others in, if the command may, and tells whether c.set, which
// was told to remember its state, is as it was.
func (c *Ctx) setPaused() (same bool) {
	if c.Pause == nil {
		return true
	}
	c.Pause()
	return c.set.Reopen()
}

// maxRepeats bounds how many elements, with repeats, one command returns: they
// do not have to exist, and their reply lies in memory.
const maxRepeats = 1 << 26

// randomCount parses the i-th argument as a count of elements, negative for
// repeats; on failure it has replied.
func (c *Ctx) randomCount(i int) (int64, bool) {
	n, ok := c.Int(i)
	switch {
	case !ok:
	case n == math.MinInt64:
		c.Out.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
		return 0, false
	case n < -maxRepeats:
		c.Out.Error("ERR value is out of range")
		return 0, false
	}
	return n, ok
}

// distinctMembers replies n different members. It returns false as randomMembers
// does. REQUIRES: n <= c.set.Len().
func (c *Ctx) distinctMembers(n int) (same bool) {
	total := c.set.Len()
	if c.heavyRead(0, n*setMemberBytes) {
		return true
	}
	if c.Pause != nil {
		c.set.Remember()
	}
	c.Out.Array(n)
	if n == total {
		return c.eachMember(func(member []byte) { c.Out.Bulk(member) })
	}
	if 2*n < total {
		var digits [20]byte
		chosen := make(map[string]struct{}, n)
		for len(chosen) < n {
			c.Seed = nextRandom(c.Seed)
			member := c.set.Pick(c.Seed, digits[:0])
			if _, twice := chosen[string(member)]; !twice {
				chosen[string(member)] = struct{}{}
				c.Out.Bulk(member)
			}
			if c.Seed%randomSlice == 0 && !c.setPaused() {
				return false
			}
		}
		return true
	}
	// Most of the members: all in the order of a hash, which the seed shuffles.
	all := make([][]byte, 0, total)
	if !c.eachMember(func(member []byte) { all = append(all, bytes.Clone(member)) }) {
		return false
	}
	for _, member := range c.shuffled(all)[:n] {
		c.Out.Bulk(member)
	}
	return true
}

// eachMember calls f for each member of c.set, with pauses. It returns false as
// randomMembers does.
func (c *Ctx) eachMember(f func(member []byte)) (same bool) {
	member := func(member []byte) bool { f(member); return true }
	for at, more := c.set.EachFrom(engine.Place{}, member); more; at, more = c.set.EachFrom(at, member) {
		if !c.setPaused() {
			return false
		}
	}
	return true
}

// shuffled orders elements by chance: the seed's, not that of their layout. They
// are copies, so others may be let in meanwhile.
func (c *Ctx) shuffled(all [][]byte) [][]byte {
	compared := 0
	slices.SortFunc(all, func(a, b []byte) int {
		if compared++; compared%sortSlice == 0 && c.Pause != nil {
			c.Pause()
		}
		return bytes.Compare(a, b)
	})
	for i := len(all) - 1; i > 0; i-- {
		c.Seed = nextRandom(c.Seed)
		j := int(c.Seed % uint64(i+1))
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// setScan is SSCAN key cursor [MATCH pattern] [COUNT count].
func setScan(c *Ctx) {
	cursor, ok := parseCursor(c.Args[2])
	if !ok {
		c.Out.Error("ERR invalid cursor")
		return
	}
	there, ok := c.readSet(&c.set, 0)
	if !ok {
		return
	}
	if !there {
		c.emptyScan()
		return
	}
	o, ok := c.parseScan(3, scanElements)
	if !ok || c.heavyRead(0, min(o.count, c.set.Len())*setMemberBytes) {
		return
	}
	mark, n := len(c.Out.Buf), 0
	next := c.set.Scan(engine.Cursor(cursor), o.count, func(member []byte) {
		if o.match.match(member) {
			c.Out.Bulk(member)
			n++
		}
	})
	c.scanHead(mark, uint64(next), n)
}

// emptyScan replies the scan of a key that is absent.
func (c *Ctx) emptyScan() { c.scanHead(len(c.Out.Buf), 0, 0) }

// scanHead completes the reply of a scan, whose n elements were written from
// mark on.
func (c *Ctx) scanHead(mark int, cursor uint64, n int) {
	var head [64]byte
	w := resp.Writer{Buf: head[:0], Proto: c.Out.Proto}
	w.Array(2)
	w.BulkInt(int64(cursor))
	w.Array(n)
	c.Out.Buf = slices.Insert(c.Out.Buf, mark, w.Buf...)
}
