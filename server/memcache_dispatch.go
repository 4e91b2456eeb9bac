package server

import (
	"larder/engine"
	"larder/protocol/memcache"
	"larder/server/command"
)

// memcacheDB is the database that memcached clients see.
const memcacheDB = 0

// dispatchMemcached executes request i of the batch: checks, locks, handler,
// reply, counts. It is for memcached what dispatch is for RESP. It returns
// false if the request is not done and is to be dispatched again when the
// output has been written.
// REQUIRES: s.mu is held.
func (ex *executor) dispatchMemcached(s *session, f *memcacheFront, r *memcache.Request, i int) (done bool) {
	if f.progress == (memcacheProgress{}) {
		s.commands++
		ex.stats.processed.add(1)
	}
	s.activeMs = ex.nowMs
	ex.ctx.Out = &s.out
	if r.Fault != memcache.FaultNone && r.Fault != memcache.FaultTooLarge {
		switch r.Op {
		case memcache.OpGet, memcache.OpGat:
			ex.memcacheUnheard(s, r, r.Args, r.Keys)
		case memcache.OpMetaGet:
			if r.Fault == memcache.FaultOpaque {
				ex.memcacheUnheard(s, r, memcache.Tokens{}, 0)
			}
		}
		ex.memcacheFault(s, r)
		return true
	}
	if !s.authed && r.Op != memcache.OpQuit {
		ex.memcacheDenied(s, r)
		return true
	}
	switch {
	case r.Proto == memcache.Text && (r.Op == memcache.OpGet || r.Op == memcache.OpGat):
		if r.Keys != 1 {
			return ex.memcacheGets(s, f, r)
		}
		if ex.memcacheKey(s, r, ex.memcacheHash(r, i)) < command.OutcomeNoRoom {
			s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineEnd)
		}
	case r.Op.HasKey():
		ex.memcacheKey(s, r, ex.memcacheHash(r, i))
	default:
		return ex.memcacheAdmin(s, f, r)
	}
	return true
}

// memcacheHash returns the key of request i of the batch.
func (ex *executor) memcacheHash(r *memcache.Request, i int) engine.Key {
	if ex.mem.hashed {
		return ex.srv.engine.KeyOfHash(r.Key, ex.mem.hashes[i])
	}
	return ex.srv.engine.Key(r.Key)
}

// memcacheFault replies to a request that could not be parsed.
func (ex *executor) memcacheFault(s *session, r *memcache.Request) {
	s.out.Buf = memcache.AppendFault(s.out.Buf, r)
	ex.stats.protocolErrors.add(1)
	if r.Fault.Closes() {
		s.closing = closeFlushed
	}
}

// memcacheDenied refuses a request while requirepass asks for a password,
// which these protocols have no way to give yet.
func (ex *executor) memcacheDenied(s *session, r *memcache.Request) {
	ex.stats.memcache.authErrors.add(1)
	if r.Proto == memcache.Binary {
		s.out.Buf = memcache.AppendBinaryError(s.out.Buf, r, memcache.StatusAuthError)
		return
	}
	s.out.Buf = memcache.AppendClientError(s.out.Buf, "unauthenticated")
}

// memcacheKey runs a request on one key: it locks the key's shard, runs the
// handler, unlocks, and again if there was no room and some could be made.
func (ex *executor) memcacheKey(s *session, r *memcache.Request, k engine.Key) command.Outcome {
	c := &ex.ctx
	ex.keys = append(ex.keys[:0], k)
	c.Keys = ex.keys
	c.DB, c.NowMs, c.Dirty, c.NoRoom = memcacheDB, ex.nowMs, 0, false
	if command.MemcachedWrites(r) {
		c.CAS = ex.srv.memcached.stamps.next(ex.nowMs)
		if command.MemcachedGrows(r) && !ex.srv.memory.makeRoom() {
			ex.stats.memcache.count(r, command.OutcomeNoRoom)
			return command.MemcachedNoRoom(c, r)
		}
	}
	mark := len(c.Out.Buf)
	observed := ex.srv.memcached.observed.Load()
	if observed != 0 {
		ex.srv.memcached.observeLookup(s, ex, k, observed)
	}
	var outcome command.Outcome
	for try := 0; ; try++ {
		k.Shard.Lock()
		outcome = command.Memcached(c, r)
		k.Shard.Unlock()
		if !c.NoRoom || try == maxRoomTries || !ex.srv.memory.makeMoreRoom() {
			break
		}
		c.Out.Buf = c.Out.Buf[:mark]
		c.NoRoom = false
	}
	if c.Dirty != 0 {
		ex.stats.dirty.add(uint64(c.Dirty))
	}
	ex.stats.memcache.count(r, outcome)
	if observed != 0 {
		ex.srv.memcached.observeOutcome(s, ex, r, k, outcome, observed)
	}
	return outcome
}

