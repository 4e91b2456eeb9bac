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
// false if the request is not done: it stays in the input and is dispatched
// again, when the output has been written, or, if the session is parked, when
// what it waits for is there.
// REQUIRES: s.mu is held.
func (ex *executor) dispatchMemcached(s *session, f *memcacheFront, r *memcache.Request, i int) (done bool) {
	if !f.progress.begun {
		s.commands++
		ex.stats.processed.add(1)
	}
	s.activeMs = ex.nowMs
	ex.ctx.Out = &s.out
	done = ex.runMemcached(s, f, r, i)
	switch {
	case !done:
		f.progress.begun = true
	case f.progress.begun:
		f.progress = memcacheProgress{}
	}
	return done
}

// runMemcached is dispatchMemcached without the counting of requests.
func (ex *executor) runMemcached(s *session, f *memcacheFront, r *memcache.Request, i int) (done bool) {
	if r.Fault != memcache.FaultNone && r.Fault != memcache.FaultTooLarge {
		if s.authed && (r.Op == memcache.OpGet || r.Op == memcache.OpGat) && !ex.memcacheUnheard(s, f, r) {
			return false
		}
		ex.memcacheFault(s, r)
		return true
	}
	if !s.authed && r.Op != memcache.OpQuit {
		ex.memcacheDenied(s, r)
		return true
	}
	if refusal := ex.memcacheHindered(r); refusal != "" {
		ex.memcacheRefused(s, r, refusal)
		return true
	}
	if ex.heldBackMemcached(s, r) {
		return false
	}
	switch {
	case r.Proto == memcache.Text && (r.Op == memcache.OpGet || r.Op == memcache.OpGat):
		if r.Keys != 1 {
			return ex.memcacheGets(s, f, r)
		}
		outcome, ran := ex.memcacheKey(s, r, ex.memcacheHash(r, i))
		if ran && outcome < command.OutcomeNoRoom {
			s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineEnd)
		}
		return ran
	case r.Op.HasKey():
		_, ran := ex.memcacheKey(s, r, ex.memcacheHash(r, i))
		return ran
	}
	return ex.memcacheAdmin(s, f, r)
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

// memcacheHindered says why the server does not do now what is asked, "" if it
// does.
func (ex *executor) memcacheHindered(r *memcache.Request) string {
	switch {
	case !ex.srv.loading.Load() && !ex.srv.failing(), r.Op == memcache.OpQuit, r.Op == memcache.OpVersion:
		return ""
	case ex.srv.loading.Load():
		return memcachedLoading
	case r.Op.HasKey() && command.MemcachedWrites(r) && ex.srv.misconf() != "":
		return memcachedMisconf
	}
	return ""
}

// memcacheRefused replies that the server does not do now what is asked.
func (ex *executor) memcacheRefused(s *session, r *memcache.Request, why string) {
	s.out.Buf = appendMemcacheRefusal(s.out.Buf, r, why)
}

func appendMemcacheRefusal(dst []byte, r *memcache.Request, why string) []byte {
	switch {
	case r.Proto == memcache.Binary:
		return memcache.AppendBinaryError(dst, r, memcache.StatusTemporary)
	case r.Proto == memcache.Text && r.NoReply:
		return dst // the client would take it for the reply to its next request
	}
	return memcache.AppendServerError(dst, why)
}

