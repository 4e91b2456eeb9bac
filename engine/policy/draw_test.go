package policy

import (
	"math"
	"testing"
)

// TestDrawIsProportional proves that a group is drawn as often as its share of
// all entries demands, with groups alike and with groups that are not.
func TestDrawIsProportional(t *testing.T) {
	for _, sizes := range [][]int{{500, 500}, {900, 1000, 1100, 1000}, {0, 1, 0, 99, 900, 0, 0, 0}, {0, 0, 7}} {
		p, err := New(Options{Shards: 16, Name: AllKeysAdaptive})
		if err != nil {
			t.Fatal(err)
		}
		var groups []*group
		total := 0
		for _, n := range sizes {
			g := newGroup(0, 1)
			g.entries = n
			total += n
			groups = append(groups, g)
		}
		const draws = 200_000
		drawn := make([]int, len(sizes))
		for i := range uint64(draws) {
			drawn[p.draw(groups, mix(i))]++
		}
		for i, n := range sizes {
			share := float64(n) / float64(total)
			sigma := math.Sqrt(draws * share * (1 - share))
			if want := draws * share; math.Abs(float64(drawn[i])-want) > 5*sigma {
				t.Errorf("sizes %v: group %d was drawn %d times, want %.0f", sizes, i, drawn[i], want)
			}
		}
	}
}

// TestDrawFollowsShrinkingGroups proves that a largest group that has become
// small does not keep draw from its short way for long.
func TestDrawFollowsShrinkingGroups(t *testing.T) {
	p, err := New(Options{Shards: 2, Name: AllKeysAdaptive})
	if err != nil {
		t.Fatal(err)
	}
	groups := []*group{newGroup(0, 1), newGroup(1, 1)}
	groups[0].entries, groups[1].entries = 1_000_000, 10
	p.draw(groups, 1)
	groups[0].entries = 10
	for i := range uint64(largestEvery) {
		p.turn.Add(1)
		p.draw(groups, mix(i))
	}
	if n := p.largest.Load(); n != 10 {
		t.Errorf("the largest group has 10 entries, not %d", n)
	}
}

// TestStaleHandlesAreBounded proves that a dialogue does not drop the whole
// window of a database that was flushed before it evicts something.
func TestStaleHandlesAreBounded(t *testing.T) {
	p, err := New(Options{Shards: 1, Name: AllKeysAdaptive})
	if err != nil {
		t.Fatal(err)
	}
	const flushed, left = 60_000, 5_000
	for i := range uint64(flushed + left) {
		p.OnInsert(0, mix(i), mix(i))
	}
	p.OnRemove(0, flushed)
	window := (*p.groups.Load())[0].window.len
	if window <= 2*maxStale {
		t.Fatalf("the window holds %d handles, too few to show anything", window)
	}
	var e Eviction
	p.Begin(&e)
	finds := 0
	for step := p.Next(&e); ; step = p.Next(&e) {
		switch step {
		case Find:
			finds++
			p.Gone(&e)
		case Look:
			for i := range uint64(lookBuckets) {
				e.Weigh(0, Place{Token: i}, 0)
				e.BucketDone()
			}
			if _, ok := p.Looked(&e, 1, false); !ok {
				continue
			}
		case Take:
			if !p.Confirm(&e, 0) {
				t.Fatal("an entry without hits was not evicted")
			}
		case Stop:
			t.Fatal("nothing was evicted")
		}
		if step == Take || step == Look && e.step == Look {
			break
		}
	}
	if finds == 0 || finds > maxStale {
		t.Errorf("the dialogue dropped %d handles, want 1 to %d", finds, maxStale)
	}
}
