package command

import (
	"math"

	"larder/engine"
)

// Commands that add entries to a stream or take them out.

// The errors of XADD and XTRIM.
const (
	errTwoTrims   = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	errMaxLen     = "ERR The MAXLEN argument must be >= 0."
	errLimit      = "ERR The LIMIT argument must be >= 0."
	errLimitAlone = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	errNoTrim     = "ERR syntax error, XTRIM called without an option to trim the stream"
	errLimitExact = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	errZeroID     = "ERR The ID specified in XADD must be greater than 0-0"
	errExhausted  = "ERR The stream has exhausted the last possible ID, unable to add more items"
	errSmallID    = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	errLargeEntry = "ERR Elements are too large to be stored"
	errXAddArity  = "ERR wrong number of arguments for 'xadd' command"
	trimLeaves    = 100       // leaves that "~" without LIMIT may free
	trimUnlimited = 10_000    // entries, if leaves have no limit of entries
	trimMost      = 1_000_000 // entries, whatever the limit of leaves is
)

// addOptions are the options that XADD and XTRIM share, and XADD's ID.
type addOptions struct {
	trims, limits bool
	trim          engine.StreamTrim
	noMake        bool // NOMKSTREAM
	given         bool // an ID is given, not "*"
	id            engine.StreamID
	autoSeq       bool // of the given ID the number is left to the stream
	next          int  // the argument behind the options: XADD's ID
}

// addOptions parses the arguments from the third on up to XADD's ID; on
// failure it has replied.
func (c *Ctx) addOptions(adds bool) (o addOptions, ok bool) {
	i := 2
	for ; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case adds && len(c.Args[i]) == 1 && c.Args[i][0] == '*':
			o.next = i
			return o, c.checkTrim(&o, adds)
		case more && (c.Is(i, "MAXLEN") || c.Is(i, "MINID")):
			if i, ok = c.trimOption(i, &o); !ok {
				return o, false
			}
		case more && c.Is(i, "LIMIT"):
			i++
			if o.trim.Limit, ok = c.Int(i); !ok {
				return o, false
			}
			if o.trim.Limit < 0 {
				c.Out.Error(errLimit)
				return o, false
			}
			o.limits = true
		case adds && c.Is(i, "NOMKSTREAM"):
			o.noMake = true
		case adds:
			if o.id, o.autoSeq, ok = c.streamID(c.Args[i], idForm{wildcard: true}); !ok {
				return o, false
			}
			o.given, o.next = true, i
			return o, c.checkTrim(&o, adds)
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	o.next = i
	return o, c.checkTrim(&o, adds)
}

// trimOption parses MAXLEN or MINID at i and returns the last argument of it.
func (c *Ctx) trimOption(i int, o *addOptions) (last int, ok bool) {
	if o.trims {
		c.Out.Error(errTwoTrims)
		return i, false
	}
	o.trims, o.trim.ByID = true, c.Is(i, "MINID")
	i++
	if sign := c.Args[i]; len(sign) == 1 && i+1 < len(c.Args) && (sign[0] == '~' || sign[0] == '=') {
		o.trim.About = sign[0] == '~'
		i++
	}
	if o.trim.ByID {
		o.trim.Before, ok = c.strictID(i)
		return i, ok
	}
	if o.trim.Len, ok = c.Int(i); ok && o.trim.Len < 0 {
		c.Out.Error(errMaxLen)
		ok = false
	}
	return i, ok
}

// checkTrim checks the options for trimming against each other and fills in
// the limit of entries.
func (c *Ctx) checkTrim(o *addOptions, adds bool) bool {
	switch {
	case o.trim.Limit != 0 && !o.trims:
		c.Out.Error(errLimitAlone)
	case !adds && !o.trims:
		c.Out.Error(errNoTrim)
	case o.limits && !o.trim.About:
		c.Out.Error(errLimitExact)
	default:
		if o.trim.About && !o.limits {
			o.trim.Limit = min(trimMost, trimLeaves*int64(min(c.Config.Limits.StreamNodeItems, trimMost)))
			if o.trim.Limit <= 0 {
				o.trim.Limit = trimUnlimited
			}
		}
		return true
	}
	return false
}

func xadd(c *Ctx) {
	o, ok := c.addOptions(true)
	if !ok {
		return
	}
	pairs := c.Args[min(o.next+1, len(c.Args)):]
	if len(pairs) == 0 || len(pairs)%2 == 1 {
		c.Out.Error(errXAddArity)
		return
	}
	if o.given && !o.autoSeq && o.id.IsZero() {
		c.Out.Error(errZeroID)
		return
	}
	st, found, ok := c.streamToWrite(0)
	if !ok {
		return
	}
	if !found && o.noMake {
		c.Out.Null()
		return
	}
	var last engine.StreamID
	if found {
		last = st.LastID()
	}
	id, fault := o.nextID(last, c.NowMs)
	if fault == "" && !engine.EntryFits(pairs) {
		fault = errLargeEntry
	}
	if fault != "" {
		c.Out.Error(fault)
		return
	}
	if !c.append(&st, found, id, pairs) {
		return
	}
	c.idReply(id)
	c.Changed(0, EventStream, "xadd")
	if o.trims && st.Trim(&o.trim) > 0 {
		c.Notify(0, EventStream, "xtrim")
	}
}

