package command

import "math"

// What removes elements by their value or by their index.

// lrem is LREM key count element: the first count elements that equal it, the
// last -count if count is negative, all if it is 0.
func lrem(c *Ctx) {
	count, ok := c.Int(2)
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Out.Error(errSymmetric)
		return
	}
	l, found, ok := c.writeList(0)
	if !ok {
		return
	}
	if !found {
		c.Out.Int(0)
		return
	}
	if c.Heavy(l.Bytes()) {
		return
	}
	backward, n, length := count < 0, max(count, -count), l.Len()
	if n == 0 || n > int64(length) {
		n = int64(length)
	}
	removed, err := l.RemoveEqual(c.Args[3], int(n), backward, &c.Config.Limits)
	if err != nil {
		c.Fail(err)
		return
	}
	if removed > 0 {
		c.Changed(0, EventList, "lrem")
		c.Dirty += removed - 1 // Redis counts elements
		c.emptied(0, length-removed)
	}
	c.Out.Int(int64(removed))
}

// ltrim is LTRIM key start stop: it keeps what LRANGE would return.
func ltrim(c *Ctx) {
	start, ok := c.Int(2)
	if !ok {
		return
	}
	end, ok := c.Int(3)
	if !ok {
		return
	}
	l, found, ok := c.writeList(0)
	if !ok {
		return
	}
	if !found {
		c.Out.OK()
		return
	}
	n := l.Len()
	from, to := indexRange(start, end, n)
	kept := to + 1 - from
	if kept > 0 && c.Heavy(l.Share(n-kept)) {
		return
	}
	if err := l.Trim(from, kept, &c.Config.Limits); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventList, "ltrim")
	c.Dirty += n - kept - 1 // Redis counts elements, and none is no change
	c.emptied(0, kept)
	c.Out.OK()
}
