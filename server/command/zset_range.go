package command

import "larder/engine"

// ZRANGE, what it has replaced, and ZRANGESTORE: they differ in where the
// options come from and in what happens with the members.

const (
	errZRangeLimit  = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	errZRangeScores = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
)

// zrangeForm is what the name of a command says about its range.
type zrangeForm struct {
	by      zrangeBy
	reverse bool
	open    bool // options say by what and in which direction
	store   bool // the first key takes the result
}

func zrange(c *Ctx)           { c.zrange(zrangeForm{open: true}) }
func zrangeStore(c *Ctx)      { c.zrange(zrangeForm{open: true, store: true}) }
func zrevRange(c *Ctx)        { c.zrange(zrangeForm{reverse: true}) }
func zrangeByScore(c *Ctx)    { c.zrange(zrangeForm{by: byScore}) }
func zrevRangeByScore(c *Ctx) { c.zrange(zrangeForm{by: byScore, reverse: true}) }
func zrangeByLex(c *Ctx)      { c.zrange(zrangeForm{by: byMember}) }
func zrevRangeByLex(c *Ctx)   { c.zrange(zrangeForm{by: byMember, reverse: true}) }

// zrangeOptions are what follows the two limits.
type zrangeOptions struct {
	zrangeForm
	scores        bool
	offset, limit int64 // limit < 0: all
}

// parseZRange reads the options from argument i on; on failure it has replied.
func (c *Ctx) parseZRange(form zrangeForm, i int) (o zrangeOptions, ok bool) {
	o = zrangeOptions{zrangeForm: form, limit: -1}
	by, reverse := false, false
	for ; i < len(c.Args); i++ {
		switch {
		case !form.store && c.Is(i, "WITHSCORES"):
			o.scores = true
		case c.Is(i, "LIMIT") && i+2 < len(c.Args):
			if o.offset, ok = c.Int(i + 1); !ok {
				return o, false
			}
			if o.limit, ok = c.Int(i + 2); !ok {
				return o, false
			}
			i += 2
		case form.open && !reverse && c.Is(i, "REV"):
			o.reverse, reverse = true, true
		case form.open && !by && c.Is(i, "BYLEX"):
			o.by, by = byMember, true
		case form.open && !by && c.Is(i, "BYSCORE"):
			o.by, by = byScore, true
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	switch {
	case o.limit != -1 && o.by == byRank:
		c.Out.Error(errZRangeLimit)
		return o, false
	case o.scores && o.by == byMember:
		c.Out.Error(errZRangeScores)
		return o, false
	}
	return o, true
}

// zrange is all commands that return or store the members of a range.
func (c *Ctx) zrange(form zrangeForm) {
	at, source := 2, 0 // first limit, key
	if form.store {
		at, source = 3, 1
	}
	o, ok := c.parseZRange(form, at+2)
	if !ok {
		return
	}
	lo, hi := at, at+1
	if o.reverse && o.by != byRank {
		lo, hi = hi, lo
	}
	b, ok := c.parseZBounds(o.by, lo, hi)
	if !ok {
		return
	}
	mark := len(c.Out.Buf)
	for restarts := 0; ; restarts++ {
		var z engine.ZSet
		found, ok := c.zset(source, &z)
		if !ok {
			return
		}
		first, n := 0, 0
		if found {
			first, n = o.place(&b, &z)
			if c.heavyRead(source, n*zmemberBytes) {
				return
			}
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if form.store && c.zrangeStore(source, first, n, o.reverse) || !form.store && c.zmembers(&z, source, first, n, o) {
			return
		}
		c.Out.Rewind(mark)
	}
}

// place returns the rank of the first member to return and how many there are.
func (o *zrangeOptions) place(b *zbounds, z *engine.ZSet) (first, n int) {
	from, end := b.ranks(z)
	n = end - from
	if o.by == byRank {
		if o.reverse {
			return z.Len() - 1 - from, n // counted from the end, which ranks mirror
		}
		return from, n // LIMIT 0 -1 is accepted, and no other offset heeded
	}
	if o.offset < 0 || o.offset >= int64(n) {
		return 0, 0
	}
	skip := int(o.offset)
	n -= skip
	if o.limit >= 0 {
		n = int(min(int64(n), o.limit))
	}
	if o.reverse {
		return end - 1 - skip, n
	}
	return from + skip, n
}

// zmembers replies n members of z, the sorted set at the i-th key, from a rank
// on, many of them with pauses. It returns false when it has changed in one.
func (c *Ctx) zmembers(z *engine.ZSet, i, first, n int, o zrangeOptions) (same bool) {
	c.zarray(n, o.scores)
	var g guard
	step := n
	if c.Pause != nil && n > zslice {
		step = zslice
		c.remember(&g, i)
	}
	for n > 0 {
		var cur engine.ZCursor
		z.Seek(&cur, first, o.reverse)
		for range min(n, step) {
			cur.Next()
			c.zmember(cur.Member(), cur.Score(), o.scores)
		}
		if n -= step; n <= 0 {
			break
		}
		if first += step; o.reverse {
			first -= 2 * step
		}
		if !c.paused(&g) {
			return false
		}
		if it, ok := c.Engine.Peek(c.DB, c.Keys[i], c.NowMs); ok {
			_ = z.View(&it) // it is the sorted set that it was
		}
	}
	return true
}

// zarray starts a reply of n members.
func (c *Ctx) zarray(n int, scores bool) {
	if scores && c.Out.Proto != 3 {
		n *= 2
	}
	c.Out.Array(n)
}

// zmember writes a member of a reply, with its score if that was asked for: a
// pair of its own in RESP3.
func (c *Ctx) zmember(member []byte, score float64, scores bool) {
	if !scores {
		c.Out.Bulk(member)
		return
	}
	if c.Out.Proto == 3 {
		c.Out.Array(2)
	}
	c.Out.Bulk(member)
	c.Out.Double(score)
}

// zrangeStore makes n members of the sorted set at the i-th key, from a rank on,
// the one at the first key. It returns false, having changed nothing, when the
// source has changed in a pause.
func (c *Ctx) zrangeStore(i, first, n int, reverse bool) (done bool) {
	if reverse {
		first -= n - 1
	}
	var g guard
	c.remember(&g, i)
	b := engine.NewZSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
	var err error
	same := c.zranks(&g, i, first, n, func(member []byte, score float64) bool {
		err = b.Add(member, score)
		return err == nil
	})
	switch {
	case err != nil:
		b.Discard()
		c.Fail(err)
	case !same:
		b.Discard()
		return false
	default:
		c.zstoreBuilt(0, b, "zrangestore")
	}
	return true
}
