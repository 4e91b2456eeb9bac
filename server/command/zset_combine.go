package command

import (
	"cmp"
	"math"
	"slices"
	"unsafe"

	"larder/engine"
	"larder/protocol/resp"
)

// Sorted sets from others: ZUNION, ZINTER and ZDIFF reply them, ZUNIONSTORE,
// ZINTERSTORE and ZDIFFSTORE keep them, ZINTERCARD counts. Sets take part too,
// each member with the score 1.
//
// Scores are added up in the order of the sets' sizes, smallest first, as Redis
// does: the sum of doubles depends on it.

const (
	errWeight    = "ERR weight value is not a float"
	errCardLimit = "ERR LIMIT can't be negative"
)

// zcombination is which set is made of several.
type zcombination uint8

const (
	zunionOf zcombination = iota
	zinterOf
	zdiffOf
	zcountOf // the number of members of zinterOf
)

// zaggregate is what becomes of the scores of a member of several sets.
type zaggregate uint8

const (
	sumOf zaggregate = iota
	minOf
	maxOf
)

func (a zaggregate) of(x, y float64) float64 {
	switch {
	case a == minOf && y < x, a == maxOf && y > x:
		return y
	case a == sumOf:
		if x += y; math.IsNaN(x) {
			return 0 // inf - inf
		}
	}
	return x
}

// zsource is a set or sorted set that others are made of.
type zsource struct {
	sorted engine.ZSet
	plain  *engine.Set // nil: it is a sorted set, or there is none
	key    int         // index into Ctx.Keys
	size   int
	weight float64
}

// weighed is a score of the source as it counts.
func (s *zsource) weighed(score float64) float64 {
	if score *= s.weight; math.IsNaN(score) {
		return 0 // 0 × inf
	}
	return score
}

// score looks a member up.
func (s *zsource) score(member []byte) (score float64, ok bool) {
	if s.plain != nil {
		return 1, s.plain.Has(member)
	}
	return s.sorted.Score(member)
}

// each calls f for all members until it returns false. It returns true: without
// pauses nobody changes a source.
func (s *zsource) each(f func(member []byte, score float64) bool) (same bool) {
	if s.plain != nil {
		s.plain.Each(func(member []byte) bool { return f(member, 1) })
		return true
	}
	var cur engine.ZCursor
	for s.sorted.Seek(&cur, 0, false); cur.Next(); {
		if !f(cur.Member(), cur.Score()) {
			break
		}
	}
	return true
}

// zcombine is a request for a combination.
type zcombine struct {
	how       zcombination
	store     bool // the first key takes it
	aggregate zaggregate
	scores    bool
	limit     int64 // of ZINTERCARD, 0 = none
	sources   []zsource
	// each walks over a source: zsource.each, or with pauses. It returns false
	// when a source has changed in one.
	each func(s *zsource, f func(member []byte, score float64) bool) (same bool)
}

func zunion(c *Ctx)      { c.zcombine(zcombine{how: zunionOf}) }
func zinter(c *Ctx)      { c.zcombine(zcombine{how: zinterOf}) }
func zdiff(c *Ctx)       { c.zcombine(zcombine{how: zdiffOf}) }
func zunionStore(c *Ctx) { c.zcombine(zcombine{how: zunionOf, store: true}) }
func zinterStore(c *Ctx) { c.zcombine(zcombine{how: zinterOf, store: true}) }
func zdiffStore(c *Ctx)  { c.zcombine(zcombine{how: zdiffOf, store: true}) }
func zinterCard(c *Ctx)  { c.zcombine(zcombine{how: zcountOf}) }

var zstoreEvents = [...]string{zunionOf: "zunionstore", zinterOf: "zinterstore", zdiffOf: "zdiffstore"}

func (c *Ctx) zcombine(q zcombine) {
	at := 1 // numkeys
	if q.store {
		at = 2
	}
	n, ok := c.Int(at)
	switch {
	case !ok:
		return
	case n < 1:
		c.Out.Error("ERR at least 1 input key is needed for '" + string(lowerCase(c.Args[0])) + "' command")
		return
	case n > int64(len(c.Args)-at-1):
		c.Out.Error(ErrSyntax)
		return
	}
	for restarts := 0; ; restarts++ {
		if !c.zsources(&q, int(n)) || !c.parseZCombine(&q, at+1+int(n)) {
			return
		}
		work := 0
		for i := range q.sources {
			work += q.sources[i].size * zmemberBytes
		}
		if c.Heavy(work) {
			c.uncount(len(c.Keys)-int(n), len(c.Keys)-1)
			return
		}
		if c.Pause == nil || work < heavyBytes || restarts == maxRestarts {
			c.zcombineAtOnce(&q)
			return
		}
		if c.zcombineInSlices(&q) {
			return
		}
	}
}

