package command

import (
	"fmt"
	"math"
	"math/bits"

	"larder/engine"
)

// ZRANDMEMBER picks members by their ranks, which the command's seed decides:
// so the choice is the same wherever the command runs, and each member's chance
// is the same.

const errOutOfRange = "ERR value is out of range"

// zrandMember is ZRANDMEMBER key [count [WITHSCORES]].
func zrandMember(c *Ctx) {
	if len(c.Args) == 2 {
		c.zrandOne()
		return
	}
	count, ok := c.Int(2)
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Out.Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", -math.MaxInt64, math.MaxInt64))
		return
	}
	scores := len(c.Args) == 4
	switch {
	case len(c.Args) > 4, scores && !c.Is(3, "WITHSCORES"):
		c.Out.Error(ErrSyntax)
		return
	case scores && (count < -math.MaxInt64/2 || count > math.MaxInt64/2):
		c.Out.Error(errOutOfRange)
		return
	}
	var z engine.ZSet
	found, ok := c.zset(0, &z)
	if !ok {
		return
	}
	n := z.Len()
	if !found || count == 0 {
		c.Out.Array(0)
		return
	}
	want := max(count, -count)
	if count > 0 {
		want = min(count, int64(n))
	}
	if count < -maxRepeats {
		c.Out.Error(errOutOfRange)
		return
	}
	if c.heavyRead(0, int(want)*zmemberBytes) {
		return
	}
	switch {
	case count < 0:
		c.zrandRepeated(&z, int(want), scores)
	case int(want) == n:
		c.Pause = nil // it must not begin anew
		c.zmembers(&z, 0, 0, n, zrangeOptions{scores: scores})
	default:
		c.zrandDistinct(&z, int(want), scores)
	}
}

func (c *Ctx) zrandOne() {
	var z engine.ZSet
	found, ok := c.zset(0, &z)
	switch {
	case !ok:
	case !found:
		c.Out.Null()
	default:
		c.zrandWrite(&z, int(randomBelow(nextRandom(c.Seed), z.Len())), false)
	}
}

// zrandWrite replies the member with a rank.
func (c *Ctx) zrandWrite(z *engine.ZSet, rank int, scores bool) {
	var cur engine.ZCursor
	z.Seek(&cur, rank, false)
	cur.Next()
	c.zmember(cur.Member(), cur.Score(), scores)
}

// randomBelow turns a random number into one below n.
func randomBelow(r uint64, n int) uint64 {
	below, _ := bits.Mul64(r, uint64(n))
	return below
}

// zrandRepeated replies n members, each drawn from all.
func (c *Ctx) zrandRepeated(z *engine.ZSet, n int, scores bool) {
	c.zarray(n, scores)
	r := c.Seed
	for range n {
		r = nextRandom(r)
		c.zrandWrite(z, int(randomBelow(r, z.Len())), scores)
	}
}

// zrandDistinct replies n different members: of each draw's rank, or, if that
// was drawn before, of the last rank that it could have been (Floyd, see
// Bentley, Programming Pearls, CACM 30-9).
// REQUIRES: n < z.Len().
func (c *Ctx) zrandDistinct(z *engine.ZSet, n int, scores bool) {
	c.zarray(n, scores)
	drawn := make(map[int]bool, n)
	r := c.Seed
	for last := z.Len() - n; last < z.Len(); last++ {
		r = nextRandom(r)
		rank := int(randomBelow(r, last+1))
		if drawn[rank] {
			rank = last
		}
		drawn[rank] = true
		c.zrandWrite(z, rank, scores)
	}
}
