package mem

import (
	"math/bits"
	"unsafe"
)

// chunkState is where a chunk stands in its life.
//
//	fresh/released --take--> open --last granule freed--> idle --Trim--> released
//	                          ^ |                           |
//	                          | BeginEvacuation             +--take--> open
//	                          +-> evacuating --EndEvacuation--> open or idle
//	fresh/released --Prepare--> idle
//	fresh/released/idle --object above 2 MiB--> large --Free--> idle
type chunkState uint8

const (
	stateReleased   chunkState = iota // holds nothing and no pages; also before the first use
	stateIdle                         // holds nothing, keeps its pages
	stateOpen                         // granules are handed out from it
	stateEvacuating                   // granules are in use, none is handed out
	stateLarge                        // one of the full chunks of an object above 2 MiB
	stateReleasing                    // Trim is giving its pages back without holding Region.mu
	statePreparing                    // Prepare is fetching its pages without holding Region.mu
)

// spanList says in which of its heap's lists a span is.
type spanList uint8

const (
	listNone   spanList = iota // the span is full
	listRoom                   // the class's list of spans with room
	listParked                 // has room, but its chunk is or was being evacuated
)

// noFree ends the list of freed objects of a span.
const noFree = 0xffff

// span is the header of a span. A heap's spans are guarded by its shard's lock, with these exceptions: owner is
// written under both that lock and Region.mu, so either is enough to read it; live is also read without a lock by those
// who estimate (see setU32); evac is written under Region.mu and read atomically.
type span struct {
	owner uint32
	evac  uint32
	live  uint32
	next  uint32
	prev  uint32
	free  uint16
	bump  uint16
	size  uint16
	limit uint16
	list  spanList
	_     [3]byte
}

// link is a place in a doubly linked list of chunks; 0 ends it.
type link struct{ next, prev ChunkID }

// The lists that a chunk can be in: by its longest free run, and by its largest free aligned block. An idle or released
// chunk uses byRun for the list of its state.
const (
	byRun = iota
	byBlock
	chunkLists
)

// chunk is the side table's record of a chunk. All but spans is guarded by Region.mu. Its size is a multiple of 64, so
// that no span header straddles cache lines.
type chunk struct {
	spans [blocksPerChunk]span
	used  [granulesPerChunk / 64]uint64
	units [granulesPerChunk / granulesPerUnit]unit

	links [chunkLists]link
	free  uint32 // granules that are not used
	tail  uint32 // granules at the start that are the tail of an object above 2 MiB; pins the chunk

	largeGranules uint32 // of the whole object, in the first chunk of an object above 2 MiB
	largeHeap     uint16
	state         chunkState
	kind          Kind

	idleSince int64  // first Trim that saw the chunk idle, in that call's clock; idleUnseen before
	maxRun    uint16 // longest row of free granules
	maxBlocks uint8  // largest free aligned span: 0, 1, 2 or 4 blocks
	runBin    uint8  // bin in byRun, 0 = in none
	blockBin  uint8  // bin in byBlock, 0 = in none

	_ [19]byte
}

// The side table keeps span headers within cache lines only if this holds.
var _ [0]struct{} = [unsafe.Sizeof(chunk{}) % 64]struct{}{}

const idleUnseen = -1 << 63

// granulesPerUnit is 8: spans and runs have at least 9 granules, so at most one starts in a unit.
const granulesPerUnit = 8

// unit records the span or run that starts in 8 granules of a chunk; 0 is none.
//
//	31    30    29..14    13..11                    10..0
//	set | span | heap id | first granule & 7      | granules - 1
type unit uint32

const (
	unitSet  unit = 1 << 31
	unitSpan unit = 1 << 30
)

func makeUnit(heap uint16, start, granules int, isSpan bool) unit {
	u := unitSet | unit(heap)<<14 | unit(start%granulesPerUnit)<<11 | unit(granules-1)
	if isSpan {
		u |= unitSpan
	}
	return u
}

func (u unit) heap() uint16  { return uint16(u >> 14) }
func (u unit) granules() int { return int(u&(granulesPerChunk-1)) + 1 }

// start is the first granule of what unit number i records.
func (u unit) start(i int) int { return i*granulesPerUnit + int(u>>11&(granulesPerUnit-1)) }

// reset makes the record that of an empty chunk.
func (c *chunk) reset(k Kind) {
	c.used = [granulesPerChunk / 64]uint64{}
	c.units = [granulesPerChunk / granulesPerUnit]unit{}
	c.free = granulesPerChunk
	c.tail = 0
	c.kind = k
}

// mark sets or clears n granules from start on.
func (c *chunk) mark(start, n int, used bool) {
	for n > 0 {
		w, b := start/64, start%64
		k := min(64-b, n)
		mask := ^uint64(0) >> (64 - k) << b
		if used {
			c.used[w] |= mask
		} else {
			c.used[w] &^= mask
		}
		start, n = start+k, n-k
	}
}

// lastBelow is the highest granule below end whose used bit is want, or -1.
func (c *chunk) lastBelow(end int, want bool) int {
	for w := (end - 1) >> 6; w >= 0; w-- {
		x := c.used[w]
		if !want {
			x = ^x
		}
		if above := (w + 1) << 6; above > end {
			x &= ^uint64(0) >> (above - end)
		}
		if x != 0 {
			return w<<6 + bits.Len64(x) - 1
		}
	}
	return -1
}

// nextUsed is the lowest used granule from start on, or granulesPerChunk.
func (c *chunk) nextUsed(start int) int {
	if start == granulesPerChunk {
		return start
	}
	w := start >> 6
	x := c.used[w] &^ (1<<(start&63) - 1)
	for x == 0 {
		if w++; w == len(c.used) {
			return granulesPerChunk
		}
		x = c.used[w]
	}
	return w<<6 + bits.TrailingZeros64(x)
}

// findRun is the first granule of the topmost n free ones in a row, or -1.
func (c *chunk) findRun(n int) int {
	for end := granulesPerChunk; end > 0; {
		last := c.lastBelow(end, false)
		if last < 0 {
			return -1
		}
		end = c.lastBelow(last, true)
		if last-end >= n {
			return last - n + 1
		}
	}
	return -1
}

// blockLanes returns the bits of w at which free aligned spans of the given number of blocks start.
func blockLanes(w uint64, blocks int) uint64 {
	free := ^w
	// Fold the free bits of a lane into its lowest bit.
	free &= free >> 1
	free &= free >> 2
	free &= free >> 4
	free &= free >> 8
	switch blocks {
	case 1:
		return free & 0x0001_0001_0001_0001
	case 2:
		return free & (free >> 16) & 0x0000_0001_0000_0001
	default:
		free &= free >> 16
		return free & (free >> 32) & 1
	}
}

// findBlocks is the first granule of a free aligned span of 1, 2 or 4 blocks, or -1. It breaks up a word that is in use
// already rather than a whole one.
func (c *chunk) findBlocks(blocks int) int {
	whole := -1
	for w, x := range c.used {
		lanes := blockLanes(x, blocks)
		if lanes == 0 {
			continue
		}
		if at := w<<6 + bits.TrailingZeros64(lanes); x != 0 {
			return at
		} else if whole < 0 {
			whole = at
		}
	}
	return whole
}
