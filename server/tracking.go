package server

import (
	"sync"
	"sync/atomic"

	"larder/engine"
	"larder/server/command"
)

// Client-side caching. A client that keeps copies of what it has read is told
// when they are out of date (CLIENT TRACKING). There are two ways:
//
//   - By default the server remembers for each key who has read it, in the
//     interestTable of the key's shard. When the key changes, those are told,
//     once: who wants to hear of it again reads it again.
//   - With BCAST it remembers nothing but prefixes, and tells about each change
//     of a key that starts with one of them (tracking_broadcast.go).
//
// A read is noted, and a change is told, under the lock of the key's shard. So
// whoever has been given an old value is told that it is old, and hears that
// after the value: messages wait in the client's mailbox until the reply has
// been written.
//
// While nobody tracks, all this costs the one look at Server.listening that
// each command takes anyway.
//
// The table is bounded by tracking-table-max-keys: for each key above it, some
// key is declared changed and forgotten.

// tracker is what a session asked for with CLIENT TRACKING ON. But for broken it
// is not modified: the session gets another one.
type tracker struct {
	s        *session
	redirect uint64 // the session that is told instead, 0 = none
	bcast    bool
	optIn    bool
	optOut   bool
	noLoop   bool
	prefixes []string // with bcast: in order of their bytes

	// broken tells that the session to be told instead is gone.
	broken atomic.Bool
}

// cachingWord is what CLIENT CACHING has said about the next command.
type cachingWord uint8

const (
	cachingUnsaid cachingWord = iota
	cachingYes
	cachingNo
)

// trackers are all sessions that track.
type trackers struct {
	srv *Server
	// tables has an interestTable for each shard, which the shard's lock guards.
	tables []interestTable
	// keys and ids count what is in the tables.
	keys atomic.Int64
	ids  atomic.Int64
	// prefixes is how many different ones bcast has.
	prefixes atomic.Int64

	// mu guards the fields below. Rank: that of pubsub.mu, and neither is taken
	// under the other.
	mu    sync.Mutex
	all   map[*session]*tracker
	bcast prefixTable
}

func (t *trackers) init(srv *Server) {
	t.srv = srv
	t.tables = make([]interestTable, len(srv.engine.Shards()))
	t.all = map[*session]*tracker{}
}

// change gives a session another tracker, or none. REQUIRES: s.mu is held, or
// the session has ended.
func (t *trackers) change(s *session, next *tracker) {
	t.mu.Lock()
	if old := t.all[s]; old != nil {
		t.bcast.leave(old)
		delete(t.all, s)
	}
	if next != nil {
		t.bcast.join(next)
		t.all[s] = next
	}
	s.tracker.Store(next)
	t.prefixes.Store(int64(len(t.bcast.members)))
	none := len(t.all) == 0
	t.srv.listening.set(command.ListenTrack, !none)
	t.mu.Unlock()
	if none && t.keys.Load() > 0 {
		t.srv.workers.start(t.forgetUnwanted) // the caller may have locked shards
	}
}

// stop ends a session's tracking. REQUIRES: as change.
func (t *trackers) stop(s *session) {
	if s.tracker.Load() != nil {
		t.change(s, nil)
	}
}

// count is the number of sessions that track.
func (t *trackers) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// forgetUnwanted empties the tables while nobody tracks.
// REQUIRES: no shard is locked.
func (t *trackers) forgetUnwanted() {
	for i, s := range t.srv.engine.Shards() {
		s.Lock()
		if t.count() == 0 { // who has come meanwhile may have read something already
			t.forget(i)
		}
		s.Unlock()
	}
}

// forget empties a shard's table. REQUIRES: the shard is locked.
func (t *trackers) forget(shard int) {
	table := &t.tables[shard]
	if table.keys == 0 {
		return
	}
	t.keys.Add(-int64(table.keys))
	t.ids.Add(-int64(table.ids))
	*table = interestTable{}
}

// wants tells whether the session's client may keep what the command replies.
func (s *session) wants(cmd *bound) bool {
	t := s.tracker.Load()
	switch {
	case t == nil || t.bcast, cmd.Is&command.ReadOnly == 0, cmd.Is&command.PubSub != 0, cmd.Group == "scripting":
		return false
	case t.optIn:
		return s.caching == cachingYes
	case t.optOut:
		return s.caching != cachingNo
	}
	return true
}

