package engine

import (
	"strconv"
)

// ZCursor walks over the members of a sorted set in order or in reverse. It is
// valid as long as the set is not changed.
type ZCursor struct {
	s       *Shard
	run     packed
	root    *zsetRoot
	reverse bool
	left    int // members to come

	// packed
	off    int // of the next pair; in reverse, of the last one
	member packedItem
	digits [20]byte

	// large
	path  treePath
	leaf  *zleaf
	n, at int // items in the leaf; the next one
	entry entry

	score float64
}

// Seek places c before the member with a rank: Next goes there. With reverse
// it goes on towards the first member, otherwise towards the last.
func (z *ZSet) Seek(c *ZCursor, rank int, reverse bool) {
	c.s, c.run, c.root, c.reverse = z.s, z.run, z.root, reverse
	if c.left = z.Len() - rank; reverse {
		c.left = rank + 1
	}
	if c.left <= 0 || rank < 0 {
		c.left = 0
		return
	}
	if z.root == nil {
		c.off = z.run.seek(2 * rank)
		if reverse {
			c.off = z.run.next(z.run.next(c.off))
		}
		return
	}
	t := z.order()
	c.at = int(t.seekIndex(&c.path, uint64(rank)))
	c.readLeaf(t)
}

func (c *ZCursor) readLeaf(t ztree) {
	ref, n := t.leaf(&c.path)
	c.leaf, c.n = t.leafAt(ref), int(n)
}

// Next goes to the next member; false if there is none.
func (c *ZCursor) Next() bool {
	if c.left == 0 {
		return false
	}
	c.left--
	if c.root != nil {
		c.nextLarge()
		return true
	}
	b := c.run
	if c.reverse {
		c.off = b.prev(b.prev(c.off))
	}
	c.member = b.item(c.off)
	s := b.item(c.member.next)
	c.score = s.score()
	if !c.reverse {
		c.off = s.next
	}
	return true
}

func (c *ZCursor) nextLarge() {
	t := orderOf(c.s, c.root)
	switch {
	case c.at == c.n:
		t.next(&c.path)
		c.readLeaf(t)
		c.at = 0
	case c.at < 0:
		t.prev(&c.path)
		c.readLeaf(t)
		c.at = c.n - 1
	}
	c.entry = entryAt(c.s.region, c.leaf.items[c.at].ref)
	if c.reverse {
		c.at--
	} else {
		c.at++
	}
}

// Member returns a view of the member, valid until Next.
func (c *ZCursor) Member() []byte {
	switch {
	case c.root != nil:
		return c.entry.key()
	case c.member.isInt:
		return strconv.AppendInt(c.digits[:0], c.member.n, 10)
	}
	return c.member.str
}

// Score returns the member's score.
func (c *ZCursor) Score() float64 {
	if c.root != nil {
		return getScore(c.entry.scoreBytes())
	}
	return c.score
}
