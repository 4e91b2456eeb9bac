package server

import (
	"slices"
	"sync"
	"sync/atomic"

	"larder/engine"
	"larder/server/command"
)

// watchTable knows which keys are WATCHed by whom. A change marks the watch; a
// session looks at the mark when it EXECs, with the shards of its watched keys
// locked, so that there is no gap between the look and what EXEC does.
type watchTable struct {
	// mu guards the fields below and the keys of every watch. It is a leaf.
	mu sync.Mutex
	// byKey holds, by database, who watches a key.
	byKey   []map[string][]*watch
	clients int // that watch something
}

// watch is what one session watches.
type watch struct {
	dirty atomic.Bool // one of the keys has changed
	keys  []watchedKey
}

// watchedKey is a key that is watched.
type watchedKey struct {
	db   int
	name string
	// there tells that the key existed when it began to be watched. Until it
	// changes that stays true, so that no flush needs to look.
	there bool
}

// add makes w watch a key, unless it does so already.
// REQUIRES: the key's shard is locked.
func (t *watchTable) add(srv *Server, w *watch, db int, name []byte, there bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range w.keys {
		if w.keys[i].db == db && w.keys[i].name == string(name) {
			return
		}
	}
	if t.byKey == nil {
		t.byKey = make([]map[string][]*watch, srv.engine.Databases())
	}
	if t.byKey[db] == nil {
		t.byKey[db] = map[string][]*watch{}
	}
	key := watchedKey{db, string(name), there}
	t.byKey[db][key.name] = append(t.byKey[db][key.name], w)
	if len(w.keys) == 0 {
		t.clients++
		srv.listening.set(command.ListenWatch, true)
	}
	w.keys = append(w.keys, key)
}

// remove ends a watch.
func (t *watchTable) remove(srv *Server, w *watch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.dirty.Store(false)
	if len(w.keys) == 0 {
		return
	}
	for _, k := range w.keys {
		others := slices.DeleteFunc(t.byKey[k.db][k.name], func(o *watch) bool { return o == w })
		if len(others) == 0 {
			delete(t.byKey[k.db], k.name)
		} else {
			t.byKey[k.db][k.name] = others
		}
	}
	w.keys = nil
	if t.clients--; t.clients == 0 {
		srv.listening.set(command.ListenWatch, false)
	}
}

// appendKeys appends the keys that w watches.
func (t *watchTable) appendKeys(dst []engine.Key, e *engine.Engine, w *watch) []engine.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range w.keys {
		dst = append(dst, e.Key([]byte(w.keys[i].name)))
	}
	return dst
}

// failed tells whether a key that w watches has changed, or has expired since.
// REQUIRES: the shards of the keys are locked.
func (t *watchTable) failed(e *engine.Engine, w *watch, nowMs int64) bool {
	if w.dirty.Load() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range w.keys {
		k := &w.keys[i]
		if _, there := e.Peek(k.db, e.Key([]byte(k.name)), nowMs); k.there && !there {
			return true
		}
	}
	return false
}

// touch marks who watches what the event is about.
// REQUIRES: the key's shard is locked, or all for a database's event.
func (t *watchTable) touch(e *engine.Engine, ev *command.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients == 0 {
		return
	}
	switch ev.Kind {
	case command.KeyChanged:
		for _, w := range t.byKey[ev.DB][string(ev.Key)] {
			// To a watch of a key that had expired already nothing changes.
			if ev.Class != command.EventExpired || w.saw(ev.DB, string(ev.Key)) {
				w.dirty.Store(true)
			}
		}
	case command.DatabaseFlushed:
		t.touchDatabase(ev.DB, func(string) bool { return false })
	case command.DatabasesSwapped:
		for _, db := range []int{ev.DB, ev.Other} {
			t.touchDatabase(db, func(name string) bool {
				_, there := e.Peek(db, e.Key([]byte(name)), ev.NowMs)
				return there
			})
		}
	}
}

// touchDatabase marks who watches a key of a database that existed or, as
// exists tells, does so now. REQUIRES: mu is held.
func (t *watchTable) touchDatabase(db int, exists func(name string) bool) {
	for name, watches := range t.byKey[db] {
		now := exists(name)
		for _, w := range watches {
			if now || w.saw(db, name) {
				w.dirty.Store(true)
			}
		}
	}
}

// saw tells whether the key existed when it began to be watched.
// REQUIRES: watchTable.mu is held.
func (w *watch) saw(db int, name string) bool {
	for i := range w.keys {
		if k := &w.keys[i]; k.db == db && k.name == name {
			return k.there
		}
	}
	return false
}

// count is how many keys w watches.
func (t *watchTable) count(w *watch) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(w.keys)
}

// watching is how many sessions watch something, and how many keys.
func (t *watchTable) watching() (clients, keys int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.byKey {
		keys += len(m)
	}
	return t.clients, keys
}