// append adds an entry to a stream, which it creates if it is not found; if
// there is no room it has replied.
func (c *Ctx) append(st *engine.Stream, found bool, id engine.StreamID, pairs [][]byte) bool {
	var err error
	if !found {
		if *st, err = c.Engine.CreateStream(c.DB, c.Keys[0], c.NowMs); err != nil {
			c.Fail(err)
			return false
		}
	}
	if err = st.Append(id, pairs, &c.Config.Limits); err != nil {
		if !found {
			c.Engine.Delete(c.DB, c.Keys[0], c.NowMs)
		}
		c.Fail(err)
	}
	return err == nil
}

// nextID is the ID of the entry to be added behind last, or an error's text.
func (o *addOptions) nextID(last engine.StreamID, nowMs int64) (id engine.StreamID, fault string) {
	if last == engine.MaxStreamID {
		return id, errExhausted
	}
	switch {
	case o.given && !o.autoSeq:
		id = o.id
	case o.given:
		id = o.id
		if id.Ms == last.Ms {
			if last.Seq == math.MaxUint64 {
				return id, errSmallID
			}
			id.Seq = last.Seq + 1
		}
	case uint64(nowMs) > last.Ms:
		id.Ms = uint64(nowMs)
	default:
		id, _ = last.Next()
	}
	if !last.Less(id) {
		return id, errSmallID
	}
	return id, ""
}

func xtrim(c *Ctx) {
	o, ok := c.addOptions(false)
	if !ok {
		return
	}
	st, found, ok := c.streamToWrite(0)
	if !ok {
		return
	}
	removed := int64(0)
	if found {
		removed = st.Trim(&o.trim)
	}
	c.changedTimes(removed, "xtrim")
	c.Out.Int(removed)
}

// changedTimes records n changes of the first key under one event.
func (c *Ctx) changedTimes(n int64, event string) {
	if n > 0 {
		c.Changed(0, EventStream, event)
		c.Dirty += int(n) - 1
	}
}

func xdel(c *Ctx) {
	st, found, ok := c.streamToWrite(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Int(0)
		return
	}
	for i := 2; i < len(c.Args); i++ {
		if _, ok := c.strictID(i); !ok {
			return
		}
	}
	removed := int64(0)
	for _, arg := range c.Args[2:] {
		if id, _, _ := parseStreamID(arg, idForm{}); st.Delete(id) {
			removed++
		}
	}
	c.changedTimes(removed, "xdel")
	c.Out.Int(removed)
}

// xsetid is XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id].
func xsetid(c *Ctx) {
	id, ok := c.strictID(2)
	if !ok {
		return
	}
	added := int64(-1)
	var maxDeleted engine.StreamID
	for i := 3; i < len(c.Args); i += 2 {
		switch more := i+1 < len(c.Args); {
		case more && c.Is(i, "ENTRIESADDED"):
			if added, ok = c.Int(i + 1); !ok {
				return
			}
			if added < 0 {
				c.Out.Error("ERR entries_added must be positive")
				return
			}
		case more && c.Is(i, "MAXDELETEDID"):
			if maxDeleted, ok = c.strictID(i + 1); !ok {
				return
			}
			if id.Less(maxDeleted) {
				c.Out.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
				return
			}
		default:
			c.Out.Error(ErrSyntax)
			return
		}
	}
	st, found, ok := c.streamToWrite(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Error(ErrNoKey)
		return
	}
	if fault := setIDFault(&st, id, added); fault != "" {
		c.Out.Error(fault)
		return
	}
	st.SetLastID(id)
	if added >= 0 {
		st.SetAdded(added)
	}
	if !maxDeleted.IsZero() {
		st.SetMaxDeletedID(maxDeleted)
	}
	c.Changed(0, EventStream, "xsetid")
	c.Out.OK()
}

// setIDFault says why a stream cannot have a last ID and a number of entries
// ever added, -1 if that is to stay; "" if it can.
func setIDFault(st *engine.Stream, id engine.StreamID, added int64) string {
	switch {
	case id.Less(st.MaxDeletedID()):
		return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	case st.Len() > 0 && id.Less(st.MaxID()):
		return "ERR The ID specified in XSETID is smaller than the target stream top item"
	case added >= 0 && st.Len() > added:
		return "ERR The entries_added specified in XSETID is smaller than the target stream length"
	}
	return ""
}
