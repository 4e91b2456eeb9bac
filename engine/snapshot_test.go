package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// snapshotLimits are thresholds at which containers become large soon.
var snapshotLimits = Limits{
	HashItems: 4, HashItemBytes: 64, SetInts: 4, SetItems: 4, SetItemBytes: 64,
	ZSetItems: 4, ZSetItemBytes: 64, ListSize: 4, StreamNodeBytes: 200, StreamNodeItems: 3,
}

// testRecord is what testEncoder makes of a key or of a part of one.
type testRecord struct {
	Key   []byte
	State []byte // of a small value
	Large *Large
	Part  *Part
	End   []byte
}

// testEncoder writes records as lines of JSON.
type testEncoder struct{ t testing.TB }

func (e testEncoder) line(dst []byte, r testRecord) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		e.t.Fatal(err)
	}
	return append(append(dst, b...), '\n')
}

func (e testEncoder) Record(dst []byte, it *Item) []byte {
	return e.line(dst, testRecord{Key: it.Key(), State: it.appendState(nil, 0)})
}

func (e testEncoder) Begin(dst []byte, it *Item, l *Large) []byte {
	return e.line(dst, testRecord{Key: it.Key(), Large: l, State: fmt.Append(nil, it.Deadline())})
}

func (e testEncoder) Part(dst []byte, _ *Large, p *Part) []byte {
	return e.line(dst, testRecord{Part: p})
}

func (e testEncoder) End(dst []byte, st *Stream) []byte {
	return e.line(dst, testRecord{End: endOfStream(st)})
}

func endOfStream(st *Stream) []byte {
	b := appendIDs(nil, st.LastID(), st.FirstID(), st.MaxDeletedID())
	b = fmt.Append(b, st.Len(), st.Added())
	for i := range st.Groups() {
		g := st.GroupAt(i)
		b = g.appendState(b)
	}
	return b
}

// contentOfPart is a part in a form that can be compared.
func contentOfPart(l *Large, p *Part) string {
	switch l.Type {
	case TypeHash:
		return fmt.Sprintf("%q=%q@%d", p.Key, p.Value, p.DeadlineMs)
	case TypeZSet:
		return fmt.Sprintf("%q=%v", p.Key, p.Score)
	case TypeSet:
		return fmt.Sprintf("%q", p.Key)
	}
	return fmt.Sprintf("%v:%d:%q", p.ID, p.Count, p.Items)
}

// snapshotState is what is comparable of a key: the parts of a large container
// without order in order of their text, those of lists joined, because leaves
// may be cut differently.
func snapshotState(l *Large, deadline string, parts []*Part, end []byte) string {
	var all []string
	if l.Type == TypeList {
		var items []byte
		for _, p := range parts {
			items = append(items, p.Items...)
		}
		return fmt.Sprintf("list %s %q", deadline, items)
	}
	for _, p := range parts {
		all = append(all, contentOfPart(l, p))
	}
	if l.Type != TypeStream {
		slices.Sort(all)
	}
	return fmt.Sprintf("%d %s %v %q", l.Type, deadline, all, end)
}

// liveState is what a snapshot would say about a key, read from the live item.
func liveState(it *Item) string {
	if !isLarge(it.l.kind) {
		return string(it.appendState(nil, 0))
	}
	l := &Large{Type: it.Type()}
	var parts []*Part
	var end []byte
	switch l.Type {
	case TypeHash:
		x := Hash{e: it.shard.engine, it: *it, there: true, n: it.shard.tableAt(it.root())}
		x.EachField(func(f, v []byte, d int64) bool {
			parts = append(parts, &Part{Key: bytes.Clone(f), Value: bytes.Clone(v), DeadlineMs: d})
			return true
		})
	case TypeSet:
		it.EachMember(func(m []byte) { parts = append(parts, &Part{Key: bytes.Clone(m)}) })
	case TypeZSet:
		var z ZSet
		_ = z.View(it)
		var c ZCursor
		for z.Seek(&c, 0, false); c.Next(); {
			parts = append(parts, &Part{Key: bytes.Clone(c.Member()), Score: c.Score()})
		}
	case TypeList:
		parts = append(parts, &Part{Items: listState(it.shard, it.root(), nil)})
	case TypeStream:
		st := it.Stream()
		st.EachNode(func(id StreamID, n int, items []byte) bool {
			parts = append(parts, &Part{ID: id, Count: n, Items: bytes.Clone(items)})
			return true
		})
		end = endOfStream(&st)
	}
	return snapshotState(l, fmt.Sprint(it.Deadline()), parts, end)
}

