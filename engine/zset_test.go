package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"larder/engine/mem"
	"pgregory.net/rapid"
)

// zworld changes a sorted set, the same one in an engine with other shards and
// another life before, and a plain model alike.
type zworld struct {
	t      *rapid.T
	lim    Limits
	all    [2]*Engine
	scores map[string]float64
}

const zkey = "z"

func (w *zworld) open(e *Engine, z *ZSet, f func()) {
	k := e.Key([]byte(zkey))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	if _, err := z.Open(e, 0, k, testNow, &w.lim); err != nil {
		w.t.Fatal(err)
	}
	f()
}

// do runs f on both engines' sets and commits.
func (w *zworld) do(f func(z *ZSet)) {
	for _, e := range w.all {
		var z ZSet
		w.open(e, &z, func() {
			f(&z)
			if err := z.Commit(); err != nil {
				w.t.Fatal(err)
			}
		})
	}
}

type zpair struct {
	member string
	score  float64
}

// order is the model's members in order.
func (w *zworld) order() []zpair {
	var all []zpair
	for m, s := range w.scores {
		all = append(all, zpair{m, s})
	}
	slices.SortFunc(all, func(a, b zpair) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.member, b.member))
	})
	return all
}

var zscores = []float64{0, math.Copysign(0, -1), 1, -1, 2, 2, 2, 0.1, -3.25, math.Inf(1), math.Inf(-1), 1 << 53, 1<<53 + 2, 5e-324, -1e300}

func (w *zworld) score() float64 {
	if rapid.Bool().Draw(w.t, "plain") {
		return float64(rapid.IntRange(-20, 20).Draw(w.t, "score"))
	}
	return rapid.SampledFrom(zscores).Draw(w.t, "odd")
}

func (w *zworld) member() string {
	n := rapid.IntRange(0, 700).Draw(w.t, "member")
	switch n % 7 {
	case 0:
		return fmt.Sprint(n) // kept as an integer in a run
	case 1:
		return fmt.Sprintf("%040d", n)
	}
	return fmt.Sprintf("m\x00%d", n)
}

