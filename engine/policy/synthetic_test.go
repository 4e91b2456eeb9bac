//go:build !race

// These replays run in one goroutine: the race detector would only make them
// ten times slower.

package policy

import (
	"fmt"
	"strings"
	"testing"
)

// synthetic are loads that no file holds, each to be replayed with a capacity.
func synthetic() []struct {
	load
	capacity int
} {
	const n = 1_000_000
	type row = struct {
		load
		capacity int
	}
	return []row{
		{zipfLoad(0.7, 50_000, n), 2000},
		{zipfLoad(0.9, 50_000, n), 500},
		{zipfLoad(1.0, 50_000, n), 2000},
		{zipfLoad(1.3, 50_000, n), 2000},
		{scanLoad(0.9, 20_000, n, 3000, 10_000), 2000},
		{shiftLoad(0.9, 5000, n, 20), 2000},
		{shiftLoad(0.9, 5000, n, 200), 2000},
		{jumpLoad(0.9, 20_000, n, 8), 2000},
		{loopLoad(2200, n), 2000},
		{loopLoad(3000, n), 2000},
		{stackLoad(n, 0.1, 500, 1), 2000},
		{stackLoad(n, 0.05, 1500, 0.5), 2000},
		{mixLoad(n, 20_000, 3000), 2000},
	}
}

// TestHitSynthetic compares allkeys-adaptive with the best of three policies
// that spend a linked list and locked updates on every hit.
func TestHitSynthetic(t *testing.T) {
	for _, l := range synthetic() {
		var row strings.Builder
		best := 0.0
		for _, i := range []int{0, 3, 5} {
			r := replay(refPolicies[i].make(l.keys, l.capacity), l.load)
			fmt.Fprintf(&row, "  %s %.2f", refPolicies[i].name, r)
			best = max(best, r)
		}
		got := replay(newSim(t, Options{Shards: 32, Name: AllKeysAdaptive}, l.capacity), l.load)
		t.Logf("%-14s %5d%s  adaptive %.2f (%+.2f)", l.name, l.capacity, row.String(), got, got-best)
		if got < best-maxLoss {
			t.Errorf("%s, %d items: %.2f %%, more than %d points below the best, %.2f %%", l.name, l.capacity, got, maxLoss, best)
		}
	}
}

// maxLoss is by how many points of hit ratio allkeys-adaptive may lose against
// the best of the others on any synthetic load.
const maxLoss = 9
