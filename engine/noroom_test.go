package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/engine/mem"
)

// Whatever returns ErrNoRoom has changed nothing, so that the caller can make
// room and run the command again.
func TestNoRoomChangesNothing(t *testing.T) {
	refused := map[string]int{}
	for _, valueBytes := range []int{3, 60, 900, 100_000} {
		t.Run(fmt.Sprint(valueBytes, " bytes"), func(t *testing.T) {
			e := newTestEngine(t, Options{Shards: 2, Databases: 2, Memory: mem.Options{ReserveBytes: 1 << 30}})
			e.region.SetLimit(6 << 20)
			r := rand.New(rand.NewPCG(uint64(valueBytes), 5))
			keys := fillUp(t, e, valueBytes)
			for range 2000 {
				name, err := tryChange(t, e, r, keys, valueBytes)
				if err == nil {
					// Make a little room, so that not everything fails.
					k := e.Key(keyName(r.IntN(keys)))
					k.Shard.Lock()
					e.Delete(0, k, testNow)
					k.Shard.Unlock()
					continue
				}
				if !errors.Is(err, ErrNoRoom) {
					t.Fatalf("%s: %v", name, err)
				}
				refused[name]++
			}
			if err := checkEngine(e); err != nil {
				t.Error(err)
			}
		})
	}
	for _, name := range []string{"set", "edit", "set several", "deadline", "copy", "rename", "marks"} {
		if refused[name] == 0 {
			t.Errorf("%s always found room: %v", name, refused)
		}
	}
}

// fillUp stores keys until there is no room and returns how many it tried.
func fillUp(t *testing.T, e *Engine, valueBytes int) (keys int) {
	value := bytes.Repeat([]byte{'v'}, valueBytes)
	for failed := 0; failed < 20; keys++ {
		k := e.Key(keyName(keys))
		k.Shard.Lock()
		err := e.SetString(0, k, value, Attrs{Deadline: NoDeadline}, testNow)
		k.Shard.Unlock()
		if err != nil {
			failed++
		}
		if keys > 1<<20 {
			t.Fatal("the limit is not reached")
		}
	}
	return keys
}

// tryChange runs a random write. When it fails, the keys must be as before.
func tryChange(t *testing.T, e *Engine, r *rand.Rand, keys, valueBytes int) (name string, err error) {
	t.Helper()
	value := bytes.Repeat([]byte{'w'}, r.IntN(3*valueBytes+1))
	a := Attrs{Deadline: NoDeadline, Item: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		a.Deadline = testNow + 1000
	}
	k := []Key{e.Key(keyName(r.IntN(2 * keys))), e.Key(keyName(r.IntN(2 * keys))), e.Key(keyName(r.IntN(2 * keys))), e.Key(keyName(r.IntN(2 * keys)))}
	e.LockAll()
	defer e.UnlockAll()
	before := stateOf(e, k)
	it, found := e.Find(0, k[0], testNow)
	switch n := r.IntN(8); {
	case n == 0:
		name, err = "set", e.SetString(0, k[0], value, a, testNow)
	case n == 1:
		name = "edit"
		_, err = e.EditString(0, k[0], 2*valueBytes+r.IntN(4*valueBytes), a, testNow)
	case n == 2 || n == 3:
		name, err = "set several", e.SetStrings(0, k, func(i int) ([]byte, Attrs) { return value, a }, testNow)
	case n == 4 && found:
		name, err = "deadline", it.SetDeadline(testNow+5)
	case n == 5 && found:
		name, err = "copy", e.Copy(&it, 1, k[1], testNow)
	case n == 6 && found:
		name, err = "rename", e.Rename(&it, 1, k[1], testNow)
	case n == 7 && found:
		name, err = "marks", it.SetMarks(MarkStale)
	}
	if err != nil && !bytes.Equal(before, stateOf(e, k)) {
		t.Fatalf("%s found no room and has changed something", name)
	}
	return name, err
}

// stateOf is what the keys hold in both databases, and how many keys there are.
func stateOf(e *Engine, keys []Key) (state []byte) {
	for db := range e.databases {
		for _, s := range e.shards {
			n, deadlines := s.Len(db)
			state = fmt.Append(state, n, deadlines)
		}
		for _, k := range keys {
			if it, ok := e.Peek(db, k, testNow); ok {
				state = it.appendState(state, testNow)
			}
			state = append(state, ';')
		}
	}
	return state
}
