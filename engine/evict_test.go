package engine

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"larder/engine/policy"
)

// keyOf is the name of key i.
func keyOf(i int) []byte { return binary.LittleEndian.AppendUint64([]byte("key:"), uint64(i)) }

func newTestEngine(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// put stores a value of n bytes under key i and evicts as a server does.
func put(t testing.TB, e *Engine, db, i, n int, deadlineMs int64) {
	t.Helper()
	for e.Excess() > 0 && e.EvictOne(nil) == EvictedEntry {
	}
	k := e.Key(keyOf(i))
	k.Shard.Lock()
	err := e.SetString(db, k, value(i, n), Attrs{Deadline: deadlineMs}, 1)
	k.Shard.Unlock()
	if err != nil {
		t.Fatalf("key %d: %v", i, err)
	}
}

// value is the n bytes that key i holds in tests.
func value(i, n int) []byte {
	v := make([]byte, n)
	for j := range v {
		v[j] = 'a' + byte((i+j)%23)
	}
	return v
}

// TestHandleLeadsBack proves that the bits of a hash that a handle keeps are
// those that the index finds the entry by, at every width that a policy has.
func TestHandleLeadsBack(t *testing.T) {
	for n := uint(24); n <= 40; n++ {
		for range 1000 {
			h := rand.Uint64()
			handle := handleOf(h, n)
			if handle>>n != 0 {
				t.Fatalf("%d bits: the handle %#x of %#x is wider", n, handle, h)
			}
			dir, pos := hashOfHandle(handle, n)
			if want := h >> (80 - n) << (80 - n); dir != want || pos != hashPos(h) {
				t.Fatalf("%d bits: %#x came back as %#x, position %#x", n, h, dir, pos)
			}
		}
	}
}

// TestWindowIsFound proves that the policy's queue leads to the entries that
// carry its mark: marks whose handle is gone would never be taken away, and
// every look would pass over them.
func TestWindowIsFound(t *testing.T) {
	e := newTestEngine(t, Options{Shards: 4})
	e.SetPolicy(policy.AllKeysAdaptive)
	e.SetLimit(8 << 20)
	for i := range 300_000 {
		put(t, e, 0, i, 20, NoDeadline)
	}
	entries, marked := 0, 0
	for _, s := range e.Shards() {
		s.spaces[0].t.forEachSegment(func(seg segment) bool {
			for at := range seg.buckets {
				b := seg.bucket(at)
				for m := b.occupied(); m != 0; m &= m - 1 {
					entries++
					if policyMeta(b.slots[matchIndex(m)])&policy.Window != 0 {
						marked++
					}
				}
			}
			return true
		})
	}
	if marked == 0 || marked*4 > entries {
		t.Errorf("%d of %d entries are in the window; it holds 16 %%", marked, entries)
	}
}
