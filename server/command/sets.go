package command

import "larder/engine"

// Sets: one key at a time. What they are and how they are kept is told in the
// engine's set.go; random members are in sets_random.go, several sets in
// sets_algebra.go.

// setMemberBytes is what a member weighs for Heavy: visiting one takes as long
// as copying so many bytes.
const setMemberBytes = 64

// progress is how far a command over many elements got before memory ran out:
// when room was made it goes on from there.
type progress struct {
	at int // elements done
	n  int // of these, elements that count
}

// changedBy is Changed for a change that counts n times; nothing for n = 0.
func (c *Ctx) changedBy(i int, class EventClass, event string, n int) {
	if n > 0 {
		c.Changed(i, class, event)
		c.Dirty += n - 1
	}
}

// writeSet opens the i-th key for a command that changes it. ok is false when
// it holds something else: then it has replied.
func (c *Ctx) writeSet(x *engine.Set, i int) (there, ok bool) {
	there, err := c.Engine.OpenSet(x, c.DB, &c.Keys[i], c.NowMs)
	if err != nil {
		c.Fail(err)
		return false, false
	}
	if there {
		x.Item().Touch()
	} else {
		c.absent(i)
	}
	return there, true
}

// readSet is writeSet for a command that reads: hit or miss is counted.
func (c *Ctx) readSet(x *engine.Set, i int) (there, ok bool) {
	there, err := c.Engine.OpenSet(x, c.DB, &c.Keys[i], c.NowMs)
	c.count(i, there || err != nil)
	if err != nil {
		c.Fail(err)
		return false, false
	}
	switch {
	case !there:
		c.missed(i)
	case !c.NoTouch:
		x.Item().Touch()
	}
	return there, true
}

// count counts a lookup of the i-th key as a hit or a miss.
func (c *Ctx) count(i int, hit bool) {
	if st := c.Keys[i].Shard.Stats(); hit {
		st.Hits++
	} else {
		st.Misses++
	}
}

func sAdd(c *Ctx) {
	x, lim := &c.set, &c.Config.Limits
	if _, ok := c.writeSet(x, 0); !ok {
		return
	}
	members := c.Args[2:]
	err := x.Expect(len(members), lim)
	before := c.progress.n
	for err == nil && c.progress.at < len(members) {
		var added bool
		if added, err = x.Add(members[c.progress.at], len(members), lim); err == nil {
			c.progress.at++
			if added {
				c.progress.n++
			}
		}
	}
	c.changedBy(0, EventSet, "sadd", c.progress.n-before)
	if err != nil {
		c.Fail(err)
		return
	}
	c.Out.Int(int64(c.progress.n))
	c.progress = progress{}
}

func sRem(c *Ctx) {
	x := &c.set
	there, ok := c.writeSet(x, 0)
	if !ok {
		return
	}
	members := c.Args[2:]
	before := c.progress.n
	var err error
	for x.There() && c.progress.at < len(members) {
		var was bool
		if was, err = x.Remove(members[c.progress.at]); err != nil {
			break
		}
		c.progress.at++
		if was {
			c.progress.n++
		}
	}
	c.changedBy(0, EventSet, "srem", c.progress.n-before)
	if err != nil {
		c.Fail(err)
		return
	}
	if there && !x.There() {
		c.Notify(0, EventGeneric, "del")
	}
	c.Out.Int(int64(c.progress.n))
	c.progress = progress{}
}

func sIsMember(c *Ctx) {
	if _, ok := c.readSet(&c.set, 0); ok {
		c.Out.Flag(c.set.Has(c.Args[2]))
	}
}

func sMIsMember(c *Ctx) {
	if _, ok := c.readSet(&c.set, 0); !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		c.Out.Flag(c.set.Has(member))
	}
}

func sCard(c *Ctx) {
	if _, ok := c.readSet(&c.set, 0); ok {
		c.Out.Int(int64(c.set.Len()))
	}
}

func sMembers(c *Ctx) {
	if c.OnWorker {
		c.replyEach(func(sets []engine.Set, f func([]byte) bool) bool { return c.walkSet(sets, 0, f) })
		return
	}
	if _, ok := c.readSet(&c.set, 0); !ok || c.heavyRead(0, c.set.Len()*setMemberBytes) {
		return
	}
	c.Out.Set(c.set.Len())
	c.set.Each(func(member []byte) bool {
		c.Out.Bulk(member)
		return true
	})
}

// sMove is SMOVE source destination member.
func sMove(c *Ctx) {
	src, dst, member := &c.set, &c.otherSet, c.Args[3]
	there, ok := c.writeSet(src, 0)
	if !ok {
		return
	}
	if !there {
		c.Out.Int(0)
		return
	}
	if _, ok := c.writeSet(dst, 1); !ok {
		return
	}
	switch {
	case !src.Has(member):
		c.Out.Int(0)
		return
	case string(c.Keys[0].Name) == string(c.Keys[1].Name):
		c.Out.Int(1)
		return
	}
	added, err := dst.Add(member, 1, &c.Config.Limits)
	if err == nil {
		// The destination may be new and have moved the source's entry.
		_, _ = c.Engine.OpenSet(src, c.DB, &c.Keys[0], c.NowMs)
		_, err = src.Remove(member)
	}
	if err != nil {
		c.Fail(err)
		return
	}
	c.Changed(0, EventSet, "srem")
	if !src.There() {
		c.Notify(0, EventGeneric, "del")
	}
	if added {
		c.Changed(1, EventSet, "sadd")
	}
	c.Out.Int(1)
}
