package engine

import (
	"strconv"
)

// reverseStep is for how many pairs at once a walk in reverse through a packed
// run, which leads forwards only, finds out where they are.
const reverseStep = 32

// ZCursor walks over the members of a sorted set in order or in reverse. It is
// valid as long as the set is not changed.
type ZCursor struct {
	s       *Shard
	run     oneway
	root    *zsetRoot
	reverse bool
	left    int // members to come

	// packed
	off    int // of the next pair
	member packedItem
	digits [20]byte
	behind [reverseStep]uint32 // in reverse: offsets of pairs to come, the next one last
	known  int                 // how many

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
		if c.known = 0; !reverse {
			c.off = z.run.seek(2 * rank)
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
		if c.known == 0 {
			c.lookBehind()
		}
		c.known--
		c.off = int(c.behind[c.known])
	}
	c.member = b.item(c.off)
	s := b.item(c.member.next)
	c.score = s.score()
	if !c.reverse {
		c.off = s.next
	}
	return true
}

// lookBehind finds out where the pair at rank c.left and those before it are.
func (c *ZCursor) lookBehind() {
	b := c.run
	first := max(0, c.left+1-reverseStep)
	off := b.seek(2 * first)
	for c.known = 0; c.known <= c.left-first; c.known++ {
		c.behind[c.known] = uint32(off)
		off = b.next(b.next(off))
	}
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
	return c.member.str()
}

// Score returns the member's score.
func (c *ZCursor) Score() float64 {
	if c.root != nil {
		return getScore(c.entry.scoreBytes())
	}
	return c.score
}
