package engine

import (
	"bytes"
	"strconv"

	"pgregory.net/rapid"
)

// The steps of TestEngineIsAMap: each does the same to the model and to every
// engine, and compares what comes back.

func (m *model) setString(t *rapid.T) {
	db, key, content, a := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), drawContent.Draw(t, "content"), m.drawAttrs(t)
	asItem := rapid.Bool().Draw(t, "by memcached")
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		set := e.SetString
		if asItem {
			set = e.SetItem
		}
		if err := set(db, k[0], content, a, m.now); err != nil {
			t.Fatal(err)
		}
	})
	m.put(db, key, content, a)
	m.check(t, db, key)
}

func (m *model) setInt(t *rapid.T) {
	db, key, n, a := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), rapid.Int64().Draw(t, "n"), m.drawAttrs(t)
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		if err := e.SetInt(db, k[0], n, a, m.now); err != nil {
			t.Fatal(err)
		}
	})
	m.put(db, key, strconv.AppendInt(nil, n, 10), a)
	m.check(t, db, key)
}

func (m *model) setStrings(t *rapid.T) {
	db := drawDB.Draw(t, "db")
	keys := rapid.SliceOfN(drawKey, 1, 20).Draw(t, "keys")
	contents := make([][]byte, len(keys))
	attrs := make([]Attrs, len(keys))
	for i := range keys {
		contents[i], attrs[i] = drawContent.Draw(t, "content"), m.drawAttrs(t)
	}
	m.each(keys, func(e *modelEngine, k []Key) {
		if err := e.SetStrings(db, k, func(i int) ([]byte, Attrs) { return contents[i], attrs[i] }, m.now); err != nil {
			t.Fatal(err)
		}
	})
	for i := range keys {
		m.put(db, keys[i], contents[i], attrs[i])
	}
	for i := range keys {
		m.check(t, db, keys[i])
	}
}

// stage replaces a value by itself twice over, read while the new one is laid
// out.
func (m *model) stage(t *rapid.T) {
	db, key, a := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), m.drawAttrs(t)
	was, there := m.find(db, key)
	if !there {
		was.content = []byte("fresh")
	}
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		w, err := e.Stage(db, k[0], 2*len(was.content), EncGrown, a, m.now)
		if err != nil {
			t.Fatal(err)
		}
		from := was.content
		if it, ok := e.Peek(db, k[0], m.now); ok {
			from = it.Bytes(nil)
		}
		copy(w.Value[copy(w.Value, from):], from)
		w.Commit()
	})
	m.data[db][string(key)] = modelEntry{append(bytes.Clone(was.content), was.content...), EncGrown, a}
	m.check(t, db, key)
}

func (m *model) edit(t *rapid.T) {
	db, key, a := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), m.drawAttrs(t)
	was, there := m.find(db, key)
	size := len(was.content) + rapid.SampledFrom([]int{0, 0, 1, 2, 10, 100, 5000}).Draw(t, "more")
	if rapid.IntRange(0, 5).Draw(t, "shorter") == 0 {
		size = rapid.IntRange(0, len(was.content)).Draw(t, "size")
	}
	at := rapid.IntRange(0, max(size-1, 0)).Draw(t, "at")
	content := make([]byte, size)
	copy(content, was.content)
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		b, err := e.EditString(db, k[0], size, a, m.now)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, content) {
			t.Fatalf("%s: key %q is %.60q to edit, want %.60q", e.name, key, b, content)
		}
		if size > 0 {
			b[at] = '!'
		}
	})
	if size > 0 {
		content[at] = '!'
	}
	if there {
		a = was.a
		if a.Item {
			a.CAS = nextCAS(a.CAS)
		}
	}
	m.data[db][string(key)] = modelEntry{content, EncGrown, a}
	m.check(t, db, key)
}

func (m *model) updateInt(t *rapid.T) {
	db, key := drawDB.Draw(t, "db"), drawKey.Draw(t, "key")
	was, there := m.find(db, key)
	if !there || was.enc != EncInt {
		t.Skip("no integer")
	}
	n := rapid.Int64().Draw(t, "n")
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		it, _ := e.Find(db, k[0], m.now)
		it.UpdateInt(n)
	})
	was.content = strconv.AppendInt(nil, n, 10)
	if was.a.Item {
		was.a.CAS = nextCAS(was.a.CAS)
	}
	m.data[db][string(key)] = was
	m.check(t, db, key)
}

func (m *model) setAttrs(t *rapid.T) {
	db, key, a := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), m.drawAttrs(t)
	was, there := m.find(db, key)
	if !there {
		t.Skip("no key")
	}
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		it, _ := e.Find(db, k[0], m.now)
		if err := it.SetAttrs(a); err != nil {
			t.Fatal(err)
		}
	})
	was.a = a
	m.data[db][string(key)] = was
	m.check(t, db, key)
}

func (m *model) setMarks(t *rapid.T) {
	db, key := drawDB.Draw(t, "db"), drawKey.Draw(t, "key")
	marks := rapid.SampledFrom([]Marks{0, MarkStale, MarkSent, MarkStale | MarkSent}).Draw(t, "marks")
	was, there := m.find(db, key)
	if !there {
		t.Skip("no key")
	}
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		it, _ := e.Find(db, k[0], m.now)
		if err := it.SetMarks(marks); err != nil {
			t.Fatal(err)
		}
	})
	was.a.Marks = marks
	m.data[db][string(key)] = was
	m.check(t, db, key)
}

