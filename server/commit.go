package server

import (
	"sync"
	"sync/atomic"
	"time"

	"larder/protocol/record"
	"larder/server/command"
)

// Making changes durable. What a command has changed becomes a record while the
// shards of its keys are still locked, so that the order of records is the order
// of execution. A record is the command as it was run, with its time and seed:
// the same records applied to the same state give the same state. Transactions
// and scripts are one record of all their commands that have changed something.
// What removes keys without a command, eviction, is a record of its own; what
// expires is not, because its deadline says it already.
//
// The Committer takes the records. If replies have to wait until their record is
// durable, the session keeps its output and the loop goes on; when Durable has
// risen, the loops look at who waits.

// Record is one step of the data set's history; see there for the bytes.
type Record = record.Record

// Change is a command of a record. Its Kind is a ChangeKind.
type Change = record.Command

// ChangeKind tells how a change is to be applied.
type ChangeKind = uint8

const (
	// ChangeCommand is a command of the table, by its name.
	ChangeCommand ChangeKind = iota
	// ChangeItem is a string with all its attributes, as memcached commands
	// leave it: see change_item.go for the arguments.
	ChangeItem
	// ChangeLibraries is a FUNCTION command. What it says may have been done
	// already.
	ChangeLibraries
)

// Committer makes records durable: the log implements it. Its methods may be
// called by any goroutine, and wait for nothing.
type Committer interface {
	// Append takes a record and returns its number. It keeps nothing of rec. It is
	// called with shards locked.
	Append(rec *Record) (lsn uint64)
	// Durable is the number up to which all records are durable.
	Durable() uint64
	// Last is the number of the last record.
	Last() uint64
	// Waits tells whether a reply has to wait until its record is durable.
	Waits() bool
	// Room tells whether a command that writes may run now; one that finds none
	// looks again every brakeMs.
	Room() bool
	// Err is why no record can be made durable, nil if they can.
	Err() error
}

// commits is a server's side of its Committer.
type commits struct {
	to atomic.Pointer[Committer] // nil: nothing is recorded

	// mu guards the fields below. It is a leaf.
	mu     sync.Mutex
	risen  *sync.Cond // Durable has risen, or a session was killed
	atDisk []func()   // called when Durable has risen, once each
}

func (c *commits) init() { c.risen = sync.NewCond(&c.mu) }

// committer is the present one, nil if nothing is recorded.
func (c *commits) committer() Committer {
	if p := c.to.Load(); p != nil {
		return *p
	}
	return nil
}

// on tells whether changes are recorded.
func (c *commits) on() bool { return c.to.Load() != nil }

// Commit makes c take what changes from now on; nil: nobody does.
// REQUIRES: all shards are locked.
func (srv *Server) Commit(c Committer) {
	if c == nil {
		srv.commits.to.Store(nil)
		return
	}
	srv.commits.to.Store(&c)
}

// Committed tells the server that its Committer's Durable has risen.
func (srv *Server) Committed() {
	c := &srv.commits
	c.mu.Lock()
	c.risen.Broadcast()
	atDisk := c.atDisk
	c.atDisk = nil
	c.mu.Unlock()
	for _, f := range atDisk {
		f()
	}
	if srv.driver != nil {
		srv.driver.committed()
	}
}

// logged tells whether changes are recorded, and whether all that were are
// durable.
func (c *commits) logged() (on, durable bool) {
	to := c.committer()
	return to != nil, to != nil && to.Durable() >= to.Last()
}

// whenDurable calls f once record lsn is durable, or nothing is recorded any
// more; not before it has returned. The caller may hold any lock above mu.
func (srv *Server) whenDurable(lsn uint64, f func()) {
	c := &srv.commits
	reached := func() bool {
		to := c.committer()
		return to == nil || to.Durable() >= lsn
	}
	c.mu.Lock()
	c.atDisk = append(c.atDisk, func() {
		if reached() {
			f()
		} else {
			srv.whenDurable(lsn, f)
		}
	})
	c.mu.Unlock()
	if reached() { // perhaps nobody will say so any more
		srv.workers.start(srv.Committed)
	}
}

// wake lets those look again who wait in await.
func (c *commits) wake() {
	c.mu.Lock()
	c.risen.Broadcast()
	c.mu.Unlock()
}

// await waits until record lsn is durable, or the session was killed.
// REQUIRES: s.mu is not held.
func (c *commits) await(s *session, lsn uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.has(lsn) && !s.killed.Load() {
		c.risen.Wait()
	}
}

// has tells whether nobody has to wait for record lsn.
func (c *commits) has(lsn uint64) bool {
	to := c.committer()
	return to == nil || !to.Waits() || to.Durable() >= lsn
}

// change records what a command has changed: as a record, or as a part of that
// of the transaction or script that it belongs to.
// REQUIRES: the shards of the command's keys are locked.
func (ex *executor) change(c *command.Ctx, kind ChangeKind, args [][]byte) {
	ch := Change{DB: c.DB, Seed: c.Seed, Kind: kind, Args: args}
	if n := ex.within; n != nil {
		ch.Args = cloneArgs(args, requestBytes(args))
		n.changes = append(n.changes, ch)
		return
	}
	ex.append(c.NowMs, append(ex.changes[:0], ch))
}

// removed records that keys are gone without a command that says so; args is one
// that does.
// REQUIRES: the shards of the keys are locked.
func (c *commits) removed(db int, args ...[]byte) {
	if to := c.committer(); to != nil {
		to.Append(&Record{TimeMs: time.Now().UnixMilli(), Commands: []Change{{DB: db, Args: args}}})
	}
}

// changedLibraries records a command that has changed the libraries of
// functions.
func (q *call) changedLibraries() {
	q.ex.stats.dirty.add(1)
	if q.srv.commits.on() {
		q.ex.append(q.ex.nowMs, append(q.ex.changes[:0], Change{Kind: ChangeLibraries, Args: q.args}))
	}
}

// append makes changes a record.
func (ex *executor) append(nowMs int64, changes []Change) {
	to := ex.srv.commits.committer()
	if to == nil {
		return
	}
	ex.record.TimeMs, ex.record.Commands = nowMs, changes
	ex.lsn = to.Append(&ex.record)
	clear(changes)
	ex.changes, ex.record.Commands = changes[:0], nil
}

// commitNested makes one record of what nested commands have changed.
// REQUIRES: all shards that they used are locked still.
func (ex *executor) commitNested(n *nesting) {
	if len(n.changes) > 0 {
		ex.append(n.nowMs, n.changes)
		n.changes = nil
	}
}

// takeCommit returns the number of the last record that the executor has made
// since it was asked, 0 if there is none.
func (ex *executor) takeCommit() uint64 {
	lsn := ex.lsn
	ex.lsn = 0
	return lsn
}

// committed tells whether the session's replies may leave.
// REQUIRES: s.mu is held.
func (s *session) committed() bool {
	if s.lsn != 0 && s.srv.commits.has(s.lsn) {
		s.lsn = 0
	}
	return s.lsn == 0
}