// liveStates reads all keys. REQUIRES: all shards are locked.
func liveStates(e *Engine) map[string]string {
	all := map[string]string{}
	for _, s := range e.shards {
		for db := range s.spaces {
			if s.spaces[db].t == nil {
				continue
			}
			s.spaces[db].t.forEachSegment(func(seg segment) bool {
				for at := range seg.buckets {
					b := seg.bucket(at)
					for m := b.occupied(); m != 0; m &= m - 1 {
						i := matchIndex(m)
						en := entryAt(s.region, slotRef(b.slots[i]))
						it := Item{s, &s.spaces[db], positionIn(seg, at, b, i), en, en.layout()}
						all[fmt.Sprintf("%d %q", db, it.Key())] = liveState(&it)
					}
				}
				return true
			})
		}
	}
	return all
}

// snapshotReader puts a snapshot's chunks together.
type snapshotReader struct {
	t      testing.TB
	states map[string]string

	key, deadline string // of the large container that is being read
	large         *Large
	parts         []*Part
	left          int
}

func (r *snapshotReader) chunk(c Chunk) {
	if c.Continued != (r.large != nil) {
		r.t.Fatalf("a chunk says that it goes on with a record: %v, and one is open: %v", c.Continued, r.large != nil)
	}
	for line := range bytes.Lines(c.Data) {
		var rec testRecord
		if err := json.Unmarshal(line, &rec); err != nil {
			r.t.Fatal(err)
		}
		r.record(c.DB, &rec)
	}
}

func (r *snapshotReader) record(db int, rec *testRecord) {
	switch {
	case rec.Part != nil:
		r.parts = append(r.parts, rec.Part)
		r.left--
	case rec.End != nil:
		r.close(rec.End)
		return
	case r.large != nil:
		r.t.Fatalf("key %s: %d parts are missing where %q begins", r.key, r.left, rec.Key)
	case rec.Large != nil:
		r.large, r.left, r.parts = rec.Large, rec.Large.Parts, nil
		r.key, r.deadline = fmt.Sprintf("%d %q", db, rec.Key), string(rec.State)
	default:
		r.add(fmt.Sprintf("%d %q", db, rec.Key), string(rec.State))
		return
	}
	if r.left == 0 && r.large.Type != TypeStream {
		r.close(nil)
	}
}

func (r *snapshotReader) close(end []byte) {
	if r.left != 0 {
		r.t.Fatalf("key %s: %d parts are missing", r.key, r.left)
	}
	r.add(r.key, snapshotState(r.large, r.deadline, r.parts, end))
	r.large = nil
}

func (r *snapshotReader) add(key, state string) {
	if _, twice := r.states[key]; twice {
		r.t.Fatalf("key %s is recorded twice", key)
	}
	r.states[key] = state
}

// snapshotHistory writes random things to an engine.
type snapshotHistory struct {
	t       testing.TB
	e       *Engine
	rng     *rand.Rand
	now     int64
	keys    int
	garbage []*Garbage
	sweeps  []Sweeper
	comp    *Compactor
}

func (h *snapshotHistory) word() []byte {
	switch h.rng.IntN(4) {
	case 0:
		return fmt.Append(nil, h.rng.IntN(1000)-500)
	case 1:
		return fmt.Append(nil, 100+h.rng.IntN(100)) // of one size, for changes in place
	}
	return bytes.Repeat([]byte{byte('a' + h.rng.IntN(26))}, 1+h.rng.IntN(60))
}

func (h *snapshotHistory) deadline() int64 {
	if h.rng.IntN(3) > 0 {
		return NoDeadline
	}
	return h.now + 1 + h.rng.Int64N(400)
}

