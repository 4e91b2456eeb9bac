package policy

import "sync"

// splitEntries is how many entries make a group split in two. Smaller groups
// would adapt worse, larger ones make more goroutines meet at one lock.
const splitEntries = 1 << 16

// group is the policy's state for a run of neighbouring shards.
type group struct {
	// mu guards all below. Rank: after every shard's lock and Policy.mu;
	// nothing is locked and no I/O happens under it.
	mu sync.Mutex

	first    uint32  // first shard
	entries  int     // entries in all shards of the group
	perShard []int64 // the same for each shard; its length is the group's width
	retired  bool    // the group was split: ask Policy.groupOf again

	window ring   // handles of young entries, oldest first
	ghosts ghosts // empty until the first eviction

	// The hand stands at cursor in shard hand; round counts its rounds.
	hand   uint32
	cursor uint64
	round  uint64

	// work counts inserts and folded hits since levels were halved last;
	// fading is true for the one round of the hand that halves them.
	work    int
	fadeDue bool
	fading  bool

	// adopting is true for the first whole round of the hand when entries were
	// there before the group: no queue holds handles to those marked Window.
	// skipped tells that the present round is not whole: a shard was busy.
	adopting, skipped bool
}

func newGroup(first uint32, shards int) *group {
	return &group{first: first, hand: first, perShard: make([]int64, shards)}
}

// target is how many entries the window should hold.
func (g *group) target(s setting) int { return max(1, int(s.windowShare*float64(g.entries))) }

// wantsWindow tells whether a new entry goes through the window. While nothing
// is evicted the window fills up, and what is new then starts in main.
func (g *group) wantsWindow(s setting) bool {
	t := g.target(s)
	return g.window.len < t+t/32+4
}

// worked adds inserts and folded hits, and makes levels fade when it is time.
func (g *group) worked(n int, s setting) {
	g.work += n
	if float64(g.work) >= s.fadeAfter*float64(g.entries) {
		g.work = 0
		g.fadeDue = true
		g.ghosts.fade()
	}
}

// advance moves the hand on after a look that began at (shard, cursor), unless
// another dialogue has moved it already.
func (g *group) advance(shard uint32, cursor, next uint64, ended bool) {
	if g.hand != shard || g.cursor != cursor {
		return
	}
	if g.cursor = next; !ended {
		return
	}
	g.cursor = 0
	if g.hand++; g.hand < g.first+uint32(len(g.perShard)) {
		return
	}
	g.hand = g.first
	g.round++
	g.fading, g.fadeDue = g.fadeDue, false
	g.adopting, g.skipped = g.adopting && g.skipped, false
}

// halves makes the two groups that take over from g. Ghosts do not name their
// shard and are lost; groups split while the cache fills, when there are few.
// REQUIRES: g.mu is held, the group has two shards or more.
func (g *group) halves(shardShift uint) [2]*group {
	n := len(g.perShard) / 2
	h := [2]*group{newGroup(g.first, n), newGroup(g.first+uint32(n), n)}
	h[0].adopting, h[1].adopting = g.adopting, g.adopting
	for i, c := range g.perShard {
		h[i/n].perShard[i%n] = c
		h[i/n].entries += int(c)
	}
	for g.window.len > 0 {
		v := g.window.pop()
		h[(uint32(v>>shardShift)-g.first)/uint32(n)].window.push(v)
	}
	g.retired = true
	return h
}

func (g *group) bytes() int {
	const fixed = 256 // struct group, rounded up
	return fixed + cap(g.window.buf) + g.ghosts.bytes() + cap(g.perShard)*8
}
