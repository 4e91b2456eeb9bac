package engine

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"larder/engine/mem"
)

// listWorld is a list and the slice that it must equal.
type listWorld struct {
	t     *rapid.T
	e     *Engine
	k     Key
	lim   Limits
	model [][]byte
}

// list returns the list at the key; false if there is none.
func (w *listWorld) list(k Key) (List, bool) {
	it, ok := w.e.Find(0, k, testNow)
	if !ok {
		return List{}, false
	}
	return it.List(), true
}

func (w *listWorld) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

// value draws an element; long ones are rare.
func (w *listWorld) value() []byte {
	switch rapid.IntRange(0, 19).Draw(w.t, "kind") {
	case 0, 1, 2, 3, 4, 5:
		return strconv.AppendInt(nil, rapid.Int64().Draw(w.t, "int")>>rapid.IntRange(0, 63).Draw(w.t, "shift"), 10)
	case 6, 7, 8:
		return []byte(rapid.SampledFrom([]string{"", "a", "b", "01", "-0"}).Draw(w.t, "few"))
	case 9:
		return bytes.Repeat([]byte{'x'}, rapid.SampledFrom([]int{700, 1900, 2030, 2035, 2036, 2037, 2040, 5000}).Draw(w.t, "long"))
	}
	return bytes.Repeat([]byte{'y'}, rapid.IntRange(0, 70).Draw(w.t, "short"))
}

func (w *listWorld) values(most int) [][]byte {
	values := make([][]byte, rapid.IntRange(1, most).Draw(w.t, "values"))
	for i := range values {
		values[i] = w.value()
	}
	return values
}

func (w *listWorld) end() ListEnd { return ListEnd(rapid.IntRange(0, 1).Draw(w.t, "end")) }

// pushModel adds values to the model as a push does.
func pushModel(model [][]byte, end ListEnd, values [][]byte) [][]byte {
	for _, v := range values {
		if end == Tail {
			model = append(model, v)
		} else {
			model = slices.Insert(model, 0, v)
		}
	}
	return model
}

func (w *listWorld) push(most int) {
	end, values := w.end(), w.values(most)
	if l, ok := w.list(w.k); ok {
		w.must(l.Push(end, values, &w.lim))
	} else {
		w.must(w.e.NewList(0, w.k, end, values, &w.lim, testNow))
	}
	w.model = pushModel(w.model, end, values)
}

// index draws one that is near an end or anywhere.
func (w *listWorld) index(n int) int {
	return rapid.SampledFrom([]int{0, n - 1, rapid.IntRange(0, n-1).Draw(w.t, "any"), n / 2}).Draw(w.t, "index")
}

// change runs a random change on a list that is not empty.
func (w *listWorld) change(l List) {
	n := len(w.model)
	switch rapid.SampledFrom([]string{"insert", "insert many", "set", "set", "pop", "pop", "pop many", "trim", "remove", "rotate"}).Draw(w.t, "change") {
	case "insert":
		i, v := rapid.IntRange(0, n).Draw(w.t, "at"), w.value()
		w.must(l.Insert(i, v, &w.lim))
		w.model = slices.Insert(w.model, i, v)
	case "insert many":
		i, size := w.index(n), rapid.IntRange(0, 300).Draw(w.t, "size")
		for j := range 60 {
			v := bytes.Repeat([]byte{byte('a' + j%5)}, size)
			w.must(l.Insert(i, v, &w.lim))
			w.model = slices.Insert(w.model, i, v)
		}
	case "set":
		i, v := w.index(n), w.value()
		w.must(l.Set(i, v, &w.lim))
		w.model[i] = v
	case "pop":
		if end := w.end(); end == Head {
			w.must(l.Pop(end, 1, &w.lim))
			w.model = w.model[1:]
		} else {
			w.must(l.Pop(end, 1, &w.lim))
			w.model = w.model[:n-1]
		}
	case "pop many":
		end, k := w.end(), rapid.IntRange(1, n).Draw(w.t, "n")
		w.must(l.Pop(end, k, &w.lim))
		if end == Head {
			w.model = w.model[k:]
		} else {
			w.model = w.model[:n-k]
		}
	case "trim":
		from := rapid.IntRange(0, n-1).Draw(w.t, "from")
		k := rapid.IntRange(0, n-from).Draw(w.t, "n")
		w.must(l.Trim(from, k, &w.lim))
		w.model = slices.Clone(w.model[from : from+k])
	case "remove":
		w.remove(l)
	case "rotate":
		from, to := w.end(), w.end()
		w.must(l.Rotate(from, to))
		if from == Head && to == Tail {
			w.model = append(w.model[1:], w.model[0])
		} else if from == Tail && to == Head {
			w.model = slices.Insert(w.model[:n-1], 0, w.model[n-1])
		}
	}
}

