package command

import (
	"math"
	"strconv"

	"larder/engine"
	"larder/protocol/memcache"
)

// memCount adds delta to the number at the key, wrapping around at 2^64, or
// subtracts it, stopping at 0. As in memcached, a number that became shorter
// keeps its length by trailing spaces if the value is an item; a string of
// Redis's becomes the bare number, so that Redis's INCR still works on it.
// ok is false if the value is no number.
func memCount(c *Ctx, it *engine.Item, delta uint64, down bool, cas uint64) (v uint64, ok bool, err error) {
	var digits [20]byte
	old := it.Bytes(digits[:0])
	if v, ok = memcache.ParseNumber(old); !ok {
		return 0, false, nil
	}
	switch {
	case !down:
		v += delta
	case delta > v:
		v = 0
	default:
		v -= delta
	}
	var room [20]byte
	text := strconv.AppendUint(room[:0], v, 10)
	pad := 0
	if it.IsItem() {
		pad = max(0, len(old)-len(text))
	}
	// To memcached a number that became longer is another value.
	longer := len(text) > len(old)
	fetched := it.Fetched() && !longer
	if _, isInt := it.Int(); isInt && pad == 0 && v <= math.MaxInt64 && (!longer || it.Marks() == 0) {
		it.UpdateInt(int64(v))
		it.SetCAS(cas)
		it.SetFetched(fetched)
		c.Changed(0, EventString, "incrby")
		return v, true, nil
	}
	a := it.Attrs()
	if a.Item {
		a.CAS = cas
	}
	if longer {
		a.Marks = 0
	}
	if pad > len(room)-len(text) {
		err = memWritePadded(c, len(old), text, a)
	} else {
		for range pad {
			text = append(text, ' ')
		}
		err = c.Engine.SetString(memDB, c.Keys[0], text, a, c.NowMs)
	}
	if err == nil {
		c.Changed(0, EventString, "incrby")
		now, _ := c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
		now.SetFetched(fetched)
	}
	return v, true, err
}

// memWritePadded writes a number in front of more spaces than any number is
// long: over the old value, which has size bytes.
func memWritePadded(c *Ctx, size int, text []byte, a engine.Attrs) error {
	dst, err := c.Engine.EditString(memDB, c.Keys[0], size, a, c.NowMs)
	if err != nil {
		return err
	}
	for i := copy(dst, text); i < len(dst); i++ {
		dst[i] = ' '
	}
	it, _ := c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
	it.SetCAS(a.CAS)
	return nil
}

// memStart creates a counter.
func memStart(c *Ctx, initial uint64, deadline int64, cas uint64) error {
	var digits [20]byte
	w := storing{value: strconv.AppendUint(digits[:0], initial, 10), cas: cas}
	if w.put(c, deadline, 0) == resNoRoom {
		return engine.ErrNoRoom
	}
	return nil
}

// memArith is incr and decr of text and binary.
func memArith(c *Ctx, r *memcache.Request) Outcome {
	it, found, refused := memPeek(c, r)
	binary := r.Proto == memcache.Binary
	switch {
	case refused:
		return OutcomeRefused
	case !found && binary && r.Exptime != memcache.NoCreate:
		if err := memStart(c, r.Initial, memDeadline(r.Exptime, c.NowMs), c.CAS); err != nil {
			return memFail(c, r, err)
		}
		memCounted(c, r, r.Initial)
		return OutcomeMiss
	case !found && binary:
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusNotFound)
		return OutcomeMiss
	case !found:
		memSay(c, r, memcache.LineNotFound)
		return OutcomeMiss
	case binary && r.CAS != 0 && it.Len() > 0 && r.CAS != it.CAS(): // an empty value is refused below
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusExists)
		return OutcomeBadCAS
	}
	it.Bump()
	v, ok, err := memCount(c, &it, r.Delta, r.Op == memcache.OpDecr, c.CAS)
	switch {
	case err != nil:
		return memFail(c, r, err)
	case !ok && binary:
		c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, memcache.StatusNonNumeric)
		return OutcomeRefused
	case !ok:
		memSay(c, r, memcache.LineNonNumeric)
		return OutcomeRefused
	}
	memCounted(c, r, v)
	return OutcomeHit
}

// memCounted replies with a counter's new value.
func memCounted(c *Ctx, r *memcache.Request, v uint64) {
	switch {
	case r.NoReply:
	case r.Proto == memcache.Binary:
		c.Out.Buf = memcache.AppendBinaryNumber(c.Out.Buf, r, v, memWrittenCAS(c))
	default:
		c.Out.Buf = memcache.AppendNumber(c.Out.Buf, v)
	}
}

// metaArith is ma.
func metaArith(c *Ctx, r *memcache.Request) Outcome {
	m := &r.Meta
	cas := c.CAS
	if m.Has('E') {
		cas = m.NewCAS
	}
	it, found, refused := memPeek(c, r)
	switch {
	case refused:
		return OutcomeRefused
	case !found && m.Has('N'):
		times := metaTimesOf(c, r, engine.NoDeadline, true)
		if err := memStart(c, r.Initial, times.deadline, cas); err != nil {
			return memFail(c, r, err)
		}
		metaCounted(c, r, r.Initial, times.shown, cas, true)
		return OutcomeMiss
	case !found:
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaNF)
		return OutcomeMiss
	case r.CAS != 0 && it.Len() > 0 && r.CAS != it.CAS(): // an empty value is refused below
		c.Out.Buf = memcache.AppendMetaMiss(c.Out.Buf, r, memcache.MetaEX)
		return OutcomeBadCAS
	}
	it.Bump()
	var digits [20]byte
	if _, ok := memcache.ParseNumber(it.Bytes(digits[:0])); !ok {
		c.Out.Buf = memcache.AppendLine(c.Out.Buf, memcache.LineNonNumeric)
		return OutcomeRefused
	}
	had := it.Deadline()
	times := metaTimesOf(c, r, had, false)
	if times.deadline != had && times.deadline > c.NowMs {
		// The deadline comes first: if there is no room for it, nothing has
		// been counted yet.
		if err := it.SetDeadline(times.deadline); err != nil {
			return memFail(c, r, err)
		}
		it, _ = c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
	}
	v, _, err := memCount(c, &it, r.Delta, m.Mode == 'D' || m.Mode == '-', cas)
	if err != nil {
		return memFail(c, r, err)
	}
	cas = memWrittenCAS(c)
	switch {
	case times.deadline <= c.NowMs:
		c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
		c.Notify(0, EventGeneric, "del")
	case times.deadline != had:
		c.Notify(0, EventGeneric, memTouchEvent(times.deadline))
	}
	metaCounted(c, r, v, times.shown, cas, false)
	return OutcomeHit
}

// metaCounted replies to ma with a counter's new value. That the counter was
// created is told in quiet mode too.
func metaCounted(c *Ctx, r *memcache.Request, v uint64, ttl int64, cas uint64, created bool) {
	item := memcache.MetaItem{TTL: ttl, CAS: cas}
	switch {
	case r.NoReply && !created:
	case r.Meta.Has('v'):
		c.Out.Buf = memcache.AppendMetaNumber(c.Out.Buf, r, &item, v)
	default:
		c.Out.Buf = memcache.AppendMetaHD(c.Out.Buf, r, &item)
	}
}
