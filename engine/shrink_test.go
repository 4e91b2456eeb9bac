package engine

import "testing"

// loadOf is the share of the slots of db that hold an entry, in percent.
func loadOf(e *Engine, db int) int {
	slots, entries := 0, 0
	for _, s := range e.shards {
		t := s.spaces[db].t
		if t == nil {
			continue
		}
		entries += t.count
		t.forEachSegment(func(seg segment) bool {
			slots += seg.buckets * slotsPerBucket
			return true
		})
	}
	return entries * 100 / max(slots, 1)
}

// TestIndexShrinksWithItsKeys proves that an index which has lost most of its
// keys is not left sparse: looks for something to evict would cross empty
// buckets, and small values would be paid for with dead index.
func TestIndexShrinksWithItsKeys(t *testing.T) {
	e := shardedEngine(t, 2)
	const keys = 200_000
	putBulk(t, e, 0, 0, keys, NoDeadline, testNow)
	if load := loadOf(e, 0); load < 65 {
		t.Errorf("%d keys fill the index to %d %%", keys, load)
	}
	// Tables of one small segment each are exempt: their sizes double.
	for left := keys / 2; left >= 2000; left /= 2 {
		dropBulk(e, 0, left, 2*left, testNow)
		if load := loadOf(e, 0); load < 35 {
			t.Errorf("the %d keys that are left fill the index to %d %%", left, load)
		}
		if err := checkEngine(e); err != nil {
			t.Fatal(err)
		}
	}
}

// TestShrinkAndGrowDoNotAlternate proves that keys which come and go in turn
// do not move a segment's entries each time, whatever the number of keys.
func TestShrinkAndGrowDoNotAlternate(t *testing.T) {
	e := shardedEngine(t, 1)
	for keys, step := 10, 1; keys < 12_000; keys, step = keys+step, max(1, keys/40) {
		putBulk(t, e, 0, keys-step, keys, NoDeadline, testNow)
		changes := 0
		before := shapeOf(e)
		for range 20 {
			putBulk(t, e, 0, keys, keys+1, NoDeadline, testNow)
			full := shapeOf(e)
			dropBulk(e, 0, keys, keys+1, testNow)
			now := shapeOf(e)
			if full != before || now != full {
				changes++
			}
			before = now
		}
		if changes > 1 {
			t.Errorf("%d keys: the index changed %d times while one key came and went", keys, changes)
		}
	}
}

// shapeOf stands for the segments of a table: any change of one changes it.
func shapeOf(e *Engine) (sum uint64) {
	if t := e.shards[0].spaces[0].t; t != nil {
		t.forEachSegment(func(seg segment) bool {
			sum = sum*31 + uint64(seg.ref)
			return true
		})
	}
	return sum
}
