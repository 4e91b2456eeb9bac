package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/engine/mem"
)

// listContent returns the elements of the list at k, nil if there is none.
func listContent(e *Engine, k Key) (elements [][]byte) {
	it, ok := e.Peek(0, k, testNow)
	if !ok {
		return nil
	}
	l := it.List()
	for w := l.Walk(0, false); ; {
		v, ok := w.Next()
		if !ok {
			return elements
		}
		elements = append(elements, slices.Clone(v.Bytes(nil)))
	}
}

// moveKeys are two keys of one shard and one of another.
func moveKeys(e *Engine) [3]Key {
	keys := [3]Key{e.Key([]byte("list"))}
	for i, n := 0, 1; n < 3; i++ {
		if k := e.Key(keyName(i)); (k.Shard == keys[0].Shard) == (n == 1) {
			keys[n] = k
			n++
		}
	}
	return keys
}

// TestListMove moves elements between small and large lists of the same shard
// and of two, and to lists that do not exist yet.
func TestListMove(t *testing.T) {
	for _, size := range []int{-2, 4, 1} {
		t.Run(fmt.Sprint("size ", size), func(t *testing.T) {
			e := shardedEngine(t, 2)
			lim := DefaultLimits()
			lim.ListSize = size
			keys := moveKeys(e)
			e.LockAll()
			var model [3][][]byte
			r := rand.New(rand.NewPCG(uint64(size), 7))
			for step := range 1200 {
				from := r.IntN(3)
				to := (from + 1 + r.IntN(2)) % 3
				ends := [2]ListEnd{ListEnd(r.IntN(2)), ListEnd(r.IntN(2))}
				if r.IntN(4) == 0 {
					v := bytes.Repeat([]byte{byte('a' + step%20)}, r.IntN(40)*r.IntN(100))
					pushTo(t, e, keys[from], ends[0], v, &lim)
					model[from] = pushModel(model[from], ends[0], [][]byte{v})
				} else if len(model[from]) > 0 {
					moveOne(t, e, keys[from], keys[to], ends, &lim)
					at := int(ends[0]) * (len(model[from]) - 1)
					v := model[from][at]
					model[from] = slices.Delete(model[from], at, at+1)
					model[to] = pushModel(model[to], ends[1], [][]byte{v})
				}
				for i, k := range keys {
					if got := listContent(e, k); !slices.EqualFunc(got, model[i], bytes.Equal) {
						t.Fatalf("step %d: list %d has %d elements, want %d, or others", step, i, len(got), len(model[i]))
					}
				}
			}
			for _, k := range keys {
				e.Delete(0, k, testNow)
			}
			for _, s := range e.shards {
				for s.Reclaim(100) {
				}
			}
			e.UnlockAll()
			if err := checkEngine(e); err != nil {
				t.Error(err)
			}
		})
	}
}