func (h *snapshotHistory) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// step makes one random change.
func (h *snapshotHistory) step() {
	h.now += h.rng.Int64N(3)
	db := h.rng.IntN(2)
	switch n := h.rng.IntN(1000); {
	case n < 2:
		h.e.LockAll()
		h.garbage = append(h.garbage, h.e.Flush(db))
		h.e.UnlockAll()
		return
	case n < 4:
		h.e.LockAll()
		h.e.SwapDatabases(0, 1)
		h.e.UnlockAll()
		return
	case n < 20:
		h.e.EvictOne(nil)
		return
	case n < 60:
		s := h.e.shards[h.rng.IntN(len(h.e.shards))]
		s.Lock()
		h.sweeps[s.index].Sweep(s, h.now)
		s.SweepFields(h.now, 100)
		s.Reclaim(50)
		s.Unlock()
		return
	case n < 70:
		if len(h.garbage) > 0 {
			h.garbage[0].Discard(true)
			h.garbage = h.garbage[1:]
		}
		h.comp.EmptyChunk(false, nil)
		return
	}
	i := h.rng.IntN(h.keys)
	k := h.e.Key(fmt.Appendf(nil, "%c%d", "shtzlxr"[i%7], i))
	other := h.e.Key(fmt.Appendf(nil, "%c%d", "shtzlxr"[i%7], h.rng.IntN(h.keys/7)*7+i%7))
	h.e.LockAll()
	defer h.e.UnlockAll()
	switch h.rng.IntN(25) {
	case 0:
		h.e.Delete(db, k, h.now)
		return
	case 1, 2:
		if it, ok := h.e.Find(db, k, h.now); ok && !bytes.Equal(k.Name, other.Name) {
			if h.rng.IntN(2) == 0 {
				h.must(h.e.Rename(&it, db, other, h.now))
			} else {
				h.must(h.e.Copy(&it, 1-db, other, h.now))
			}
		}
		return
	case 3:
		if it, ok := h.e.Find(db, k, h.now); ok {
			h.must(it.SetDeadline(h.deadline()))
		}
		return
	}
	switch k.Name[0] {
	case 's', 'r':
		h.changeString(db, k)
	case 'h':
		h.changeHash(db, k)
	case 't':
		h.changeSet(db, k)
	case 'z':
		h.changeZSet(db, k)
	case 'l':
		h.changeList(db, k)
	case 'x':
		h.changeStream(db, k)
	}
}

func (h *snapshotHistory) changeString(db int, k Key) {
	a := Attrs{Deadline: h.deadline(), Item: h.rng.IntN(4) == 0, Flags: h.rng.Uint32(), CAS: h.rng.Uint64() >> 2}
	it, ok := h.e.Find(db, k, h.now)
	switch h.rng.IntN(6) {
	case 0:
		b, err := h.e.EditString(db, k, 1+h.rng.IntN(300), a, h.now)
		h.must(err)
		b[0] = '!'
	case 1:
		if _, isInt := it.Int(); ok && isInt {
			it.UpdateInt(h.rng.Int64())
		}
	case 2:
		w, err := h.e.Stage(db, k, 10+h.rng.IntN(50), EncGrown, a, h.now)
		h.must(err)
		copy(w.Value, bytes.Repeat([]byte("x"), len(w.Value)))
		w.Commit()
	case 3:
		if ok {
			h.must(it.SetMarks(Marks(h.rng.IntN(4))))
		}
	case 4:
		if ok {
			it.SetCAS(h.rng.Uint64() >> 2)
		}
	default:
		h.must(h.e.SetString(db, k, h.word(), a, h.now))
	}
}

func (h *snapshotHistory) changeHash(db int, k Key) {
	var x Hash
	if _, err := h.e.OpenHash(&x, db, &k, h.now); err != nil {
		return
	}
	for i := range 1 + h.rng.IntN(30) {
		field := fmt.Appendf(nil, "f%d", h.rng.IntN(4+i%2*60))
		var err error
		switch h.rng.IntN(6) {
		case 0:
			if x.There() {
				_, err = x.Delete(field)
			}
		case 1:
			if x.There() && x.Has(field) {
				err = x.SetFieldDeadline(field, h.deadline())
			}
		default:
			deadline := h.deadline()
			if h.rng.IntN(2) == 0 {
				deadline = KeepDeadline
			}
			_, err = x.Set(field, h.word(), deadline, &snapshotLimits)
		}
		h.must(err)
	}
}

