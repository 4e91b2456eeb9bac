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
		return metaGetMiss(c, r)
	}
	c.Keys[0].Shard.Stats().Hits++
	m := &r.Meta
	marks := it.Marks()
	deadline := it.Deadline()
	info := memcache.MetaItem{
		Flags: it.Flags(), Fetched: it.Fetched(), Stale: marks&engine.MarkStale != 0, Sent: marks&engine.MarkSent != 0,
		TTL: memTTL(deadline, c.NowMs), LastAccess: MemcachedAge(&it, c.NowMs), ValueBytes: it.Len(),
	}
	recacheTTL := info.TTL
	if m.Has('T') {
		deadline = memDeadline(r.Exptime, c.NowMs)
		ttl := memTTL(deadline, c.NowMs)
		if !flagBefore(m.Tokens, 't', 'T') {
			info.TTL = ttl
		}
		if !flagBefore(m.Tokens, 'R', 'T') {
			recacheTTL = ttl
		}
	}
	if !info.Sent {
		info.Won = info.Stale || m.Has('R') && recacheTTL >= 0 && recacheTTL < m.Recache
	}
	if m.Has('c') {
		info.CAS = it.CAS()
	}
	if !m.Has('u') {
		it.Touch()
	}
	metaGetReply(c, r, &it, &info)
	if err := metaGetChange(c, &it, deadline, info.Won, marks); err != nil {
		return memFail(c, r, err)
	}
	return OutcomeHit
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
		c.Dirty++
		return nil
	}
	if deadline != it.Deadline() {
		if err := it.SetDeadline(deadline); err != nil {
			return err
		}
		c.Dirty++
		if won {
			*it, _ = c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
		}
	}
	if !won {
		return nil
	}
	c.Dirty++
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
	deadline := memDeadline(m.Vivify, c.NowMs)
	info := memcache.MetaItem{CAS: cas, TTL: memTTL(deadline, c.NowMs), Won: true}
	w := storing{cas: cas}
	if w.put(c, deadline, engine.MarkSent) == resNoRoom {
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

// flagBefore tells whether flag a stands in front of flag b. memcached goes
// through the flags in the order sent, so that t tells the time to live as it
// was before a T that follows.
func flagBefore(flags memcache.Tokens, a, b byte) bool {
	for t, ok := flags.Next(); ok && t[0] != b; t, ok = flags.Next() {
		if t[0] == a {
			return true
		}
	}
	return false
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
	if m.Has('I') || m.Has('x') {
		if err := metaInvalidate(c, r, &it); err != nil {
			return memFail(c, r, err)
		}
	} else {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
	}
	c.Dirty++
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
	c.Out.Buf = memcache.AppendMetaDebug(c.Out.Buf, r, &memcache.MetaDebug{
		TTL: memTTL(it.Deadline(), c.NowMs), LastAccess: MemcachedAge(&it, c.NowMs), CAS: it.CAS(),
		Fetched: it.Fetched(), Class: 1, Size: it.EntryBytes(),
	})
	return OutcomeHit
}
