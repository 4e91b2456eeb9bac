package server

import (
	"slices"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// Serving those who wait. What a command has made ready is served by the same
// executor when the command has ended and all shards are unlocked, before the
// next command: so who pushes to a list that somebody waits for, and then asks
// for its length, sees the element gone. Serving may make other keys ready (a
// chain of BLMOVE), which are served in the same loop.

// makeReady appends the keys of events that somebody waits for to dst.
// REQUIRES: the shards of the keys are locked.
func (r *waitRoom) makeReady(dst []waitKey, events []command.Event) []waitKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		switch ev := &events[i]; ev.Kind {
		case command.KeyChanged:
			if r.byKey[waitKey{ev.DB, string(ev.Key)}] != nil {
				k := waitKey{ev.DB, string(ev.Key)}
				if !slices.Contains(dst, k) {
					dst = append(dst, k)
				}
			}
		case command.DatabaseFlushed:
			dst = r.appendKeys(dst, ev.DB)
		case command.DatabasesSwapped:
			dst = r.appendKeys(r.appendKeys(dst, ev.DB), ev.Other)
		}
	}
	return dst
}

// appendKeys appends all keys of a database that somebody waits for, the one
// that has been waited for longest first. REQUIRES: mu is held.
func (r *waitRoom) appendKeys(dst []waitKey, db int) []waitKey {
	from := len(dst)
	for k := range r.byKey {
		if k.db == db {
			dst = append(dst, k)
		}
	}
	slices.SortFunc(dst[from:], func(a, b waitKey) int {
		if r.byKey[a].waiters[0].number < r.byKey[b].waiters[0].number {
			return -1
		}
		return 1
	})
	return dst
}

// orphan serves who waits for a key that went away without a command, from a
// worker: the caller holds the key's shard.
func (r *waitRoom) orphan(ev *command.Event) {
	r.mu.Lock()
	wanted := r.gone > 0
	r.mu.Unlock()
	if !wanted {
		return
	}
	keys := r.makeReady(nil, []command.Event{*ev})
	if len(keys) == 0 {
		return
	}
	r.handOver(keys)
}

// handOver lets a worker serve who waits for the keys.
func (r *waitRoom) handOver(keys []waitKey) {
	r.mu.Lock()
	first := len(r.orphans) == 0
	r.orphans = append(r.orphans, keys...)
	r.mu.Unlock()
	if first {
		r.srv.workers.start(r.serveOrphans)
	}
}

func (r *waitRoom) serveOrphans() {
	ex := r.srv.executors.get()
	ex.tick()
	r.mu.Lock()
	ex.ready = append(ex.ready, r.orphans...)
	r.orphans = nil
	r.mu.Unlock()
	ex.serve(true)
	r.srv.executors.put(ex)
}

// serve serves all whom the last command has made ready. A loop leaves to a
// worker what it would have to wait for or what takes long. Nobody who is
// answered goes on before all have been served: what he sends next must not take
// what somebody has waited for longer.
// REQUIRES: no shard is locked.
func (ex *executor) serve(onWorker bool) {
	for next := 0; next < len(ex.ready); next++ {
		if !ex.serveKey(ex.ready[next], onWorker) {
			ex.srv.waiting.handOver(ex.ready[next:])
			break
		}
	}
	for _, s := range ex.served {
		s.driver.wake(s)
	}
	clear(ex.served)
	clear(ex.ready)
	ex.served, ex.ready = ex.served[:0], ex.ready[:0]
	ex.by = nil
}

// serveKey runs the commands of those who wait for a key, as long as it holds
// something for them. It returns false if a worker is to go on.
func (ex *executor) serveKey(at waitKey, onWorker bool) (done bool) {
	e := ex.srv.engine
	k := e.Key([]byte(at.name))
	served := uint64(0)
	for {
		if onWorker {
			k.Shard.Lock()
		} else if !k.Shard.LockSoon() {
			return false
		}
		it, there := e.Peek(at.db, k, ex.nowMs)
		typ := engine.TypeString
		if there {
			typ = it.Type()
		}
		k.Shard.UnlockRead()
		w := ex.srv.waiting.next(at, served, there, typ)
		if w == nil {
			return true
		}
		served = w.number
		if !ex.serveWaiter(w, onWorker) {
			return false
		}
	}
}

