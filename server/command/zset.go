package command

import (
	"math"

	"larder/engine"
)

// Sorted sets: members, each once, in the order of their scores, and members of
// one score in the order of their bytes. engine.ZSet finds a member's score by
// hash and a place by rank, and turns every range, whether of ranks, of scores
// or of members, into a range of ranks; so that is all that the commands here
// deal in: two numbers between which to read, count or remove.
//
//	zset.go          members: ZADD, ZINCRBY, ZREM, ZSCORE, ZMSCORE, ZCARD, ZRANK
//	zset_bounds.go   ranges as clients write them, ZCOUNT, ZLEXCOUNT, ZREMRANGEBY*
//	zset_range.go    ZRANGE and its older relatives, ZRANGESTORE
//	zset_pop.go      ZPOPMIN, ZPOPMAX, ZMPOP
//	zset_block.go    BZPOPMIN, BZPOPMAX, BZMPOP
//	zset_combine.go  ZUNION, ZINTER, ZDIFF and their STORE, ZINTERCARD
//	zset_random.go   ZRANDMEMBER
//	zset_scan.go     ZSCAN

const (
	errZSetNaN   = "ERR resulting score is not a number (NaN)"
	errZAddNXXX  = "ERR XX and NX options at the same time are not compatible"
	errZAddGTLT  = "ERR GT, LT, and/or NX options at the same time are not compatible"
	errZAddPairs = "ERR INCR option supports a single increment-element pair"
)

// zmemberBytes is what a member weighs for Heavy besides its own length, which
// is not known before it is read.
const zmemberBytes = 64

// zset finds the sorted set at the i-th key for a command that reads. found is
// false if the key is absent; ok is false if it holds another type: then it
// has replied.
func (c *Ctx) zset(i int, z *engine.ZSet) (found, ok bool) {
	it := c.Load(i)
	if it == nil {
		return false, true
	}
	return true, c.isZSet(z.View(it))
}

// zsetWrite is zset for a command that will write: z is ready for Insert if the
// key is absent.
func (c *Ctx) zsetWrite(i int, z *engine.ZSet) (found, ok bool) {
	found, err := z.Open(c.Engine, c.DB, c.Keys[i], c.NowMs, &c.Config.Limits)
	if !found {
		c.absent(i)
	}
	return found, c.isZSet(err)
}

// isZSet tells whether a key was opened as a sorted set; if not it has replied.
func (c *Ctx) isZSet(err error) bool {
	if err != nil {
		c.Fail(err)
	}
	return err == nil
}

// zcommit ends the writes of a command that has changed n members of the sorted
// set at the i-th key, which is gone if it is empty now. On failure it has
// replied.
func (c *Ctx) zcommit(i int, z *engine.ZSet, n int, event string) bool {
	if n == 0 {
		return true
	}
	if err := z.Commit(); err != nil {
		c.Fail(err)
		return false
	}
	c.Changed(i, EventZSet, event)
	c.Dirty += n - 1
	if z.Len() == 0 {
		c.Notify(i, EventGeneric, "del")
	}
	return true
}

// zaddOptions are the words between the key and the scores of ZADD.
type zaddOptions struct {
	nx, xx, gt, lt, ch, incr bool
}

// parseZAdd reads the options and returns the place of the first score; on
// failure it has replied.
func (c *Ctx) parseZAdd() (o zaddOptions, first int, ok bool) {
	i := 2
words:
	for ; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "NX"):
			o.nx = true
		case c.Is(i, "XX"):
			o.xx = true
		case c.Is(i, "GT"):
			o.gt = true
		case c.Is(i, "LT"):
			o.lt = true
		case c.Is(i, "CH"):
			o.ch = true
		case c.Is(i, "INCR"):
			o.incr = true
		default:
			break words
		}
	}
	n := len(c.Args) - i
	switch {
	case n == 0 || n%2 != 0:
		c.Out.Error(ErrSyntax)
	case o.nx && o.xx:
		c.Out.Error(errZAddNXXX)
	case o.gt && o.nx || o.lt && o.nx || o.gt && o.lt:
		c.Out.Error(errZAddGTLT)
	case o.incr && n > 2:
		c.Out.Error(errZAddPairs)
	default:
		return o, i, true
	}
	return o, i, false
}

func zadd(c *Ctx) {
	if o, first, ok := c.parseZAdd(); ok {
		c.zadd(o, first)
	}
}

func zincrBy(c *Ctx) { c.zadd(zaddOptions{incr: true}, 2) }

// zadd adds the pairs of score and member that begin at argument first.
func (c *Ctx) zadd(o zaddOptions, first int) {
	for i := first; i < len(c.Args); i += 2 {
		if _, ok := c.double(i, ErrNotFloat); !ok {
			return
		}
	}
	c.zaddPairs(o, (len(c.Args)-first)/2, func(i int) (float64, []byte) {
		score, _ := parseDouble(c.Args[first+2*i])
		return score, c.Args[first+2*i+1]
	})
}

