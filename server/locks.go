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

// lockEach locks shards that are in ascending order. On a loop it gets none of
// them, and false, if somebody holds one of them for long. With long, which is
// for workers, it waits, and tells others that it takes long itself.
func lockEach(shards []*engine.Shard, long bool) bool {
	if long {
		lockLong(shards)
		return true
	}
	for i, s := range shards {
		if !s.LockSoon() {
			unlockEach(shards[:i], false)
			return false
		}
	}
	return true
}

// lockLong is lockEach for workers.
func lockLong(shards []*engine.Shard) {
	engine.LockTogether(shards)
	for _, s := range shards {
		s.BeginLong()
	}
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
// it for long it returns false: the session is parked until a worker has the
// shard for it, and then its request is dispatched again.
// REQUIRES: s.mu is held.
func (ex *executor) lockFor(s *session, shard *engine.Shard) bool {
	if ex.given == shard {
		shard.EndLong()
		ex.given = nil
		return true
	}
	if shard.LockSoon() {
		return true
	}
	s.parked = true
	ex.srv.workers.start(func() { s.goOnWith(shard) })
	return false
}

// goOnWith locks a shard that the session waits for and goes on with its input:
// the first request finds the shard locked. So waiting is as fair as the lock:
// who tried again without it might always come too late.
func (s *session) goOnWith(shard *engine.Shard) {
	shard.Lock()
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
