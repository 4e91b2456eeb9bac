package engine

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"larder/engine/mem"
)

// streamWorld is a stream and the plain values that it must equal. The same is
// done to a stream in an engine with another number of shards, whose digest
// must be the same.
type streamWorld struct {
	t       *rapid.T
	engines [2]*Engine
	lim     Limits
	model   []streamEntry
	last    StreamID
	added   int64
	groups  map[string]*modelGroup
}

type streamEntry struct {
	id    StreamID
	pairs [][]byte
}

type modelGroup struct {
	last      StreamID
	consumers map[string]bool
	pending   map[StreamID]modelPending
}

type modelPending struct {
	owner        string
	at, delivers int64
}

func (w *streamWorld) key(e *Engine, name string) Key { return e.Key([]byte(name)) }

func (w *streamWorld) stream(e *Engine, name string) Stream {
	it, ok := e.Peek(0, w.key(e, name), testNow)
	if !ok || it.Type() != TypeStream {
		w.t.Fatalf("there is no stream %q", name)
	}
	return it.Stream()
}

// each does the same to both engines' streams.
func (w *streamWorld) each(f func(st *Stream)) {
	for _, e := range w.engines {
		st := w.stream(e, "s")
		f(&st)
	}
}

func (w *streamWorld) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *streamWorld) item(name string) []byte {
	switch rapid.IntRange(0, 9).Draw(w.t, name) {
	case 0:
		return bytes.Repeat([]byte{'x'}, rapid.SampledFrom([]int{63, 64, 127, 128, 300, 5000}).Draw(w.t, "long"))
	case 1, 2, 3:
		return fmt.Appendf(nil, "%d", rapid.Int64().Draw(w.t, "int")>>rapid.IntRange(0, 63).Draw(w.t, "shift"))
	}
	return []byte(rapid.SampledFrom([]string{"", "a", "bb", "01", "-0"}).Draw(w.t, "few"))
}

func (w *streamWorld) append() {
	pairs := [][]byte{[]byte("sensor"), w.item("value"), []byte("place"), w.item("value")}
	if rapid.IntRange(0, 4).Draw(w.t, "fields") == 0 {
		pairs = nil
		for range rapid.IntRange(1, 3).Draw(w.t, "pairs") {
			pairs = append(pairs, w.item("field"), w.item("value"))
		}
	}
	id := w.last
	if rapid.Bool().Draw(w.t, "later") {
		id = StreamID{id.Ms + rapid.Uint64Range(1, 1<<40).Draw(w.t, "ms"), rapid.Uint64Range(0, 300).Draw(w.t, "seq")}
	} else {
		id.Seq += rapid.Uint64Range(1, 200).Draw(w.t, "seq")
	}
	w.each(func(st *Stream) { w.must(st.Append(id, pairs, &w.lim)) })
	w.model = append(w.model, streamEntry{id, pairs})
	w.last = id
	w.added++
}

// anyID is that of an entry, or one nearby.
func (w *streamWorld) anyID() StreamID {
	if len(w.model) == 0 {
		return w.last
	}
	id := w.model[rapid.IntRange(0, len(w.model)-1).Draw(w.t, "entry")].id
	switch rapid.IntRange(0, 5).Draw(w.t, "beside") {
	case 0:
		id, _ = id.Next()
	case 1:
		id, _ = id.Prev()
	}
	return id
}

func (w *streamWorld) find(id StreamID) (int, bool) {
	return slices.BinarySearchFunc(w.model, id, func(e streamEntry, id StreamID) int { return e.id.Compare(id) })
}

func (w *streamWorld) delete() {
	id := w.anyID()
	i, there := w.find(id)
	w.each(func(st *Stream) {
		if got := st.Delete(id); got != there {
			w.t.Fatalf("Delete(%v) says %v, want %v", id, got, there)
		}
	})
	if there {
		w.model = slices.Delete(w.model, i, i+1)
	}
}

