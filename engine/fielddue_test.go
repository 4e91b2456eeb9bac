package engine

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"larder/engine/mem"
)

// setFields makes a hash of n fields that expire at testNow+1 … testNow+n.
func setFields(t *testing.T, e *Engine, db int, name string, n int) {
	t.Helper()
	lim := DefaultLimits()
	key(e, name, func(k Key) {
		var x Hash
		if _, err := e.OpenHash(&x, db, &k, testNow); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if _, err := x.Set([]byte(strconv.Itoa(i)), []byte("v"), int64(testNow+1+i), &lim); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// sweepFields drops all that is due.
func sweepFields(e *Engine, nowMs int64) (dropped int) {
	for _, s := range e.shards {
		for more := true; more; {
			var n int
			s.Lock()
			n, more = s.SweepFields(nowMs, 100)
			s.Unlock()
			dropped += n
		}
	}
	return dropped
}

// TestFieldsExpire proves that fields are dropped by whoever comes first, the
// sweep or a lookup, that the observer hears of it, and that a key goes with
// its last field; also where the hash has come by a rename, a copy or a swap.
func TestFieldsExpire(t *testing.T) {
	for _, n := range []int{2, 3000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			var got heard
			e := newTestEngine(t, Options{Shards: 2, Databases: 2, Seed: 5, Memory: mem.Options{ReserveBytes: 1 << 30}})
			e.SetObserver(&got)
			for _, name := range []string{"swept", "looked", "renamed", "copied", "deleted"} {
				setFields(t, e, 0, name, n)
			}
			transfer := func(how func(*Item, int, Key, int64) error, from, to string) {
				e.LockAll()
				defer e.UnlockAll()
				it, _ := e.Find(0, e.Key([]byte(from)), testNow)
				if err := how(&it, 0, e.Key([]byte(to)), testNow); err != nil {
					t.Fatal(err)
				}
			}
			transfer(e.Rename, "renamed", "new name")
			transfer(e.Copy, "copied", "copy")
			e.LockAll()
			e.SwapDatabases(0, 1)
			e.UnlockAll()

			half := testNow + int64(n/2)
			if want := 6 * (n / 2); sweepFields(e, half) != want {
				t.Errorf("the sweep did not drop %d fields", want)
			}
			key(e, "looked", func(k Key) {
				var x Hash
				if there, err := e.OpenHash(&x, 1, &k, testNow+int64(n)); there || err != nil {
					t.Errorf("a hash is there after its last field has expired: %v, %v", there, err)
				}
			})
			key(e, "deleted", func(k Key) {
				if e.Delete(1, k, testNow+int64(n)) {
					t.Error("a hash was deleted after its last field had expired")
				}
			})
			for c, first := Cursor(0), true; first || c != 0; first = false {
				index, _ := e.CursorShard(c)
				e.shards[index].Lock()
				c = e.Scan(1, c, 100, testNow+int64(n), func(it Item) { t.Errorf("a scan returns %q", it.Key()) })
				e.shards[index].Unlock()
			}
			sweepFields(e, testNow+int64(n))
			keys := 0
			for _, s := range e.shards {
				s.Lock()
				count, _ := s.Len(1)
				keys += count
				for s.Reclaim(1000) {
				}
				s.Unlock()
			}
			if keys != 0 {
				t.Errorf("%d keys are left", keys)
			}
			for _, name := range []string{"swept", "looked", "new name", "copied", "copy", "deleted"} {
				for _, last := range []bool{false, true} {
					if event := fmt.Sprintf("fields 1 %s %v", name, last); !slices.Contains(got, event) {
						t.Errorf("the observer has not heard %q", event)
					}
				}
			}
			e.LockAll()
			defer e.UnlockAll()
			if err := checkEngine(e); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFieldDuesBounded sets deadlines ever earlier, each of which adds an item
// to the heap of times.
func TestFieldDuesBounded(t *testing.T) {
	e := shardedEngine(t, 1)
	setFields(t, e, 0, "hash", 1)
	key(e, "hash", func(k Key) {
		var x Hash
		_, _ = e.OpenHash(&x, 0, &k, testNow)
		for i := range 10000 {
			if err := x.SetFieldDeadline([]byte("0"), testNow+20000-int64(i)); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				k.Shard.SweepFields(testNow, 100)
			}
			if n := len(k.Shard.spaces[0].due.items); n > dueSlack+200 {
				t.Fatalf("the heap has %d items for one hash", n)
			}
		}
	})
	if n := sweepFields(e, testNow+30000); n != 1 {
		t.Errorf("%d fields were dropped, want the one", n)
	}
}
