package command

import (
	"bytes"
	"cmp"
	"slices"

	"larder/engine"
)

// zresult is a sorted set that a command computes from others. It lives in
// the Go heap for as long as the command runs; what it holds are copies,
// because the key that takes it may be one of those it was read from.
type zresult struct {
	members []engine.ZMember
	arena   []byte // where the members' bytes lie
}

// arenaBytes is the size of the pieces that members are copied into.
const arenaBytes = 16 << 10

// add appends a copy of a member.
func (r *zresult) add(member []byte, score float64) {
	r.members = append(r.members, engine.ZMember{Member: r.copy(member), Score: score})
}

func (r *zresult) copy(b []byte) []byte {
	if cap(r.arena)-len(r.arena) < len(b) {
		r.arena = make([]byte, 0, max(arenaBytes, len(b)))
	}
	from := len(r.arena)
	r.arena = append(r.arena, b...)
	return r.arena[from:len(r.arena):len(r.arena)]
}

// sort puts the members in order.
func (r *zresult) sort() {
	slices.SortFunc(r.members, func(a, b engine.ZMember) int {
		if c := cmp.Compare(a.Score, b.Score); c != 0 {
			return c
		}
		return bytes.Compare(a.Member, b.Member)
	})
}

// zstore makes the result the value of the i-th key, whatever was there, and
// replies the number of members. Without members the key is deleted.
// REQUIRES: the result is in order.
func (c *Ctx) zstore(i int, r *zresult, event string) {
	n := len(r.members)
	if n == 0 {
		if c.Engine.Delete(c.DB, c.Keys[i], c.NowMs) {
			c.Changed(i, EventGeneric, "del")
		}
		c.Out.Int(0)
		return
	}
	if err := c.Engine.StoreZSet(c.DB, c.Keys[i], r.members, &c.Config.Limits, c.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Changed(i, EventZSet, event)
	c.Out.Int(int64(n))
}
