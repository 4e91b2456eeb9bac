package command

import "larder/engine"

// HyperLogLogs: the commands. What a sketch is stands in hllvalue.go.

const (
	errNotHLL   = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errBadHLL   = "INVALIDOBJ Corrupted HLL object detected"
	errNoSketch = "ERR The specified key does not exist"
)

// unionCost is what a sketch that is merged counts against heavyBytes.
const unionCost = 64 << 10

// sketch returns a view of the sketch that an item holds; if it holds none it
// has replied.
func (c *Ctx) sketch(it *engine.Item) (hll, bool) {
	if !c.str(it) {
		return nil, false
	}
	if it.Encoding() == engine.EncInt || !isHLL(it.Raw()) {
		c.Out.Error(errNotHLL)
		return nil, false
	}
	return it.Raw(), true
}

// putSketch makes h the content of the only or first key; if there is no room
// it has replied. A deadline stays.
func (c *Ctx) putSketch(h hll) bool {
	dst, ok := c.edit(len(h))
	copy(dst, h)
	return ok
}

// pfAdd adds elements to a sketch. A dense one is changed where it lies; a
// sparse one is changed aside, since its length changes with nearly every
// element.
func pfAdd(c *Ctx) {
	it, found := c.FindWrite(0)
	updated := 0
	h := appendEmptyHLL(c.scratch[:0])
	aside := true
	if found {
		view, ok := c.sketch(&it)
		if !ok || c.Heavy(len(view)) {
			return
		}
		if aside = !view.dense(); aside {
			h = append(h[:0], view...)
		} else if h, ok = c.edit(len(view)); !ok {
			return
		}
	} else {
		updated++
	}
	for _, element := range c.Args[2:] {
		changed, err := h.add(element, c.Config.HLLSparseBytes)
		if err != nil {
			c.Out.Error(errBadHLL)
			return
		}
		if changed {
			updated++
		}
	}
	if updated > 0 {
		h.invalidate()
	}
	if aside {
		c.keepScratch(h)
		if (updated > 0 || it.Encoding() != engine.EncGrown) && !c.putSketch(h) {
			return
		}
	}
	if updated > 0 {
		c.Dirty += updated - 1
		c.Changed(0, EventString, "pfadd")
	}
	c.Out.Flag(updated > 0)
}

// pfCount estimates the number of elements of one sketch, or of several as if
// they were one. Of one the estimate is kept in the string: so this command
// that reads changes what it reads, and counts and travels as a change, as in
// Redis.
func pfCount(c *Ctx) {
	if len(c.Keys) > 1 {
		if c.Heavy(len(c.Keys) * unionCost) {
			return
		}
		if values, _, ok := c.union(); ok {
			ranks := values.ranks()
			c.Out.Int(int64(ranks.estimate()))
		}
		return
	}
	it, found := c.Find(0)
	if !found {
		c.Out.Int(0)
		return
	}
	h, ok := c.sketch(&it)
	if !ok || c.heavyRead(0, len(h)) {
		return
	}
	n, ok := h.count()
	if ok {
		c.Out.Int(int64(n))
		return
	}
	ranks, err := h.ranks()
	if err != nil {
		c.Out.Error(errBadHLL)
		return
	}
	n = ranks.estimate()
	if h, ok = c.edit(len(h)); !ok {
		return
	}
	h.setCount(n)
	c.Changed(0, 0, "")
	c.Out.Int(int64(n))
}

// union returns the registers of all keys' sketches taken together and whether
// one of them is dense; if one is none it has replied.
func (c *Ctx) union() (values hllValues, dense, ok bool) {
	for i := range c.Keys {
		it, found := c.Find(i)
		if !found {
			continue
		}
		h, ok := c.sketch(&it)
		if !ok {
			return values, false, false
		}
		dense = dense || h.dense()
		if err := h.raiseAll(&values); err != nil {
			c.Out.Error(errBadHLL)
			return values, false, false
		}
	}
	return values, dense, true
}

// pfMerge makes the first key's sketch the union of all. Registers are raised
// one by one, in order, in the sketch that is there, because in sparse form
// the way matters: Redis's bytes come about so.
func pfMerge(c *Ctx) {
	if c.Heavy(len(c.Keys) * unionCost) {
		return
	}
	values, dense, ok := c.union()
	if !ok {
		return
	}
	h := appendEmptyHLL(c.scratch[:0])
	if it, found := c.FindWrite(0); found {
		h = append(h[:0], it.Raw()...)
	}
	var err error
	if dense {
		err = h.promote()
	}
	for i, rank := range values {
		if rank != 0 && err == nil {
			_, err = h.raise(i, rank, c.Config.HLLSparseBytes)
		}
	}
	if err != nil {
		c.Out.Error(errBadHLL)
		return
	}
	h.invalidate()
	c.keepScratch(h)
	if c.putSketch(h) {
		c.Changed(0, EventString, "pfadd")
		c.Out.OK()
	}
}
