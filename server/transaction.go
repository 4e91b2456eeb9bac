package server

import (
	"slices"
	"strings"

	"larder/engine"
	"larder/server/command"
)

// MULTI begins to queue: from then on the dispatcher checks commands and keeps
// them instead of running them, until EXEC runs all of them with the shards of
// all their keys locked (exec.go). WATCH guards a transaction against changes
// of keys that it depends on (watch.go).

// transaction is what a session has queued since MULTI.
type transaction struct {
	// spoiled tells that a command was refused: EXEC will refuse all.
	spoiled bool
	flags   command.Flags // of all commands together
	bytes   []byte        // the arguments of all commands, one behind the other
	ends    []int         // where each argument ends in bytes
	queue   []queuedCommand

	// The rest is EXEC's.

	args     [][]byte // the arguments of all commands
	keys     []engine.Key
	keyAt    []int
	shards   []*engine.Shard // to lock, in ascending order; nil: all
	garbage  []*engine.Garbage
	nowMs    int64     // that its commands see
	changes  []Change  // what they have changed so far
	ready    []waitKey // what its commands have made ready for those who wait
	onWorker bool      // the shards were locked by a worker, see lockEach
	hushed   bool      // the keeper leaves it its room
	next     int       // in queue: the command that runs next
	handed   []byte    // the reply so far, if a loop has handed it to a worker with the locks
}

// queuedCommand is a command of a transaction. Its arguments and keys are
// those behind the ones of the command before.
type queuedCommand struct {
	cmd  *bound
	args int // how many
	keys int // how many, counted by EXEC
}

// runAtOnce are the commands that run in MULTI as they do elsewhere.
var runAtOnce = map[string]bool{"multi": true, "exec": true, "discard": true, "watch": true, "quit": true, "reset": true}

// Limits from which on EXEC runs on a worker.
const (
	longTransaction      = 256
	longTransactionBytes = 1 << 20
)

// long tells whether the transaction may take so long that a loop's other
// connections should not wait for it. One that takes longer than it looks is
// handed over when that turns out.
func (tx *transaction) long() bool {
	return len(tx.queue) > longTransaction || len(tx.bytes) > longTransactionBytes || tx.flags&command.Slow != 0
}

// add queues a command. The arguments are copied.
func (tx *transaction) add(cmd *bound, args [][]byte) {
	for _, a := range args {
		tx.bytes = append(tx.bytes, a...)
		tx.ends = append(tx.ends, len(tx.bytes))
	}
	tx.queue = append(tx.queue, queuedCommand{cmd: cmd, args: len(args)})
	tx.flags |= cmd.Is
}

// prepare finds the arguments, the keys and the shards of all commands; watched
// are further keys whose shards EXEC needs.
func (tx *transaction) prepare(e *engine.Engine, watched []engine.Key) {
	from := 0
	tx.args, tx.keys, tx.shards = tx.args[:0], tx.keys[:0], nil // a loop may have tried before
	for _, end := range tx.ends {
		tx.args = append(tx.args, tx.bytes[from:end:end])
		from = end
	}
	args, all := tx.args, false
	for i := range tx.queue {
		c := &tx.queue[i]
		own := args[:c.args]
		c.keys = 0
		args = args[c.args:]
		if c.cmd.Handler == nil {
			all = all || c.cmd.script
			continue // it locks no shard, or EXEC lets go of all for its sake
		}
		at, ok := c.cmd.AppendKeys(tx.keyAt[:0], own)
		tx.keyAt = at
		if ok {
			c.keys = len(at)
			for _, j := range at {
				tx.keys = append(tx.keys, e.Key(own[j]))
			}
		}
		all = all || c.keys == 0 || c.cmd.Is&command.AllShards != 0
	}
	if all {
		return
	}
	tx.shards = []*engine.Shard{}
	for _, keys := range [][]engine.Key{tx.keys, watched} {
		for i := range keys {
			tx.shards = append(tx.shards, keys[i].Shard)
		}
	}
	slices.SortFunc(tx.shards, func(a, b *engine.Shard) int { return a.Index() - b.Index() })
	tx.shards = slices.Compact(tx.shards)
}

// entryOverhead is more than an entry takes besides what its command brings.
const entryOverhead = 32

