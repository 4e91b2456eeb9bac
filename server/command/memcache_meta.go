package command

import (
	"larder/engine"
	"larder/protocol/memcache"
)

// metaGet is mg. Besides reading it can create a missing item (N), change the
// time to live (T) and elect one client to renew an item that is stale or
// about to expire (R): that one is told W, all others Z until the item is
// stored again.
func metaGet(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	switch {
	case refused:
		return OutcomeRefused
	case !found:
		c.Keys[0].Shard.Stats().Misses++
		c.missed(0)
		return metaGetMiss(c, r)
	}
	c.Keys[0].Shard.Stats().Hits++
	m := &r.Meta
	marks := it.Marks()
	times := metaTimesOf(c, r, it.Deadline(), false)
	info := memcache.MetaItem{
		Flags: it.Flags(), Fetched: it.Fetched(), Stale: marks&engine.MarkStale != 0, Sent: marks&engine.MarkSent != 0,
		TTL: times.shown, LastAccess: MemcachedAge(&it, c.NowMs), ValueBytes: it.Len(),
	}
	if !info.Sent {
		info.Won = info.Stale || times.recache >= 0 && times.recache < metaRecache(c, r)
	}
	if m.Has('c') {
		info.CAS = it.CAS()
	}
	if !m.Has('u') {
		it.Touch()
	}
	metaGetReply(c, r, &it, &info)
	if err := metaGetChange(c, &it, times.deadline, info.Won, marks); err != nil {
		return memFail(c, r, err)
	}
	return OutcomeHit
}

// metaRecache is the R flag in seconds to live; like an exptime it may be a
// time since 1970. 0 stands for none.
func metaRecache(c *Ctx, r *memcache.Request) int64 {
	if !r.Meta.Has('R') {
		return 0
	}
	return memTTL(memDeadline(r.Meta.Recache, c.NowMs), c.NowMs)
}

// metaGetReply appends the reply to mg for an item that is there.
func metaGetReply(c *Ctx, r *memcache.Request, it *engine.Item, info *memcache.MetaItem) {
	if !r.Meta.Has('v') {
		c.Out.Buf = memcache.AppendMetaHD(c.Out.Buf, r, info)
		return
	}
	var digits [20]byte
	c.Out.Buf = memcache.AppendMetaValue(c.Out.Buf, r, info, it.Bytes(digits[:0]))
}

// metaGetChange carries out what an mg does to its item. Running it again
// after a failure does no harm.
func metaGetChange(c *Ctx, it *engine.Item, deadline int64, won bool, marks engine.Marks) error {
	if deadline <= c.NowMs {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		c.Changed(0, EventGeneric, "del")
		return nil
	}
	if deadline != it.Deadline() {
		if err := it.SetDeadline(deadline); err != nil {
			return err
		}
		c.Changed(0, EventGeneric, memTouchEvent(deadline))
		if won {
			*it, _ = c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
		}
	}
	if !won {
		return nil
	}
	c.Dirty++ // but no event: only the meta protocol can see the mark
	return it.SetMarks(marks | engine.MarkSent)
}

// metaGetMiss is metaGet without an item: with N it creates an empty one and
// the client is the one to fill it.
func metaGetMiss(c *Ctx, r *memcache.Request) Outcome {
	m := &r.Meta
	if !m.Has('N') {
		if !r.NoReply {
			c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaEN)
		}
		return OutcomeMiss
	}
	cas := c.CAS
	if m.Has('E') {
		cas = m.NewCAS
	}
	times := metaTimesOf(c, r, engine.NoDeadline, true)
	info := memcache.MetaItem{CAS: cas, TTL: times.shown, Won: true}
	w := storing{cas: cas}
	if w.put(c, times.deadline, engine.MarkSent) == resNoRoom {
		return memFail(c, r, engine.ErrNoRoom)
	}
	if it, ok := c.Engine.Peek(memDB, c.Keys[0], c.NowMs); ok {
		it.Touch()
	}
	if m.Has('v') {
		c.Out.Buf = memcache.AppendMetaValue(c.Out.Buf, r, &info, nil)
	} else {
		c.Out.Buf = memcache.AppendMetaHD(c.Out.Buf, r, &info)
	}
	return OutcomeMiss
}

