package engine

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"larder/engine/mem"

	"pgregory.net/rapid"
)

// model is a plain map for each database, and several engines that are to hold
// the same: with different numbers of shards, and one with an earlier life.
type model struct {
	now     int64
	data    [modelDatabases]map[string]modelEntry
	engines []*modelEngine
	casUsed uint64
}

const modelDatabases = 3

// modelEntry is what a key holds.
type modelEntry struct {
	content []byte
	enc     Encoding
	a       Attrs
}

type modelEngine struct {
	*Engine
	name      string
	sweepers  []Sweeper
	garbage   []*Garbage
	compactor *Compactor
}

func newModel(t *rapid.T) *model {
	m := &model{now: testNow}
	for db := range m.data {
		m.data[db] = map[string]modelEntry{}
	}
	for _, shards := range []int{1, 8} {
		m.engines = append(m.engines, openModelEngine(t, shards))
	}
	old := openModelEngine(t, 2)
	old.name += " with an earlier life"
	for i := range 4000 / slowdown {
		k := old.Key(keyName(i))
		k.Shard.Lock()
		if err := old.SetString(i%modelDatabases, k, bytes.Repeat([]byte{'x'}, i%300), Attrs{Deadline: testNow - 1000 + int64(i%50)}, testNow-2000); err != nil {
			t.Fatal(err)
		}
		k.Shard.Unlock()
	}
	old.garbage = append(old.garbage, old.Flush(1)) // the others hold expired keys
	m.engines = append(m.engines, old)
	return m
}

func openModelEngine(t *rapid.T, shards int) *modelEngine {
	e, err := New(Options{Shards: shards, Databases: modelDatabases, Seed: Seed(shards), Memory: mem.Options{ReserveBytes: 1 << 30}})
	if err != nil {
		t.Fatal(err)
	}
	return &modelEngine{Engine: e, name: fmt.Sprint(shards, " shards"), sweepers: make([]Sweeper, shards), compactor: e.NewCompactor()}
}