func (h *snapshotHistory) changeSet(db int, k Key) {
	var x Set
	if _, err := h.e.OpenSet(&x, db, &k, h.now); err != nil {
		return
	}
	for range 1 + h.rng.IntN(30) {
		var err error
		switch h.rng.IntN(5) {
		case 0:
			_, err = x.Remove(h.word())
		case 1:
			if n := x.Len(); n > 1 {
				err = x.Pop(h.rng.Uint64(), 1+h.rng.IntN(min(3, n-1)), func([]byte) {})
			}
		default:
			_, err = x.Add(h.word(), 1, &snapshotLimits)
		}
		h.must(err)
	}
}

func (h *snapshotHistory) changeZSet(db int, k Key) {
	var z ZSet
	if _, err := z.Open(h.e, db, k, h.now, &snapshotLimits); err != nil {
		return
	}
	z.Begin(30)
	for range 1 + h.rng.IntN(30) {
		member, score := h.word(), float64(h.rng.IntN(100))
		at, _, ok := z.Find(member)
		switch n := h.rng.IntN(5); {
		case n == 0:
			z.Remove(member)
		case ok:
			h.must(z.Update(at, member, score))
		default:
			h.must(z.Insert(at, member, score))
		}
	}
	h.must(z.Commit())
	if n := z.Len(); n > 3 && h.rng.IntN(3) == 0 {
		z.RemoveRanks(n/3, n/2)
		h.must(z.Commit())
	}
}

func (h *snapshotHistory) changeList(db int, k Key) {
	it, ok := h.e.Find(db, k, h.now)
	if !ok {
		h.must(h.e.NewList(db, k, Tail, [][]byte{h.word(), h.word()}, &snapshotLimits, h.now))
		return
	}
	if it.Type() != TypeList {
		return
	}
	for range 1 + h.rng.IntN(8) {
		it, ok = h.e.Find(db, k, h.now)
		if !ok {
			return
		}
		l := it.List()
		end := ListEnd(h.rng.IntN(2))
		word := bytes.Repeat(h.word(), 1+h.rng.IntN(8))
		var err error
		switch h.rng.IntN(8) {
		case 0:
			err = l.Pop(end, 1+h.rng.IntN(min(3, l.Len())), &snapshotLimits)
		case 1:
			err = l.Insert(h.rng.IntN(l.Len()+1), word, &snapshotLimits)
		case 2:
			err = l.Set(h.rng.IntN(l.Len()), word, &snapshotLimits)
		case 3:
			_, err = l.RemoveEqual(h.word(), 2, h.rng.IntN(2) == 0, &snapshotLimits)
		case 4:
			if n := l.Len(); h.rng.IntN(10) == 0 {
				err = l.Trim(n/4, n/2, &snapshotLimits)
			} else {
				err = l.Rotate(end, end.other())
			}
		default:
			err = l.Push(end, [][]byte{word, h.word(), h.word()}, &snapshotLimits)
		}
		h.must(err)
	}
}

func (h *snapshotHistory) changeStream(db int, k Key) {
	it, ok := h.e.Find(db, k, h.now)
	if !ok {
		_, err := h.e.CreateStream(db, k, h.now)
		h.must(err)
		it, _ = h.e.Find(db, k, h.now)
	}
	if it.Type() != TypeStream {
		return
	}
	st := it.Stream()
	for range 1 + h.rng.IntN(10) {
		last := st.LastID()
		id := StreamID{last.Ms + uint64(h.rng.IntN(2)), last.Seq + 1}
		some := StreamID{uint64(h.rng.IntN(int(last.Ms + 1))), last.Seq - min(last.Seq, uint64(h.rng.IntN(20)))}
		group := fmt.Appendf(nil, "g%d", h.rng.IntN(3))
		switch h.rng.IntN(14) {
		case 12:
			st.SetLastID(StreamID{last.Ms + 1, 0})
		case 13:
			st.SetAdded(st.Added() + 1)
			st.SetMaxDeletedID(some)
		case 0:
			st.Delete(some)
		case 1:
			st.Trim(&StreamTrim{Len: st.Len() / 2, About: h.rng.IntN(2) == 0})
		case 2:
			_, err := st.CreateGroup(group, some, 1)
			h.must(err)
		case 3:
			if h.rng.IntN(4) == 0 {
				st.DeleteGroup(group)
			}
		case 4, 5, 6:
			h.changeGroup(&st, group, some)
		default:
			h.must(st.Append(id, [][]byte{[]byte("f"), h.word(), h.word(), h.word()}, &snapshotLimits))
		}
	}
}

