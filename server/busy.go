package server

import (
	"sync"
	"time"

	"larder/engine"
)

// Busy scripts. Who needs a shard that a script holds waits for it, but no
// longer than until the script has run for busy-reply-threshold: then the client
// is told that the server is busy, as Redis tells every client, and may end the
// script. Nobody else hears of it.
//
// A worker cannot stop waiting for a lock. So the client is answered in its
// place, and the worker finds, when it has got the lock, that it has nothing to
// do any more. It looks before the command begins; one that has begun is not
// given up.

const (
	errBusyScript   = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	errBusyFunction = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	// memcachedBusy is what memcached clients are told.
	memcachedBusy = "a script has been running for long on the key or its neighbours: try again later"
	// busyEvery is how often those who wait are looked at.
	busyEvery = 50 * time.Millisecond
)

// busyWords is what RESP clients are told of a script that runs too long.
func (r *scriptRun) busyWords() string {
	if r.isFunc {
		return errBusyFunction
	}
	return errBusyScript
}

// busy returns the script that holds the shard, if it has run for longer than
// busy-reply-threshold, which is never if that is 0.
func (sc *scripting) busy(s *engine.Shard) *scriptRun {
	r := sc.holders[s.Index()].Load()
	if r == nil {
		return nil
	}
	ms := sc.busyMillis()
	if ms <= 0 || time.Since(r.start).Milliseconds() <= ms {
		return nil
	}
	return r
}

// anyBusy returns a script that holds shards for too long, nil if none does.
func (sc *scripting) anyBusy(e *engine.Engine) *scriptRun {
	for _, s := range e.Shards() {
		if r := sc.busy(s); r != nil {
			return r
		}
	}
	return nil
}

// shardWait is a command, or a memcached session, that a worker waits for a
// shard for.
type shardWait struct {
	srv *Server
	// giveUp answers the client in place of the worker. It is called without any
	// lock held.
	giveUp func(words string)
	// refusal is what the client is to be told in place of running its command,
	// "" if it runs: the shard was busy from the start.
	refusal string
	// given tells that giveUp was called, or will be. shardWaits.mu guards it;
	// when lock has returned it does not change any more.
	given bool
}

// lock locks a shard. It returns false, with nothing locked, if a script keeps
// it for too long: then refusal or given is set.
func (w *shardWait) lock(s *engine.Shard) bool {
	if s.LockSoon() {
		return true
	}
	if r := w.srv.scripting.busy(s); r != nil {
		w.refusal = r.busyWords()
		return false
	}
	w.srv.waits.enter(w, s)
	s.Lock()
	if w.srv.waits.leave(w) {
		return true
	}
	s.Unlock()
	return false
}

// over tells that the wait has ended without the shards.
func (w *shardWait) over() bool { return w.given || w.refusal != "" }

// shardWaits is everybody on whose behalf a worker waits for a shard.
type shardWaits struct {
	srv *Server
	// mu guards the fields below, and shardWait.given. It is a leaf.
	mu      sync.Mutex
	waiting map[*shardWait]*engine.Shard
	timer   *time.Timer // runs while somebody waits
}

func (ws *shardWaits) init(srv *Server) {
	ws.srv, ws.waiting = srv, make(map[*shardWait]*engine.Shard)
}

func (ws *shardWaits) enter(w *shardWait, s *engine.Shard) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.waiting[w] = s
	switch {
	case len(ws.waiting) > 1:
	case ws.timer == nil:
		ws.timer = time.AfterFunc(busyEvery, ws.look)
	default:
		ws.timer.Reset(busyEvery)
	}
}

// leave tells whether the wait was not given up meanwhile.
func (ws *shardWaits) leave(w *shardWait) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.waiting, w)
	return !w.given
}

// look gives up the waits for shards that busy scripts hold.
func (ws *shardWaits) look() {
	type refused struct {
		w     *shardWait
		words string
	}
	var all []refused
	ws.mu.Lock()
	for w, s := range ws.waiting {
		if r := ws.srv.scripting.busy(s); r != nil {
			w.given = true
			delete(ws.waiting, w)
			all = append(all, refused{w, r.busyWords()})
		}
	}
	if len(ws.waiting) > 0 {
		ws.timer.Reset(busyEvery)
	}
	ws.mu.Unlock()
	for _, r := range all {
		r.w.giveUp(r.words)
	}
}

// refuse answers the command of a worker that is not run, because a script is
// busy.
func (t workerTask) refuse(words string) {
	ex := t.s.srv.executors.get()
	s := t.s
	s.mu.Lock()
	if t.cmd.exec {
		words = ex.refuseExec(s, words)
	}
	mark := len(s.out.Buf)
	s.out.Error(words)
	ex.stats.reject(t.cmd)
	s.srv.errorCodes.note(s.out.Buf[mark:])
	if s.reply != replyOn {
		s.mute(mark, false)
	}
	s.parked, s.working = false, false
	s.mu.Unlock()
	s.srv.executors.put(ex)
	s.driver.wake(s)
}
