package engine

import (
	"slices"
	"testing"

	"larder/engine/mem"
	"pgregory.net/rapid"
)

// treeWorld is a tree whose leaves are no objects: a leaf's reference is just
// a number, its items are counted and its key is given.
type treeWorld struct {
	t     *rapid.T
	e     *Engine
	s     *Shard
	tree  tree
	model []treeChild
	names mem.Ref
}

func (w *treeWorld) leaf(key uint64) treeChild {
	w.names++
	return treeChild{w.names, uint64(rapid.IntRange(1, 5).Draw(w.t, "items")), treeKey{key, 0}}
}

// at names the i-th leaf by stepping or by seeking.
func (w *treeWorld) at(i int) *treePath {
	var p treePath
	before := uint64(0)
	for _, c := range w.model[:i] {
		before += c.count
	}
	switch rapid.IntRange(0, 2).Draw(w.t, "way") {
	case 0:
		if at := w.tree.seekIndex(&p, before); at != 0 {
			w.t.Fatalf("item %d is the %d-th of its leaf, want the first", before, at)
		}
	case 1:
		key := w.model[i].key[0]
		w.tree.seekKey(&p, func(k treeKey) bool { return k[0] > key })
	case 2:
		w.tree.end(&p)
		for range len(w.model) - 1 - i {
			w.tree.prev(&p)
		}
	}
	if ref, n := w.tree.leaf(&p); ref != w.model[i].ref || n != w.model[i].count || p.before != before {
		w.t.Fatalf("leaf %d is %d with %d items behind %d, want %+v behind %d", i, ref, n, p.before, w.model[i], before)
	}
	return &p
}

// check walks the tree forward and holds its invariants.
func (w *treeWorld) check() {
	r := w.tree.r
	if r.leaves != uint64(len(w.model)) {
		w.t.Fatalf("%d leaves, want %d", r.leaves, len(w.model))
	}
	if len(w.model) == 0 {
		if used := w.s.heap.Used(); *r != (treeRoot{}) || used != w.emptyBytes() {
			w.t.Fatalf("an empty tree is %+v and takes %d bytes", *r, used)
		}
		return
	}
	var p treePath
	before := uint64(0)
	w.tree.first(&p)
	for i, want := range w.model {
		if ref, n := w.tree.leaf(&p); ref != want.ref || n != want.count || w.tree.leafKey(&p) != want.key || p.before != before {
			w.t.Fatalf("leaf %d is %d with %d items, key %v, behind %d; want %+v behind %d", i, ref, n, w.tree.leafKey(&p), p.before, want, before)
		}
		before += want.count
		if more := w.tree.next(&p); more != (i+1 < len(w.model)) {
			w.t.Fatalf("after leaf %d of %d, next says %v", i, len(w.model), more)
		}
	}
	if r.items != before {
		w.t.Fatalf("%d items, want %d", r.items, before)
	}
	if r.height > 0 {
		w.checkNode(r.top, int(r.height))
	}
}

// emptyBytes is what the root takes.
func (w *treeWorld) emptyBytes() uint64 { return uint64(mem.RoundUp(256)) }

// checkNode compares what the parents of each node say of it with what it is.
func (w *treeWorld) checkNode(ref mem.Ref, height int) (items uint64, key treeKey) {
	nd := w.tree.nodeAt(ref)
	if nd.n == 0 || nd.n > treeFan {
		w.t.Fatalf("a node has %d children", nd.n)
	}
	if height > 1 {
		for i := range int(nd.n) {
			n, key := w.checkNode(nd.refs[i], height-1)
			if n != nd.counts[i] || key != nd.keys[i] {
				w.t.Fatalf("child %d has %d items and key %v, its node says %d and %v", i, n, key, nd.counts[i], nd.keys[i])
			}
		}
	}
	return nd.sum(int(nd.n)), nd.keys[0]
}

// insert adds leaves behind or before the i-th; keys ascend in steps that
// leave room between two.
func (w *treeWorld) insert() {
	for range rapid.SampledFrom([]int{1, 1, 40, 400}).Draw(w.t, "times") {
		if len(w.model) == 0 {
			c := w.leaf(1 << 40)
			w.tree.start(c.ref, c.count, c.key)
			w.model = append(w.model, c)
			continue
		}
		n := len(w.model)
		i := rapid.SampledFrom([]int{0, n - 1, rapid.IntRange(0, n-1).Draw(w.t, "at")}).Draw(w.t, "where")
		before := rapid.Bool().Draw(w.t, "before")
		at := i + 1
		if before {
			at = i
		}
		lo, hi := uint64(0), uint64(1<<41)
		if at > 0 {
			lo = w.model[at-1].key[0]
		}
		if at < n {
			hi = w.model[at].key[0]
		}
		if hi-lo < 2 {
			continue
		}
		c := w.leaf(lo + (hi-lo)/2)
		if !w.tree.insert(w.at(i), c.ref, c.count, c.key, before) {
			w.t.Fatal("no memory")
		}
		w.model = slices.Insert(w.model, at, c)
	}
}

// TestTreeHistory changes a tree and a slice of leaves alike.
func TestTreeHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := New(Options{Shards: 1, Memory: mem.Options{ReserveBytes: 1 << 30}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = e.Close() }()
		s := e.shards[0]
		root, ok := s.newRoot(TypeList, 256)
		if !ok {
			t.Fatal("no memory for the root")
		}
		w := &treeWorld{t: t, e: e, s: s, tree: tree{s, s.container(root), &treeRoot{}}}
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) { w.t = t; w.insert() },
			"remove": func(t *rapid.T) {
				w.t = t
				for range rapid.SampledFrom([]int{1, 30, 300}).Draw(t, "times") {
					if n := len(w.model); n > 0 {
						i := rapid.SampledFrom([]int{0, n - 1, rapid.IntRange(0, n-1).Draw(t, "at")}).Draw(t, "where")
						w.tree.remove(w.at(i))
						w.model = slices.Delete(w.model, i, i+1)
					}
				}
			},
			"update": func(t *rapid.T) {
				w.t = t
				if n := len(w.model); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "at")
					c := w.leaf(w.model[i].key[0])
					if i > 0 && c.key[0]-w.model[i-1].key[0] > 1 {
						c.key[0]--
					}
					w.tree.update(w.at(i), c.ref, c.count, c.key)
					w.model[i] = c
				}
			},
			"": func(t *rapid.T) { w.t = t; w.check() },
		})
	})
}
