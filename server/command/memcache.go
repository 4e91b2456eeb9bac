package command

import (
	"errors"
	"math"

	"larder/engine"
	"larder/protocol/memcache"
)

// Memcached commands work on the strings of database 0. What they write are
// items: strings that carry client flags and a CAS value. A string that a
// Redis command wrote has flags 0 and a CAS value made from its content; it
// stays a plain string when it is counted, extended or touched here.
//
// Their handlers have the form of the RESP ones: one key, its shard locked,
// the reply appended to c.Out.Buf, c.Dirty counting changes, c.NoRoom asking
// to be run again with more room. c.CAS is the stamp for what they write.

// Outcome is how a memcached command ended, for statistics and watchers.
type Outcome uint8

// The outcomes.
const (
	OutcomeNone     Outcome = iota
	OutcomeHit              // the item was there and was read or changed
	OutcomeMiss             // there was no item
	OutcomeStored           // a new value is in place
	OutcomeKept             // not stored: the item was there, or was not
	OutcomeBadCAS           // not stored: the CAS value differs
	OutcomeTooLarge         // not stored: above the item size limit

	// From here on the reply is an error.

	OutcomeNoRoom  // not stored: out of memory
	OutcomeRefused // wrong type or no number
	OutcomeBusy    // a script holds the key for long
	OutcomeCount
)

// memDB is the database that memcached clients see.
const memDB = 0

// Memcached runs the request r on the key c.Keys[0]. For get and gat of text,
// which may name several keys, it is called once a key and replies with the
// item's line and value alone; the END behind the last one is the caller's.
// REQUIRES: r.Op.HasKey(); r.Fault is FaultNone or FaultTooLarge; the key's shard is locked.
func Memcached(c *Ctx, r *memcache.Request) Outcome {
	if r.Fault == memcache.FaultTooLarge {
		return memTooLarge(c, r)
	}
	switch r.Op {
	case memcache.OpGet:
		return memGet(c, r)
	case memcache.OpGat:
		return memGat(c, r)
	case memcache.OpSet, memcache.OpAdd, memcache.OpReplace, memcache.OpCas, memcache.OpAppend, memcache.OpPrepend:
		return memStore(c, r)
	case memcache.OpDelete:
		return memDelete(c, r)
	case memcache.OpIncr, memcache.OpDecr:
		return memArith(c, r)
	case memcache.OpTouch:
		return memTouch(c, r)
	case memcache.OpMetaGet:
		return metaGet(c, r)
	case memcache.OpMetaSet:
		return metaSet(c, r)
	case memcache.OpMetaDelete:
		return metaDelete(c, r)
	case memcache.OpMetaArith:
		return metaArith(c, r)
	case memcache.OpMetaDebug:
		return metaDebug(c, r)
	}
	panic("command: memcached " + r.Op.String() + " has no key")
}

// MemcachedWrites tells whether the request may change something, so that it
// needs a stamp and room.
func MemcachedWrites(r *memcache.Request) bool {
	switch r.Op {
	case memcache.OpGet, memcache.OpMetaDebug:
		return false
	case memcache.OpMetaGet:
		return r.Meta.Has('N')
	}
	return true
}

// MemcachedChanges tells whether the request may change anything of an item: what
// writes, and meta gets that set its time to live or take on to fetch it anew.
func MemcachedChanges(r *memcache.Request) bool {
	return MemcachedWrites(r) || r.Op == memcache.OpMetaGet && (r.Meta.Has('T') || r.Meta.Has('R'))
}

// MemcachedGrows tells whether the request may add data, so that it has to
// wait for room while memory is short.
func MemcachedGrows(r *memcache.Request) bool {
	switch r.Op {
	case memcache.OpDelete, memcache.OpTouch, memcache.OpGat, memcache.OpMetaDelete:
		return false
	}
	return MemcachedWrites(r)
}

// MemcachedNoRoom replies to a request that is refused for want of memory.
func MemcachedNoRoom(c *Ctx, r *memcache.Request) Outcome { return memFail(c, r, engine.ErrNoRoom) }

// maxRelativeSec is the longest exptime that counts from now; a larger one is
// a time since 1970.
const maxRelativeSec = 30 * 24 * 60 * 60

