package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"

	"larder/engine/mem"
)

// tablesWorld runs one history of hashes and sets on several engines, which
// differ in shards and earlier lives, and on Go maps.
type tablesWorld struct {
	t       testing.TB
	r       *rand.Rand
	now     int64
	lim     Limits
	engines []*Engine
	hashes  map[string]map[string]fieldModel
	sets    map[string]map[string]bool
}

type fieldModel struct {
	value    string
	deadline int64
}

func newTablesWorld(t testing.TB, seed uint64) *tablesWorld {
	w := &tablesWorld{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), now: testNow,
		hashes: map[string]map[string]fieldModel{}, sets: map[string]map[string]bool{},
	}
	w.lim = DefaultLimits()
	if seed%2 == 0 {
		w.lim.HashItems, w.lim.HashItemBytes = 5, 12
		w.lim.SetInts, w.lim.SetItems, w.lim.SetItemBytes = 6, 4, 12
	}
	for _, shards := range []int{1, 8, 2} {
		w.engines = append(w.engines, newTestEngine(t, Options{Shards: shards, Databases: 2, Seed: 7, Memory: mem.Options{ReserveBytes: 1 << 30}}))
	}
	old := w.engines[2]
	putBulk(t, old, 0, 0, 3000, NoDeadline, testNow)
	dropBulk(old, 0, 0, 3000, testNow)
	return w
}

// key locks the shard of a name for as long as f runs.
func key(e *Engine, name string, f func(k Key)) {
	k := e.Key([]byte(name))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	f(k)
}

func (w *tablesWorld) item() string {
	switch w.r.IntN(4) {
	case 0:
		return strconv.Itoa(w.r.IntN(40) - 10)
	case 1:
		return fmt.Sprintf("item%035d", w.r.IntN(30))
	}
	return "i" + strconv.Itoa(w.r.IntN(900))
}

func (w *tablesWorld) step() {
	name := "k" + strconv.Itoa(w.r.IntN(4))
	switch op := w.r.IntN(100); {
	case op < 40:
		w.setField(name)
	case op < 55:
		w.deleteField(name)
	case op < 75:
		w.addMember(name)
	case op < 90:
		w.removeMember(name)
	case op < 94:
		w.fieldDeadline(name)
	case op < 96:
		w.pop(name)
	case op < 98:
		w.transfer(name)
	case op == 98:
		w.now += w.r.Int64N(3000)
	default:
		w.sweep()
	}
}

func (w *tablesWorld) setField(name string) {
	field, value, deadline := w.item(), w.item(), int64(NoDeadline)
	if w.r.IntN(6) == 0 {
		deadline = w.now + 1 + w.r.Int64N(20000)
	} else if w.r.IntN(4) == 0 {
		deadline = KeepDeadline
	}
	h := w.live(name)
	was, had := h[field]
	for _, e := range w.engines {
		key(e, "h"+name, func(k Key) {
			var x Hash
			if _, err := e.OpenHash(&x, 0, &k, w.now); err != nil {
				w.t.Fatal(err)
			}
			created, err := x.Set([]byte(field), []byte(value), deadline, &w.lim)
			if err != nil || created == had {
				w.t.Fatalf("set %q: created is %v, %v", field, created, err)
			}
		})
	}
	if deadline == KeepDeadline {
		if deadline = NoDeadline; had {
			deadline = was.deadline
		}
	}
	h[field] = fieldModel{value, deadline}
	w.hashes[name] = h
}

// live is the model of a hash without what has expired.
func (w *tablesWorld) live(name string) map[string]fieldModel {
	h := map[string]fieldModel{}
	for field, f := range w.hashes[name] {
		if f.deadline > w.now {
			h[field] = f
		}
	}
	return h
}

func (w *tablesWorld) deleteField(name string) {
	field, h := w.item(), w.live(name)
	_, had := h[field]
	for _, e := range w.engines {
		key(e, "h"+name, func(k Key) {
			var x Hash
			_, _ = e.OpenHash(&x, 0, &k, w.now)
			if was, err := x.Delete([]byte(field)); err != nil || was != had {
				w.t.Fatalf("delete %q: was there is %v, %v", field, was, err)
			}
		})
	}
	delete(h, field)
	w.hashes[name] = h
}

