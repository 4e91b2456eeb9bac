package command

import "larder/engine"

// Ranges of a sorted set, as clients write them: by rank (two integers, negative
// ones from the end), by score ("(" in front excludes the number itself) and by
// member ("[" includes it, "(" excludes it, "-" and "+" are the ends). Each
// becomes a range of ranks.

const (
	errScoreBound  = "ERR min or max is not a float"
	errMemberBound = "ERR min or max not valid string range item"
)

// zrangeBy says what the two limits of a range are.
type zrangeBy uint8

const (
	byRank zrangeBy = iota
	byScore
	byMember
)

// zbounds is a range that was parsed.
type zbounds struct {
	by       zrangeBy
	from, to int64 // of ranks, both included, negative ones from the end
	lo, hi   zbound
}

// zbound is a limit of a range of scores or of members.
type zbound struct {
	score   float64
	member  []byte
	exclude bool
	end     int // -1 before all members, 1 behind all, 0 neither
}

// parseZBounds reads the range whose lower limit is argument lo and whose
// upper one is argument hi; on failure it has replied.
func (c *Ctx) parseZBounds(by zrangeBy, lo, hi int) (b zbounds, ok bool) {
	b.by = by
	switch by {
	case byRank:
		if b.from, ok = c.Int(lo); ok {
			b.to, ok = c.Int(hi)
		}
	case byScore:
		if ok = b.lo.parseScore(c.Args[lo]) && b.hi.parseScore(c.Args[hi]); !ok {
			c.Out.Error(errScoreBound)
		}
	case byMember:
		if ok = b.lo.parseMember(c.Args[lo]) && b.hi.parseMember(c.Args[hi]); !ok {
			c.Out.Error(errMemberBound)
		}
	}
	return b, ok
}

func (b *zbound) parseScore(text []byte) (ok bool) {
	if len(text) > 0 && text[0] == '(' {
		b.exclude, text = true, text[1:]
	}
	b.score, ok = parseBound(text)
	return ok
}

func (b *zbound) parseMember(text []byte) bool {
	switch {
	case len(text) == 0:
		return false
	case text[0] == '-' && len(text) == 1:
		b.end = -1
	case text[0] == '+' && len(text) == 1:
		b.end = 1
	case text[0] == '(':
		b.exclude, b.member = true, text[1:]
	case text[0] == '[':
		b.member = text[1:]
	default:
		return false
	}
	return true
}

// ranks turns the range into ranks of z: from the first to before end. It is
// empty if first >= end.
func (b *zbounds) ranks(z *engine.ZSet) (first, end int) {
	switch b.by {
	case byScore:
		first, end = z.RankOfScore(b.lo.score, b.lo.exclude), z.RankOfScore(b.hi.score, !b.hi.exclude)
	case byMember:
		first, end = b.lo.rankOfMember(z, b.lo.exclude), b.hi.rankOfMember(z, !b.hi.exclude)
	default:
		first, end = rankSpan(b.from, b.to, z.Len())
	}
	return first, max(first, end)
}

// rankSpan turns the first and the last rank of n, negative ones counted from
// the end, into the half-open range that lies inside.
func rankSpan(from, to int64, n int) (first, end int) {
	if from < 0 {
		from = max(0, from+int64(n))
	}
	if to < 0 {
		to += int64(n)
	}
	to = min(to, int64(n)-1)
	if from > to {
		return 0, 0
	}
	return int(from), int(to) + 1
}

// rankOfMember is the number of members before the limit, or, with behind,
// before or at it.
func (b *zbound) rankOfMember(z *engine.ZSet, behind bool) int {
	switch b.end {
	case -1:
		return 0
	case 1:
		return z.Len()
	}
	return z.RankOfMember(b.member, behind)
}

func zcount(c *Ctx)    { c.zcount(byScore) }
func zlexCount(c *Ctx) { c.zcount(byMember) }

// zcount is ZCOUNT and ZLEXCOUNT key min max.
func (c *Ctx) zcount(by zrangeBy) {
	b, ok := c.parseZBounds(by, 2, 3)
	if !ok {
		return
	}
	var z engine.ZSet
	found, ok := c.zset(0, &z)
	if !ok {
		return
	}
	n := 0
	if found {
		first, end := b.ranks(&z)
		n = end - first
	}
	c.Out.Int(int64(n))
}

func zremRangeByRank(c *Ctx)  { c.zremRange(byRank, "zremrangebyrank") }
func zremRangeByScore(c *Ctx) { c.zremRange(byScore, "zremrangebyscore") }
func zremRangeByLex(c *Ctx)   { c.zremRange(byMember, "zremrangebylex") }
