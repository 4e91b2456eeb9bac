package server

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"larder/engine"
	"larder/protocol/memcache"
	"larder/server/command"
)

// watchMask says which events a client of watch wants to hear of.
type watchMask uint8

const (
	watchFetchers  watchMask = 1 << iota // items looked up
	watchMutations                       // items stored
	watchEvictions                       // items removed to make room
	watchConns                           // memcached connections opened and closed
	watchDeletions                       // items deleted by a command
	watchSystem                          // memcached's own threads; there is nothing of the kind here
)

var watchWords = map[string]watchMask{
	"fetchers": watchFetchers, "mutations": watchMutations, "evictions": watchEvictions,
	"connevents": watchConns, "deletions": watchDeletions, "sysevents": watchSystem,
}

// maxWatchBytes bounds the lines that wait for a watcher that does not keep
// up; what comes then is skipped and counted.
const maxWatchBytes = 256 << 10

// watcherSet holds the sessions that watch.
type watcherSet struct {
	wanted  atomic.Uint32 // union of all masks
	number  atomic.Uint64 // of the last event
	sent    atomic.Uint64 // lines
	skipped atomic.Uint64 // lines
	// mu guards sessions. Rank: below the shard locks; only mailbox.mu and a
	// driver's own locks are taken under it.
	mu       sync.Mutex
	sessions map[*session]watchMask
}

func (w *watcherSet) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sessions)
}

// wants tells whether anybody wants to hear of these events.
func (w *watcherSet) wants(m watchMask) bool { return watchMask(w.wanted.Load())&m != 0 }

// change adds, or with mask 0 removes, a watcher.
func (srv *memcachedService) change(s *session, mask watchMask) {
	w := &srv.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	if mask == 0 {
		delete(w.sessions, s)
	} else {
		if w.sessions == nil {
			w.sessions = map[*session]watchMask{}
		}
		w.sessions[s] = mask
	}
	all := watchMask(0)
	for _, m := range w.sessions {
		all |= m
	}
	w.wanted.Store(uint32(all))
	if all&(watchFetchers|watchMutations|watchDeletions) != 0 {
		srv.observed.Or(observeWatch)
	} else {
		srv.observed.And(^uint32(observeWatch))
	}
}

// tell sends an event to those who want it. text is what follows the time and
// number.
func (w *watcherSet) tell(m watchMask, nowMs int64, text string) {
	id := w.number.Add(1)
	line := make([]byte, 0, 64+len(text))
	line = append(line, "ts="...)
	line = strconv.AppendInt(line, nowMs/1000, 10)
	line = append(line, '.')
	line = append(line, strconv.FormatInt(1000+nowMs%1000, 10)[1:]...)
	line = append(line, "000 gid="...)
	line = strconv.AppendUint(line, id, 10)
	line = append(line, ' ')
	line = append(line, text...)
	line = append(line, '\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	for s, mask := range w.sessions {
		switch {
		case mask&m == 0:
		case s.pushes.size() > maxWatchBytes:
			w.skipped.Add(1)
		default:
			w.sent.Add(1)
			s.push(line)
		}
	}
}

// memcacheWatch is watch: from then on the client only listens.
func (ex *executor) memcacheWatch(s *session, f *memcacheFront, r *memcache.Request) {
	mask := watchMask(0)
	args := r.Args
	for word, ok := args.Next(); ok; word, ok = args.Next() {
		m, known := watchWords[string(word)]
		if !known {
			s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineError)
			return
		}
		mask |= m
	}
	if mask == 0 {
		mask = watchFetchers
	}
	f.watching = mask
	s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineOK)
	ex.srv.memcached.change(s, mask)
	if s.gone.Load() { // its connection was closed while it waited for a shard
		ex.srv.memcached.change(s, 0)
	}
}

// itemGlance is what watchers are told of an item.
type itemGlance struct {
	found bool
	size  int   // of the value, in bytes
	ttl   int64 // seconds to live, 0 for ever
}

// glance looks at the string at k. REQUIRES: its shard is locked.
func (ex *executor) glance(k engine.Key) itemGlance {
	it, found := ex.srv.engine.Peek(memcacheDB, k, ex.nowMs)
	if !found || it.Type() != engine.TypeString {
		return itemGlance{}
	}
	g := itemGlance{found: true, size: it.Len()}
	if d := it.Deadline(); d != engine.NoDeadline {
		g.ttl = (d - ex.nowMs + 999) / 1000
	}
	return g
}

// observeLookup reports that a command is about to look for a key.
// REQUIRES: the key's shard is locked.
func (srv *memcachedService) observeLookup(s *session, ex *executor, k engine.Key, observed uint32) {
	if observed&observeWatch == 0 || !srv.watchers.wants(watchFetchers) {
		return
	}
	status := "not_found"
	g := ex.glance(k)
	if g.found {
		status = "found"
	}
	srv.watchers.tell(watchFetchers, ex.nowMs, "type=item_get"+keyWord(k)+" status="+status+srv.tail(s, g.found, g.size))
}

