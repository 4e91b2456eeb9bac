package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// sweepAll sweeps a shard until nothing is due.
func sweepAll(t testing.TB, s *Shard, w *Sweeper, nowMs int64) (removed int) {
	t.Helper()
	for range 1 << 20 {
		s.Lock()
		n, more := w.Sweep(s, nowMs)
		s.Unlock()
		removed += n
		if !more {
			return removed
		}
	}
	t.Fatalf("a sweep at %d does not end", nowMs)
	return 0
}

// Whatever happens between the steps of a sweep, every key whose deadline has
// passed is reclaimed when the sweeper has come to rest often enough: the
// estimates put a few off, and none for ever.
func TestSweepForgetsNothing(t *testing.T) {
	for seed := range uint64(max(12/slowdown, 2)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { sweepUnderChurn(t, seed) })
	}
}

func sweepUnderChurn(t *testing.T, seed uint64) {
	e := shardedEngine(t, 1)
	s := e.shards[0]
	r := rand.New(rand.NewPCG(seed, 1))
	var w Sweeper
	now := int64(testNow)
	const keys = 12000
	for range 300 {
		db := r.IntN(2)
		switch r.IntN(12) {
		case 0:
			from := r.IntN(keys)
			putBulk(t, e, db, from, min(from+r.IntN(4000), keys), now+1+r.Int64N(5000), now)
		case 1:
			from := r.IntN(keys)
			putBulk(t, e, db, from, min(from+r.IntN(2000), keys), NoDeadline, now)
		case 2:
			from := r.IntN(keys)
			dropBulk(e, db, from, min(from+r.IntN(6000), keys), now)
		case 3:
			e.SwapDatabases(0, 1)
		case 4:
			if r.IntN(4) == 0 {
				e.Flush(db).Discard(true)
			}
		case 5, 6:
			now += r.Int64N(2000)
		case 7: // deadlines of a few keys come closer or go
			for range 50 {
				s.Lock()
				if it, ok := e.Peek(db, e.Key(keyName(r.IntN(keys))), now); ok {
					d := now + 1 + r.Int64N(3000)
					if r.IntN(3) == 0 {
						d = NoDeadline
					}
					if err := it.SetDeadline(d); err != nil {
						t.Fatal(err)
					}
				}
				s.Unlock()
			}
		default:
			for range r.IntN(20) {
				s.Lock()
				_, more := w.Sweep(s, now)
				s.Unlock()
				if !more {
					break
				}
			}
		}
		if err := checkEngine(e); err != nil {
			t.Fatal(err)
		}
	}
	// All deadlines lie within 5 s; each rest of the sweeper comes at most
	// that much later.
	for range 40 {
		now += 1000
		sweepAll(t, s, &w, now)
	}
	for db := range e.databases {
		if _, deadlines := s.Len(db); deadlines != 0 {
			t.Errorf("database %d still has %d keys whose deadline has passed", db, deadlines)
		}
	}
	if err := checkEngine(e); err != nil {
		t.Error(err)
	}
}

// The dead hold a bounded share of the keys at any time.
func TestSweepKeepsTheDeadFew(t *testing.T) {
	e := shardedEngine(t, 1)
	s := e.shards[0]
	const keys, spanMs = 20000, 60_000
	r := rand.New(rand.NewPCG(1, 1))
	for i := range keys {
		putBulk(t, e, 0, i, i+1, testNow+1+r.Int64N(spanMs), testNow)
	}
	var w Sweeper
	visits := 0
	for now := int64(testNow); now < testNow+spanMs; now += 100 {
		sweepAll(t, s, &w, now)
		visits++
		dead := 0
		left, _ := s.Len(0)
		for c, first := Cursor(0), true; first || c != 0; first = false {
			c = e.Scan(0, c, 1000, 0, func(it Item) {
				if it.Deadline() <= now {
					dead++
				}
			})
		}
		if dead > left/8+40 {
			t.Fatalf("%d ms in, %d of %d keys are dead", now-testNow, dead, left)
		}
	}
	sweepAll(t, s, &w, testNow+spanMs+1)
	if n, _ := s.Len(0); n != 0 {
		t.Errorf("%d keys are left after the last deadline", n)
	}
	if s.stats.Expired != keys {
		t.Errorf("%d expirations are counted, want %d", s.stats.Expired, keys)
	}
}

// Deadlines at the end of time must not make a segment due for ever.
func TestSweepOfFarDeadlinesRests(t *testing.T) {
	for _, d := range []int64{NoDeadline - 1, NoDeadline - testNow, 1 << 62, 1<<62 - 1, testNow + 100} {
		e := shardedEngine(t, 1)
		putBulk(t, e, 0, 0, 2000, d, testNow)
		putBulk(t, e, 0, 2000, 2300, testNow+1, testNow) // they make the sweeper look
		var w Sweeper
		if n := sweepAll(t, e.shards[0], &w, testNow+1); n != 300 {
			t.Errorf("deadline %d: %d keys are removed beside it, want 300", d, n)
		}
		if due := e.shards[0].spaces[0].sweepMs; due <= testNow+1 {
			t.Errorf("deadline %d: the next sweep is due %d ms ago", d, testNow+1-due)
		}
		if n := sweepAll(t, e.shards[0], &w, d-1); n != 0 {
			t.Errorf("deadline %d: %d keys are removed 1 ms before it", d, n)
		}
		if d == testNow+100 {
			sweepAll(t, e.shards[0], &w, testNow+200) // the estimate may be off by a quarter
			if n, _ := e.shards[0].Len(0); n != 0 {
				t.Errorf("deadline %d: %d keys outlive it", d, n)
			}
		}
	}
}

func TestDeadlineHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var d deadlineHistogram
		base := r.Int64N(1 << 45)
		d.reset(base)
		if got := d.due(); got != never {
			t.Fatalf("without deadlines the next sweep is at %d", got)
		}
		n := 1 + r.IntN(3000)
		span := int64(1) << (1 + r.IntN(61))
		left := make([]int64, n)
		for i := range left {
			left[i] = 1 + r.Int64N(span)
			d.add(base + left[i])
		}
		due := d.due() - base
		dead := 0
		for _, l := range left {
			if l <= due {
				dead++
			}
		}
		if due <= 0 {
			t.Fatalf("base %d, span %d: the next sweep is %d ms after the base", base, span, due)
		}
		if dead < n/sweepShare || dead == 0 {
			t.Fatalf("base %d, span %d: at the next sweep %d of %d are dead, less than a share of 1/%d", base, span, dead, n, sweepShare)
		}
	}
}