// trim checks the count against an exact trim: about removes no more than that,
// and from the front only.
func (w *streamWorld) trim() {
	tr := StreamTrim{
		ByID: rapid.Bool().Draw(w.t, "by ID"), About: rapid.Bool().Draw(w.t, "about"),
		Len: int64(rapid.IntRange(0, len(w.model)+2).Draw(w.t, "len")), Before: w.anyID(),
	}
	if tr.About {
		tr.Limit = int64(rapid.IntRange(0, 40).Draw(w.t, "limit"))
	}
	want := max(0, int64(len(w.model))-tr.Len)
	if tr.ByID {
		at, _ := w.find(tr.Before)
		want = int64(at)
	}
	var removed [2]int64
	i := 0
	w.each(func(st *Stream) { removed[i] = st.Trim(&tr); i++ })
	n := removed[0]
	if removed[1] != n || n > want || !tr.About && n != want || tr.Limit > 0 && n > tr.Limit {
		w.t.Fatalf("%+v removes %d, an exact one %d", tr, removed, want)
	}
	w.model = w.model[n:]
}

func (w *streamWorld) group() (string, *modelGroup) {
	name := rapid.SampledFrom([]string{"g", "h", "a longer name"}).Draw(w.t, "group")
	g := w.groups[name]
	if g == nil {
		g = &modelGroup{consumers: map[string]bool{}, pending: map[StreamID]modelPending{}}
		w.groups[name] = g
		w.each(func(st *Stream) {
			created, err := st.CreateGroup([]byte(name), w.last, 7)
			if w.must(err); !created {
				w.t.Fatalf("group %q is there already", name)
			}
		})
		g.last = w.last
	}
	return name, g
}

// deliver gives entries to a consumer.
func (w *streamWorld) deliver() {
	name, g := w.group()
	who := rapid.SampledFrom([]string{"alice", "bob", "carol"}).Draw(w.t, "consumer")
	ids := []StreamID{w.anyID()}
	if from, _ := w.find(ids[0]); rapid.Bool().Draw(w.t, "many") {
		for _, e := range w.model[from:] {
			ids = append(ids, e.id)
		}
	}
	count := rapid.Int64Range(0, 1<<40).Draw(w.t, "count")
	w.each(func(st *Stream) {
		sg, _ := st.Group([]byte(name))
		c, ok := sg.Consumer([]byte(who))
		if ok != g.consumers[who] {
			w.t.Fatalf("consumer %q is there: %v", who, ok)
		}
		if !ok {
			var err error
			c, err = sg.CreateConsumer([]byte(who), testNow)
			w.must(err)
		}
		for _, id := range ids {
			w.must(sg.Reserve(id))
			sg.Release(id)
			w.must(sg.Reserve(id))
			sg.Assign(id, &c, testNow+count, count)
		}
	})
	g.consumers[who] = true
	for _, id := range ids {
		g.pending[id] = modelPending{who, testNow + count, count}
	}
}

func (w *streamWorld) acknowledge() {
	name, g := w.group()
	for range rapid.SampledFrom([]int{1, 60}).Draw(w.t, "times") {
		id := w.anyID()
		_, there := g.pending[id]
		w.each(func(st *Stream) {
			sg, _ := st.Group([]byte(name))
			if got := sg.Ack(id); got != there {
				w.t.Fatalf("Ack(%v) says %v, want %v", id, got, there)
			}
		})
		delete(g.pending, id)
	}
}

func (w *streamWorld) deleteConsumer() {
	name, g := w.group()
	who := rapid.SampledFrom([]string{"alice", "bob", "carol"}).Draw(w.t, "consumer")
	n := int64(0)
	for id, p := range g.pending {
		if p.owner == who {
			delete(g.pending, id)
			n++
		}
	}
	w.each(func(st *Stream) {
		sg, _ := st.Group([]byte(name))
		if pending, ok := sg.DeleteConsumer([]byte(who)); ok != g.consumers[who] || pending != n {
			w.t.Fatalf("DeleteConsumer(%q) says %d, %v; want %d", who, pending, ok, n)
		}
	})
	delete(g.consumers, who)
}

func (w *streamWorld) deleteGroup() {
	name, _ := w.group()
	w.each(func(st *Stream) {
		if !st.DeleteGroup([]byte(name)) {
			w.t.Fatalf("group %q is not there", name)
		}
	})
	delete(w.groups, name)
}