// observeOutcome reports how a command on a key ended, and what was there then.
func (srv *memcachedService) observeOutcome(s *session, ex *executor, r *memcache.Request, k engine.Key, outcome command.Outcome, observed uint32, then itemGlance) {
	if observed&observeDetail != 0 {
		srv.detail.count(r, k.Name, outcome)
	}
	if observed&observeWatch == 0 {
		return
	}
	w := &srv.watchers
	switch kind := statOp(r); {
	case kind == memcache.OpDelete && outcome == command.OutcomeHit && w.wants(watchDeletions):
		w.tell(watchDeletions, ex.nowMs, "type=deleted"+keyWord(k)+" cmd="+r.Op.String()+srv.tail(s, true, 0))
	case isStorage(kind) && w.wants(watchMutations):
		w.tell(watchMutations, ex.nowMs, "type=item_store"+keyWord(k)+" status="+storeStatus(outcome)+" cmd="+storeVerb(r)+
			" ttl="+strconv.FormatInt(then.ttl, 10)+srv.tail(s, then.found, len(r.Value)))
	}
}

func keyWord(k engine.Key) string { return " key=" + string(command.AppendURIEncoded(nil, k.Name)) }

// tail is the end of the lines about items.
func (srv *memcachedService) tail(s *session, found bool, size int) string {
	class := "0"
	if found {
		class = "1"
	}
	return " clsid=" + class + " cfd=" + strconv.Itoa(s.descriptor()) + " size=" + strconv.Itoa(size)
}

// storeStatus is memcached's word for how a storage command ended.
func storeStatus(outcome command.Outcome) string {
	switch outcome {
	case command.OutcomeStored:
		return "stored"
	case command.OutcomeBadCAS:
		return "exists"
	case command.OutcomeMiss:
		return "not_found"
	case command.OutcomeTooLarge:
		return "too_large"
	case command.OutcomeNoRoom:
		return "no_memory"
	}
	return "not_stored"
}

// storeVerb names a storage command by the classic word for what it does.
func storeVerb(r *memcache.Request) string {
	if r.Proto != memcache.Meta {
		return r.Op.String()
	}
	switch {
	case r.Meta.Mode == 'E':
		return "add"
	case r.Meta.Mode == 'A':
		return "append"
	case r.Meta.Mode == 'P':
		return "prepend"
	case r.Meta.Has('C'):
		return "cas"
	case r.Meta.Mode == 'R':
		return "replace"
	}
	return "set"
}

// descriptor is the number that memcached's output names a connection by.
func (s *session) descriptor() int {
	if s.peer.fd >= 0 {
		return s.peer.fd
	}
	return len(s.srv.listeners) + int(s.id)
}

// connected tells watchers about a new connection.
func (srv *memcachedService) connected(s *session) {
	if srv.watchers.wants(watchConns) {
		srv.watchers.tell(watchConns, s.since, "type=conn_new "+connWords(s)+" cfd="+strconv.Itoa(s.descriptor()))
	}
}

// leave is called when a session has ended.
func (srv *memcachedService) leave(s *session, f *memcacheFront) {
	if f.watching != 0 {
		srv.change(s, 0)
	}
	if srv.watchers.wants(watchConns) {
		srv.watchers.tell(watchConns, max(s.activeMs, s.since), "type=conn_close "+connWords(s)+" reason=normal cfd="+strconv.Itoa(s.descriptor()))
	}
}

func connWords(s *session) string {
	if s.peer.unix {
		return "rip=unix rport=0 transport=unix"
	}
	at := strings.LastIndexByte(s.peer.remote, ':')
	return "rip=" + strings.Trim(s.peer.remote[:at], "[]") + " rport=" + s.peer.remote[at+1:] + " transport=tcp"
}

// evicted tells watchers about an item that is about to be removed to make
// room. REQUIRES: the key's shard is locked.
func (srv *memcachedService) evicted(e *engine.Engine, db int, key []byte) {
	if db != memcacheDB || !srv.watchers.wants(watchEvictions) {
		return
	}
	nowMs := time.Now().UnixMilli()
	it, ok := e.Peek(db, e.Key(key), nowMs)
	if !ok {
		return
	}
	fetch, ttl := "no", int64(-1)
	if it.Fetched() {
		fetch = "yes"
	}
	if d := it.Deadline(); d != engine.NoDeadline {
		ttl = (d - nowMs + 999) / 1000
	}
	srv.watchers.tell(watchEvictions, nowMs, "type=eviction key="+string(command.AppendURIEncoded(nil, key))+" fetch="+fetch+
		" ttl="+strconv.FormatInt(ttl, 10)+" la="+strconv.FormatInt(command.MemcachedAge(&it, nowMs), 10)+" clsid=1 size="+strconv.Itoa(it.EntryBytes()))
}