// remember notes that a session has read keys.
// REQUIRES: the keys' shards are locked.
func (t *trackers) remember(s *session, keys []engine.Key) {
	most := t.srv.cfg.Load().TrackingTableKeys
	for i := range keys {
		k := &keys[i]
		table := &t.tables[k.Shard.Index()]
		oldKeys, oldIDs := table.keys, table.ids
		if !table.add(k.Hash, k.Name, s.id) {
			t.tell(s, k.Name, []uint64{s.id}) // what cannot be remembered must not be kept
			continue
		}
		t.ids.Add(int64(table.ids - oldIDs))
		if n := t.keys.Add(int64(table.keys - oldKeys)); most > 0 && n > most {
			t.shrink(k.Shard.Index(), min(n-most, shrinkSome), k.Hash)
		}
	}
}

// shrinkSome bounds how many keys one read of a key makes the table forget when
// it is too large.
const shrinkSome = 16

// shrink makes a shard's table forget up to n keys, and tells those who hold
// them that they have changed. REQUIRES: the shard is locked.
func (t *trackers) shrink(shard int, n int64, seed uint64) {
	table := &t.tables[shard]
	var name []byte
	for ; n > 0 && table.keys > 0; n-- {
		var hash uint64
		seed = seed*6364136223846793005 + 1442695040888963407
		name, hash = table.pick(seed>>16, name[:0])
		t.drop(nil, shard, hash, name)
	}
}

// drop tells those who hold a key that it has changed, and forgets them.
// REQUIRES: the key's shard is locked.
func (t *trackers) drop(by *session, shard int, hash uint64, name []byte) {
	var few [16]uint64
	ids := t.tables[shard].take(hash, name, few[:0])
	if len(ids) == 0 {
		return
	}
	t.keys.Add(-1)
	t.ids.Add(-int64(len(ids)))
	t.tell(by, name, ids)
}

// tell tells clients that they no longer know a key's value.
func (t *trackers) tell(by *session, name []byte, ids []uint64) {
	n := &notice{by: by}
	for _, id := range ids {
		s := t.srv.clients.get(id)
		if s == nil {
			continue
		}
		if tr := s.tracker.Load(); tr != nil && !tr.bcast {
			n.to = append(n.to, tr)
		}
	}
	if len(n.to) > 0 {
		n.keys = [][]byte{name}
		t.send(n)
	}
}

// limit makes the tables forget what they hold above a limit that has become
// lower. REQUIRES: no shard is locked.
func (t *trackers) limit(most int64) {
	if most == 0 {
		return
	}
	for i, s := range t.srv.engine.Shards() {
		s.Lock()
		for more := true; more && t.keys.Load() > most; {
			more = t.tables[i].keys > 0
			t.shrink(i, min(t.keys.Load()-most, shrinkSome), t.srv.entropy())
		}
		s.Unlock()
	}
}

// heed tells those who have read the keys what a command did to them. by is the session
// whose command it was, nil for none.
// REQUIRES: the shards of the keys are locked, or all for an event without one.
func (t *trackers) heed(by *session, events []command.Event) {
	flushed := false
	for i := range events {
		switch ev := &events[i]; ev.Kind {
		case command.KeyChanged:
			k := t.srv.engine.Key(ev.Key)
			if t.tables[k.Shard.Index()].keys > 0 {
				t.drop(by, k.Shard.Index(), k.Hash, k.Name)
			}
		case command.DatabaseFlushed:
			flushed = true // FLUSHALL raises one for each database
		}
	}
	if flushed {
		t.flushed()
	}
}

// flushed tells all who track that all keys have changed: the tables do not know
// which databases they are in. REQUIRES: all shards are locked.
func (t *trackers) flushed() {
	for i := range t.tables {
		t.forget(i)
	}
	t.mu.Lock()
	all := make([]*tracker, 0, len(t.all))
	for _, tr := range t.all {
		all = append(all, tr)
	}
	t.mu.Unlock()
	t.send(&notice{to: all, everything: true})
}