func (h *snapshotHistory) changeGroup(st *Stream, name []byte, id StreamID) {
	g, ok := st.Group(name)
	if !ok {
		return
	}
	who := fmt.Appendf(nil, "c%d", h.rng.IntN(3))
	c, ok := g.Consumer(who)
	switch n := h.rng.IntN(7); {
	case n == 6:
		g.SetRead(g.Read() + 1)
	case n == 0:
		g.SetLastID(id)
	case n == 1:
		g.Ack(id)
	case n == 2 && ok:
		g.DeleteConsumer(who)
	case !ok:
		_, err := g.CreateConsumer(who, h.now)
		h.must(err)
	default:
		h.must(g.Reserve(id))
		g.Assign(id, &c, h.now, 1)
	}
}

// TestSnapshotIsTheCut proves that a snapshot has what was there at the cut,
// whatever is written, removed, flushed, swapped, evicted or moved while it is
// taken, and that nothing of it stays behind.
func TestSnapshotIsTheCut(t *testing.T) {
	for seed := range uint64(max(4, 40/slowdown)) {
		h := &snapshotHistory{t: t, e: shardedEngine(t, 4), rng: rand.New(rand.NewPCG(seed, 1)), now: testNow, keys: 7 * (1 + int(seed%9)*20)}
		h.sweeps, h.comp = make([]Sweeper, 4), h.e.NewCompactor()
		h.e.SetLimit(3 << 30)
		for round := range 2 {
			for range 300 {
				h.step()
			}
			h.snapshot(fmt.Sprintf("seed %d, round %d", seed, round), 1+h.rng.IntN(400))
		}
		h.empty(fmt.Sprintf("seed %d", seed))
	}
}

// empty removes everything and tells of memory that nothing refers to.
func (h *snapshotHistory) empty(name string) {
	h.t.Helper()
	h.e.LockAll()
	for db := range h.e.databases {
		h.garbage = append(h.garbage, h.e.Flush(db))
	}
	h.e.UnlockAll()
	for _, g := range h.garbage {
		g.Discard(true)
	}
	h.comp.Close()
	for _, s := range h.e.shards {
		for s.Reclaim(1 << 20) {
		}
		if n := s.heap.Used(); n != 0 {
			h.t.Errorf("%s: shard %d: %d bytes are left when all is removed", name, s.index, n)
		}
	}
	if h.e.Discarding() {
		h.t.Errorf("%s: the engine thinks that something is to be discarded", name)
	}
}

// snapshot takes one beside a history, which makes up to so many steps between
// two chunks.
func (h *snapshotHistory) snapshot(name string, pace int) {
	h.t.Helper()
	var want map[string]string
	sn, err := h.e.Cut(testEncoder{h.t}, func() { want = liveStates(h.e) })
	h.must(err)
	defer sn.Close()
	sn.chunk, sn.slice = 1<<h.rng.IntN(18), 1<<h.rng.IntN(7)
	if _, err := h.e.Cut(testEncoder{h.t}, nil); err != ErrSnapshotRuns {
		h.t.Fatalf("%s: a second cut: %v", name, err)
	}
	r := snapshotReader{t: h.t, states: map[string]string{}}
	for h.rng.IntN(200) > 0 {
		for range h.rng.IntN(pace) {
			h.step()
		}
		c, ok, err := sn.Next()
		h.must(err)
		if !ok {
			break
		}
		r.chunk(c)
	}
	for {
		c, ok, err := sn.Next()
		if err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
		if !ok {
			break
		}
		r.chunk(c)
	}
	for key, state := range want {
		if got, ok := r.states[key]; !ok {
			h.t.Errorf("%s: key %s is missing", name, key)
		} else if got != state {
			h.t.Errorf("%s: key %s is\n%.300s, was\n%.300s", name, key, got, state)
		}
	}
	if len(r.states) != len(want) || sn.PendingBytes() != 0 {
		h.t.Errorf("%s: %d keys are recorded of %d, and %d bytes wait", name, len(r.states), len(want), sn.PendingBytes())
	}
	if h.t.Failed() {
		h.t.FailNow()
	}
}