// zcombineAtOnce computes the combination with the shards locked throughout.
func (c *Ctx) zcombineAtOnce(q *zcombine) {
	q.each = (*zsource).each
	if q.how == zcountOf {
		n, _ := q.countInter()
		c.Out.Int(n)
		return
	}
	r := q.result()
	r.sort()
	if q.store {
		c.zstore(0, r, zstoreEvents[q.how])
		return
	}
	c.zarray(len(r.members), q.scores)
	for _, m := range r.members {
		c.zmember(m.Member, m.Score, q.scores)
	}
}

// zsources finds the last n keys; if one holds another type it has replied.
func (c *Ctx) zsources(q *zcombine, n int) bool {
	q.sources = make([]zsource, n)
	first := len(c.Keys) - n
	for i := range q.sources {
		s := &q.sources[i]
		s.key, s.weight = first+i, 1
		it := c.Load(first + i)
		switch {
		case it == nil:
		case it.Type() == engine.TypeSet:
			s.plain = new(engine.Set)
			if _, err := c.Engine.OpenSet(s.plain, c.DB, &c.Keys[first+i], c.NowMs); !c.isZSet(err) {
				return false
			}
			s.size = s.plain.Len()
		default:
			if !c.isZSet(s.sorted.View(it)) {
				return false
			}
			s.size = s.sorted.Len()
		}
	}
	return true
}

// parseZCombine reads the options from argument i on; on failure it has
// replied.
func (c *Ctx) parseZCombine(q *zcombine, i int) bool {
	for ; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case q.how <= zinterOf && left >= len(q.sources) && c.Is(i, "WEIGHTS"):
			for j := range q.sources {
				i++
				var ok bool
				if q.sources[j].weight, ok = c.double(i, errWeight); !ok {
					return false
				}
			}
		case q.how <= zinterOf && left >= 1 && c.Is(i, "AGGREGATE"):
			i++
			switch {
			case c.Is(i, "SUM"):
				q.aggregate = sumOf
			case c.Is(i, "MIN"):
				q.aggregate = minOf
			case c.Is(i, "MAX"):
				q.aggregate = maxOf
			default:
				c.Out.Error(ErrSyntax)
				return false
			}
		case !q.store && q.how != zcountOf && c.Is(i, "WITHSCORES"):
			q.scores = true
		case q.how == zcountOf && left >= 1 && c.Is(i, "LIMIT"):
			i++
			var ok bool
			if q.limit, ok = resp.ParseInt(c.Args[i]); !ok || q.limit < 0 {
				c.Out.Error(errCardLimit)
				return false
			}
		default:
			c.Out.Error(ErrSyntax)
			return false
		}
	}
	return true
}

// result computes the combination, in no order.
func (q *zcombine) result() *zresult {
	r := &zresult{}
	add := func(member []byte, score float64) bool {
		r.add(member, score)
		return true
	}
	switch q.how {
	case zunionOf:
		return q.union()
	case zinterOf:
		q.inter(add)
	default:
		q.diff(add)
	}
	return r
}

// bySize orders the sources, those of one size as they were named.
func (q *zcombine) bySize() {
	slices.SortStableFunc(q.sources, func(a, b zsource) int { return cmp.Compare(a.size, b.size) })
}

func (q *zcombine) union() *zresult {
	q.bySize()
	r := &zresult{}
	at := map[string]int{} // places in r.members, by views of the copies there
	for i := range q.sources {
		s := &q.sources[i]
		s.each(func(member []byte, score float64) bool {
			score = s.weighed(score)
			if j, ok := at[string(member)]; ok {
				r.members[j].Score = q.aggregate.of(r.members[j].Score, score)
				return true
			}
			r.add(member, score)
			kept := r.members[len(r.members)-1].Member
			at[unsafe.String(unsafe.SliceData(kept), len(kept))] = len(r.members) - 1
			return true
		})
	}
	return r
}

// inter calls f for the members of all sources until it returns false. It
// returns false as each does.
func (q *zcombine) inter(f func(member []byte, score float64) bool) (same bool) {
	q.bySize()
	smallest, others := &q.sources[0], q.sources[1:]
	return q.each(smallest, func(member []byte, score float64) bool {
		score = smallest.weighed(score)
		for i := range others {
			has, ok := others[i].score(member)
			if !ok {
				return true
			}
			score = q.aggregate.of(score, has*others[i].weight)
		}
		return f(member, score)
	})
}

func (q *zcombine) countInter() (n int64, same bool) {
	same = q.inter(func([]byte, float64) bool {
		n++
		return n != q.limit
	})
	return n, same
}

// diff calls f for the members of the first source that no other has, until it
// returns false. It returns false as each does.
func (q *zcombine) diff(f func(member []byte, score float64) bool) (same bool) {
	return q.each(&q.sources[0], func(member []byte, score float64) bool {
		for i := range q.sources[1:] {
			if _, ok := q.sources[1+i].score(member); ok {
				return true
			}
		}
		return f(member, score)
	})
}
