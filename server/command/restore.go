package command

import (
	"errors"

	"larder/engine"
	"larder/protocol/rdb"
)

const (
	errBusyKey   = "BUSYKEY Target key name already exists."
	errTTL       = "ERR Invalid TTL value, must be >= 0"
	errPayload   = "ERR DUMP payload version or checksum are wrong"
	errBadFormat = "ERR Bad data format"
)

// dumpCost and restoreCost are what a byte of a string or payload counts
// against heavyBytes: compressing takes longer than copying, and a payload may
// stand for much more than its length.
const (
	dumpCost    = 8
	restoreCost = 16
)

// restoreOptions are what RESTORE takes besides key, TTL and payload. IDLETIME
// and FREQ are checked and then make no difference: a restored key counts as
// new for eviction, which keeps no clocks.
type restoreOptions struct {
	replace, absolute bool
}

// restoreOptions parses the options; on failure it has replied.
func (c *Ctx) restoreOptions() (o restoreOptions, ok bool) {
	idle, freq := false, false
	for i := 4; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case c.Is(i, "REPLACE"):
			o.replace = true
		case c.Is(i, "ABSTTL"):
			o.absolute = true
		case c.Is(i, "IDLETIME") && more && !freq:
			i++
			if n, ok := c.Int(i); !ok {
				return o, false
			} else if n < 0 {
				c.Out.Error("ERR Invalid IDLETIME value, must be >= 0")
				return o, false
			}
			idle = true
		case c.Is(i, "FREQ") && more && !idle:
			i++
			if n, ok := c.Int(i); !ok {
				return o, false
			} else if n < 0 || n > 255 {
				c.Out.Error("ERR Invalid FREQ value, must be >= 0 and <= 255")
				return o, false
			}
			freq = true
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	return o, true
}

// restore makes a payload's value that of a key.
func restore(c *Ctx) {
	o, ok := c.restoreOptions()
	if !ok {
		return
	}
	if _, found := c.FindWrite(0); found && !o.replace {
		c.Out.Error(errBusyKey)
		return
	}
	ttl, ok := c.Int(2)
	if !ok {
		return
	}
	if ttl < 0 {
		c.Out.Error(errTTL)
		return
	}
	value, err := rdb.Open(c.Args[3])
	if err != nil {
		c.Out.Error(errPayload)
		return
	}
	if c.Heavy(len(value) * restoreCost) {
		return
	}
	c.restoreValue(value, restoredDeadline(ttl, o.absolute, c.NowMs))
}

// restoredDeadline turns the TTL of RESTORE into a deadline. A sum that
// overflows is one in the past, as in Redis; the last ms that can be told is
// one earlier, because engine.NoDeadline stands for none.
func restoredDeadline(ttl int64, absolute bool, nowMs int64) int64 {
	switch {
	case ttl == 0:
		return engine.NoDeadline
	case absolute:
		return min(ttl, engine.NoDeadline-1)
	}
	return nowMs + ttl
}

// restoreValue builds the value and makes it the only key's; it replies.
func (c *Ctx) restoreValue(value []byte, deadline int64) {
	b := restorer{e: c.Engine, limits: &c.Config.Limits, db: c.DB, key: c.Keys[0], nowMs: c.NowMs, attrs: engine.Attrs{Deadline: deadline}}
	did, err := restoredNothing, rdb.ErrCorrupt
	if len(value) > 0 {
		did, err = b.read(rdb.Kind(value[0]), value[1:])
	}
	switch {
	case err == nil:
		c.Out.OK()
	case errors.Is(err, rdb.ErrCorrupt):
		c.Out.Error(errBadFormat)
		return
	default:
		c.Fail(err)
		return
	}
	switch did {
	case restoredValue:
		c.Changed(0, EventGeneric, "restore")
	case restoredAbsence:
		c.Changed(0, EventGeneric, "del")
	}
}