func pushTo(t *testing.T, e *Engine, k Key, end ListEnd, v []byte, lim *Limits) {
	t.Helper()
	var err error
	if it, ok := e.Find(0, k, testNow); ok {
		l := it.List()
		err = l.Push(end, [][]byte{v}, lim)
	} else {
		err = e.NewList(0, k, end, [][]byte{v}, lim, testNow)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func moveOne(t *testing.T, e *Engine, from, to Key, ends [2]ListEnd, lim *Limits) {
	t.Helper()
	it, _ := e.Find(0, from, testNow)
	src := it.List()
	var err error
	if other, ok := e.Find(0, to, testNow); ok {
		dst := other.List()
		err = src.MoveTo(ends[0], &dst, ends[1], lim)
	} else {
		err = src.MoveToNew(ends[0], 0, to, lim, testNow)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestListNoRoom runs changes until there is no memory: whatever fails has
// changed nothing, not even the form of a list.
func TestListNoRoom(t *testing.T) {
	refused := map[string]int{}
	for _, size := range []int{-2, 8, 1} {
		e := newTestEngine(t, Options{Shards: 2, Databases: 2, Memory: mem.Options{ReserveBytes: 1 << 30}})
		lim := DefaultLimits()
		lim.ListSize = size
		e.region.SetLimit(12 << 20)
		keys := moveKeys(e)
		r := rand.New(rand.NewPCG(uint64(size), 9))
		e.LockAll()
		fill := 0
		for range 6000 {
			// Keep the memory nearly full.
			for range 3 {
				k := e.Key(keyName(1000 + fill))
				if e.SetString(0, k, make([]byte, 1+r.IntN(9000)), Attrs{Deadline: NoDeadline}, testNow) == nil {
					fill++
				}
			}
			before := [3][]byte{listStateOf(e, keys[0]), listStateOf(e, keys[1]), listStateOf(e, keys[2])}
			name, err := changeLists(e, r, keys, &lim)
			switch {
			case errors.Is(err, ErrNoRoom):
				refused[name]++
				for i, k := range keys {
					if !bytes.Equal(before[i], listStateOf(e, k)) {
						t.Fatalf("size %d: %s found no room and has changed list %d", size, name, i)
					}
				}
			case err != nil:
				t.Fatal(err)
			}
			for _, k := range keys {
				if it, ok := e.Peek(0, k, testNow); ok {
					l := it.List()
					if err := checkList(&l, &lim); err != nil {
						t.Fatalf("size %d, %s (%v): %v", size, name, err, err)
					}
				}
			}
		}
		for i := range fill {
			e.Delete(0, e.Key(keyName(1000+i)), testNow)
		}
		for _, k := range keys {
			e.Delete(0, k, testNow)
		}
		for _, s := range e.shards {
			for s.Reclaim(100) {
			}
		}
		e.UnlockAll()
		if err := checkEngine(e); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"new", "push", "insert", "set", "pop", "trim", "remove", "move"} {
		if refused[name] == 0 {
			t.Errorf("%s always found room: %v", name, refused)
		}
	}
}

// listStateOf is what there is to know of the list at k, its form included.
func listStateOf(e *Engine, k Key) []byte {
	it, ok := e.Peek(0, k, testNow)
	if !ok {
		return nil
	}
	return it.appendState(nil, testNow)
}

// changeLists runs a random change.
func changeLists(e *Engine, r *rand.Rand, keys [3]Key, lim *Limits) (name string, err error) {
	k := keys[r.IntN(3)]
	values := make([][]byte, 1+r.IntN(6))
	for i := range values {
		values[i] = bytes.Repeat([]byte{byte('a' + r.IntN(4))}, r.IntN(10)*r.IntN(10)*r.IntN(20))
	}
	end := ListEnd(r.IntN(2))
	it, ok := e.Find(0, k, testNow)
	if !ok {
		return "new", e.NewList(0, k, end, values, lim, testNow)
	}
	l := it.List()
	n := l.Len()
	switch r.IntN(10) {
	default:
		return "push", l.Push(end, values, lim)
	case 3:
		return "insert", l.Insert(r.IntN(n+1), values[0], lim)
	case 4:
		return "set", l.Set(r.IntN(n), values[0], lim)
	case 5:
		return "pop", l.Pop(end, 1+r.IntN(min(n, 3)), lim)
	case 6:
		from := r.IntN(n)
		return "trim", l.Trim(from, max(n-from-r.IntN(10), 0), lim)
	case 7:
		_, err = l.RemoveEqual(values[0], 1+r.IntN(5), end == Head, lim)
		return "remove", err
	case 8:
		return "rotate", l.Rotate(end, end.other())
	case 9:
		dst := keys[r.IntN(3)]
		if bytes.Equal(dst.Name, k.Name) {
			return "", nil
		}
		if other, ok := e.Find(0, dst, testNow); ok {
			to := other.List()
			return "move", l.MoveTo(end, &to, end, lim)
		}
		return "move", l.MoveToNew(end, 0, dst, lim, testNow)
	}
}

// TestListRebuild cuts long lists down to a few elements: what is left is right,
// and the rest is freed bit by bit.
func TestListRebuild(t *testing.T) {
	e := shardedEngine(t, 2)
	lim := DefaultLimits()
	k := e.Key([]byte("list"))
	e.LockAll()
	var values [][]byte
	for i := range 30_000 {
		values = append(values, fmt.Appendf(nil, "element %d", i))
	}
	for _, cut := range []struct{ from, n int }{{0, 2000}, {28_500, 1500}, {14_000, 4000}, {7, 900}, {500, 25_000}} {
		if err := e.NewList(0, k, Tail, values, &lim, testNow); err != nil {
			t.Fatal(err)
		}
		it, _ := e.Find(0, k, testNow)
		l := it.List()
		if err := l.Trim(cut.from, cut.n, &lim); err != nil {
			t.Fatal(err)
		}
		if err := checkList(&l, &lim); err != nil {
			t.Errorf("%+v: %v", cut, err)
		}
		if got := listContent(e, k); !slices.EqualFunc(got, values[cut.from:cut.from+cut.n], bytes.Equal) {
			t.Errorf("%+v: %d elements are left, or others", cut, len(got))
		}
		if rebuilt := len(values)-cut.n > rebuildAbove && cut.n < 3000; rebuilt != k.Shard.HasGarbage() {
			t.Errorf("%+v: garbage waits: %v", cut, k.Shard.HasGarbage())
		}
		e.Delete(0, k, testNow)
		for k.Shard.Reclaim(50) {
		}
	}
	e.UnlockAll()
	if err := checkEngine(e); err != nil {
		t.Error(err)
	}
}