func (w *listWorld) remove(l List) {
	v, most := w.model[w.index(len(w.model))], rapid.IntRange(1, len(w.model)).Draw(w.t, "most")
	last := rapid.Bool().Draw(w.t, "last")
	got, err := l.RemoveEqual(v, most, last, &w.lim)
	w.must(err)
	want := 0
	kept := [][]byte{}
	if last {
		slices.Reverse(w.model)
	}
	for _, m := range w.model {
		if want < most && bytes.Equal(m, v) {
			want++
		} else {
			kept = append(kept, m)
		}
	}
	if last {
		slices.Reverse(kept)
	}
	if got != want {
		w.t.Fatalf("removed %d elements, want %d", got, want)
	}
	w.model = kept
}

// check compares the list with the model, in both directions.
func (w *listWorld) check() {
	l, ok := w.list(w.k)
	if !ok {
		if len(w.model) > 0 {
			w.t.Fatalf("there is no list, want %d elements", len(w.model))
		}
		return
	}
	if l.Len() != len(w.model) {
		w.t.Fatalf("%d elements, want %d", l.Len(), len(w.model))
	}
	for _, backward := range []bool{false, true} {
		from := 0
		if backward {
			from = len(w.model) - 1
		}
		walk := l.Walk(from, backward)
		for i := range w.model {
			want := w.model[i]
			if backward {
				want = w.model[from-i]
			}
			v, more := walk.Next()
			if !more || !bytes.Equal(v.Bytes(nil), want) {
				w.t.Fatalf("backward %v: element %d is %q (%v), want %q", backward, i, v.Bytes(nil), more, want)
			}
		}
		if v, more := walk.Next(); more {
			w.t.Fatalf("backward %v: %q behind the last", backward, v.Bytes(nil))
		}
	}
	i := w.index(len(w.model))
	if v := l.At(i); !bytes.Equal(v.Bytes(nil), w.model[i]) {
		w.t.Fatalf("element %d is %q, want %q", i, v.Bytes(nil), w.model[i])
	}
	if err := checkList(&l, &w.lim); err != nil {
		w.t.Fatal(err)
	}
}

// checkList holds the invariants of a list.
func checkList(l *List, lim *Limits) error {
	if !l.isLarge() {
		// What decides on growing is the length of the strings, without what
		// makes them items.
		const heads = 4 << 10
		run := l.packedRun()
		if lim.listGrows(len(run)-heads, run.count()) {
			return fmt.Errorf("a small list has %d bytes and %d elements", len(run), run.count())
		}
		return nil
	}
	g := l.large()
	if lim.listShrinks(int(g.r.runBytes), int(g.r.count)) {
		return fmt.Errorf("a large list has %d bytes and %d elements", g.r.runBytes, g.r.count)
	}
	count, runBytes, asked := 0, packedHeader, listRootBytes
	leaf := func(ref mem.Ref, inTree bool) error {
		run, lf := g.run(ref), g.leaf(ref)
		if inTree && run.count() == 0 {
			return fmt.Errorf("a leaf in the tree is empty")
		}
		if run.count() > 1 && len(run) > leafMax {
			return fmt.Errorf("a leaf of %d elements has %d bytes", run.count(), len(run))
		}
		n := 0
		for off := packedHeader; off < len(run); off = run.next(off) {
			n++
		}
		if n != run.count() {
			return fmt.Errorf("a leaf has %d elements and counts %d", n, run.count())
		}
		count += n
		runBytes += len(run) - packedHeader
		asked += int(lf.room)
		return nil
	}
	for _, ref := range g.r.ends {
		if ref != 0 {
			if err := leaf(ref, false); err != nil {
				return err
			}
		}
	}
	if t := g.tree(); t.r.top != 0 {
		var p treePath
		t.first(&p)
		for more := true; more; more = t.next(&p) {
			ref, n := t.leaf(&p)
			if err := leaf(ref, true); err != nil {
				return err
			}
			if got := g.run(ref).count(); got != int(n) {
				return fmt.Errorf("a leaf has %d elements, the tree says %d", got, n)
			}
		}
		asked += t.nodes(t.r.top, int(t.r.height)) * treeNodeBytes
	}
	if count != int(g.r.count) || runBytes != int(g.r.runBytes) || asked != int(g.r.bytes) {
		return fmt.Errorf("%d elements, %d bytes of runs and %d bytes of nodes are there, %d, %d and %d are counted",
			count, runBytes, asked, g.r.count, g.r.runBytes, g.r.bytes)
	}
	return nil
}