// zaddPairs adds n pairs of score and member to the sorted set at the only key
// and replies.
func (c *Ctx) zaddPairs(o zaddOptions, n int, pair func(i int) (score float64, member []byte)) {
	var z engine.ZSet
	found, ok := c.zsetWrite(0, &z)
	if !ok {
		return
	}
	if !found && o.xx {
		c.zaddReply(o, 0, 0, false, 0)
		return
	}
	added, updated := 0, 0
	var last zaddResult
	z.Begin(n)
	for i := range n {
		score, member := pair(i)
		var err error
		if last, err = zaddOne(&z, o, score, member); err != nil {
			c.Fail(err)
			return
		}
		if last.nan {
			c.Out.Error(errZSetNaN)
			return
		}
		if last.added {
			added++
		}
		if last.updated {
			updated++
		}
	}
	event := "zadd"
	if o.incr {
		event = "zincr"
	}
	if c.zcommit(0, &z, added+updated, event) {
		c.zaddReply(o, added, updated, !last.skipped, last.score)
	}
}

// zaddReply replies what ZADD has done; done and score are about the one
// member of INCR.
func (c *Ctx) zaddReply(o zaddOptions, added, updated int, done bool, score float64) {
	switch {
	case o.incr && done:
		c.Out.Double(score)
	case o.incr:
		c.Out.Null()
	case o.ch:
		c.Out.Int(int64(added + updated))
	default:
		c.Out.Int(int64(added))
	}
}

// zaddResult is what became of one member: nothing at all if it stayed at the
// score that it had.
type zaddResult struct {
	added, updated bool
	skipped        bool // an option forbade it
	nan            bool
	score          float64
}

// zaddOne adds or changes one member.
func zaddOne(z *engine.ZSet, o zaddOptions, score float64, member []byte) (r zaddResult, err error) {
	at, old, found := z.Find(member)
	if !found {
		if o.xx {
			return zaddResult{skipped: true}, nil
		}
		return zaddResult{added: true, score: score}, z.Insert(at, member, score)
	}
	if o.nx {
		return zaddResult{skipped: true}, nil
	}
	if o.incr {
		if score += old; math.IsNaN(score) {
			return zaddResult{nan: true}, nil
		}
	}
	switch {
	case o.lt && score >= old, o.gt && score <= old:
		return zaddResult{skipped: true}, nil
	case score == old:
		return zaddResult{score: score}, nil
	}
	return zaddResult{updated: true, score: score}, z.Update(at, member, score)
}

func zrem(c *Ctx) {
	var z engine.ZSet
	found, ok := c.zsetWrite(0, &z)
	if !ok {
		return
	}
	n := 0
	if found {
		for _, member := range c.Args[2:] {
			if z.Remove(member) {
				n++
			}
		}
	}
	if c.zcommit(0, &z, n, "zrem") {
		c.Out.Int(int64(n))
	}
}

func zcard(c *Ctx) {
	var z engine.ZSet
	if _, ok := c.zset(0, &z); ok {
		c.Out.Int(int64(z.Len()))
	}
}

func zscore(c *Ctx) {
	var z engine.ZSet
	if _, ok := c.zset(0, &z); ok {
		c.zscore(&z, c.Args[2])
	}
}

// zscore replies a member's score, null if it is absent.
func (c *Ctx) zscore(z *engine.ZSet, member []byte) {
	if score, ok := z.Score(member); ok {
		c.Out.Double(score)
	} else {
		c.Out.Null()
	}
}

func zmscore(c *Ctx) {
	var z engine.ZSet
	if _, ok := c.zset(0, &z); !ok {
		return
	}
	members := c.Args[2:]
	c.Out.Array(len(members))
	for _, m := range members {
		c.zscore(&z, m)
	}
}

func zrank(c *Ctx)    { c.zrank(false) }
func zrevRank(c *Ctx) { c.zrank(true) }

// zrank is ZRANK and ZREVRANK key member [WITHSCORE].
func (c *Ctx) zrank(reverse bool) {
	withScore := len(c.Args) > 3
	if len(c.Args) > 4 {
		c.wrongArity()
		return
	}
	if withScore && !c.Is(3, "WITHSCORE") {
		c.Out.Error(ErrSyntax)
		return
	}
	var z engine.ZSet
	found, ok := c.zset(0, &z)
	if !ok {
		return
	}
	rank, score := 0, 0.0
	if found {
		rank, score, found = z.Rank(c.Args[2])
	}
	switch {
	case !found && withScore:
		c.Out.NullArray()
		return
	case !found:
		c.Out.Null()
		return
	}
	if reverse {
		rank = z.Len() - 1 - rank
	}
	if withScore {
		c.Out.Array(2)
	}
	c.Out.Int(int64(rank))
	if withScore {
		c.Out.Double(score)
	}
}
