package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// walkAll iterates over a database in steps of about count slots and calls
// between after each step. It returns how often each key came.
func walkAll(t testing.TB, e *Engine, db, count int, nowMs int64, between func()) map[string]int {
	t.Helper()
	seen := map[string]int{}
	c := Cursor(0)
	for range 1 << 20 {
		index, ok := e.CursorShard(c)
		if !ok {
			t.Fatalf("the iteration returned the cursor %#x, which is none", c)
		}
		s := e.shards[index]
		s.Lock()
		c = e.Scan(db, c, count, nowMs, func(it Item) { seen[string(it.Key())]++ })
		s.Unlock()
		if c == 0 {
			return seen
		}
		between()
	}
	t.Fatal("the iteration does not end")
	return nil
}

// maxDepthOf is the depth of the deepest segment of shard 0.
func maxDepthOf(e *Engine, db int) (depth uint8) {
	if t := e.shards[0].spaces[db].t; t != nil {
		t.forEachSegment(func(s segment) bool { depth = max(depth, s.header().depth); return true })
	}
	return depth
}

// A key that is there from the start to the end of an iteration is returned
// exactly once, while others come and go so that segments grow, split, shrink
// and merge in the middle of it; and no other key is returned more than the
// times that it was stored.
func TestScanReturnsWhatStaysOnce(t *testing.T) {
	const stay, churn = 700, 40000
	var split, merged bool
	for seed := range uint64(24 / slowdown) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			e := shardedEngine(t, 1+int(seed%2)*3)
			r := rand.New(rand.NewPCG(seed, 2))
			top := stay
			if seed%3 == 0 {
				top = churn // start large
			}
			putBulk(t, e, 0, 0, top, NoDeadline, testNow)
			calm := r.IntN(30)
			seen := walkAll(t, e, 0, 1+r.IntN(60), testNow, func() {
				if calm--; calm > 0 {
					return
				}
				calm = r.IntN(30)
				before := maxDepthOf(e, 0)
				from := stay + r.IntN(churn-stay)
				to := min(from+r.IntN(churn/2), churn)
				if r.IntN(2) == 0 {
					putBulk(t, e, 0, from, to, NoDeadline, testNow)
				} else {
					dropBulk(e, 0, stay+r.IntN(500), churn, testNow)
				}
				split = split || maxDepthOf(e, 0) > before
				merged = merged || maxDepthOf(e, 0) < before
			})
			for i := range stay {
				if n := seen[string(keyName(i))]; n != 1 {
					t.Errorf("key %d was there all the time and was returned %d times", i, n)
				}
			}
			if err := checkEngine(e); err != nil {
				t.Error(err)
			}
		})
	}
	if !split || !merged {
		t.Errorf("segments split: %v, merged: %v; the test needs both", split, merged)
	}
}

// Without changes a walk returns each live key once, and no expired one.
func TestScanOfAStillDatabase(t *testing.T) {
	for _, shards := range []int{1, 8} {
		for _, keys := range []int{0, 1, 12, 500, 30000} {
			e := shardedEngine(t, shards)
			putBulk(t, e, 1, 0, keys, NoDeadline, testNow)
			putBulk(t, e, 1, keys, keys+keys/2, testNow+5, testNow)
			for _, count := range []int{1, 7, 100, 1 << 20} {
				seen := walkAll(t, e, 1, count, testNow+5, func() {})
				if len(seen) != keys {
					t.Errorf("%d shards, steps of %d: %d keys were returned, want %d", shards, count, len(seen), keys)
				}
				for key, n := range seen {
					if n != 1 {
						t.Errorf("%d shards, steps of %d: %s was returned %d times", shards, count, key, n)
					}
				}
			}
		}
	}
}

// A cursor that no walk has returned does no harm.
func TestScanFromAnyCursor(t *testing.T) {
	e := shardedEngine(t, 4)
	putBulk(t, e, 0, 0, 20000, NoDeadline, testNow)
	r := rand.New(rand.NewPCG(1, 3))
	accepted := 0
	for range 20000 {
		c := Cursor(r.Uint64() >> r.IntN(64))
		index, ok := e.CursorShard(c)
		if !ok {
			continue
		}
		accepted++
		s := e.shards[index]
		s.Lock()
		next := e.Scan(0, c, 20, testNow, func(Item) {})
		s.Unlock()
		if _, ok := e.CursorShard(next); !ok {
			t.Fatalf("cursor %#x leads to %#x, which is none", c, next)
		}
	}
	if accepted < 500 {
		t.Errorf("only %d cursors were accepted", accepted)
	}
}

// The number of slots that one call visits is bounded by what it was asked
// for and what one segment holds for each of maxScanParts.
func TestScanIsBounded(t *testing.T) {
	e := shardedEngine(t, 1)
	putBulk(t, e, 0, 0, 2500, NoDeadline, testNow)
	s := e.shards[0]
	s.Lock()
	defer s.Unlock()
	c, _ := e.Walk(0, 0, 50, testNow, func(Item) {})
	s.Unlock()
	putBulk(t, e, 0, 2500, 150000, NoDeadline, testNow)
	s.Lock()
	if d := maxDepthOf(e, 0); d < 5 {
		t.Fatalf("the depth is %d; the test needs more than %d segments", d, maxScanParts)
	}
	most := 0
	for first := true; first || c != 0; first = false {
		var n int
		if c, n = e.Walk(0, c, 50, testNow, func(Item) {}); n > most {
			most = n
		}
	}
	if most > 50+10*slotsPerBucket*maxScanParts {
		t.Errorf("a step of 50 slots visited %d", most)
	}
}

// Random draws each key about as often as any other.
func TestRandomIsNearlyUniform(t *testing.T) {
	for _, keys := range []int{1, 2, 7, 100, 9000} {
		e := shardedEngine(t, 1)
		putBulk(t, e, 0, 0, keys, NoDeadline, testNow)
		s := e.shards[0]
		r := rand.New(rand.NewPCG(uint64(keys), 4))
		const each = 60
		drawn := make(map[string]int, keys)
		s.Lock()
		for range each * keys {
			it, ok := s.Random(0, r.Uint64(), testNow)
			if !ok {
				t.Fatalf("none of %d keys was drawn", keys)
			}
			drawn[string(it.Key())]++
		}
		s.Unlock()
		// Chi-squared over the degrees of freedom is 1 for a uniform choice;
		// segments of different fill may add a few tenths times each.
		sum := 0.0
		for i := range keys {
			d := float64(drawn[string(keyName(i))] - each)
			sum += d * d / each
		}
		if limit := 6 * float64(keys); sum > limit+40 {
			t.Errorf("%d keys: chi-squared is %.0f, more than %.0f", keys, sum, limit)
		}
	}
}

func TestRandomSkipsTheExpired(t *testing.T) {
	e := shardedEngine(t, 1)
	putBulk(t, e, 0, 0, 500, testNow+1, testNow)
	s := e.shards[0]
	s.Lock()
	if it, ok := s.Random(0, 1, testNow+1); ok {
		t.Errorf("the expired key %q was drawn", it.Key())
	}
	s.Unlock()
	putBulk(t, e, 0, 500, 501, NoDeadline, testNow)
	s.Lock()
	defer s.Unlock()
	for seed := range uint64(200) {
		if it, ok := s.Random(0, seed*0x9e3779b97f4a7c15, testNow+1); !ok || string(it.Key()) != "key:500" {
			t.Fatalf("of one live key among expired ones none was drawn")
		}
	}
}