// memDeadline turns an exptime into a deadline. One that has passed is at most
// nowMs. Of an exptime that is no time until 2106 memcached keeps the low 32
// bits, which may mean for ever.
func memDeadline(exptime, nowMs int64) int64 {
	if exptime < math.MinInt32 || exptime > math.MaxUint32 {
		exptime = int64(int32(exptime))
	}
	switch {
	case exptime == 0:
		return engine.NoDeadline
	case exptime < 0:
		return nowMs
	case exptime <= maxRelativeSec:
		return nowMs + exptime*1000
	}
	return exptime * 1000
}

// memTTL is the time to a deadline in seconds, rounded up, -1 for ever.
func memTTL(deadline, nowMs int64) int64 {
	if deadline == engine.NoDeadline {
		return -1
	}
	return (deadline-nowMs)/1000 + min(1, (deadline-nowMs)%1000)
}

// MemcachedAge is how many seconds ago the value was stored, 0 where nothing tells:
// for strings of Redis commands and CAS values chosen by clients.
func MemcachedAge(it *engine.Item, nowMs int64) int64 {
	if !it.IsItem() {
		return 0
	}
	sec, ok := engine.CASSecond(it.CAS())
	if !ok || sec > nowMs/1000 {
		return 0
	}
	return nowMs/1000 - sec
}

// memPeek looks the key up without noting a hit. If the key holds no string
// it has replied, and refused is true.
func memPeek(c *Ctx, r *memcache.Request) (it engine.Item, found, refused bool) {
	it, found = c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
	if found && it.Type() != engine.TypeString {
		memWrongType(c, r)
		return it, true, true
	}
	return it, found, false
}

// memWrongType replies that the key holds something that only Redis commands
// know.
func memWrongType(c *Ctx, r *memcache.Request) Outcome {
	if r.Proto == memcache.Binary {
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusInvalid)
	} else {
		c.Out.Buf = memcache.AppendClientError(c.Out.Buf, "the key does not hold a string: only Redis commands can use it")
	}
	return OutcomeRefused
}

// memFail replies to an error of the engine, which can only be a want of room.
func memFail(c *Ctx, r *memcache.Request, err error) Outcome {
	if !errors.Is(err, engine.ErrNoRoom) {
		panic("command: memcached " + r.Op.String() + ": " + err.Error())
	}
	c.NoRoom = true
	if r.Proto == memcache.Binary {
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusNoMemory)
	} else {
		c.Out.Buf = memcache.AppendLine(c.Out.Buf, memcache.LineNoMemory)
	}
	return OutcomeNoRoom
}

// memSay appends a line in reply to a text request, unless it is to be silent.
func memSay(c *Ctx, r *memcache.Request, l memcache.Line) {
	if !r.NoReply {
		c.Out.Buf = memcache.AppendLine(c.Out.Buf, l)
	}
}

// memExpire gives the item a deadline that an exptime stands for. One that has
// passed removes it. The item is not valid afterwards.
func memExpire(c *Ctx, it *engine.Item, exptime int64) error {
	deadline := memDeadline(exptime, c.NowMs)
	event := memTouchEvent(deadline)
	if deadline <= c.NowMs {
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		event = "del"
	} else if err := it.SetDeadline(deadline); err != nil {
		return err
	}
	c.Changed(0, EventGeneric, event)
	return nil
}

// memTouchEvent is what Redis calls it when a key gets a deadline.
func memTouchEvent(deadline int64) string {
	if deadline == engine.NoDeadline {
		return "persist"
	}
	return "expire"
}

// memTooLarge replies to a value above the item size limit. A set that cannot
// be done leaves no old value behind, because that is out of date.
func memTooLarge(c *Ctx, r *memcache.Request) Outcome {
	if r.Op == memcache.OpSet || r.Op == memcache.OpMetaSet {
		it, found := c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
		if found && it.Type() == engine.TypeString {
			c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
			c.Changed(0, EventGeneric, "del")
		}
	}
	c.Out.Buf = memcache.AppendFault(c.Out.Buf, r)
	return OutcomeTooLarge
}