// nodes counts the inner nodes from ref down.
func (t tree) nodes(ref mem.Ref, height int) int {
	n := 0
	if height > 0 {
		n = 1
		nd := t.nodeAt(ref)
		for i := range int(nd.n) {
			n += t.nodes(nd.refs[i], height-1)
		}
	}
	return n
}

// TestListHistory changes a list and a slice alike, with thresholds so low that
// both forms and the ways between them are met, and with those of Redis. A list
// with another past but the same content has the same digest.
func TestListHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &listWorld{t: t, e: shardedEngineOf(t, 2), lim: DefaultLimits()}
		defer func() { _ = w.e.Close() }()
		w.lim.ListSize = rapid.SampledFrom([]int{-2, -1, -5, 0, 1, 2, 4, 100, 5000, math.MinInt32}).Draw(t, "size")
		w.k = w.e.Key([]byte("list"))
		w.e.LockAll()
		defer w.e.UnlockAll()
		t.Repeat(map[string]func(*rapid.T){
			"push":      func(t *rapid.T) { w.t = t; w.push(3) },
			"push many": func(t *rapid.T) { w.t = t; w.push(400) },
			"change": func(t *rapid.T) {
				w.t = t
				if l, ok := w.list(w.k); ok {
					w.change(l)
				}
			},
			"copy": func(t *rapid.T) { w.t = t; w.copy() },
			"":     func(t *rapid.T) { w.t = t; w.check() },
		})
		w.finish()
	})
}

// shardedEngineOf is shardedEngine for a rapid test, which closes it.
func shardedEngineOf(t *rapid.T, shards int) *Engine {
	e, err := New(Options{Shards: shards, Databases: 2, Seed: 42, Memory: mem.Options{ReserveBytes: 1 << 30}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// copy makes a copy of the list in the other shard, changes it and deletes it.
func (w *listWorld) copy() {
	it, ok := w.e.Find(0, w.k, testNow)
	if !ok {
		return
	}
	other := w.e.Key([]byte("copy"))
	for i := 0; other.Shard == w.k.Shard; i++ {
		other = w.e.Key(fmt.Appendf(nil, "copy%d", i))
	}
	w.must(w.e.Copy(&it, 0, other, testNow))
	var a, b []byte
	if l, ok := w.list(other); !ok {
		w.t.Fatal("there is no copy")
	} else {
		a = l.it.appendState(nil, testNow)[1+len(other.Name):]
		if err := checkList(&l, &w.lim); err != nil {
			w.t.Fatal("the copy: ", err)
		}
		w.must(l.Push(w.end(), [][]byte{[]byte("one more")}, &w.lim))
	}
	b = it.appendState(nil, testNow)[1+len(w.k.Name):]
	if !bytes.Equal(a, b) {
		w.t.Fatal("the copy differs")
	}
	w.e.Delete(0, other, testNow)
}

// finish compares the digest with that of a list of the same content that was
// pushed at once, deletes the list and holds that nothing is left of it.
func (w *listWorld) finish() {
	if l, ok := w.list(w.k); ok {
		lim := w.lim
		if lim.ListSize = 1; !l.isLarge() {
			lim.ListSize = -5
		}
		e := shardedEngineOf(w.t, 4)
		defer func() { _ = e.Close() }()
		k := e.Key(w.k.Name)
		k.Shard.Lock()
		w.must(e.NewList(0, k, Tail, w.model, &lim, testNow))
		k.Shard.Unlock()
		w.e.UnlockAll()
		got, want := w.e.Digest(0, testNow), e.Digest(0, testNow)
		w.e.LockAll()
		if len(w.model) > 1 && got != want {
			w.t.Fatalf("the digest is %x, that of the same list made at once %x", got, want)
		}
		w.e.Delete(0, w.k, testNow)
	}
	for _, s := range w.e.shards {
		for s.Reclaim(10) {
		}
	}
	if err := checkEngine(w.e); err != nil {
		w.t.Fatal(err)
	}
}