func (w *tablesWorld) fieldDeadline(name string) {
	h := w.live(name)
	deadline := w.now + 1 + w.r.Int64N(10000)
	if w.r.IntN(3) == 0 {
		deadline = NoDeadline
	}
	field := w.item()
	f, had := h[field]
	for _, e := range w.engines {
		key(e, "h"+name, func(k Key) {
			var x Hash
			_, _ = e.OpenHash(&x, 0, &k, w.now)
			ms, ok := x.FieldDeadline([]byte(field))
			if ok != had || ok && ms != f.deadline {
				w.t.Fatalf("%q expires at %d, %v; want %d, %v", field, ms, ok, f.deadline, had)
			}
			if ok {
				if err := x.SetFieldDeadline([]byte(field), deadline); err != nil {
					w.t.Fatal(err)
				}
			}
		})
	}
	if had {
		h[field] = fieldModel{f.value, deadline}
	}
	w.hashes[name] = h
}

func (w *tablesWorld) addMember(name string) {
	member := w.item()
	hint := 1
	if w.r.IntN(200) == 0 {
		hint = 1000
	}
	had := w.sets[name][member]
	for _, e := range w.engines {
		key(e, "s"+name, func(k Key) {
			var x Set
			if _, err := e.OpenSet(&x, 0, &k, w.now); err != nil {
				w.t.Fatal(err)
			}
			if err := x.Expect(hint, &w.lim); err != nil {
				w.t.Fatal(err)
			}
			if added, err := x.Add([]byte(member), hint, &w.lim); err != nil || added == had {
				w.t.Fatalf("add %q: added is %v, %v", member, added, err)
			}
		})
	}
	if w.sets[name] == nil {
		w.sets[name] = map[string]bool{}
	}
	w.sets[name][member] = true
}

func (w *tablesWorld) removeMember(name string) {
	member := w.item()
	for _, e := range w.engines {
		key(e, "s"+name, func(k Key) {
			var x Set
			_, _ = e.OpenSet(&x, 0, &k, w.now)
			if was, err := x.Remove([]byte(member)); err != nil || was != w.sets[name][member] {
				w.t.Fatalf("remove %q: was there is %v, %v", member, was, err)
			}
		})
	}
	delete(w.sets[name], member)
}

// pop removes a random member, which must be the same in every engine.
func (w *tablesWorld) pop(name string) {
	if len(w.sets[name]) == 0 {
		return
	}
	seed, chosen := w.r.Uint64(), ""
	for i, e := range w.engines {
		key(e, "s"+name, func(k Key) {
			var x Set
			_, _ = e.OpenSet(&x, 0, &k, w.now)
			var digits [20]byte
			member := x.Pick(seed, digits[:0])
			if i == 0 {
				chosen = string(member)
			}
			if string(member) != chosen || !w.sets[name][chosen] {
				w.t.Fatalf("engine %d picked %q, the first one %q", i, member, chosen)
			}
			if was, err := x.Remove(member); err != nil || !was {
				w.t.Fatalf("remove %q: %v, %v", chosen, was, err)
			}
		})
	}
	delete(w.sets[name], chosen)
}

// transfer renames or copies a hash and a set over another one.
func (w *tablesWorld) transfer(name string) {
	to, move := "k"+strconv.Itoa(w.r.IntN(4)), w.r.IntN(2) == 0
	if to == name {
		return
	}
	for _, e := range w.engines {
		for _, typ := range []string{"h", "s"} {
			e.LockAll()
			src, dst := e.Key([]byte(typ+name)), e.Key([]byte(typ+to))
			if it, ok := e.Find(0, src, w.now); ok && !(it.FieldsDue(w.now) && it.liveFields(w.now) == 0) {
				how := e.Copy
				if move {
					how = e.Rename
				}
				if err := how(&it, 0, dst, w.now); err != nil {
					w.t.Fatal(err)
				}
			}
			e.UnlockAll()
		}
	}
	if h := w.live(name); len(h) > 0 {
		w.hashes[to] = h
		if move {
			delete(w.hashes, name)
		}
	}
	if len(w.sets[name]) > 0 {
		w.sets[to] = maps.Clone(w.sets[name])
		if move {
			delete(w.sets, name)
		}
	}
}

