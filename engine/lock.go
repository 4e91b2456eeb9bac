package engine

// Locks of shards that are held for long. Who may take longer with a shard than
// a simple command takes says so (BeginLong), and who must not wait as long asks
// for the lock with LockSoon. Who needs several shards and may wait for them
// waits for none while it holds another (LockTogether): otherwise one shard that
// somebody keeps would stop those who need others.

const (
	// lockSpins is how often LockSoon tries while the holder works on another
	// core, some 15 µs, and lockYields how often it lets another thread have the
	// core in between: the holder may be one of those. Nobody keeps the lock for
	// as long who has not said so, unless the machine or the collector has stopped
	// him; where other processes use the core, each yield may take milliseconds.
	lockSpins  = 100
	lockYields = 8
	// spinLoads is how many loads there are between two tries of a spin.
	spinLoads = 100
)

// LockSoon is Lock for who must not wait long, an event loop for one: it reports
// false, having locked nothing, if somebody holds the lock who has said that he
// takes long, or if it cannot be had in so many tries.
func (s *Shard) LockSoon() bool { return s.mu.TryLock() || s.lockSoon() }

func (s *Shard) lockSoon() bool {
	s.wanted.Store(true)
	for try := range lockSpins + lockYields {
		if try < lockSpins {
			for range spinLoads {
				if s.Long() {
					return false
				}
			}
		} else if s.Long() {
			return false
		} else {
			yield()
		}
		if s.mu.TryLock() {
			return true
		}
	}
	return false
}

// BeginLong tells others that the caller, who has locked the shard, takes long,
// even if he lets go of it for moments.
func (s *Shard) BeginLong() { s.long.Add(1) }

// EndLong undoes BeginLong. REQUIRES: the caller has locked the shard.
func (s *Shard) EndLong() { s.long.Add(-1) }

// Long tells whether somebody holds the shard for long.
func (s *Shard) Long() bool { return s.long.Load() > 0 }

// Long tells whether a shard is held for long.
func (e *Engine) Long() bool {
	for _, s := range e.shards {
		if s.Long() {
			return true
		}
	}
	return false
}

// LockTogether locks shards, which are in ascending order, and waits as long as
// that takes. With wait, that locks the one to wait for: if it returns false,
// having given up, none is locked and LockTogether does so too.
// REQUIRES: the caller has locked no shard.
func LockTogether(shards []*Shard, wait func(*Shard) bool) (ok bool) {
	for first, done := 0, len(shards) == 0; !done; {
		if wait == nil {
			shards[first].Lock()
		} else if !wait(shards[first]) {
			return false
		}
		first, done = lockOthers(shards, first)
	}
	return true
}

// lockOthers locks all shards but the one at have, which is locked. If somebody
// holds one of them it unlocks all and returns the place of that one.
func lockOthers(shards []*Shard, have int) (busy int, ok bool) {
	for i, s := range shards {
		if i == have || s.LockSoon() {
			continue
		}
		for _, o := range shards[:i] {
			o.Unlock()
		}
		if have > i {
			shards[have].Unlock()
		}
		return i, false
	}
	return 0, true
}

// LockAll locks every shard. REQUIRES: the caller has locked none.
func (e *Engine) LockAll() { LockTogether(e.shards, nil) }

// UnlockAll undoes LockAll.
func (e *Engine) UnlockAll() {
	for _, s := range e.shards {
		s.Unlock()
	}
}
