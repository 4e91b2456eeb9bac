package server

import (
	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// EXEC locks the shards of all keys of its commands, and of the watched ones,
// or all shards if a command may touch any key, and lets go when the last
// command has run. Nobody sees a part of it.
//
// The commands of a transaction, and those of a script, are nested: they run
// with the locks of the whole, so they neither lock nor block, and what finds
// no room fails. One that turns out to take long hands the rest of the
// transaction to a worker, together with the locks: Go's belong to nobody.
//
// Commands about other connections or the server as a whole (flag S, without
// a handler in package command) lock what may wait for the shards. For their
// sake EXEC lets go of all locks: such a transaction is whole before and after
// them, not across.

// nesting is what nested commands run in.
type nesting struct {
	s   *session
	out *resp.Writer
	db  int
	// allLocked tells that all shards are locked, and not only those of the
	// command's keys.
	allLocked bool
	// mayTakeLong tells that nobody waits for it: it is on a worker, or cannot
	// be handed to one.
	mayTakeLong bool
	noTouch     bool
	stamp       uint64 // 0, or what the seeds of all commands follow from
	dirty       int
	garbage     []*engine.Garbage
	nowMs       int64    // that all commands see, 0 until the first has run
	changes     []Change // what they have changed, for one record
}

// runNested runs a data command for n and writes exactly one reply. It returns
// false, having done nothing, if the command is to be run where it may take
// long.
// REQUIRES: the shards of keys, which are cmd's in args, are locked, or all are.
func (ex *executor) runNested(n *nesting, cmd *bound, args [][]byte, keys []engine.Key) (done bool) {
	c := &ex.nested
	if n.nowMs == 0 {
		n.nowMs = max(ex.nowMs, ex.srv.engine.ExpiredMs())
	}
	c.DB, c.NowMs, c.Args, c.Keys, c.Out = n.db, n.nowMs, args, keys, n.out
	c.Dirty, c.NoRoom, c.Escalate, c.Seed, c.Config = 0, false, false, 0, ex.ctx.Config
	c.Begin()
	c.AllLocked, c.OnWorker, c.NoTouch, c.NoBlock = n.allLocked, n.mayTakeLong, n.noTouch, true
	switch {
	case !cmd.random:
	case n.stamp != 0:
		n.stamp += seedStep
		c.Seed = mix(n.stamp)
	default:
		c.Seed = ex.seed()
	}
	mark := len(n.out.Buf)
	ex.by, ex.within = n.s, n
	ex.handle(c, cmd)
	ex.within = nil
	if c.Escalate {
		n.out.Buf = n.out.Buf[:mark]
		return false
	}
	n.dirty += c.Dirty
	n.garbage = append(n.garbage, c.Garbage...)
	c.Garbage = nil
	return true
}

// exec implements EXEC.
func exec(q *call) {
	tx := q.s.tx // on a worker the session is parked, so that it stays
	switch {
	case tx == nil:
		q.out.Error("ERR EXEC without MULTI")
	case tx.spoiled:
		q.out.Error("EXECABORT Transaction discarded because of previous errors.")
		q.endTransaction()
	case tx.handed == nil && tx.flags&command.DenyOOM != 0 && !q.srv.memory.makeRoomFor(len(tx.bytes)):
		q.withSession(func() { q.out.Error(q.ex.refuseExec(q.s, command.ErrOOM)) })
	case !q.onWorker && tx.long():
		q.ex.park(q.s, q.cmd, q.args)
	default:
		q.execute(tx)
	}
}

// execute runs the queue, or what another has left of it.
func (q *call) execute(tx *transaction) {
	e, mark := q.srv.engine, len(q.out.Buf)
	if tx.handed == nil {
		watched := q.srv.watches.appendKeys(nil, e, &q.s.watching)
		tx.prepare(e, watched)
		if !q.lockWithRoom(tx) {
			if !q.onWorker {
				q.ex.park(q.s, q.cmd, q.args)
			}
			return
		}
		failed := q.srv.watches.failed(e, &q.s.watching, q.ex.nowMs)
		if failed {
			tx.unlock(e)
			q.srv.memory.unhush(tx)
			q.endTransaction()
			q.out.NullArray()
			return
		}
		q.srv.watches.remove(q.srv, &q.s.watching)
		q.out.Array(len(tx.queue))
	} else {
		q.out.Raw(tx.handed)
		q.ex.ready = append(q.ex.ready, tx.ready...)
	}
	n := nesting{s: q.s, out: q.out, allLocked: tx.shards == nil, mayTakeLong: q.onWorker, garbage: tx.garbage, nowMs: tx.nowMs, changes: tx.changes}
	q.withSession(func() { n.db, n.noTouch = q.s.db, q.s.noTouch })
	for ; tx.next < len(tx.queue); tx.next++ {
		if !q.executeNext(tx, &n) {
			tx.handOver(e)
			tx.handed = append(tx.handed, q.out.Buf[mark:]...)
			q.out.Buf = q.out.Buf[:mark]
			tx.garbage, tx.nowMs, tx.changes = n.garbage, n.nowMs, n.changes
			tx.ready, q.ex.ready = append(tx.ready, q.ex.ready...), q.ex.ready[:0]
			q.ex.settleNested(&n)
			q.ex.park(q.s, q.cmd, q.args)
			return
		}
	}
	q.ex.commitNested(&n)
	tx.unlock(e)
	q.srv.memory.unhush(tx)
	q.ex.settleNested(&n)
	if len(n.garbage) > 0 {
		q.srv.discard(n.garbage)
	}
	q.endTransaction()
}

// lockWithRoom locks the shards of a transaction and sees to it that there is
// room for what its commands bring: none of them can wait for more room once
// the first one has run. What a command makes of other data is not foreseen.
// It returns false, with nothing locked, where a worker is to do that, or if the
// worker has given up.
func (q *call) lockWithRoom(tx *transaction) (ok bool) {
	e := q.srv.engine
	if e.Limit() == 0 || tx.flags&command.DenyOOM == 0 {
		return tx.lock(q.ex, q.onWorker)
	}
	if e.Pressed() {
		q.srv.memory.hush(tx)
		defer func() {
			if !ok {
				q.srv.memory.unhush(tx)
			}
		}()
	}
	if !tx.lock(q.ex, q.onWorker) {
		return false
	}
	for try := 0; try < maxRoomTries && !tx.hasRoom(); try++ {
		tx.unlock(e)
		made := q.srv.memory.makeMoreRoom(len(tx.bytes))
		if !tx.lock(q.ex, q.onWorker) {
			return false
		}
		if !made {
			break
		}
	}
	return true
}

// settleNested counts what nested commands have changed.
func (ex *executor) settleNested(n *nesting) {
	if n.dirty != 0 {
		ex.stats.dirty.add(uint64(n.dirty))
		n.dirty = 0
	}
}

// executeNext runs the next command of the queue; it returns false if that is
// to be done by a worker.
func (q *call) executeNext(tx *transaction, n *nesting) (done bool) {
	ex, c := q.ex, &tx.queue[tx.next]
	args, keys := tx.args[:c.args], tx.keys[:c.keys]
	mark, startNs := len(q.out.Buf), monotonicNs()
	switch {
	case c.cmd.session == nil:
		if !ex.runNested(n, c.cmd, args, keys) {
			return false
		}
	case c.cmd.script:
		inner := call{s: q.s, ex: ex, srv: q.srv, cmd: c.cmd, args: args, out: q.out, onWorker: q.onWorker, within: n}
		c.cmd.session(&inner)
	case c.cmd.Is&command.Slow != 0:
		ex.commitNested(n)
		tx.unlock(q.srv.engine)
		q.runSession(c.cmd, args)
		tx.lock(q.ex, true) // it is on a worker: see long
	default:
		q.withSession(func() {
			q.runSession(c.cmd, args)
			n.db, n.noTouch = q.s.db, q.s.noTouch
			q.out.Proto = q.s.out.Proto // HELLO
		})
	}
	tx.args, tx.keys = tx.args[c.args:], tx.keys[c.keys:]
	q.countNested(c.cmd, args, mark, monotonicNs()-startNs)
	return true
}

// runSession runs a nested command that concerns the session or the server.
func (q *call) runSession(cmd *bound, args [][]byte) {
	inner := call{s: q.s, ex: q.ex, srv: q.srv, cmd: cmd, args: args, out: q.out, onWorker: q.onWorker, nested: true}
	cmd.session(&inner)
	q.hangUp = q.hangUp || inner.hangUp
	q.pushed = q.pushed || inner.pushed
}

// countNested counts a nested command whose reply starts at mark and that took
// ns, and shows it to those who watch commands.
func (q *call) countNested(cmd *bound, args [][]byte, mark int, ns int64) {
	ex := q.ex
	bad := failed(q.out, mark)
	if bad {
		q.srv.errorCodes.note(q.out.Buf[mark:])
	}
	ex.stats.count(cmd, bad)
	ex.credit(&ex.stats.commands[cmd.ID], ns)
	if ns < q.srv.slowNs.Load() && !q.srv.monitors.any() {
		return
	}
	q.withSession(func() {
		ex.noteIfSlow(q.s, cmd, args, ns)
		if q.srv.monitors.any() {
			q.srv.feedMonitors(q.s, ex, cmd, args)
		}
	})
}

// withSession runs f with the session locked. A worker locks it for that, even
// while it holds shards: nobody who holds a parked session's lock waits for a
// shard, because a parked session runs nothing.
func (q *call) withSession(f func()) {
	if q.onWorker {
		q.s.mu.Lock()
		defer q.s.mu.Unlock()
	}
	f()
}