// sweep reclaims in the background of one engine.
func (w *tablesWorld) sweep() {
	e := w.engines[w.r.IntN(len(w.engines))]
	for _, s := range e.shards {
		s.Lock()
		s.SweepFields(w.now, 1+w.r.IntN(1000))
		s.Reclaim(100)
		s.Unlock()
	}
}

// check compares each engine with the model, and their digests with each other.
func (w *tablesWorld) check() {
	var first Digest
	for i, e := range w.engines {
		d := e.Digest(0, w.now)
		if i == 0 {
			first = d
		}
		if d != first {
			w.t.Fatalf("engine %d has the digest %x, the first one %x", i, d, first)
		}
		for n := range 4 {
			name := "k" + strconv.Itoa(n)
			w.checkHash(e, name)
			w.checkSet(e, name)
		}
		e.LockAll()
		for _, s := range e.shards {
			for s.Reclaim(1000) {
			}
		}
		if err := checkEngine(e); err != nil {
			w.t.Fatal(err)
		}
		e.UnlockAll()
	}
}

func (w *tablesWorld) checkHash(e *Engine, name string) {
	key(e, "h"+name, func(k Key) {
		var x Hash
		there, err := e.OpenHash(&x, 0, &k, w.now)
		h := w.live(name)
		if err != nil || there != (len(h) > 0) || x.Len() != len(h) {
			w.t.Fatalf("%s: there is %v, %v; %d fields, want %d", name, there, err, x.Len(), len(h))
		}
		seen := 0
		x.Each(func(field, value []byte) bool {
			if f, ok := h[string(field)]; !ok || f.value != string(value) {
				w.t.Fatalf("%s: %q is %q, want %q", name, field, value, f.value)
			}
			seen++
			return true
		})
		if seen != len(h) {
			w.t.Fatalf("%s: %d fields were visited of %d", name, seen, len(h))
		}
		for field, f := range h {
			var digits [20]byte
			value, ok := x.Get([]byte(field), digits[:0])
			if deadline, _ := x.FieldDeadline([]byte(field)); !ok || string(value) != f.value || deadline != f.deadline {
				w.t.Fatalf("%s: %q is %q until %d, want %q until %d", name, field, value, deadline, f.value, f.deadline)
			}
		}
	})
}

func (w *tablesWorld) checkSet(e *Engine, name string) {
	key(e, "s"+name, func(k Key) {
		var x Set
		there, err := e.OpenSet(&x, 0, &k, w.now)
		want := w.sets[name]
		if err != nil || there != (len(want) > 0) || x.Len() != len(want) {
			w.t.Fatalf("%s: there is %v, %v; %d members, want %d", name, there, err, x.Len(), len(want))
		}
		seen := 0
		x.Each(func(member []byte) bool {
			if !want[string(member)] {
				w.t.Fatalf("%s: %q is no member", name, member)
			}
			seen++
			return true
		})
		if seen != len(want) {
			w.t.Fatalf("%s: %d members were visited of %d", name, seen, len(want))
		}
		for member := range want {
			if !x.Has([]byte(member)) {
				w.t.Fatalf("%s: %q is missing", name, member)
			}
		}
	})
}

func runTables(t testing.TB, seed uint64, steps int) {
	w := newTablesWorld(t, seed)
	for i := range steps {
		w.step()
		if i%500 == 0 {
			w.check()
		}
	}
	w.check()
}

// TestTablesHistory runs random histories of hashes and sets, with Redis's
// thresholds and with low ones, on engines that must not differ.
func TestTablesHistory(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { runTables(t, seed, 6000/slowdown) })
	}
}

// FuzzTables is TestTablesHistory for other histories.
func FuzzTables(f *testing.F) {
	f.Add(uint64(100), uint16(300))
	f.Add(uint64(101), uint16(3000))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) { runTables(t, seed, int(steps)) })
}
