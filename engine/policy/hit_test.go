package policy

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

type refPolicy struct {
	name string
	make func(keys uint32, capacity int) refCache
}

var refPolicies = []refPolicy{
	{"LRU", newRefLRU},
	{"sampled", newRefSampled},
	{"SIEVE", newRefSieve},
	{"S3-FIFO", newRefS3FIFO},
	{"ARC", newRefARC},
	{"W-TinyLFU", newRefTinyLFU},
}

// replay returns the hit ratio in percent.
func replay(c refCache, l load) float64 {
	hits := 0
	for _, k := range l.reqs {
		if c.access(k) {
			hits++
		}
	}
	return 100 * float64(hits) / float64(len(l.reqs))
}

// recorded are the traces with the published hit ratios of other policies and
// the one that allkeys-adaptive has to reach.
var recorded = []struct {
	trace                                  string
	capacity                               int
	lru, sampled, sieve, s3fifo, arc, best float64
	goal                                   float64
}{
	{"oltp", 1000, 32.8, 32.3, 32.6, 40.9, 39.1, 53.6, 40},
	{"oltp", 10000, 60.7, 60.4, 60.5, 62.7, 61.9, 73.0, 62},
	{"loop", 500, 0.0, 0.4, 0.0, 0.0, 0.0, 49.4, 35},
	{"gli", 500, 1.0, 1.3, 1.4, 16.1, 1.4, 34.3, 25},
	{"gli", 2000, 57.4, 54.8, 57.4, 52.1, 57.4, 58.0, 54},
	{"cloudphysics", 1000, 16.7, 16.7, 17.5, 17.5, 17.4, 23.6, 17},
	{"cloudphysics", 10000, 30.2, 27.8, 28.8, 33.1, 29.1, 45.7, 32},
}

// TestHitReferences proves the simulator: published columns come out again,
// to rounding, and to a few tenths where chance takes part.
func TestHitReferences(t *testing.T) {
	for _, c := range recorded {
		l := readTrace(t, c.trace)
		opt := 100 * float64(optHits(l.reqs, l.keys, c.capacity)) / float64(len(l.reqs))
		got := []float64{opt}
		want := []float64{c.best, c.lru, c.sampled, c.sieve, c.s3fifo, c.arc}
		label := []string{"OPT"}
		for _, r := range refPolicies[:5] {
			got = append(got, replay(r.make(l.keys, c.capacity), l))
			label = append(label, r.name)
		}
		for i, w := range want {
			tolerance := 0.08
			if label[i] == "sampled" {
				tolerance = 0.6
			}
			if math.Abs(got[i]-w) > tolerance {
				t.Errorf("%s, %d items, %s: %.2f %%, want %.1f", c.trace, c.capacity, label[i], got[i], w)
			}
		}
	}
}

// layouts are the shard counts and groupings that a hit ratio must not depend
// on by much.
var layouts = []struct {
	name          string
	shards, split int
}{
	{"1 shard", 1, 0},
	{"32 shards", 32, 0},
	{"256 shards", 256, 0},
}

// TestHitRecorded replays the recorded traces against allkeys-adaptive.
func TestHitRecorded(t *testing.T) {
	for _, c := range recorded {
		l := readTrace(t, c.trace)
		var row strings.Builder
		for _, lay := range layouts {
			got := replay(newSim(t, Options{Shards: lay.shards, Name: AllKeysAdaptive}, c.capacity), l)
			fmt.Fprintf(&row, "  %s %.2f", lay.name, got)
			if got < c.goal {
				t.Errorf("%s, %d items, %s: %.2f %%, want at least %.0f", c.trace, c.capacity, lay.name, got, c.goal)
			}
		}
		t.Logf("%-13s %6d%s  goal %.0f", c.trace, c.capacity, row.String(), c.goal)
	}
}