func (w *streamWorld) check() {
	w.each(func(st *Stream) { w.checkStream(st) })
	a, b := w.engines[0].Digest(0, testNow), w.engines[1].Digest(0, testNow)
	if a != b {
		w.t.Fatal("the digests of the two engines differ")
	}
}

func (w *streamWorld) checkStream(st *Stream) {
	var first, end StreamID
	if len(w.model) > 0 {
		first, end = w.model[0].id, w.model[len(w.model)-1].id
	}
	if st.Len() != int64(len(w.model)) || st.LastID() != w.last || st.FirstID() != first || st.MaxID() != end || st.Added() != w.added {
		w.t.Fatalf("length %d, last ID %v, first %v, end %v, added %d; want %d, %v, %v, %v, %d",
			st.Len(), st.LastID(), st.FirstID(), st.MaxID(), st.Added(), len(w.model), w.last, first, end, w.added)
	}
	from, to := w.anyID(), w.anyID()
	for _, r := range [][2]StreamID{{{}, MaxStreamID}, {from, to}} {
		var want []streamEntry
		for _, e := range w.model {
			if !e.id.Less(r[0]) && !r[1].Less(e.id) {
				want = append(want, e)
			}
		}
		w.checkRange(st.Range(r[0], r[1], false), want)
		slices.Reverse(want)
		w.checkRange(st.Range(r[0], r[1], true), want)
	}
	if st.Groups() != len(w.groups) {
		w.t.Fatalf("%d groups, want %d", st.Groups(), len(w.groups))
	}
	for name, g := range w.groups {
		sg, ok := st.Group([]byte(name))
		if !ok || string(sg.Name()) != name || sg.LastID() != g.last || sg.Consumers() != len(g.consumers) {
			w.t.Fatalf("group %q is not as it should be", name)
		}
		w.checkPending(&sg, nil, g.pending)
		for who := range g.consumers {
			mine := map[StreamID]modelPending{}
			for id, p := range g.pending {
				if p.owner == who {
					mine[id] = p
				}
			}
			c, _ := sg.Consumer([]byte(who))
			if c.Pending() != int64(len(mine)) {
				w.t.Fatalf("%d are pending for %q, want %d", c.Pending(), who, len(mine))
			}
			w.checkPending(&sg, &c, mine)
		}
	}
}

func (w *streamWorld) checkRange(c StreamCursor, want []streamEntry) {
	for _, e := range want {
		if !c.Next() || c.ID() != e.id || c.Pairs() != len(e.pairs)/2 {
			w.t.Fatalf("at %v with %d pairs, want %v with %d", c.ID(), c.Pairs(), e.id, len(e.pairs)/2)
		}
		for i := 0; i < len(e.pairs); i += 2 {
			if f, v, ok := c.Pair(); !ok || !bytes.Equal(f, e.pairs[i]) || !bytes.Equal(v, e.pairs[i+1]) {
				w.t.Fatalf("%v has %q: %q, want %q: %q", e.id, f, v, e.pairs[i], e.pairs[i+1])
			}
		}
		if _, _, more := c.Pair(); more {
			w.t.Fatalf("%v has more pairs than it should", e.id)
		}
	}
	if c.Next() {
		w.t.Fatalf("there is an entry %v behind the last", c.ID())
	}
}

func (w *streamWorld) checkPending(g *StreamGroup, c *StreamConsumer, want map[StreamID]modelPending) {
	last, n := StreamID{}, 0
	for cur := g.PendingRange(StreamID{}, MaxStreamID, c); cur.Next(); n++ {
		p := cur.Entry()
		if n > 0 && !last.Less(p.ID) {
			w.t.Fatalf("%v stands behind %v", p.ID, last)
		}
		last = p.ID
		if m, ok := want[p.ID]; !ok || m.at != p.DeliveredMs || m.delivers != p.Deliveries || m.owner != string(g.OwnerName(&p)) {
			w.t.Fatalf("%+v is pending, want %+v", p, m)
		}
		if found, ok := g.FindPending(p.ID); !ok || found != p {
			w.t.Fatalf("%v is found as %+v", p.ID, found)
		}
	}
	if n != len(want) || c == nil && g.Pending() != int64(n) {
		w.t.Fatalf("%d are pending, of %d that the group counts; want %d", n, g.Pending(), len(want))
	}
}