// TestSnapshotAborted proves that a snapshot which is given up leaves nothing
// behind and that the next one is complete.
func TestSnapshotAborted(t *testing.T) {
	for seed := range uint64(max(3, 20/slowdown)) {
		h := &snapshotHistory{t: t, e: shardedEngine(t, 4), rng: rand.New(rand.NewPCG(seed, 2)), now: testNow, keys: 140}
		h.sweeps, h.comp = make([]Sweeper, 4), h.e.NewCompactor()
		for range 1000 {
			h.step()
		}
		sn, err := h.e.Cut(testEncoder{t}, nil)
		h.must(err)
		sn.chunk, sn.slice = 1000, 4
		for range 3 {
			_, _, err := sn.Next()
			h.must(err)
			for range 200 {
				h.step()
			}
		}
		sn.Close()
		h.snapshot(fmt.Sprintf("seed %d", seed), 100)
		h.empty(fmt.Sprintf("seed %d", seed))
	}
}

// TestSnapshotOfTablesThatSplitAndMerge proves the same for a keyspace and a
// hash so large that their tables have many segments, which split and merge
// while the snapshot is taken.
func TestSnapshotOfTablesThatSplitAndMerge(t *testing.T) {
	const most = 24_000
	h := &snapshotHistory{t: t, e: shardedEngine(t, 1), rng: rand.New(rand.NewPCG(7, 7)), now: testNow}
	h.comp = h.e.NewCompactor()
	s, big := h.e.shards[0], h.e.Key([]byte("hash"))
	// change writes some of the first n keys and fields and deletes some of the
	// others.
	change := func(n int) {
		s.Lock()
		defer s.Unlock()
		var x Hash
		if _, err := h.e.OpenHash(&x, 0, &big, h.now); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			i := h.rng.IntN(most)
			k := h.e.Key(keyName(i))
			if i < n {
				h.must(h.e.SetString(0, k, h.word(), Attrs{Deadline: NoDeadline}, h.now))
				_, err := x.Set(k.Name, h.word(), NoDeadline, &snapshotLimits)
				h.must(err)
			} else {
				h.e.Delete(0, k, h.now)
				_, err := x.Delete(k.Name)
				h.must(err)
			}
		}
	}
	rounds := [][3]int{{0, 9_000, most}, {most, most, 1_000}, {most, 11_000, 7_000}, {0, 13_000, most}, {most, 10_500, 6_000}}
	for round, keys := range rounds[:max(1, len(rounds)/slowdown)] {
		for i := range 800 {
			change(keys[i/400])
		}
		var want map[string]string
		sn, err := h.e.Cut(testEncoder{t}, func() { want = liveStates(h.e) })
		h.must(err)
		sn.chunk, sn.slice = 1<<10, 3
		r := snapshotReader{t: t, states: map[string]string{}}
		for {
			change(keys[2])
			c, ok, err := sn.Next()
			h.must(err)
			if !ok {
				break
			}
			r.chunk(c)
		}
		sn.Close()
		for key, state := range want {
			if r.states[key] != state {
				t.Fatalf("round %d: key %s is\n%.200s, was\n%.200s", round, key, r.states[key], state)
			}
		}
		if len(r.states) != len(want) {
			t.Fatalf("round %d: %d keys are recorded of %d", round, len(r.states), len(want))
		}
	}
	h.empty("at the end")
}
