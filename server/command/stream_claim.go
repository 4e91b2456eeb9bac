package command

import (
	"fmt"
	"math"

	"larder/engine"
	"larder/protocol/resp"
)

// XCLAIM and XAUTOCLAIM give entries that are pending to another consumer.

// claim is what the two have in common.
type claim struct {
	st          engine.Stream
	g           engine.StreamGroup
	by          engine.StreamConsumer
	minIdleMs   int64
	deliveredMs int64 // the time that the entries get
	deliveries  int64 // the number of deliveries that they get, -1: one more
	justID      bool  // reply IDs alone, and do not count the delivery
}

// claimNumber parses an option's number; on failure it has replied.
func (c *Ctx) claimNumber(i int, what string) (int64, bool) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok {
		c.Out.Error("ERR Invalid " + what)
	}
	return n, ok
}

// tooFresh tells whether p was delivered less than the claim's time ago.
func (c *Ctx) tooFresh(k *claim, p *engine.StreamPending) bool {
	return p.Owned() && k.minIdleMs != 0 && c.NowMs-p.DeliveredMs < k.minIdleMs
}

// take gives an entry to the claim's consumer, and replies it.
// REQUIRES: the entry is in the stream.
func (c *Ctx) take(k *claim, p *engine.StreamPending) {
	switch {
	case k.deliveries >= 0:
		p.Deliveries = k.deliveries
	case !k.justID:
		p.Deliveries++
	}
	k.g.Assign(p.ID, &k.by, k.deliveredMs, p.Deliveries)
	if k.justID {
		c.idReply(p.ID)
	} else {
		c.entryAt(&k.st, p.ID)
	}
	k.by.SetActiveMs(c.NowMs)
	c.Dirty++
}

// claimOptions are the options of XCLAIM.
type claimOptions struct {
	ids    [][]byte
	force  bool
	lastID engine.StreamID
}

// xclaim is XCLAIM key group consumer min-idle-time id … [IDLE ms] [TIME ms]
// [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id].
func xclaim(c *Ctx) {
	var k claim
	var ok bool
	if k.st, k.g, ok = c.readGroup(); !ok {
		return
	}
	if k.minIdleMs, ok = c.claimNumber(4, "min-idle-time argument for XCLAIM"); !ok {
		return
	}
	o, ok := c.claimOptions(&k)
	if !ok || !c.reserveForced(&k, &o) {
		return
	}
	advanced := k.g.LastID().Less(o.lastID)
	if advanced {
		k.g.SetLastID(o.lastID)
	}
	dirty := c.Dirty
	m, n := c.beginList(), 0
	for _, arg := range o.ids {
		id, _, _ := parseStreamID(arg, idForm{})
		p, pending := k.g.FindPending(id)
		switch {
		case !pending:
		case !k.st.Has(id):
			k.g.Ack(id)
			c.Dirty++
		case !c.tooFresh(&k, &p):
			c.take(&k, &p)
			n++
		}
	}
	if advanced && c.Dirty == dirty {
		c.Dirty++
	}
	c.endList(m, n)
}

// claimOptions parses what follows the time; on failure it has replied.
func (c *Ctx) claimOptions(k *claim) (o claimOptions, ok bool) {
	k.deliveries, k.deliveredMs = -1, c.NowMs
	k.minIdleMs = max(k.minIdleMs, 0)
	i := 5
	for ; i < len(c.Args); i++ {
		if _, _, ok := parseStreamID(c.Args[i], idForm{}); !ok {
			break
		}
	}
	o.ids = c.Args[5:i]
	for ; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case c.Is(i, "FORCE"):
			o.force = true
			continue
		case c.Is(i, "JUSTID"):
			k.justID = true
			continue
		case more && c.Is(i, "IDLE"):
			if k.deliveredMs, ok = c.claimNumber(i+1, "IDLE option argument for XCLAIM"); ok {
				k.deliveredMs = c.NowMs - k.deliveredMs
			}
		case more && c.Is(i, "TIME"):
			k.deliveredMs, ok = c.claimNumber(i+1, "TIME option argument for XCLAIM")
		case more && c.Is(i, "RETRYCOUNT"):
			k.deliveries, ok = c.claimNumber(i+1, "RETRYCOUNT option argument for XCLAIM")
		case more && c.Is(i, "LASTID"):
			o.lastID, ok = c.strictID(i + 1)
		default:
			c.Out.Error(fmt.Sprintf("ERR Unrecognized XCLAIM option '%s'", c.Args[i]))
			return o, false
		}
		if !ok {
			return o, false
		}
		i++
	}
	if k.deliveredMs < 0 || k.deliveredMs > c.NowMs {
		k.deliveredMs = c.NowMs // of a client whose clock is ahead
	}
	return o, true
}

