package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/engine/mem"
)

// nestedFixture is a nested table beside a Go map that holds the same.
type nestedFixture struct {
	n     nested
	model map[string]string // member -> value
	due   map[string]int64  // member -> deadline, if it has one
}

func newNestedFixture(t testing.TB, s *Shard, hint int) *nestedFixture {
	t.Helper()
	f := &nestedFixture{nested{s, new(nestedRoot), new(containerHeader)}, map[string]string{}, map[string]int64{}}
	if err := f.n.start(hint); err != nil {
		t.Fatal(err)
	}
	return f
}

// put sets a member, with a deadline unless it is never.
func (f *nestedFixture) put(t testing.TB, key, value string, deadline int64) {
	t.Helper()
	h := f.n.s.engine.Hash([]byte(key))
	hd := header{typ: TypeString, enc: EncBytes, deadline: deadline}
	p, e, ok := f.n.find(h, []byte(key))
	var dst []byte
	var err error
	if ok {
		_, dst, err = f.n.replace(p, e, []byte(key), &hd, len(value))
	} else {
		_, dst, err = f.n.insert(h, []byte(key), &hd, len(value))
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(dst, value)
	f.model[key] = value
	delete(f.due, key)
	if deadline != never {
		f.due[key] = deadline
	}
}

func (f *nestedFixture) drop(t testing.TB, key string) {
	t.Helper()
	p, e, ok := f.n.find(f.n.s.engine.Hash([]byte(key)), []byte(key))
	if _, want := f.model[key]; ok != want {
		t.Fatalf("%q: found is %v", key, ok)
	}
	if ok {
		f.n.remove(p, e)
	}
	delete(f.model, key)
	delete(f.due, key)
}

// check compares the table with the model, and what it counts with what it holds.
func (f *nestedFixture) check(t testing.TB) {
	t.Helper()
	if f.n.count() != len(f.model) || int(f.n.r.deadlines) != len(f.due) {
		t.Fatalf("%d entries, %d deadlines; want %d and %d", f.n.count(), f.n.r.deadlines, len(f.model), len(f.due))
	}
	used, seen := uint64(0), 0
	sp := f.n.open()
	next := uint64(0)
	sp.t.forEachSegment(func(seg segment) bool {
		if hd := seg.header(); uint64(hd.prefix)<<(64-hd.depth) != next {
			t.Fatalf("a segment has the prefix %x where %x was due", hd.prefix, next)
		}
		next = behindSegment(seg.header())
		n, err := checkSegment(f.n.s, sp, seg)
		if err != nil {
			t.Fatal(err)
		}
		used += n + uint64(mem.RoundUp(segmentBytes[seg.header().size]))
		return true
	})
	if f.n.r.depth > 0 {
		used += uint64(mem.RoundUp(8 << f.n.r.depth))
	}
	if used != f.n.hd.bytes {
		t.Fatalf("%d bytes are in use, %d are counted", used, f.n.hd.bytes)
	}
	f.n.each(func(e entry) bool {
		key := string(e.key())
		l := e.layout()
		if want, ok := f.model[key]; !ok || want != string(e.bytes(l.value, l.valueLen)) {
			t.Fatalf("%q holds %q, want %q", key, e.bytes(l.value, l.valueLen), want)
		}
		deadline, ok := f.due[key]
		if !ok {
			deadline = never
		}
		if e.deadline() != deadline {
			t.Fatalf("%q expires at %d, want %d", key, e.deadline(), deadline)
		}
		if e.deadline() < f.n.due() {
			t.Fatalf("%q expires at %d, the table not before %d", key, e.deadline(), f.n.due())
		}
		seen++
		return true
	})
	if seen != len(f.model) {
		t.Fatalf("%d entries were visited of %d", seen, len(f.model))
	}
}

// TestNestedHistory changes a table at random while it grows to many segments
// and shrinks again, and reclaims, copies and frees it on the way.
func TestNestedHistory(t *testing.T) {
	e := shardedEngine(t, 2)
	e.LockAll()
	defer e.UnlockAll()
	s := e.Shards()[0]
	r := rand.New(rand.NewPCG(1, 2))
	f := newNestedFixture(t, s, 0)
	now := int64(testNow)
	for _, phase := range []struct{ steps, put, drop int }{{30000, 9, 1}, {20000, 5, 5}, {50000, 1, 9}} {
		for range phase.steps {
			key := fmt.Sprint("m", r.IntN(25000))
			switch n := r.IntN(phase.put + phase.drop); {
			case n >= phase.put:
				f.drop(t, key)
			case r.IntN(4) == 0:
				f.put(t, key, fmt.Sprint(r.IntN(1e9)), now+1+r.Int64N(100000))
			default:
				f.put(t, key, string(make([]byte, r.IntN(40))), never)
			}
		}
		f.check(t)
		now += 30000
		for more := true; more; {
			_, more = f.n.reclaim(now, 2000)
		}
		for key, deadline := range f.due {
			if deadline <= now {
				delete(f.due, key)
				delete(f.model, key)
			}
		}
		f.check(t)
		c := &nestedFixture{nested{e.Shards()[1], new(nestedRoot), new(containerHeader)}, f.model, f.due}
		if err := f.n.copyTo(c.n, nil); err != nil {
			t.Fatal(err)
		}
		c.check(t)
		for done := false; !done; {
			_, done = c.n.freeSlots(100)
		}
		if c.n.s.heap.Used() != 0 {
			t.Fatalf("%d bytes are left of a freed copy", c.n.s.heap.Used())
		}
	}
	for done := false; !done; {
		_, done = f.n.freeSlots(1000)
	}
	if s.heap.Used() != 0 {
		t.Fatalf("%d bytes are left of a freed table", s.heap.Used())
	}
}

// TestNestedScan holds an iteration to its guarantee while the table grows and
// shrinks between the calls.
func TestNestedScan(t *testing.T) {
	e := shardedEngine(t, 1)
	e.LockAll()
	defer e.UnlockAll()
	for _, tc := range []struct{ from, to int }{{100, 100}, {300, 40000}, {40000, 300}, {20000, 20000}} {
		f := newNestedFixture(t, e.Shards()[0], 0)
		for i := range tc.from {
			f.put(t, fmt.Sprint(i), "v", never)
		}
		stay := min(tc.from, tc.to, 300)
		seen := make([]int, max(tc.from, tc.to))
		at, calls := tc.from, 0
		for c := Cursor(0); calls == 0 || c != 0; calls++ {
			c = f.n.scan(c, 200, testNow, func(e entry) {
				var i int
				if _, err := fmt.Sscan(string(e.key()), &i); err != nil {
					t.Fatal(err)
				}
				seen[i]++
			})
			for range 600 {
				switch {
				case at < tc.to:
					f.put(t, fmt.Sprint(at), "v", never)
					at++
				case at > tc.to:
					at--
					f.drop(t, fmt.Sprint(at))
				}
			}
		}
		for i := range stay {
			if seen[i] == 0 || tc.from == tc.to && seen[i] != 1 {
				t.Fatalf("from %d to %d: element %d was returned %d times", tc.from, tc.to, i, seen[i])
			}
		}
		if tc.from == 20000 && calls < 50 {
			t.Fatalf("20000 elements took %d calls of 200 slots", calls)
		}
		f.n.freeSlots(never)
	}
}

// TestNestedNoRoom makes copies and inserts fail: they change nothing.
func TestNestedNoRoom(t *testing.T) {
	e := newTestEngine(t, Options{Shards: 1, Databases: 1, Seed: 1, Memory: mem.Options{ReserveBytes: 1 << 30}})
	e.SetLimit(4 << 20)
	s := e.Shards()[0]
	s.Lock()
	defer s.Unlock()
	f := newNestedFixture(t, s, 0)
	var err error
	for i := 0; err == nil; i++ {
		key := fmt.Appendf(nil, "%d", i)
		var dst []byte
		hd := header{deadline: never}
		if _, dst, err = f.n.insert(e.Hash(key), key, &hd, 100); err == nil {
			clear(dst)
			f.model[string(key)] = string(dst)
		}
	}
	if !errors.Is(err, ErrNoRoom) {
		t.Fatal(err)
	}
	f.check(t)
	before := s.heap.Used()
	c := nested{s, new(nestedRoot), new(containerHeader)}
	if err := f.n.copyTo(c, nil); !errors.Is(err, ErrNoRoom) {
		t.Fatalf("copy beyond the limit: %v", err)
	}
	if _, done := c.freeSlots(never); !done {
		t.Fatal("what there is of a copy that failed cannot be freed at once")
	}
	if got := s.heap.Used(); got != before {
		t.Fatalf("a copy that failed left %d bytes", got-before)
	}
	f.check(t)
}
