package command

import (
	"larder/engine"
	"larder/protocol/memcache"
)

// memGet replies with the item of one key.
func memGet(c *Ctx, r *memcache.Request) Outcome {
	it := &c.item
	if !it.Load(memDB, &c.Keys[0], c.NowMs) {
		return memGetMiss(c, r)
	}
	if it.Type() != engine.TypeString {
		return memWrongType(c, r)
	}
	it.Touch()
	c.Keys[0].Shard.Stats().Hits++
	memValue(c, r, it)
	return OutcomeHit
}

// memGat is memGet that gives the item another time to live.
func memGat(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	switch {
	case refused:
		return OutcomeRefused
	case !found:
		return memGetMiss(c, r)
	}
	it.Touch()
	c.Keys[0].Shard.Stats().Hits++
	memValue(c, r, &it)
	if err := memExpire(c, &it, r.Exptime); err != nil {
		return memFail(c, r, err)
	}
	return OutcomeHit
}

// memGetMiss replies that there is no item: by silence in text.
func memGetMiss(c *Ctx, r *memcache.Request) Outcome {
	c.Keys[0].Shard.Stats().Misses++
	c.missed(0)
	if r.Proto == memcache.Binary && !r.NoReply {
		c.Out.Buf = memcache.AppendBinaryMiss(c.Out.Buf, r)
	}
	return OutcomeMiss
}

// memValue appends the item's line and value, or the binary reply with it.
func memValue(c *Ctx, r *memcache.Request, it *engine.Item) {
	var digits [20]byte
	value := it.Bytes(digits[:0])
	switch {
	case r.Proto == memcache.Binary:
		c.Out.Buf = memcache.AppendBinaryValue(c.Out.Buf, r, it.Flags(), it.CAS(), value)
	case r.WithCAS:
		c.Out.Buf = memcache.AppendValueCAS(c.Out.Buf, c.Keys[0].Name, it.Flags(), value, it.CAS())
	default:
		c.Out.Buf = memcache.AppendValue(c.Out.Buf, c.Keys[0].Name, it.Flags(), value)
	}
}

// memTouch gives the item another time to live.
func memTouch(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	switch {
	case refused:
		return OutcomeRefused
	case !found && r.Proto == memcache.Binary:
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusNotFound)
		return OutcomeMiss
	case !found:
		memSay(c, r, memcache.LineNotFound)
		return OutcomeMiss
	}
	it.Touch()
	flags, cas := it.Flags(), it.CAS()
	if err := memExpire(c, &it, r.Exptime); err != nil {
		return memFail(c, r, err)
	}
	if r.Proto == memcache.Binary {
		c.Out.Buf = memcache.AppendBinaryValueHeader(c.Out.Buf, r, flags, cas, 0)
	} else {
		memSay(c, r, memcache.LineTouched)
	}
	return OutcomeHit
}

// memDelete removes an item.
func memDelete(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	switch {
	case refused:
		return OutcomeRefused
	case found && r.CAS != 0 && it.CAS() != r.CAS:
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusExists)
		return OutcomeBadCAS
	}
	if found {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		c.Changed(0, EventGeneric, "del")
	}
	switch {
	case r.Proto != memcache.Binary && found:
		memSay(c, r, memcache.LineDeleted)
	case r.Proto != memcache.Binary:
		memSay(c, r, memcache.LineNotFound)
	case !found:
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusNotFound)
	case !r.NoReply:
		c.Out.Buf = memcache.AppendBinaryOK(c.Out.Buf, r, 0)
	}
	if !found {
		return OutcomeMiss
	}
	return OutcomeHit
}