// reserveForced finds the consumer and, with FORCE, makes entries pending that
// are not, so that nothing behind it can fail. If there is no room it has
// undone all, and replied.
func (c *Ctx) reserveForced(k *claim, o *claimOptions) (ok bool) {
	_, known := k.g.Consumer(c.Args[3])
	if k.by, ok = c.seenConsumer(&k.g, c.Args[3]); !ok || !o.force {
		return ok
	}
	for i, arg := range o.ids {
		id, _, _ := parseStreamID(arg, idForm{})
		if !k.st.Has(id) {
			continue
		}
		err := k.g.Reserve(id)
		if err == nil {
			continue
		}
		for _, arg := range o.ids[:i] {
			id, _, _ := parseStreamID(arg, idForm{})
			k.g.Release(id)
		}
		if !known {
			k.g.DeleteConsumer(c.Args[3])
		}
		c.Fail(err)
		return false
	}
	return true
}

const (
	// autoClaimCount is how many entries XAUTOCLAIM claims without COUNT;
	// autoClaimTries how many it looks at for each.
	autoClaimCount = 100
	autoClaimTries = 10
	// autoClaimMax bounds COUNT, as Redis does by the bytes of the IDs, and
	// autoClaimRoom is where Redis finds no memory for these.
	autoClaimMax  = math.MaxInt64 / 16
	autoClaimRoom = 1 << 42
)

// xautoclaim is XAUTOCLAIM key group consumer min-idle-time start [COUNT n]
// [JUSTID].
func xautoclaim(c *Ctx) {
	k := claim{deliveries: -1, deliveredMs: c.NowMs}
	var ok bool
	if k.minIdleMs, ok = c.claimNumber(4, "min-idle-time argument for XAUTOCLAIM"); !ok {
		return
	}
	k.minIdleMs = max(k.minIdleMs, 0)
	from, ok := c.intervalStart(5)
	if !ok {
		return
	}
	count, ok := c.autoClaimOptions(&k)
	if !ok {
		return
	}
	if k.st, k.g, ok = c.readGroup(); !ok {
		return
	}
	if count > autoClaimRoom {
		c.Out.Error("ERR Insufficient memory, failed allocating transient memory, COUNT too high.")
		return
	}
	if c.heavyPending(&k.g, autoClaimTries*count, false) {
		return
	}
	if k.by, ok = c.seenConsumer(&k.g, c.Args[3]); ok {
		c.autoClaim(&k, from, count)
	}
}

func (c *Ctx) autoClaimOptions(k *claim) (count int64, ok bool) {
	count = autoClaimCount
	for i := 6; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "COUNT") && i+1 < len(c.Args):
			i++
			if count, ok = resp.ParseInt(c.Args[i]); !ok || count < 1 || count > autoClaimMax {
				c.Out.Error("ERR COUNT must be > 0")
				return 0, false
			}
		case c.Is(i, "JUSTID"):
			k.justID = true
		default:
			c.Out.Error(ErrSyntax)
			return 0, false
		}
	}
	return count, true
}

// autoClaim claims up to count entries and replies where to go on, the entries
// and the IDs of those that are pending and were deleted from the stream, which
// are pending no more.
func (c *Ctx) autoClaim(k *claim, from engine.StreamID, count int64) {
	c.Out.Array(3)
	start := len(c.Out.Buf)
	m, n := c.beginList(), 0
	var few [16]engine.StreamID
	deleted := few[:0]
	tries := autoClaimTries * count
	cur := k.g.PendingRange(from, engine.MaxStreamID, nil)
	more := cur.Next()
	for ; more && tries > 0 && count > 0; tries-- {
		p := cur.Entry()
		switch {
		case !k.st.Has(p.ID):
			k.g.Ack(p.ID)
			deleted = append(deleted, p.ID)
			count--
			c.Dirty++
			cur = k.g.PendingRange(p.ID, engine.MaxStreamID, nil)
		case !c.tooFresh(k, &p):
			c.take(k, &p)
			n++
			count--
		}
		more = cur.Next()
	}
	c.endList(m, n)
	var next engine.StreamID
	if more {
		next = cur.Entry().ID
	}
	c.idBefore(start, next)
	c.Out.Array(len(deleted))
	for _, id := range deleted {
		c.idReply(id)
	}
}

// idBefore writes an ID as a bulk string before what was written since start.
func (c *Ctx) idBefore(start int, id engine.StreamID) {
	end := len(c.Out.Buf)
	c.idReply(id)
	var text [64]byte
	reply := append(text[:0], c.Out.Buf[end:]...)
	copy(c.Out.Buf[start+len(reply):], c.Out.Buf[start:end])
	copy(c.Out.Buf[start:], reply)
}