// memcacheGets answers a text get or gat of several keys. One shard is locked
// at a time: memcached promises no more.
func (ex *executor) memcacheGets(s *session, f *memcacheFront, r *memcache.Request) (done bool) {
	args := r.Args
	for range f.progress.keys {
		args.Next()
	}
	b, e := ex.mem, ex.srv.engine
	for {
		n := 0
		for n < len(b.many) {
			key, ok := args.Next()
			if !ok {
				break
			}
			b.many[n], b.manyHashes[n] = key, e.Hash(key)
			e.PrefetchBucket(memcacheDB, b.manyHashes[n])
			n++
		}
		if n == 0 {
			break
		}
		for i := range n {
			e.PrefetchEntry(memcacheDB, b.manyHashes[i])
		}
		for i := range n {
			if ex.memcacheKey(s, r, e.KeyOfHash(b.many[i], b.manyHashes[i])) >= command.OutcomeNoRoom {
				f.progress = memcacheProgress{}
				return true // the error line is the end of the reply
			}
			f.progress.keys++
			if len(s.out.Buf) >= maxBurstBytes {
				return false
			}
		}
	}
	f.progress = memcacheProgress{}
	s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineEnd)
	return true
}

// memcacheUnheard carries out what memcached has done already when it finds a
// request at fault, and drops the replies: it has looked up, and for gat
// touched, n keys in front of one that is too long; and it looks at the opaque
// of mg when it writes the reply.
func (ex *executor) memcacheUnheard(s *session, r *memcache.Request, keys memcache.Tokens, n int) {
	mark, fault := len(s.out.Buf), r.Fault
	r.Fault = memcache.FaultNone
	if r.Op == memcache.OpMetaGet {
		dropBehindOpaque(&r.Meta)
		ex.memcacheGetUnheard(s, r)
	}
	for range n {
		key, _ := keys.Next()
		ex.memcacheKey(s, r, ex.srv.engine.Key(key))
		s.out.Buf = s.out.Buf[:mark]
	}
	s.out.Buf = s.out.Buf[:mark]
	r.Fault = fault
}

// dropBehindOpaque forgets the flags about time that stand behind the opaque.
func dropBehindOpaque(m *memcache.MetaFlags) {
	behind := false
	flags := m.Tokens
	for t, ok := flags.Next(); ok; t, ok = flags.Next() {
		switch {
		case t[0] == 'O':
			behind = true
		case behind && (t[0] == 'T' || t[0] == 'R'):
			m.Drop(t[0])
		case behind && t[0] == 'N':
			m.Vivify = 0 // the item is made first, and gets its time here
		}
	}
}

// memcacheGetUnheard is mg for a client that does not hear the reply, so that
// it cannot be the one to renew the item.
func (ex *executor) memcacheGetUnheard(s *session, r *memcache.Request) {
	e, k := ex.srv.engine, ex.srv.engine.Key(r.Key)
	marks := engine.Marks(0)
	k.Shard.Lock()
	it, found := e.Peek(memcacheDB, k, ex.nowMs)
	if found {
		marks = it.Marks()
	}
	k.Shard.Unlock()
	ex.memcacheKey(s, r, k)
	k.Shard.Lock()
	if it, ok := e.Peek(memcacheDB, k, ex.nowMs); ok {
		it.SetFetched(found)
		_ = it.SetMarks(marks) // without room for it the next client waits for a renewal in vain, as after a client's crash
	}
	k.Shard.Unlock()
}
