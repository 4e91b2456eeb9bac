package policy

import "math"

const (
	// maxDraws bounds the tries of draw; with groups of like sizes nearly
	// every first or second one succeeds.
	maxDraws = 8
	// largestEvery is the number of dialogues after which the size of the
	// largest group is looked up anew.
	largestEvery = 4096
)

// draw picks a group with a probability proportional to its entries, so that
// groups lose what their shards' inserts gained. It draws any group and
// accepts it with the probability that its size has to that of the largest,
// which looks at one or two groups where summing up would lock them all.
func (p *Policy) draw(groups []*group, random uint64) int {
	if len(groups) == 1 {
		return 0
	}
	if p.turn.Load()%largestEvery == 0 || p.largest.Load() == 0 {
		p.largest.Store(largestOf(groups))
	}
	for range maxDraws {
		i := int(random >> 32 * uint64(len(groups)) >> 32)
		n := groups[i].size()
		largest := p.largest.Load()
		if n > largest {
			p.largest.Store(n)
		}
		// The upper half has chosen the group, the lower one decides on it.
		if random&math.MaxUint32*uint64(largest)>>32 < uint64(n) {
			return i
		}
		random = mix(random)
	}
	return drawExactly(groups, random)
}

func largestOf(groups []*group) int64 {
	n := int64(0)
	for _, g := range groups {
		n = max(n, g.size())
	}
	return n
}

// drawExactly is draw for groups of very different sizes.
func drawExactly(groups []*group, random uint64) int {
	total := int64(0)
	for _, g := range groups {
		total += g.size()
	}
	at := int64(random >> 1 % uint64(max(total, 1)))
	for i, g := range groups {
		if at -= g.size(); at < 0 {
			return i
		}
	}
	return 0
}

// size is the number of entries in the group, 0 or more.
func (g *group) size() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(max(g.entries, 0))
}
