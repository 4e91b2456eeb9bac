package command

import (
	"larder/engine"
	"larder/protocol/resp"
)

// Deadlines of single fields: HEXPIRE and its kin set them, HPERSIST takes them
// away, HTTL and its kin tell them. Each answers with a code a field.

const (
	fieldAbsent = -2 // no such field, or no such key
	fieldNoTTL  = -1 // the field has no deadline
	fieldKept   = 0  // the condition does not hold
	fieldDone   = 1
	fieldGone   = 2 // removed, because the time has passed

	// maxFieldMs is the last deadline that a field may have: Redis keeps two of
	// 48 bits for itself.
	maxFieldMs = (1<<48 - 1) >> 2

	errFieldsMissing  = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFieldsCount    = "ERR The `numfields` parameter must match the number of arguments"
	errFieldsPositive = "ERR Number of fields must be a positive integer"
)

func hExpire(c *Ctx)    { c.expireFields("hexpire", true, c.NowMs) }
func hpExpire(c *Ctx)   { c.expireFields("hpexpire", false, c.NowMs) }
func hExpireAt(c *Ctx)  { c.expireFields("hexpireat", true, 0) }
func hpExpireAt(c *Ctx) { c.expireFields("hpexpireat", false, 0) }

// expireFields is HEXPIRE key time [NX|XX|GT|LT] FIELDS numfields field … and
// its kin: the time is in seconds or ms and counts from base.
func (c *Ctx) expireFields(name string, seconds bool, base int64) {
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	deadline, ok := c.fieldDeadline(name, c.Args[2], seconds, base)
	if !ok {
		return
	}
	at, cond := 3, fieldCondition(c.Args[3])
	if cond != 0 {
		at++
	}
	fields, ok := c.fieldArgs(at, "ERR Parameter `numFields` should be greater than 0")
	if !ok {
		return
	}
	mark := len(c.Out.Buf)
	c.Out.Array(len(fields))
	set, removed := 0, 0
	for _, field := range fields {
		code, err := c.expireField(field, deadline, cond)
		if err != nil {
			c.failFrom(mark, err)
			return
		}
		switch code {
		case fieldDone:
			set++
		case fieldGone:
			removed++
		}
		c.Out.Int(code)
	}
	c.fieldsExpired(set, removed)
}

// fieldsExpired tells of deadlines that were set, and of fields that were
// removed because theirs had passed.
func (c *Ctx) fieldsExpired(set, removed int) {
	c.changedBy(0, EventHash, "hexpire", set)
	c.changedBy(0, EventHash, "hdel", removed)
	if removed > 0 && !c.hash.There() {
		c.Notify(0, EventGeneric, "del")
	}
}

// fieldDeadline reads a time that counts from base; on failure it has replied.
func (c *Ctx) fieldDeadline(name string, arg []byte, seconds bool, base int64) (ms int64, ok bool) {
	ms, ok = resp.ParseInt(arg)
	switch {
	case !ok:
		c.Out.Error(ErrNotInt)
		return 0, false
	case ms < 0:
		c.Out.Error("ERR invalid expire time, must be >= 0")
		return 0, false
	case seconds && ms > maxFieldMs/1000, !seconds && ms > maxFieldMs-base, seconds && ms*1000 > maxFieldMs-base:
		c.Out.Error("ERR invalid expire time in '" + name + "' command")
		return 0, false
	}
	if seconds {
		ms *= 1000
	}
	return ms + base, true
}

// fieldCondition is the condition that a word stands for, 0 if for none.
func fieldCondition(word []byte) condition {
	switch {
	case IsWord(word, "NX"):
		return ifNone
	case IsWord(word, "XX"):
		return ifAny
	case IsWord(word, "GT"):
		return ifGreater
	case IsWord(word, "LT"):
		return ifLess
	}
	return 0
}

// fieldArgs returns the fields of FIELDS numfields field …, which begins at
// argument i and ends the request; on failure it has replied. wrong is the
// error for a number that is none.
func (c *Ctx) fieldArgs(i int, wrong string) (fields [][]byte, ok bool) {
	if i >= len(c.Args) || !c.Is(i, "FIELDS") || i+1 >= len(c.Args) {
		c.Out.Error(errFieldsMissing)
		return nil, false
	}
	n, ok := resp.ParseInt(c.Args[i+1])
	if !ok || n < 1 {
		c.Out.Error(wrong)
		return nil, false
	}
	fields = c.Args[i+2:]
	if n != int64(len(fields)) {
		c.Out.Error(errFieldsCount)
		return nil, false
	}
	return fields, true
}

// expireField gives one field of c.hash a deadline, if the condition holds.
func (c *Ctx) expireField(field []byte, deadline int64, cond condition) (code int64, err error) {
	x := &c.hash
	has, ok := x.FieldDeadline(field)
	switch {
	case !ok:
		return fieldAbsent, nil
	case cond != 0 && !cond.allows(has, deadline):
		return fieldKept, nil
	case deadline <= c.NowMs:
		_, err := x.Delete(field)
		return fieldGone, err
	}
	return fieldDone, x.SetFieldDeadline(field, deadline)
}

// hPersist is HPERSIST key FIELDS numfields field …
func hPersist(c *Ctx) {
	x := &c.hash
	if _, ok := c.writeHash(x, 0); !ok {
		return
	}
	fields, ok := c.fieldArgs(2, errFieldsPositive)
	if !ok {
		return
	}
	mark, n := len(c.Out.Buf), 0
	c.Out.Array(len(fields))
	for _, field := range fields {
		has, ok := x.FieldDeadline(field)
		switch {
		case !ok:
			c.Out.Int(fieldAbsent)
			continue
		case has == engine.NoDeadline:
			c.Out.Int(fieldNoTTL)
			continue
		}
		if err := x.SetFieldDeadline(field, engine.NoDeadline); err != nil {
			c.failFrom(mark, err)
			return
		}
		n++
		c.Out.Int(fieldDone)
	}
	c.changedBy(0, EventHash, "hpersist", n)
}

func hTTL(c *Ctx)         { c.fieldTTLs(c.NowMs, true) }
func hpTTL(c *Ctx)        { c.fieldTTLs(c.NowMs, false) }
func hExpireTime(c *Ctx)  { c.fieldTTLs(0, true) }
func hpExpireTime(c *Ctx) { c.fieldTTLs(0, false) }

// fieldTTLs is HTTL key FIELDS numfields field … and its kin: deadlines, counted
// from base, in ms or in seconds that have begun.
func (c *Ctx) fieldTTLs(base int64, seconds bool) {
	x := &c.hash
	if _, ok := c.readHash(x, 0); !ok {
		return
	}
	fields, ok := c.fieldArgs(2, errFieldsPositive)
	if !ok {
		return
	}
	c.Out.Array(len(fields))
	for _, field := range fields {
		deadline, ok := x.FieldDeadline(field)
		switch {
		case !ok:
			c.Out.Int(fieldAbsent)
		case deadline == engine.NoDeadline:
			c.Out.Int(fieldNoTTL)
		case seconds:
			c.Out.Int((deadline - base + 999) / 1000)
		default:
			c.Out.Int(deadline - base)
		}
	}
}
