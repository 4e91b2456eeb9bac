package command

import (
	"larder/engine"
	"larder/protocol/memcache"
)

// storing is a storage command of any of the three protocols.
type storing struct {
	op      memcache.Op // OpSet, OpAdd, OpReplace, OpCas, OpAppend or OpPrepend
	value   []byte
	flags   uint32
	exptime int64
	compare uint64 // CAS value that the item must have; to append and prepend 0 is any
	cas     uint64 // CAS value that the item gets
	stale   bool   // a set with too old a CAS value stores, marked as stale
	create  bool   // append and prepend store the value if there is no item
}

// result is how a storage command ended. To clients some outcomes are not the
// same in all protocols.
type result uint8

const (
	resStored result = iota
	resKept
	resExists
	resMissing
	resNoRoom
	resWrongType
)

var resultOutcomes = [...]Outcome{OutcomeStored, OutcomeKept, OutcomeBadCAS, OutcomeMiss, OutcomeNoRoom, OutcomeRefused}

// run decides and stores. it is the item that is there, if found.
func (w *storing) run(c *Ctx, it *engine.Item, found bool) result {
	if !found {
		return w.runMissing(c)
	}
	switch w.op {
	case memcache.OpAdd:
		return resKept
	case memcache.OpAppend, memcache.OpPrepend:
		if w.compare != 0 && w.compare != it.CAS() {
			return resExists
		}
		return w.extend(c, it)
	case memcache.OpCas:
		cas := it.CAS()
		if w.stale && w.compare != 0 && w.compare < cas {
			return w.put(c, it.Deadline(), it.Marks()&engine.MarkSent|engine.MarkStale)
		}
		if w.compare != cas {
			return resExists
		}
	}
	return w.put(c, memDeadline(w.exptime, c.NowMs), 0)
}

// runMissing is run when there is no item.
func (w *storing) runMissing(c *Ctx) result {
	switch w.op {
	case memcache.OpCas:
		return resMissing
	case memcache.OpReplace:
		return resKept
	case memcache.OpAppend, memcache.OpPrepend:
		if !w.create {
			return resKept
		}
	}
	return w.put(c, memDeadline(w.exptime, c.NowMs), 0)
}

// put makes the value that of the item. A deadline that has passed removes the
// item instead, which is the same to everybody.
func (w *storing) put(c *Ctx, deadline int64, marks engine.Marks) result {
	if deadline <= c.NowMs {
		return w.putExpired(c)
	}
	a := engine.Attrs{Deadline: deadline, Item: true, Flags: w.flags, CAS: w.cas, Marks: marks}
	switch err := c.Engine.SetItem(memDB, c.Keys[0], w.value, a, c.NowMs); err {
	case nil:
		c.Changed(0, EventString, "set")
		c.setExpires(0, deadline, false)
		return resStored
	case engine.ErrWrongType:
		return resWrongType
	}
	return resNoRoom
}

func (w *storing) putExpired(c *Ctx) result {
	if it, found := c.Engine.Peek(memDB, c.Keys[0], c.NowMs); found && it.Type() != engine.TypeString {
		return resWrongType
	}
	c.Engine.Delete(memDB, c.Keys[0], c.NowMs)
	c.Changed(0, EventString, "set")
	c.setExpires(0, 0, true)
	return resStored
}

// extend appends or prepends. Flags and deadline stay, marks go.
func (w *storing) extend(c *Ctx, it *engine.Item) result {
	old := it.Len()
	if memcache.ItemBytes(len(c.Keys[0].Name), it.Flags(), int64(old+len(w.value))) > int64(c.Config.MaxItemBytes) {
		return resKept
	}
	// The marks go first: if that fails, nothing has changed.
	if err := it.SetMarks(0); err != nil {
		return resNoRoom
	}
	if len(w.value) > 0 {
		dst, err := c.Engine.EditString(memDB, c.Keys[0], old+len(w.value), engine.Attrs{}, c.NowMs)
		if err != nil {
			return resNoRoom
		}
		if w.op == memcache.OpAppend {
			copy(dst[old:], w.value)
		} else {
			copy(dst[len(w.value):], dst[:old])
			copy(dst, w.value)
		}
	}
	now, _ := c.Engine.Peek(memDB, c.Keys[0], c.NowMs)
	now.SetCAS(w.cas)
	now.SetFetched(false)
	c.Changed(0, EventString, "append")
	return resStored
}