// memcacheKey runs a request on one key: it locks the key's shard, runs the
// handler, unlocks, and again if there was no room and some could be made. ran
// is false if the session waits for the shard now, see lockFor.
func (ex *executor) memcacheKey(s *session, r *memcache.Request, k engine.Key) (outcome command.Outcome, ran bool) {
	c := &ex.ctx
	ex.keys = append(ex.keys[:0], k)
	c.Keys = ex.keys
	c.DB, c.NowMs, c.Dirty, c.NoRoom = memcacheDB, ex.nowMs, 0, false
	ex.by = s
	if command.MemcachedWrites(r) {
		c.CAS = ex.srv.memcached.stamps.next(ex.nowMs)
		if command.MemcachedGrows(r) && !ex.srv.memory.makeRoom() {
			ex.stats.memcache.count(r, command.OutcomeNoRoom)
			return command.MemcachedNoRoom(c, r), true
		}
	}
	mark := len(c.Out.Buf)
	observed := ex.srv.memcached.observed.Load()
	var seen itemGlance
	for try := 0; ; try++ {
		switch ex.lockFor(s, k.Shard) {
		case lockWaits:
			return 0, false
		case lockBusy:
			ex.memcacheRefused(s, r, memcachedBusy)
			return command.OutcomeBusy, true
		}
		c.Listening = ex.srv.listening.load()
		if observed != 0 && try == 0 {
			ex.srv.memcached.observeLookup(s, ex, k, observed)
		}
		outcome = command.Memcached(c, r)
		if c.Dirty != 0 && !c.NoRoom && ex.srv.commits.on() {
			ex.changeItem(c)
		}
		if len(c.Events) > 0 {
			ex.deliver(c)
		}
		if observed != 0 {
			seen = ex.glance(k)
		}
		k.Shard.Unlock()
		if !c.NoRoom || try == maxRoomTries || !ex.srv.memory.makeMoreRoom(len(r.Value)) {
			break
		}
		c.Out.Buf = c.Out.Buf[:mark]
		c.NoRoom = false
	}
	if ex.lsn != 0 {
		s.lsn = ex.takeCommit()
	}
	if c.Dirty != 0 {
		ex.stats.dirty.add(uint64(c.Dirty))
	}
	if len(ex.ready) > 0 {
		ex.serve(false)
		c.Out, c.OnWorker = &s.out, false
	}
	ex.stats.memcache.count(r, outcome)
	if observed != 0 {
		ex.srv.memcached.observeOutcome(s, ex, r, k, outcome, observed, seen)
	}
	return outcome, true
}

// maxBurstKeys is how many keys a get of several serves before other
// connections get their turn.
const maxBurstKeys = 16 << 10

// memcacheGets answers a text get or gat of several keys. One shard is locked
// at a time: memcached promises no more.
func (ex *executor) memcacheGets(s *session, f *memcacheFront, r *memcache.Request) (done bool) {
	args := f.keysLeft(r)
	served := 0
	b, e := ex.mem, ex.srv.engine
	for {
		n := 0
		for n < len(b.many) {
			key, ok := args.Next()
			if !ok {
				break
			}
			b.many[n], b.manyHashes[n], b.manyLeft[n] = key, e.Hash(key), len(args.Rest())
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
			outcome, ran := ex.memcacheKey(s, r, e.KeyOfHash(b.many[i], b.manyHashes[i]))
			if !ran {
				return false
			}
			if outcome >= command.OutcomeNoRoom {
				return true // the error line is the end of the reply
			}
			f.progress.under, f.progress.left = true, b.manyLeft[i]
			served++
			if served == maxBurstKeys || len(s.out.Buf) >= maxBurstBytes {
				return false
			}
		}
	}
	f.progress = memcacheProgress{}
	s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineEnd)
	return true
}

// keysLeft are the keys of a get or gat that are not answered yet.
func (f *memcacheFront) keysLeft(r *memcache.Request) memcache.Tokens {
	args := r.Args
	if f.progress.under {
		args.SkipTo(f.progress.left)
	}
	return args
}

// memcacheUnheard carries out what memcached has done already when it finds a
// key too long, and drops the replies: it has looked up, and for gat touched,
// the keys in front of it. It returns false if the session has to wait for one.
func (ex *executor) memcacheUnheard(s *session, f *memcacheFront, r *memcache.Request) (done bool) {
	mark, fault, keys := len(s.out.Buf), r.Fault, r.Args
	r.Fault = memcache.FaultNone
	defer func() { r.Fault = fault }()
	for i := range r.Keys {
		key, _ := keys.Next()
		if i < f.progress.left {
			continue // done already, before it had to wait
		}
		if _, ran := ex.memcacheKey(s, r, ex.srv.engine.Key(key)); !ran {
			return false
		}
		s.out.Buf = s.out.Buf[:mark]
		f.progress.left = i + 1
	}
	f.progress.left = 0
	return true
}