func (m *model) deleteKey(t *rapid.T) {
	db, key := drawDB.Draw(t, "db"), drawKey.Draw(t, "key")
	_, there := m.find(db, key)
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		if got := e.Delete(db, k[0], m.now); got != there {
			t.Fatalf("%s: Delete of %q says %v, want %v", e.name, key, got, there)
		}
	})
	delete(m.data[db], string(key))
	m.check(t, db, key)
}

func (m *model) setDeadline(t *rapid.T) {
	db, key, deadline := drawDB.Draw(t, "db"), drawKey.Draw(t, "key"), m.drawDeadline(t)
	was, there := m.find(db, key)
	if !there {
		t.Skip("no key")
	}
	m.each([][]byte{key}, func(e *modelEngine, k []Key) {
		it, _ := e.Find(db, k[0], m.now)
		if err := it.SetDeadline(deadline); err != nil {
			t.Fatal(err)
		}
	})
	was.a.Deadline = deadline
	m.data[db][string(key)] = was
	m.check(t, db, key)
}

// transfer renames or copies a key to another or to another database.
func (m *model) transfer(t *rapid.T, moves bool) {
	db, key := drawDB.Draw(t, "db"), drawKey.Draw(t, "key")
	toDB, toKey := drawDB.Draw(t, "to db"), drawKey.Draw(t, "to key")
	was, there := m.find(db, key)
	if !there || db == toDB && bytes.Equal(key, toKey) {
		t.Skip("no key or the same")
	}
	m.each([][]byte{key, toKey}, func(e *modelEngine, k []Key) {
		it, _ := e.Find(db, k[0], m.now)
		how := e.Copy
		if moves {
			how = e.Rename
		}
		if err := how(&it, toDB, k[1], m.now); err != nil {
			t.Fatal(err)
		}
	})
	was.content = bytes.Clone(was.content)
	m.data[toDB][string(toKey)] = was
	if moves {
		delete(m.data[db], string(key))
	}
	m.check(t, db, key)
	m.check(t, toDB, toKey)
}

func (m *model) swap(t *rapid.T) {
	a, b := drawDB.Draw(t, "a"), drawDB.Draw(t, "b")
	for _, e := range m.engines {
		e.LockAll()
		e.SwapDatabases(a, b)
		e.UnlockAll()
	}
	m.data[a], m.data[b] = m.data[b], m.data[a]
}

func (m *model) flush(t *rapid.T) {
	db := drawDB.Draw(t, "db")
	if rapid.IntRange(0, 3).Draw(t, "really") > 0 {
		t.Skip("databases are to grow")
	}
	for _, e := range m.engines {
		e.LockAll()
		e.garbage = append(e.garbage, e.Flush(db))
		e.UnlockAll()
	}
	m.data[db] = map[string]modelEntry{}
}

func (m *model) discard(*rapid.T) {
	for _, e := range m.engines {
		for _, g := range e.garbage {
			g.Discard(true)
		}
		e.garbage = nil
	}
}

// bulkPut stores many keys, so that segments grow and split.
func (m *model) bulkPut(t *rapid.T) {
	db, from := drawDB.Draw(t, "db"), rapid.IntRange(0, 6000).Draw(t, "from")
	n, a := rapid.IntRange(1, 5000/slowdown).Draw(t, "n"), m.drawAttrs(t)
	pad := bytes.Repeat([]byte{'p'}, rapid.IntRange(0, 40).Draw(t, "pad"))
	for i := from; i < from+n; i++ {
		key := keyName(i)
		content := strconv.AppendInt(bytes.Clone(pad), int64(i), 10)
		m.each([][]byte{key}, func(e *modelEngine, k []Key) {
			if err := e.SetString(db, k[0], content, a, m.now); err != nil {
				t.Fatal(err)
			}
		})
		m.put(db, key, content, a)
	}
}

// bulkDelete deletes many keys, so that segments shrink and merge.
func (m *model) bulkDelete(t *rapid.T) {
	db, from := drawDB.Draw(t, "db"), rapid.IntRange(0, 2000).Draw(t, "from")
	n := rapid.IntRange(1, 10000/slowdown).Draw(t, "n")
	for i := from; i < from+n; i++ {
		key := keyName(i)
		_, there := m.find(db, key)
		m.each([][]byte{key}, func(e *modelEngine, k []Key) {
			if e.Delete(db, k[0], m.now) != there {
				t.Fatalf("%s: Delete of %q does not say %v", e.name, key, there)
			}
		})
		delete(m.data[db], string(key))
	}
}

// sweep takes some steps of the background's work, which nobody may notice.
func (m *model) sweep(t *rapid.T) {
	steps := rapid.IntRange(1, 60).Draw(t, "steps")
	for _, e := range m.engines {
		e.SetObserver(sweepObserver{func(db int, key []byte) {
			if v, ok := m.data[db][string(key)]; ok && v.a.Deadline > m.now {
				t.Fatalf("%s: %q is swept %d ms early", e.name, key, v.a.Deadline-m.now)
			}
		}})
		for i, s := range e.shards {
			for range steps {
				s.Lock()
				_, more := e.sweepers[i].Sweep(s, m.now)
				s.Unlock()
				if !more {
					break
				}
			}
		}
		e.SetObserver(nil)
	}
}

// sweepObserver hears of each expired key.
type sweepObserver struct{ expired func(db int, key []byte) }

func (o sweepObserver) KeyExpired(db int, key []byte) { o.expired(db, key) }

func (o sweepObserver) FieldsExpired(int, []byte, bool) {}

func (m *model) compact(t *rapid.T) {
	steps := rapid.IntRange(1, 300).Draw(t, "steps")
	for _, e := range m.engines {
		for range steps {
			if !e.compactor.Step() {
				break
			}
		}
	}
}
