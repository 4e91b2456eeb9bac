package server

import (
	"sync"
	"time"

	"larder/engine"
)

const (
	// expireEvery is how often the expirer looks whether something is due.
	expireEvery = 50 * time.Millisecond
	// expireIdle is how far that is stretched while nothing is due: what has
	// expired is absent anyway, and 20 wake-ups a second are most of what an
	// idle server costs.
	expireIdle = 400 * time.Millisecond
	// expireSlice is how long it works without a pause, expireDuty the share
	// of the time that it works while there is much to do, in percent.
	expireSlice = 500 * time.Microsecond
	expireDuty  = 25
	// fieldSlice is how many slots of hashes are visited under one lock, about.
	fieldSlice = 512
)

// expirer reclaims expired keys in the background. What it does is invisible
// to commands: an expired key is absent from its deadline on.
type expirer struct {
	srv  *Server
	quit chan struct{}
	wg   sync.WaitGroup
	// mu guards off and is held during each step, so that DEBUG
	// SET-ACTIVE-EXPIRE 0 takes effect at once. Rank: above the shard locks.
	mu  sync.Mutex
	off bool
}

func (x *expirer) init(srv *Server) { x.srv, x.quit = srv, make(chan struct{}) }

func (x *expirer) start() { x.wg.Go(x.run) }

func (x *expirer) stop() {
	close(x.quit)
	x.wg.Wait()
}

// setActive switches reclaiming on or off (DEBUG SET-ACTIVE-EXPIRE).
func (x *expirer) setActive(on bool) {
	x.mu.Lock()
	x.off = !on
	x.mu.Unlock()
}

func (x *expirer) run() {
	every := expireEvery
	tick := time.NewTicker(every)
	defer tick.Stop()
	sweepers := make([]engine.Sweeper, len(x.srv.engine.Shards()))
	for {
		select {
		case <-x.quit:
			return
		case <-tick.C:
			removed := 0
			for i, s := range x.srv.engine.Shards() {
				n, goOn := x.sweep(s, &sweepers[i])
				if !goOn {
					return
				}
				removed += n
			}
			next := min(2*every, expireIdle)
			if removed > 0 || x.srv.listening.load() != 0 { // somebody may wait to hear that a key has expired
				next = expireEvery
			}
			if next != every {
				every = next
				tick.Reset(every)
			}
		}
	}
}

// sweep reclaims what is due in one shard, in slices with pauses between them.
// It returns how many keys that were; goOn is false when the expirer is to stop.
func (x *expirer) sweep(s *engine.Shard, w *engine.Sweeper) (removed int, goOn bool) {
	start := time.Now()
	for {
		x.mu.Lock()
		more := false
		if !x.off && s.LockSoon() { // what is held for long has its turn in the next round
			var n int
			n, more = w.Sweep(s, time.Now().UnixMilli())
			removed += n
			if !more {
				n, more = s.SweepFields(time.Now().UnixMilli(), fieldSlice)
				removed += n
			}
			s.Unlock()
		}
		x.mu.Unlock()
		if !more {
			return removed, true
		}
		if worked := time.Since(start); worked > expireSlice {
			select {
			case <-x.quit:
				return removed, false
			case <-time.After(worked * (100 - expireDuty) / expireDuty):
			}
			start = time.Now()
		}
	}
}