// memStore is set, add, replace, append, prepend and cas of text and binary.
func memStore(c *Ctx, r *memcache.Request) Outcome {
	w := storing{op: r.Op, value: r.Value, flags: r.Flags, exptime: r.Exptime, compare: r.CAS, cas: c.CAS}
	if r.Proto == memcache.Binary && r.CAS != 0 && r.Op <= memcache.OpReplace {
		w.op = memcache.OpCas
	}
	if w.op == memcache.OpSet {
		return memStored(c, r, w.put(c, memDeadline(w.exptime, c.NowMs), 0))
	}
	it, found, refused := memPeek(c, r)
	if refused && w.op != memcache.OpAdd {
		return OutcomeRefused
	}
	return memStored(c, r, w.run(c, &it, found))
}

// memStored writes the reply to memStore.
func memStored(c *Ctx, r *memcache.Request, res result) Outcome {
	switch {
	case res == resNoRoom:
		return memFail(c, r, engine.ErrNoRoom)
	case res == resWrongType:
		return memWrongType(c, r)
	case r.Proto == memcache.Binary:
		memStoredBinary(c, r, res)
	case res == resStored:
		memSay(c, r, memcache.LineStored)
	case res == resKept:
		memSay(c, r, memcache.LineNotStored)
	case res == resExists:
		memSay(c, r, memcache.LineExists)
	default:
		memSay(c, r, memcache.LineNotFound)
	}
	return resultOutcomes[res]
}

func memStoredBinary(c *Ctx, r *memcache.Request, res result) {
	status := memcache.StatusNotFound
	switch {
	case res == resStored:
		if !r.NoReply {
			c.Out.Buf = memcache.AppendBinaryOK(c.Out.Buf, r, memWrittenCAS(c))
		}
		return
	case res == resExists, r.Op == memcache.OpAdd && res == resKept:
		status = memcache.StatusExists
	case r.Op != memcache.OpReplace && res == resKept:
		status = memcache.StatusNotStored
	}
	c.Out.Buf = memcache.AppendBinaryError(c.Out.Buf, r, status)
}

// memWrittenCAS is the CAS value that the key has after a write: the stamp,
// unless it is a string of Redis's that was changed in place.
func memWrittenCAS(c *Ctx) uint64 {
	if it, ok := c.Engine.Peek(memDB, c.Keys[0], c.NowMs); ok {
		return it.CAS()
	}
	return c.CAS
}

// metaSet is ms.
func metaSet(c *Ctx, r *memcache.Request) Outcome {
	m := &r.Meta
	w := storing{op: memcache.OpSet, value: r.Value, flags: r.Flags, exptime: r.Exptime, cas: c.CAS, stale: m.Has('I')}
	if m.Has('E') {
		w.cas = m.NewCAS
	}
	if m.Has('C') {
		w.compare = r.CAS
	}
	switch m.Mode {
	case 'E':
		w.op = memcache.OpAdd
	case 'R':
		w.op = memcache.OpReplace
	case 'A':
		w.op = memcache.OpAppend
	case 'P':
		w.op = memcache.OpPrepend
	}
	if w.create = m.Has('N'); w.create && (w.op == memcache.OpAppend || w.op == memcache.OpPrepend) {
		w.exptime = m.Vivify
	}
	if m.Has('C') && (w.op == memcache.OpSet || w.op == memcache.OpReplace) {
		w.op = memcache.OpCas
	}
	var it engine.Item
	found := false
	if w.op != memcache.OpSet {
		refused := false
		if it, found, refused = memPeek(c, r); refused && w.op != memcache.OpAdd {
			return OutcomeRefused
		}
	}
	return metaStored(c, r, w.run(c, &it, found), len(w.value))
}

var resultCodes = [...]memcache.MetaCode{memcache.MetaHD, memcache.MetaNS, memcache.MetaEX, memcache.MetaNF}

// metaStored writes the reply to metaSet.
func metaStored(c *Ctx, r *memcache.Request, res result, valueBytes int) Outcome {
	switch res {
	case resNoRoom:
		return memFail(c, r, engine.ErrNoRoom)
	case resWrongType:
		return memWrongType(c, r)
	}
	item := memcache.MetaItem{ValueBytes: valueBytes}
	if res == resStored && r.Meta.Has('c') {
		item.CAS = memWrittenCAS(c)
	}
	if res != resStored || !r.NoReply {
		c.Out.Buf = memcache.AppendMetaItem(c.Out.Buf, r, resultCodes[res], &item)
	}
	return resultOutcomes[res]
}