// next returns the first of a key's waiters behind the given arrival that the
// key, of the given type if it is there, may be of use to; nil if there is none.
func (r *waitRoom) next(at waitKey, behind uint64, there bool, typ engine.Type) *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.byKey[at]
	if q == nil || !there && q.gone == 0 {
		return nil
	}
	for _, w := range q.waiters {
		if w.number > behind && (there && w.typ == typ || w.want.Gone) {
			return w
		}
	}
	return nil
}

// serveWaiter runs a waiter's command, if it still waits, and answers it unless
// it has to go on waiting. It returns false if a worker is to do that.
func (ex *executor) serveWaiter(w *waiter, onWorker bool) (done bool) {
	startNs := monotonicNs()
	out := resp.Writer{Proto: w.proto, Buf: ex.reply[:0]}
	c := &ex.ctx
	c.DB, c.NoTouch, c.OnWorker, c.Out = w.db, w.noTouch, onWorker, &out
	ex.by, ex.turn, ex.mine = w.s, w, false
	done = ex.call(w.cmd, w.args, nil)
	ex.turn, c.OnWorker = nil, false
	lsn := ex.takeCommit()
	ex.reply = out.Buf[:0]
	if cap(ex.reply) > maxPooledBytes {
		ex.reply = nil
	}
	r := &ex.srv.waiting
	r.mu.Lock()
	defer r.mu.Unlock()
	w.durationNs += monotonicNs() - startNs
	w.lsn = max(w.lsn, lsn)
	switch {
	case !done && ex.mine: // it had no room, and then the shards were not to be had
		r.giveBack(w)
	case ex.mine && (w.state == waiterRuns || w.state == waiterIsDone && !w.complete):
		r.settle(w, slices.Clone(out.Buf))
		ex.served = append(ex.served, w.s)
	case !done:
	case !ex.mine && w.state == waiterWaits && len(out.Buf) > 0:
		r.settle(w, slices.Clone(out.Buf)) // refused before its turn came: out of memory
		ex.served = append(ex.served, w.s)
	}
	return done
}

// takeTurn tells whether the executor is to run the command whose turn it
// serves. REQUIRES: the shards of the command's keys are locked.
func (ex *executor) takeTurn() bool {
	r := &ex.srv.waiting
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ex.mine && ex.turn.state == waiterWaits {
		ex.turn.state, ex.mine = waiterRuns, true
	}
	return ex.mine
}

// endTurn notes what became of the turn, before anybody else can have one: the
// waiter goes on waiting, or is in no queue any more.
// REQUIRES: the shards of the command's keys are locked.
func (ex *executor) endTurn(c *command.Ctx) {
	r, w := &ex.srv.waiting, ex.turn
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.NoRoom: // it runs again, or this is the reply
	case !c.Blocked && !c.Escalate:
		r.remove(w)
	default:
		r.giveBack(w)
		ex.mine = false
	}
}

// giveBack lets a waiter whose turn came to nothing wait on, unless it has been
// answered meanwhile. REQUIRES: mu is held.
func (r *waitRoom) giveBack(w *waiter) {
	if w.late != nil {
		r.finish(w, w.late)
		return
	}
	w.state = waiterWaits
}

// block parks the session until its command is answered.
// REQUIRES: s.mu is held.
func (s *session) block(w *waiter) { s.parked, s.blocked = true, w }

// unblock takes the reply of a command that has waited, if there is one.
// REQUIRES: s.mu is held.
func (s *session) unblock(ex *executor) {
	w := s.blocked
	reply, ok := s.srv.waiting.collect(w)
	if !ok {
		return
	}
	mark := len(s.out.Buf)
	s.lsn = max(s.lsn, w.lsn)
	s.out.Buf = append(s.out.Buf, reply...)
	bad := failed(&s.out, mark)
	if bad {
		s.srv.errorCodes.note(reply)
	}
	ex.stats.count(w.cmd, bad)
	ex.credit(&ex.stats.commands[w.cmd.ID], w.durationNs)
	ex.noteIfSlow(s, w.cmd, w.args, w.durationNs)
	if s.reply != replyOn {
		s.mute(mark, false)
	}
	s.parked, s.blocked = false, nil
}