// put inserts or updates so many members at once.
func (w *zworld) put(n int) {
	var pairs []zpair
	for range n {
		pairs = append(pairs, zpair{w.member(), w.score()})
	}
	w.do(func(z *ZSet) {
		z.Begin(n)
		for _, p := range pairs {
			at, _, found := z.Find([]byte(p.member))
			var err error
			if found {
				err = z.Update(at, []byte(p.member), p.score)
			} else {
				err = z.Insert(at, []byte(p.member), p.score)
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
	})
	for _, p := range pairs {
		w.scores[p.member] = p.score
	}
}

func (w *zworld) remove(n int) {
	var members []string
	for range n {
		members = append(members, w.member())
	}
	w.do(func(z *ZSet) {
		left := len(w.scores)
		for _, m := range slices.Compact(slices.Sorted(slices.Values(members))) {
			_, want := w.scores[m]
			if got := z.Remove([]byte(m)); got != want {
				w.t.Fatalf("Remove(%q) is %v, want %v", m, got, want)
			}
			if want {
				left--
			}
			if z.Len() != left {
				w.t.Fatalf("%d members are left, want %d", z.Len(), left)
			}
		}
	})
	for _, m := range members {
		delete(w.scores, m)
	}
}

func (w *zworld) removeRanks() {
	n := len(w.scores)
	first := rapid.IntRange(0, n).Draw(w.t, "first")
	end := rapid.IntRange(first, n).Draw(w.t, "end")
	w.do(func(z *ZSet) { z.RemoveRanks(first, end) })
	for _, p := range w.order()[first:end] {
		delete(w.scores, p.member)
	}
}

// check reads everything back.
func (w *zworld) check() {
	order := w.order()
	for _, e := range w.all {
		var z ZSet
		w.open(e, &z, func() { w.checkSet(&z, order) })
	}
	if a, b := w.all[0].Digest(0, testNow), w.all[1].Digest(0, testNow); a != b {
		w.t.Fatalf("the digests of two engines differ: %x and %x", a, b)
	}
}

func (w *zworld) checkSet(z *ZSet, order []zpair) {
	t := w.t
	if z.Len() != len(order) || z.found != (len(order) > 0) {
		t.Fatalf("%d members, found %v, want %d", z.Len(), z.found, len(order))
	}
	var cur ZCursor
	i := 0
	for z.Seek(&cur, 0, false); cur.Next(); i++ {
		if want := order[i]; string(cur.Member()) != want.member || cur.Score() != want.score {
			t.Fatalf("rank %d has %q %v, want %q %v", i, cur.Member(), cur.Score(), want.member, want.score)
		}
	}
	if i != len(order) {
		t.Fatalf("the cursor ends at %d of %d", i, len(order))
	}
	if i > 0 {
		at := rapid.IntRange(0, i-1).Draw(t, "rank")
		back := at
		for z.Seek(&cur, at, true); cur.Next(); back-- {
			if string(cur.Member()) != order[back].member || cur.Score() != order[back].score {
				t.Fatalf("back at %d: %q %v, want %q %v", back, cur.Member(), cur.Score(), order[back].member, order[back].score)
			}
		}
		if back != -1 {
			t.Fatalf("the cursor back ends before %d", back)
		}
		rank, score, ok := z.Rank([]byte(order[at].member))
		if rank != at || score != order[at].score || !ok {
			t.Fatalf("Rank(%q) is %d, %v, %v, want %d", order[at].member, rank, score, ok, at)
		}
	}
	w.checkRanges(z, order)
	if z.root != nil {
		w.checkTree(z)
	}
}

func (w *zworld) checkRanges(z *ZSet, order []zpair) {
	s, orEqual := w.score(), rapid.Bool().Draw(w.t, "orEqual")
	want := 0
	for _, p := range order {
		if p.score < s || orEqual && p.score == s {
			want++
		}
	}
	if got := z.RankOfScore(s, orEqual); got != want {
		w.t.Fatalf("RankOfScore(%v, %v) is %d, want %d", s, orEqual, got, want)
	}
	if _, _, ok := z.Rank([]byte("nobody")); ok {
		w.t.Fatal("an absent member has a rank")
	}
	if len(order) == 0 || order[0].score != order[len(order)-1].score {
		return
	}
	m := w.member()
	want = 0
	for _, p := range order {
		if p.member < m || orEqual && p.member == m {
			want++
		}
	}
	if got := z.RankOfMember([]byte(m), orEqual); got != want {
		w.t.Fatalf("RankOfMember(%q, %v) is %d, want %d", m, orEqual, got, want)
	}
}

// checkTree holds the invariants of the leaves and that keys are first items.
func (w *zworld) checkTree(z *ZSet) {
	t := z.order()
	var p treePath
	items, last := 0, zitem{}
	for t.first(&p); ; {
		ref, n := t.leaf(&p)
		leaf := t.leafAt(ref)
		if n == 0 || n > zleafItems || t.leafKey(&p) != leaf.items[0].key() {
			w.t.Fatalf("a leaf has %d items, key %v and begins with %v", n, t.leafKey(&p), leaf.items[0])
		}
		for i, it := range leaf.items[:n] {
			if e := entryAt(z.s.region, it.ref); orderedScore(getScore(e.scoreBytes())) != it.score {
				w.t.Fatalf("item %d has score %x, its entry %v", i, it.score, getScore(e.scoreBytes()))
			}
			if items > 0 && t.compare(last, it.score, entryAt(z.s.region, it.ref).key()) >= 0 {
				w.t.Fatalf("items %d and before are not in order", items)
			}
			last = it
			items++
		}
		if !t.next(&p) {
			break
		}
	}
	if items != z.Len() {
		w.t.Fatalf("the leaves have %d items, the table %d", items, z.Len())
	}
}

// copyAside copies the set to another key, compares the two and deletes it.
func (w *zworld) copyAside() {
	if len(w.scores) == 0 {
		return
	}
	for _, e := range w.all {
		e.LockAll()
		dst := e.Key([]byte("copy"))
		it, ok := e.Peek(0, e.Key([]byte(zkey)), testNow)
		if !ok {
			w.t.Fatal("the key is gone")
		}
		if err := e.Copy(&it, 0, dst, testNow); err != nil {
			w.t.Fatal(err)
		}
		it, _ = e.Peek(0, dst, testNow)
		var z ZSet
		if err := z.View(&it); err != nil {
			w.t.Fatal(err)
		}
		z.found = true
		w.checkSet(&z, w.order())
		e.Delete(0, dst, testNow)
		e.UnlockAll()
		for _, s := range e.Shards() {
			s.Lock()
			for s.Reclaim(50) {
			}
			s.Unlock()
		}
	}
}

func newZWorld(t *rapid.T, lim Limits) *zworld {
	w := &zworld{t: t, lim: lim, scores: map[string]float64{}}
	for i, shards := range []int{1, 8} {
		e, err := New(Options{Shards: shards, Databases: 1, Seed: 42, Memory: mem.Options{ReserveBytes: 1 << 30}})
		if err != nil {
			t.Fatal(err)
		}
		w.all[i] = e
	}
	return w
}

// close deletes the set and tells how many bytes are left in use.
func (w *zworld) close() {
	for _, e := range w.all {
		k := e.Key([]byte(zkey))
		k.Shard.Lock()
		e.Delete(0, k, testNow)
		for k.Shard.Reclaim(100) {
		}
		k.Shard.publishAll()
		k.Shard.Unlock()
		if err := checkEngine(e); err != nil {
			w.t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestZSetHistory runs random histories with limits at which each form, and
// each way from one to the other, is met.
func TestZSetHistory(t *testing.T) {
	for _, c := range []struct{ items, itemBytes int }{{128, 64}, {4, 64}, {0, 64}, {600, 30}} {
		t.Run(fmt.Sprintf("%d-%d", c.items, c.itemBytes), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				lim := DefaultLimits()
				lim.ZSetItems, lim.ZSetItemBytes = c.items, c.itemBytes
				w := newZWorld(t, lim)
				defer w.close()
				t.Repeat(map[string]func(*rapid.T){
					"put":    func(t *rapid.T) { w.t = t; w.put(rapid.SampledFrom([]int{1, 1, 3, 50, 200}).Draw(t, "n")) },
					"remove": func(t *rapid.T) { w.t = t; w.remove(rapid.SampledFrom([]int{1, 1, 40, 300}).Draw(t, "n")) },
					"ranks":  func(t *rapid.T) { w.t = t; w.removeRanks() },
					"copy":   func(t *rapid.T) { w.t = t; w.copyAside() },
					"":       func(t *rapid.T) { w.t = t; w.check() },
				})
			})
		})
	}
}

// TestZSetFailsWhole proves that a write for which there is no room leaves
// everything as it was.
func TestZSetFailsWhole(t *testing.T) {
	e := newTestEngine(t, Options{Shards: 1, Databases: 1, Memory: mem.Options{ReserveBytes: 1 << 30}})
	lim := DefaultLimits()
	k := e.Key([]byte(zkey))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	put := func(from, n int, score func(i int) float64) error {
		var z ZSet
		if _, err := z.Open(e, 0, k, testNow, &lim); err != nil {
			t.Fatal(err)
		}
		z.Begin(n)
		for i := from; i < from+n; i++ {
			m := fmt.Appendf(nil, "member:%09d", i*7919%1000003)
			at, _, found := z.Find(m)
			var err error
			if found {
				err = z.Update(at, m, score(i))
			} else {
				err = z.Insert(at, m, score(i))
			}
			if err != nil {
				return err
			}
		}
		return z.Commit()
	}
	state := func() []byte {
		it, _ := e.Peek(0, k, testNow)
		return it.appendState(nil, testNow)
	}
	if err := put(0, 3000, func(i int) float64 { return float64(i % 50) }); err != nil {
		t.Fatal(err)
	}
	e.region.SetLimit(e.region.Resident()) // what is there may be filled up, no more
	failures := 0
	for from := 3000; failures < 20; from += 500 {
		before := state()
		err := put(from-250, 500, func(i int) float64 { return float64(i%70) / 4 })
		if err == nil {
			continue
		}
		failures++
		if !bytes.Equal(state(), before) {
			t.Fatalf("adding from %d on failed with %v and has changed the set", from, err)
		}
		var z ZSet
		if _, err := z.Open(e, 0, k, testNow, &lim); err != nil {
			t.Fatal(err)
		}
		var cur ZCursor
		for z.Seek(&cur, 0, false); cur.Next(); {
			if _, _, ok := z.Find(cur.Member()); !ok {
				t.Fatalf("%q is in the order and not in the table", cur.Member())
			}
		}
	}
	e.region.SetLimit(0)
}

// TestZSetMemory holds a large sorted set to 75 bytes a member of 16 bytes,
// whatever the order in which they come, and counts all of it.
func TestZSetMemory(t *testing.T) {
	const members, mostBytes = 50_000, 75
	for name, place := range map[string]func(i int) float64{
		"in order":     func(i int) float64 { return float64(i) },
		"reversed":     func(i int) float64 { return float64(-i) },
		"at random":    func(i int) float64 { return float64(uint32(i) * 2654435761) },
		"of one score": func(int) float64 { return 1 },
	} {
		e := newTestEngine(t, Options{Shards: 1, Databases: 1, Memory: mem.Options{ReserveBytes: 1 << 30}})
		lim := DefaultLimits()
		k := e.Key([]byte(zkey))
		k.Shard.Lock()
		var z ZSet
		if _, err := z.Open(e, 0, k, testNow, &lim); err != nil {
			t.Fatal(err)
		}
		for i := range members {
			m := fmt.Appendf(nil, "member:%09d", i)
			at, _, _ := z.Find(m)
			if err := z.Insert(at, m, place(i)); err != nil {
				t.Fatal(err)
			}
			if err := z.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		it, _ := e.Peek(0, k, testNow)
		used, counted := float64(k.Shard.heap.Used()), float64(it.ContentBytes())
		k.Shard.Unlock()
		if used/members > mostBytes {
			t.Errorf("%s: %.1f bytes a member, want %d at most", name, used/members, mostBytes)
		}
		if math.Abs(counted-used) > used/50 {
			t.Errorf("%s: %.0f bytes are in use, %.0f are counted", name, used, counted)
		}
	}
}

// TestZSetReversePacked walks a packed run back from each rank: it finds out
// where its pairs are reverseStep at a time.
func TestZSetReversePacked(t *testing.T) {
	e := newTestEngine(t, Options{Shards: 1})
	k := e.Key([]byte(zkey))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	const n = 2*reverseStep + 3
	lim := Limits{ZSetItems: n, ZSetItemBytes: 64}
	var all []ZMember
	for i := range n {
		all = append(all, ZMember{fmt.Appendf(nil, "m%03d", i), float64(i) / 3})
	}
	if err := e.StoreZSet(0, k, all, &lim, testNow); err != nil {
		t.Fatal(err)
	}
	var z ZSet
	if _, err := z.Open(e, 0, k, testNow, &lim); err != nil || z.root != nil {
		t.Fatalf("%v, large %v, want a packed set", err, z.root != nil)
	}
	for rank := range n {
		var c ZCursor
		z.Seek(&c, rank, true)
		for i := rank; i >= 0; i-- {
			if !c.Next() || string(c.Member()) != string(all[i].Member) || c.Score() != all[i].Score {
				t.Fatalf("from rank %d back: %q %v at rank %d, want %q %v", rank, c.Member(), c.Score(), i, all[i].Member, all[i].Score)
			}
		}
		if c.Next() {
			t.Fatalf("from rank %d back: %q before the first", rank, c.Member())
		}
	}
}
