package command

import (
	"bytes"
	"math"

	"larder/engine"
)

// Deadlines: EXPIRE and its kin set them, PERSIST takes them away, TTL and its
// kin tell them. All reckon in ms since 1970.

// condition says under which present deadline EXPIRE may set a new one.
type condition uint8

const (
	ifNone    condition = 1 << iota // NX: only if there is none
	ifAny                           // XX: only if there is one
	ifGreater                       // GT: only if the new one is later
	ifLess                          // LT: only if the new one is earlier
)

// lastDeadline stands for 2^63-1, which the engine takes for "none".
const lastDeadline = engine.NoDeadline - 1

func expire(c *Ctx)    { c.expire("expire", true, c.NowMs) }
func pexpire(c *Ctx)   { c.expire("pexpire", false, c.NowMs) }
func expireAt(c *Ctx)  { c.expire("expireat", true, 0) }
func pexpireAt(c *Ctx) { c.expire("pexpireat", false, 0) }

// expire runs a command of the family: its argument is in seconds or ms and
// counts from base.
func (c *Ctx) expire(name string, seconds bool, base int64) {
	cond, ok := c.conditions(3)
	if !ok {
		return
	}
	ms, ok := c.Int(2)
	if !ok {
		return
	}
	if seconds {
		if ms > math.MaxInt64/1000 || ms < math.MinInt64/1000 {
			c.Out.Error("ERR invalid expire time in '" + name + "' command")
			return
		}
		ms *= 1000
	}
	if ms > math.MaxInt64-base {
		c.Out.Error("ERR invalid expire time in '" + name + "' command")
		return
	}
	ms += base
	it, ok := c.FindWrite(0)
	if !ok || cond != 0 && !cond.allows(it.Deadline(), ms) {
		c.Out.Int(0)
		return
	}
	event := "expire"
	if ms <= c.NowMs {
		c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
		event = "del"
	} else if err := it.SetDeadline(min(ms, lastDeadline)); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventGeneric, event)
	c.Out.Int(1)
}

// conditions parses NX, XX, GT and LT from argument i on; on failure it has
// replied.
func (c *Ctx) conditions(i int) (cond condition, ok bool) {
	for ; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "NX"):
			cond |= ifNone
		case c.Is(i, "XX"):
			cond |= ifAny
		case c.Is(i, "GT"):
			cond |= ifGreater
		case c.Is(i, "LT"):
			cond |= ifLess
		default:
			word, _, _ := bytes.Cut(c.Args[i], []byte{0}) // Redis prints it as a C string
			c.Out.Error("ERR Unsupported option " + string(word))
			return 0, false
		}
	}
	if cond&ifNone != 0 && cond != ifNone {
		c.Out.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
		return 0, false
	}
	if cond&(ifGreater|ifLess) == ifGreater|ifLess {
		c.Out.Error("ERR GT and LT options at the same time are not compatible")
		return 0, false
	}
	return cond, true
}

// allows compares the deadline that a key has with the one that it is to get.
// A key without deadline lives longer than any other.
func (cond condition) allows(has, gets int64) bool {
	none := has == engine.NoDeadline
	switch {
	case cond&ifNone != 0 && !none,
		cond&ifAny != 0 && none,
		cond&ifGreater != 0 && (none || gets <= has),
		cond&ifLess != 0 && !none && gets >= has:
		return false
	}
	return true
}

func persist(c *Ctx) {
	it, ok := c.FindWrite(0)
	if !ok || it.Deadline() == engine.NoDeadline {
		c.Out.Int(0)
		return
	}
	if err := it.SetDeadline(engine.NoDeadline); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventGeneric, "persist")
	c.Out.Int(1)
}

func ttl(c *Ctx)         { c.ttl(c.NowMs, true) }
func pttl(c *Ctx)        { c.ttl(c.NowMs, false) }
func expireTime(c *Ctx)  { c.ttl(0, true) }
func pexpireTime(c *Ctx) { c.ttl(0, false) }

// ttl tells the deadline, counted from base: -1 if there is none, -2 if there
// is no key.
func (c *Ctx) ttl(base int64, seconds bool) {
	it, ok := c.look(0)
	switch {
	case !ok:
		c.Out.Int(-2)
	case it.Deadline() == engine.NoDeadline:
		c.Out.Int(-1)
	case seconds:
		// Rounded; unsigned, because the last deadlines overflow otherwise.
		c.Out.Int(int64((uint64(it.Deadline()-base) + 500) / 1000))
	default:
		c.Out.Int(it.Deadline() - base)
	}
}
