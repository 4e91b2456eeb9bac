package server

import "larder/engine"

// Locks of shards.
//
// A loop never waits for a shard that somebody holds for long. It locks with
// engine.Shard.LockSoon, which fails on such a shard; then the command goes to a
// worker (park), or the request of a memcached client stays where it is until a
// worker has got the shard for it (waitForShard). Evicting, and everything in
// the background, leaves such a shard out and comes back later.
//
// Who holds shards for longer than a simple command takes says so with
// BeginLong; that is what commands on workers do, scripts among them. Such a
// holder waits for no further shard: one that needs several lets go of all that
// it has before it waits for one that is held. So a script that keeps one key
// for minutes stops those who need this key's shard, and nobody who needs
// another one.

// lockEach locks shards that are in ascending order, for the executor's command.
// On a loop it gets none of them, and false, if somebody holds one of them for
// long. With long, which is for workers, it waits, and tells others that it takes
// long itself; it returns false if the wait was given up (busy.go).
func (ex *executor) lockEach(shards []*engine.Shard, long bool) bool {
	if !long {
		return lockSoonEach(shards)
	}
	ok := lockLong(shards, ex.await)
	if ok {
		ex.wait = nil // what has begun is not given up
	}
	return ok
}

// await locks a shard for a command on a worker. It returns false, with nothing
// locked, if the wait was given up.
func (ex *executor) await(s *engine.Shard) bool {
	if ex.wait != nil {
		return ex.wait.lock(s)
	}
	s.Lock()
	return true
}

// lockSoonEach is lockEach for loops.
func lockSoonEach(shards []*engine.Shard) bool {
	for i, s := range shards {
		if !s.LockSoon() {
			unlockEach(shards[:i], false)
			return false
		}
	}
	return true
}

// lockLong is lockEach for workers; wait may be nil.
func lockLong(shards []*engine.Shard, wait func(*engine.Shard) bool) bool {
	if !engine.LockTogether(shards, wait) {
		return false
	}
	for _, s := range shards {
		s.BeginLong()
	}
	return true
}

// unlockEach undoes lockEach.
func unlockEach(shards []*engine.Shard, long bool) {
	for _, s := range shards {
		if long {
			s.EndLong()
		}
		s.Unlock()
	}
}

// lockFor locks a shard for a memcached request of a session. If somebody holds
// it for long, the session waits: it is parked until a worker has the shard for
// it, and then its request is dispatched again.
// REQUIRES: s.mu is held.
func (ex *executor) lockFor(s *session, shard *engine.Shard) lockResult {
	switch {
	case ex.given == shard:
		shard.EndLong()
		ex.given = nil
		return lockGot
	case shard.LockSoon():
		return lockGot
	case ex.srv.scripting.busy(shard) != nil:
		return lockBusy
	}
	s.parked = true
	ex.srv.workers.start(func() { s.goOnWith(shard) })
	return lockWaits
}

// lockResult tells what has come of lockFor.
type lockResult uint8

const (
	lockGot   lockResult = iota
	lockWaits            // the request is not done
	lockBusy             // a script has held the shard for too long
)

// goOnWith locks a shard that the session waits for and goes on with its input:
// the first request finds the shard locked. So waiting is as fair as the lock:
// who tried again without it might always come too late.
func (s *session) goOnWith(shard *engine.Shard) {
	wait := shardWait{srv: s.srv, giveUp: func(string) { s.goOn() }}
	if !wait.lock(shard) {
		if !wait.given {
			s.goOn()
		}
		return
	}
	shard.BeginLong()
	ex := s.srv.executors.get()
	ex.tick()
	// Who holds the lock of a parked session waits for no shard, so neither does
	// this wait for long.
	s.mu.Lock()
	s.parked = false
	ex.given = shard
	if s.closing == stayOpen && !s.gone.Load() && !s.killed.Load() {
		s.feed(ex, nil)
	}
	if ex.given != nil { // the request does not need it any more
		ex.given = nil
		shard.EndLong()
		shard.Unlock()
	}
	s.mu.Unlock()
	s.srv.executors.put(ex)
	s.driver.wake(s)
}

// goOn lets a parked session dispatch its request again.
func (s *session) goOn() {
	s.mu.Lock()
	s.parked = false
	s.mu.Unlock()
	s.driver.wake(s)
}