func (m *model) close(t *rapid.T) {
	for _, e := range m.engines {
		e.compactor.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// find returns what a key holds now.
func (m *model) find(db int, key []byte) (modelEntry, bool) {
	v, ok := m.data[db][string(key)]
	if ok && v.a.Deadline <= m.now {
		delete(m.data[db], string(key))
		return modelEntry{}, false
	}
	return v, ok
}

// put stores content as a write does that chooses the encoding itself.
func (m *model) put(db int, key, content []byte, a Attrs) {
	enc := EncBytes
	if n, err := strconv.ParseInt(string(content), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(content) {
		enc = EncInt
	}
	m.data[db][string(key)] = modelEntry{content, enc, a}
}

// each runs f on every engine, with the shards of the keys locked.
func (m *model) each(keys [][]byte, f func(e *modelEngine, k []Key)) {
	for _, e := range m.engines {
		if len(keys) == 1 {
			k := [1]Key{e.Key(keys[0])}
			k[0].Shard.Lock()
			f(e, k[:])
			k[0].Shard.Unlock()
			continue
		}
		var k []Key
		shards := map[int]*Shard{}
		for _, name := range keys {
			k = append(k, e.Key(name))
			shards[k[len(k)-1].Shard.Index()] = k[len(k)-1].Shard
		}
		for i := range e.shards {
			if s := shards[i]; s != nil {
				s.Lock()
			}
		}
		f(e, k)
		for _, s := range shards {
			s.Unlock()
		}
	}
}

// check compares one key in every engine with the model.
func (m *model) check(t *rapid.T, db int, key []byte) {
	want, there := m.find(db, key)
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		it, ok := e.Peek(db, k[0], m.now)
		switch {
		case ok != there:
			t.Fatalf("%s: key %q is there: %v, want %v", e.name, key, ok, there)
		case ok:
			if err := want.differs(&it); err != nil {
				t.Fatalf("%s: key %q: %v", e.name, key, err)
			}
		}
	})
}

func (want *modelEntry) differs(it *Item) error {
	var digits [20]byte
	got := Attrs{it.Deadline(), it.IsItem(), it.Flags(), 0, it.Marks()}
	wantAttrs := want.a
	wantAttrs.CAS = 0
	switch {
	case !bytes.Equal(it.Bytes(digits[:0]), want.content) || it.Len() != len(want.content):
		return fmt.Errorf("it holds %.60q of %d bytes, want %.60q of %d", it.Bytes(nil), it.Len(), want.content, len(want.content))
	case it.Encoding() != want.enc:
		return fmt.Errorf("its encoding is %d, want %d", it.Encoding(), want.enc)
	case got != wantAttrs:
		return fmt.Errorf("its attributes are %+v, want %+v", got, wantAttrs)
	case want.a.Item && it.CAS() != want.a.CAS:
		return fmt.Errorf("its CAS value is %d, want %d", it.CAS(), want.a.CAS)
	}
	return nil
}

// checkAll compares everything and the digests.
func (m *model) checkAll(t *rapid.T) {
	for _, e := range m.engines {
		if err := checkEngine(e.Engine); err != nil && len(e.garbage) == 0 {
			t.Fatalf("%s: %v", e.name, err)
		}
	}
	for db := range m.data {
		for key := range m.data[db] {
			m.find(db, []byte(key)) // forgets what has expired
		}
		for _, e := range m.engines {
			live := 0
			for c, first := Cursor(0), true; first || c != 0; first = false {
				i, _ := e.CursorShard(c)
				e.shards[i].Lock()
				c = e.Scan(db, c, 1000, m.now, func(it Item) {
					live++
					want, ok := m.data[db][string(it.Key())]
					if !ok {
						t.Fatalf("%s: database %d has the key %q and should not", e.name, db, it.Key())
					}
					if err := want.differs(&it); err != nil {
						t.Fatalf("%s: database %d, key %q: %v", e.name, db, it.Key(), err)
					}
				})
				e.shards[i].Unlock()
			}
			if live != len(m.data[db]) {
				t.Fatalf("%s: database %d has %d live keys, want %d", e.name, db, live, len(m.data[db]))
			}
			if got, want := e.Digest(db, m.now), m.engines[0].Digest(db, m.now); got != want {
				t.Fatalf("%s: the digest of database %d is %x, that of the first engine %x", e.name, db, got, want)
			}
		}
	}
}

var (
	drawDB  = rapid.IntRange(0, modelDatabases-1)
	drawKey = rapid.Custom(func(t *rapid.T) []byte {
		if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
			return bytes.Repeat([]byte("k"), rapid.SampledFrom([]int{0, 1, 127, 128, 300, 20000}).Draw(t, "length"))
		}
		return keyName(rapid.IntRange(0, 30).Draw(t, "key"))
	})
	drawContent = rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "number") {
			return strconv.AppendInt(nil, rapid.Int64().Draw(t, "n"), 10)
		}
		n := rapid.SampledFrom([]int{0, 1, 3, 20, 44, 45, 120, 127, 128, 129, 700, 16383, 16384, 40000}).Draw(t, "length")
		return bytes.Repeat([]byte{byte(rapid.IntRange('0', '9').Draw(t, "byte"))}, n)
	})
)

func (m *model) drawDeadline(t *rapid.T) int64 {
	switch rapid.IntRange(0, 4).Draw(t, "deadline") {
	case 0:
		return NoDeadline - 1
	case 1, 2:
		return NoDeadline
	}
	return m.now + 1 + rapid.Int64Range(0, 300).Draw(t, "ms")
}

func (m *model) drawAttrs(t *rapid.T) Attrs {
	a := Attrs{Deadline: m.drawDeadline(t)}
	if rapid.IntRange(0, 2).Draw(t, "item") == 0 {
		m.casUsed++
		a.Item, a.CAS, a.Flags = true, m.casUsed, rapid.Uint32().Draw(t, "flags")
	}
	return a
}

// TestEngineIsAMap runs random histories on the engines and the model.
func TestEngineIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		defer m.close(t)
		t.Repeat(map[string]func(*rapid.T){
			"set":         m.setString,
			"set int":     m.setInt,
			"set several": m.setStrings,
			"stage":       m.stage,
			"edit":        m.edit,
			"update int":  m.updateInt,
			"attributes":  m.setAttrs,
			"marks":       m.setMarks,
			"delete":      m.deleteKey,
			"deadline":    m.setDeadline,
			"rename":      func(t *rapid.T) { m.transfer(t, true) },
			"copy":        func(t *rapid.T) { m.transfer(t, false) },
			"swap":        m.swap,
			"flush":       m.flush,
			"discard":     m.discard,
			"bulk put":    m.bulkPut,
			"bulk delete": m.bulkDelete,
			"time":        func(t *rapid.T) { m.now += rapid.Int64Range(1, 200).Draw(t, "ms") },
			"sweep":       m.sweep,
			"compact":     m.compact,
			"find":        func(t *rapid.T) { m.check(t, drawDB.Draw(t, "db"), drawKey.Draw(t, "key")) },
		})
		m.checkAll(t)
		m.discard(t)
		m.checkAll(t)
	})
}
