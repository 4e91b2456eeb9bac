package command

import (
	"errors"

	"larder/engine"
)

// Combinations of many members, in slices: what zset_combine.go does at once. The
// result is a sorted set of its own in the shard of the first key, which is
// ordered as it grows; to order it at the end would take a step as long as all
// the others.

// zcombineInSlices computes and replies the combination. It returns false,
// having replied nothing, when it is to begin anew.
func (c *Ctx) zcombineInSlices(q *zcombine) (done bool) {
	var g guard
	keys := make([]int, len(q.sources))
	for i := range q.sources {
		keys[i] = q.sources[i].key
	}
	c.remember(&g, keys...)
	q.each = func(s *zsource, f func(member []byte, score float64) bool) bool { return c.zeach(q, &g, s, f) }
	if q.how == zcountOf {
		n, same := q.countInter()
		if same {
			c.Out.Int(n)
		}
		return same
	}
	b := engine.NewZSetBuilder(c.Keys[0].Shard, false, &c.Config.Limits)
	same, err := q.build(b)
	switch {
	case err == nil && same && q.store:
		c.zstoreBuilt(0, b, zstoreEvents[q.how])
		return true
	case err == nil && same:
		c.zbuilt(b, q.scores)
		b.Discard()
		return true
	}
	b.Discard()
	if errors.Is(err, engine.ErrNoRoom) && !q.store {
		c.Pause = nil // what is only replied needs no room: zcombineAtOnce makes it in the Go heap
		return false
	}
	if err != nil {
		c.Fail(err)
	}
	return err != nil
}

// build puts the combination into b. It returns false when a source has changed.
func (q *zcombine) build(b *engine.ZSetBuilder) (same bool, err error) {
	add := func(member []byte, score float64) bool {
		err = b.Add(member, score)
		return err == nil
	}
	switch q.how {
	case zinterOf:
		same = q.inter(add)
		return same, err
	case zdiffOf:
		same = q.diff(add)
		return same, err
	}
	q.bySize()
	for i := range q.sources {
		s := &q.sources[i]
		same = q.each(s, func(member []byte, score float64) bool {
			err = b.Merge(member, s.weighed(score), q.aggregate.of)
			return err == nil
		})
		if !same || err != nil {
			break
		}
	}
	return same, err
}

// zeach is zsource.each with pauses. It returns false when a source has changed
// in one.
func (c *Ctx) zeach(q *zcombine, g *guard, s *zsource, f func(member []byte, score float64) bool) (same bool) {
	if s.plain != nil {
		member := func(member []byte) bool { return f(member, 1) }
		for at, more := s.plain.EachFrom(engine.Place{}, member); more; at, more = s.plain.EachFrom(at, member) {
			if !c.zreopen(q, g) {
				return false
			}
		}
		return true
	}
	goOn := true
	for from := 0; from < s.size && goOn; from += zslice {
		if from > 0 && !c.zreopen(q, g) {
			return false
		}
		var cur engine.ZCursor
		s.sorted.Seek(&cur, from, false)
		for n := zslice; n > 0 && goOn && cur.Next(); n-- {
			goOn = f(cur.Member(), cur.Score())
		}
	}
	return true
}

// zreopen pauses and opens the sources anew; it returns false when one has
// changed.
func (c *Ctx) zreopen(q *zcombine, g *guard) (same bool) {
	if !c.paused(g) {
		return false
	}
	for i := range q.sources {
		s := &q.sources[i]
		if s.plain != nil {
			_, _ = c.Engine.OpenSet(s.plain, c.DB, &c.Keys[s.key], c.NowMs) // it is the set that it was
		} else if it, ok := c.Engine.Peek(c.DB, c.Keys[s.key], c.NowMs); ok {
			_ = s.sorted.View(&it) // the same
		}
	}
	return true
}