// copyAway copies the stream to other keys, and drops what the copies were.
func (w *streamWorld) copyAway() {
	for _, e := range w.engines {
		for i := range 3 {
			it, _ := e.Peek(0, w.key(e, "s"), testNow)
			w.must(e.Copy(&it, 0, w.key(e, fmt.Sprintf("copy %d", i)), testNow))
			st := w.stream(e, fmt.Sprintf("copy %d", i))
			w.checkStream(&st)
		}
	}
}

// TestStreamHistory changes two streams and a plain model alike, with leaves of
// all sizes, and at last gives all memory back.
func TestStreamHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &streamWorld{t: t, groups: map[string]*modelGroup{}}
		w.lim = Limits{
			StreamNodeItems: rapid.SampledFrom([]int{0, 1, 3, 10, 100}).Draw(t, "items of a leaf"),
			StreamNodeBytes: rapid.SampledFrom([]int{0, 100, 4096}).Draw(t, "bytes of a leaf"),
		}
		var used [2]uint64
		for i, shards := range []int{1, 8} {
			e, err := New(Options{Shards: shards, Databases: 1, Seed: Seed(i), Memory: mem.Options{ReserveBytes: 1 << 30}})
			w.must(err)
			defer func() { _ = e.Close() }()
			w.engines[i] = e
			for range 2 { // the second time the tables of the keys are there
				used[i] = usedOf(e)
				_, err = e.CreateStream(0, w.key(e, "s"), testNow)
				w.must(err)
				if used[i] > 0 {
					break
				}
				e.Delete(0, w.key(e, "s"), testNow)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				w.t = t
				for range rapid.SampledFrom([]int{1, 20, 200}).Draw(t, "times") {
					w.append()
				}
			},
			"delete": func(t *rapid.T) {
				w.t = t
				for range rapid.SampledFrom([]int{1, 50}).Draw(t, "times") {
					w.delete()
				}
			},
			"trim":            func(t *rapid.T) { w.t = t; w.trim() },
			"deliver":         func(t *rapid.T) { w.t = t; w.deliver() },
			"acknowledge":     func(t *rapid.T) { w.t = t; w.acknowledge() },
			"delete consumer": func(t *rapid.T) { w.t = t; w.deleteConsumer() },
			"delete group":    func(t *rapid.T) { w.t = t; w.deleteGroup() },
			"copy":            func(t *rapid.T) { w.t = t; w.copyAway() },
			"":                func(t *rapid.T) { w.t = t; w.check() },
		})
		for i, e := range w.engines {
			for _, name := range []string{"s", "copy 0", "copy 1", "copy 2"} {
				e.Delete(0, w.key(e, name), testNow)
			}
			for _, s := range e.shards {
				for s.Reclaim(3) {
				}
			}
			if got := usedOf(e); i == 0 && got != used[i] {
				t.Fatalf("%d bytes are in use after all, %d were before", got, used[i])
			}
			if err := checkEngine(e); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func usedOf(e *Engine) (n uint64) {
	for _, s := range e.shards {
		n += s.heap.Used()
	}
	return n
}

// TestStreamRadixNodes holds the count of a radix tree's nodes to what
// redis-server 7.0 says of streams with one entry a node.
func TestStreamRadixNodes(t *testing.T) {
	for _, tc := range []struct {
		ids   []StreamID
		nodes int64
	}{
		{nil, 1},
		{[]StreamID{{1, 1}}, 2},
		{[]StreamID{{1, 1}, {1, 2}}, 4},
		{[]StreamID{{1, 1}, {2, 1}}, 6},
		{[]StreamID{{1, 1}, {1, 2}, {2, 1}, {256, 0}, {math.MaxUint64, 3}}, 14},
	} {
		e := shardedEngine(t, 1)
		st, err := e.CreateStream(0, e.Key([]byte("s")), testNow)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range tc.ids {
			if err := st.Append(id, [][]byte{[]byte("f"), []byte("v")}, &Limits{StreamNodeItems: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if got := st.RadixNodes(); got != tc.nodes {
			t.Errorf("%v: %d nodes, want %d", tc.ids, got, tc.nodes)
		}
	}
}