// metaTimes are what the flags about time of mg and ma come to.
type metaTimes struct {
	deadline int64 // that the item gets, ms
	shown    int64 // seconds to live that t answers
	recache  int64 // seconds to live that R looks at
}

// metaTimesOf goes through the flags in the order sent, as memcached does: t
// tells the time to live as it was before a T that follows. created tells that
// the item is new, so that N counts.
func metaTimesOf(c *Ctx, r *memcache.Request, deadline int64, created bool) metaTimes {
	ttl := memTTL(deadline, c.NowMs)
	times := metaTimes{deadline, ttl, ttl}
	if !created && !r.Meta.Has('T') {
		return times
	}
	flags := r.Meta.Tokens
	for t, ok := flags.Next(); ok; t, ok = flags.Next() {
		switch {
		case t[0] == 'T':
			times.deadline = memDeadline(r.Exptime, c.NowMs)
		case t[0] == 'N' && created:
			times.deadline = memDeadline(r.Meta.Vivify, c.NowMs)
		case t[0] == 't':
			times.shown = memTTL(times.deadline, c.NowMs)
		case t[0] == 'R':
			times.recache = memTTL(times.deadline, c.NowMs)
		}
	}
	return times
}

// metaDelete is md: it removes the item, or with I declares it stale, or with
// x empties it.
func metaDelete(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	m := &r.Meta
	switch {
	case refused:
		return OutcomeRefused
	case !found:
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaNF)
		return OutcomeMiss
	case m.Has('C') && r.CAS != it.CAS():
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaEX)
		return OutcomeBadCAS
	}
	class, event := EventString, "set"
	if m.Has('I') || m.Has('x') {
		if err := metaInvalidate(c, r, &it); err != nil {
			return memFail(c, r, err)
		}
	} else {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		class, event = EventGeneric, "del"
	}
	c.Changed(0, class, event)
	if !r.NoReply {
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaHD)
	}
	return OutcomeHit
}

// metaInvalidate makes an item stale or empty, with a new CAS value, so that
// who has the old one cannot store by it, and the T flag's time to live.
func metaInvalidate(c *Ctx, r *memcache.Request, it *engine.Item) error {
	m := &r.Meta
	a := it.Attrs()
	a.Item, a.CAS = true, c.CAS
	if m.Has('E') {
		a.CAS = m.NewCAS
	}
	if m.Has('T') {
		a.Deadline = memDeadline(r.Exptime, c.NowMs)
	}
	if a.Deadline <= c.NowMs {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		return nil
	}
	a.Marks = 0
	if m.Has('I') {
		a.Marks = engine.MarkStale
	}
	if m.Has('x') {
		a.Flags = 0
		return c.Engine.SetItem(memDB, c.Keys[0], nil, a, c.NowMs)
	}
	return it.SetAttrs(a)
}

// metaDebug is me.
func metaDebug(c *Ctx, r *memcache.Request) Outcome {
	it, found := c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
	if !found {
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaEN)
		return OutcomeMiss
	}
	// exp counts up to 0, as memcached prints it.
	exp := int64(-1)
	if d := it.Deadline(); d != engine.NoDeadline {
		exp = -memTTL(d, c.NowMs)
	}
	c.Out.Buf = memcache.AppendMetaDebug(c.Out.Buf, r, &memcache.MetaDebug{
		TTL: exp, LastAccess: MemcachedAge(&it, c.NowMs), CAS: it.CAS(),
		Fetched: it.Fetched(), Class: 1, Size: it.EntryBytes(),
	})
	return OutcomeHit
}
