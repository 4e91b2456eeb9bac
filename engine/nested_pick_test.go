package engine

import (
	"fmt"
	"math"
	"testing"
)

// TestPickLayout draws from tables with the same members and different lives:
// each draw must choose the same member.
func TestPickLayout(t *testing.T) {
	e := shardedEngine(t, 2)
	e.LockAll()
	defer e.UnlockAll()
	for _, n := range []int{1, 2, 13, 100, 1500, 9000, 40000} {
		grown := newNestedFixture(t, e.Shards()[0], 0)
		for i := range n {
			grown.put(t, fmt.Sprint(i), "", never)
		}
		shrunk := newNestedFixture(t, e.Shards()[1], 0)
		for i := 10 * n; i > 0; i-- {
			shrunk.put(t, fmt.Sprint(i-1), "", never)
		}
		for i := 10*n - 1; i >= n; i-- {
			shrunk.drop(t, fmt.Sprint(i))
		}
		sized := newNestedFixture(t, e.Shards()[1], 1<<20)
		for i := range n {
			sized.put(t, fmt.Sprint((i*7919+1)%n), "", never)
		}
		for i := range n {
			sized.put(t, fmt.Sprint(i), "", never) // 7919 may divide n
		}
		copied := nested{e.Shards()[0], new(nestedRoot), new(containerHeader)}
		if err := shrunk.n.copyTo(copied, nil); err != nil {
			t.Fatal(err)
		}
		different := map[string]bool{}
		for seed := range uint64(300) {
			_, _, a := grown.n.pick(seed)
			different[string(a.key())] = true
			for i, other := range []nested{shrunk.n, sized.n, copied} {
				h, p, b := other.pick(seed)
				if string(a.key()) != string(b.key()) {
					t.Fatalf("%d members, seed %d: %q, in table %d %q", n, seed, a.key(), i, b.key())
				}
				if h != e.Hash(b.key()) || slotRef(*p.slot) != b.ref {
					t.Fatalf("%d members, seed %d: the position is that of another entry", n, seed)
				}
			}
		}
		if want := min(n, 200); len(different) < want && n != 100 && n != 13 {
			t.Errorf("%d members: 300 picks chose %d of them", n, len(different))
		}
	}
}

// TestDrawCandidates holds the candidates of draws, with more bits and with
// fewer than the segments have, to a look at all members.
func TestDrawCandidates(t *testing.T) {
	e := shardedEngine(t, 1)
	e.LockAll()
	defer e.UnlockAll()
	f := newNestedFixture(t, e.Shards()[0], 0)
	for i := range 20000 {
		f.put(t, fmt.Sprint(i), "", never)
	}
	for seed := range uint64(200) {
		r := mix(seed)
		d := draw{depth: uint8(seed % 9), pos: r & 0xf000}
		d.prefix, d.end = r>>(64-d.depth), d.pos+1<<(seed%4+9)
		got := map[string]bool{}
		for _, c := range f.n.candidates(f.n.open(), &d, nil) {
			got[string(entryAt(f.n.s.region, c.ref).key())] = true
		}
		for key := range f.model {
			h := e.Hash([]byte(key))
			want := h>>(64-d.depth) == d.prefix && hashPos(h) >= d.pos && hashPos(h) < d.end
			if got[key] != want {
				t.Fatalf("draw %+v: %q is a candidate: %v, want %v", d, key, got[key], want)
			}
		}
	}
}

// TestPickUniform compares how often each member is chosen with chance.
func TestPickUniform(t *testing.T) {
	e := shardedEngine(t, 1)
	e.LockAll()
	defer e.UnlockAll()
	for _, n := range []int{7, 100, 1000, 9000} {
		f := newNestedFixture(t, e.Shards()[0], 0)
		for i := range n {
			f.put(t, fmt.Sprint(i), "", never)
		}
		const each = 20
		chosen := map[string]int{}
		for seed := range uint64(n * each) {
			_, _, en := f.n.pick(seed * 0x9e3779b97f4a7c15)
			chosen[string(en.key())]++
		}
		// Chi-square over n-1 degrees of freedom is n ± sqrt(2n) or so.
		chi := 0.0
		for i := range n {
			d := float64(chosen[fmt.Sprint(i)] - each)
			chi += d * d / each
		}
		limit := float64(n) + 7*math.Sqrt(2*float64(n)) + 15
		if chi > limit {
			t.Errorf("%d members: chi-square is %.0f, more than %.0f", n, chi, limit)
		}
		f.n.freeSlots(never)
	}
}

func BenchmarkPick(b *testing.B) {
	e := shardedEngine(b, 1)
	e.LockAll()
	defer e.UnlockAll()
	f := newNestedFixture(b, e.Shards()[0], 0)
	for i := range 1_000_000 {
		f.put(b, fmt.Sprint("member:", i), "", never)
	}
	seed := uint64(0)
	for b.Loop() {
		seed++
		f.n.pick(seed)
	}
}
