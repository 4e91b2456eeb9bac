package policy

import "math/bits"

// ghosts remembers entries that were evicted lately and the level they had,
// by fingerprint: a set-associative table whose sets are one word each.
//
//	set (8 B)  [cell 0: 10 bits] … [cell 5] [4 bits unused]     youngest first
//	cell       fingerprint:8  level:2 (1..3; 0 marks an empty cell)
//
// A new ghost pushes the oldest of its set out. With six cells and 255 other
// fingerprints a key never seen is taken for a ghost once in 43 looks; that
// gives one new key in 43 the level of a returning one, which the measured
// hit ratios do not notice. A count-min sketch of the same size was tried
// first and was far worse, see docs/decisions/0002-eviction.md.
type ghosts struct {
	sets []uint64
}

const (
	ghostCells    = 6
	ghostCellBits = 10
	ghostAll      = 1<<(ghostCells*ghostCellBits) - 1
	ghostOnes     = 1 | 1<<10 | 1<<20 | 1<<30 | 1<<40 | 1<<50 // bit 0 of each cell
	maxGhost      = 3

	// ghostShare is the number of ghosts an entry, ghostFloorSets what all
	// groups together have besides: 4 KiB, so that small caches look back
	// further.
	ghostShareNum, ghostShareDen = 4, 5
	ghostFloorSets               = 512
)

// ghostSets is the size of the table for so many entries of a group; floor is
// the group's part of ghostFloorSets.
func ghostSets(entries, floor int) int {
	return max(1, entries*ghostShareNum/(ghostShareDen*ghostCells)+floor)
}

// place returns the set of a hash and its fingerprint.
// REQUIRES: the table is not empty.
func (g *ghosts) place(hash uint64) (*uint64, uint64) {
	// The hash's upper bits choose the shard and so are alike within a group;
	// the multiplication spreads the others.
	h := hash * 0x9e3779b97f4a7c15
	i, rest := bits.Mul64(h, uint64(len(g.sets)))
	return &g.sets[i], rest >> 56
}

// take removes the ghost of hash and returns its level, 0 if there is none.
func (g *ghosts) take(hash uint64) int {
	if len(g.sets) == 0 {
		return 0
	}
	set, fp := g.place(hash)
	w := *set
	for i := 0; i < ghostCells*ghostCellBits; i += ghostCellBits {
		c := w >> i & (1<<ghostCellBits - 1)
		if c>>2 == fp && c&3 != 0 {
			below := uint64(1)<<i - 1
			*set = w&below | w>>ghostCellBits&^below
			return int(c & 3)
		}
	}
	return 0
}

// put remembers hash. REQUIRES: level >= 1.
func (g *ghosts) put(hash uint64, level int) {
	if len(g.sets) == 0 {
		return
	}
	set, fp := g.place(hash)
	*set = (*set<<ghostCellBits | fp<<2 | uint64(min(level, maxGhost))) & ghostAll
}

// fade halves all levels, but not below 1: the ghost stays known.
func (g *ghosts) fade() {
	for i, w := range g.sets {
		some := (w | w>>1) & ghostOnes
		g.sets[i] = w&^(3*ghostOnes) | some
	}
}

// fit makes the table right for the number of entries when it is off by more
// than a tenth. Fingerprints cannot be placed anew, so the ghosts are lost.
func (g *ghosts) fit(entries, floor int) {
	want := ghostSets(entries, floor)
	if have := len(g.sets); have < want*9/10 || have > want*11/10 {
		g.sets = make([]uint64, want)
	}
}

func (g *ghosts) bytes() int { return cap(g.sets) * 8 }