// hasRoom tells whether all that the commands bring finds room at the same
// time. REQUIRES: the shards are locked.
func (tx *transaction) hasRoom() bool {
	args, keys := tx.args, tx.keys
	var few [64]engine.Reservation
	held := few[:0]
	ok := true
	for _, c := range tx.queue {
		if c.cmd.Is&command.DenyOOM != 0 && c.keys > 0 {
			share := requestBytes(args[:c.args])/c.keys + entryOverhead
			for i := range keys[:c.keys] {
				r, got := keys[i].Shard.Reserve(share)
				if ok = ok && got; got {
					held = append(held, r)
				}
			}
		}
		args, keys = args[c.args:], keys[c.keys:]
	}
	for _, r := range held {
		r.Release()
	}
	return ok
}

// shardsOf are the shards to lock.
func (tx *transaction) shardsOf(e *engine.Engine) []*engine.Shard {
	if tx.shards == nil {
		return e.Shards()
	}
	return tx.shards
}

// lock locks the transaction's shards; see lockEach.
func (tx *transaction) lock(ex *executor, onWorker bool) bool {
	tx.onWorker = onWorker
	return ex.lockEach(tx.shardsOf(ex.srv.engine), onWorker)
}

func (tx *transaction) unlock(e *engine.Engine) { unlockEach(tx.shardsOf(e), tx.onWorker) }

// handOver makes locks that a loop has taken those of a worker.
func (tx *transaction) handOver(e *engine.Engine) {
	if !tx.onWorker {
		for _, s := range tx.shardsOf(e) {
			s.BeginLong()
		}
		tx.onWorker = true
	}
}

// enqueue queues a command of a session in MULTI and says so.
// REQUIRES: s.mu is held.
func (ex *executor) enqueue(s *session, cmd *bound, args [][]byte) {
	if cmd.Is&command.DenyOOM != 0 && !ex.srv.memory.makeRoom() {
		mark := len(s.out.Buf)
		s.out.Error(command.ErrOOM)
		s.tx.spoiled = true
		ex.stats.reject(cmd)
		ex.srv.errorCodes.note(s.out.Buf[mark:])
		return
	}
	s.tx.add(cmd, args)
	s.out.Simple("QUEUED")
}

// refuseExec forgets the transaction, because EXEC itself is refused, and
// returns the words for it.
// REQUIRES: s.mu is held.
func (ex *executor) refuseExec(s *session, refusal string) string {
	ex.srv.watches.remove(ex.srv, &s.watching)
	s.tx = nil
	return "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(refusal, "ERR ")
}

// queued is how many commands the session has queued, -1 outside of MULTI.
// REQUIRES: s.mu is held.
func (s *session) queued() int {
	if s.tx == nil {
		return -1
	}
	return len(s.tx.queue)
}

// memoryBytes is what the queue holds.
func (tx *transaction) memoryBytes() int {
	if tx == nil {
		return 0
	}
	return cap(tx.bytes) + 8*cap(tx.ends) + 24*cap(tx.queue)
}

// multi implements MULTI.
func multi(q *call) {
	if q.s.tx != nil {
		q.out.Error("ERR MULTI calls can not be nested")
		return
	}
	q.s.tx = &transaction{}
	q.out.OK()
}

// discard implements DISCARD.
func discard(q *call) {
	if q.s.tx == nil {
		q.out.Error("ERR DISCARD without MULTI")
		return
	}
	q.endTransaction()
	q.out.OK()
}

// endTransaction forgets what is queued and what is watched.
func (q *call) endTransaction() {
	q.srv.watches.remove(q.srv, &q.s.watching)
	q.withSession(func() { q.s.tx = nil })
}

// watchKeys implements WATCH. Of a session whose EXEC will fail in any case
// nothing more is watched.
func watchKeys(q *call) {
	s := q.s
	if s.tx != nil {
		q.out.Error("ERR WATCH inside MULTI is not allowed")
		return
	}
	for _, name := range q.args[1:] {
		if s.watching.dirty.Load() {
			break
		}
		k := q.srv.engine.Key(name)
		switch {
		case q.onWorker && !q.ex.await(k.Shard):
			return
		case !q.onWorker && !k.Shard.LockSoon():
			q.ex.park(s, q.cmd, q.args)
			return
		}
		_, there := q.srv.engine.Peek(s.db, k, q.ex.nowMs)
		q.srv.watches.add(q.srv, &s.watching, s.db, name, there)
		k.Shard.UnlockRead()
	}
	q.out.OK()
}

// unwatch implements UNWATCH.
func unwatch(q *call) {
	q.srv.watches.remove(q.srv, &q.s.watching)
	q.out.OK()
}
