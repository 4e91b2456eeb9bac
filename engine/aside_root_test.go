package engine

import (
	"fmt"
	"testing"
)

// TestSnapshotLeavesOutWhatIsMadeAside begins a snapshot while sets are built and
// copied aside: it records none of them, and keeps nothing of them either, though
// they grow, become keys' values and change before it ends.
func TestSnapshotLeavesOutWhatIsMadeAside(t *testing.T) {
	e := newTestEngine(t, Options{Shards: 1})
	s := e.Shards()[0]
	lim := DefaultLimits()
	key := func(name string) Key { return e.Key([]byte(name)) }
	const half = 5000
	member := func(i int) []byte { return fmt.Appendf(nil, "member%d", i) }

	s.Lock()
	source := NewZSetBuilder(s, true, &lim)
	for i := range half {
		if err := source.Add(member(i), float64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := source.Store(e, 0, key("source"), testNow, &lim); err != nil {
		t.Fatal(err)
	}
	sorted, plain := NewZSetBuilder(s, true, &lim), NewSetBuilder(s, true, &lim)
	var sn *Snapshot
	cut := func() {
		s.Unlock()
		var err error
		if sn, err = e.Cut(testEncoder{t}, nil); err != nil {
			t.Fatal(err)
		}
		s.Lock()
	}
	grow := func(from int) {
		for i := from; i < from+half; i++ {
			if err := sorted.Add(member(i), 1); err != nil {
				t.Fatal(err)
			}
			if err := plain.Add(member(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	grow(0)
	it, _ := e.Peek(0, key("source"), testNow)
	made, ok := it.CopyLarge(s, func() bool {
		if sn == nil {
			cut()
		}
		return true
	})
	if !ok || sn == nil {
		t.Fatalf("copied: %v, begun: %v", ok, sn != nil)
	}
	defer sn.Close()
	grow(half)
	it, _ = e.Peek(0, key("source"), testNow)
	if err := e.CopyInto(&it, made, 0, key("copy"), testNow); err != nil {
		t.Fatal(err)
	}
	if err := sorted.Store(e, 0, key("sorted"), testNow, &lim); err != nil {
		t.Fatal(err)
	}
	if err := plain.Store(e, 0, key("plain"), testNow); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy", "sorted"} {
		var z ZSet
		if _, err := z.Open(e, 0, key(name), testNow, &lim); err != nil {
			t.Fatal(err)
		}
		for i := range half {
			z.Remove(member(i))
		}
		if err := z.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	s.Unlock()
	if n := sn.PendingBytes(); n != 0 {
		t.Errorf("%d bytes wait of what was not there at the cut", n)
	}
	r := snapshotReader{t: t, states: map[string]string{}}
	for {
		c, ok, err := sn.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		r.chunk(c)
	}
	if len(r.states) != 1 {
		t.Errorf("%d keys are recorded, want the source only", len(r.states))
	}
}
