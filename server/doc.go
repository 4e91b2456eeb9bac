// Package server moves bytes between clients and the engine: sockets, event
// loops, sessions, the dispatcher, and the commands that concern the server
// itself.
//
// # The way of a request
//
//	epoll loop (loop_linux.go)             goroutine driver (driver_goroutine.go)
//	     │ loop.read                                │ net.Conn.Read
//	     ▼                                          ▼
//	session.feed ── bytes in, bytes out; knows no socket (session.go)
//	     │
//	     ▼
//	front.consume ── respFront (front_resp.go), memcacheFront (front_memcache.go)
//	     │ 1. parse up to 64 requests, look their commands up
//	     │ 2. hash their keys, prefetch buckets, then entries
//	     │ 3. run them in order:
//	     ▼
//	executor.dispatch ── the one place that checks, locks, counts (dispatch.go)
//	     │ refuse? │ queue it (transaction.go)? │ make room? │ lock the shards
//	     ▼                                             of the keys
//	command.Handler ── parse options, call the engine, write the reply
//	     │         └─► Ctx.Block: nothing to answer with (blocking.go)
//	     ▼
//	engine.Shard (lock held)
//	     │
//	     ▼
//	executor.deliver ── tell of the command's events, locks still held (events.go)
//	     │ WATCH │ notifications │ tracking │ keys that are waited for
//	     ▼
//	executor.serve ── unlocked: run the commands of who waits (serve.go)
//	     │
//	     ▼
//	session.out ──► loop.flush: one write a connection, after all reads
//
// EXEC and scripts lock for all their commands at once and run each of them by
// executor.runNested (exec.go), the same handlers with the same events.
//
// One wake-up of a loop reads and executes what every ready socket holds, then
// writes all replies. A loop never blocks but in epoll_wait, and never runs
// what takes long: a command with the flag S, or one that finds itself about
// to work through a megabyte (Ctx.Heavy), goes to a worker while its session is
// parked, and the loop goes on with others. There it works in slices, between
// which its shards are free for 50 µs (pace.go); docs/long-commands.md says which
// commands do, and command/slices.go how they stay whole.
//
// Nor does a loop wait for a shard that somebody holds for long: it locks by
// engine.Shard.LockSoon, and a RESP command that meets such a shard goes to a
// worker, while a memcached request stays in its session's input until a worker
// has the shard for it. Eviction and background work leave such shards out.
// locks.go has the rules for all of that, and busy.go says when somebody who
// waits for a script's keys is told that it is busy.
//
// Commands come from the table of package command. Rows with a Handler are
// data commands; rows without are run by the functions that handlers.go names.
//
// # Locks
//
// In this order; a lock is taken only while none below it in the list is held:
//
//  1. config.Store.mu     changes of the configuration
//  2. netConn.writing     one connection's writes, goroutine driver only
//  3. session.mu          one session; a worker that looks at several sessions
//     holds none and locks one at a time. A worker that runs EXEC, or that has
//     got a shard for a memcached session (goOnWith), locks the session under
//     shard locks: who holds the lock of a parked session waits for no shard
//  4. memoryKeeper.mu, expirer.mu   one step of background work, which waits for
//     no shard (the reclaimer has no lock of its own)
//  5. engine locks        see engine/doc.go
//  6. pubsub.mu, trackers.mu   who listens to what; neither is taken under the other, and
//     messages are posted under the first
//  7. waitRoom.mu         who is blocked; under it drivers are woken
//  8. leaves: shardWaits.mu, flushTimer.mu (which only starts workers), mailbox.mu,
//     registry.mu, executorPool.mu, loopMail.mu, watchTable.mu, goroutineDriver.mu,
//     commits.mu, saver.mu (under which rewriter.mu is taken),
//     monitorSet.mu (under which only mailbox.mu is taken)
//
// A command runs with its own session locked and locks no other session.
// Messages to other sessions go through their mailbox, and the reply to one that
// is blocked is left with its waiter.
//
// # Memory of a connection
//
// An idle connection holds a session of some 600 bytes and no buffer: input is
// read to the loop's buffer, and pooled buffers hold what is left over of it and
// what is still to be written. A client that does not read has at most
// maxBurstBytes of replies produced for it, then its input waits.
//
// # Start and end
//
// New builds everything, Start listens, LoadSnapshot lets clients in when the data
// is there; PrepareShutdown writes the snapshot to end with, Shutdown ends in the order of the
// data's way: listeners, drivers, workers, background work, engine.
package server
