package server

import (
	"sync"
	"time"

	"larder/engine"
)

const (
	// reclaimBatch is how many objects are freed under one lock.
	reclaimBatch = 256
	// reclaimSlice is how long the reclaimer works without a pause, reclaimDuty
	// the share of the time that it works while there is much to do, in percent.
	reclaimSlice = 500 * time.Microsecond
	reclaimDuty  = 40
	// reclaimAgain is after what time shards are tried again that somebody held.
	reclaimAgain = 50 * time.Millisecond
)

// reclaimer frees large containers that commands have removed: the key is gone
// with the command, its memory comes back here.
type reclaimer struct {
	srv  *Server
	quit chan struct{}
	wg   sync.WaitGroup
}

func (r *reclaimer) init(srv *Server) { r.srv, r.quit = srv, make(chan struct{}) }

func (r *reclaimer) start() { r.wg.Go(r.run) }

func (r *reclaimer) stop() {
	close(r.quit)
	r.wg.Wait()
}

func (r *reclaimer) run() {
	var again <-chan time.Time // nil while nothing is left over
	for {
		select {
		case <-r.quit:
			return
		case <-r.srv.engine.Reclaimable():
		case <-again:
		}
		again = nil
		for _, s := range r.srv.engine.Shards() {
			skipped, goOn := r.reclaim(s)
			if !goOn {
				return
			}
			if skipped && again == nil {
				again = time.After(reclaimAgain)
			}
		}
	}
}

// reclaim frees the garbage of one shard, in slices with pauses between them,
// unless somebody holds it for long: then it is skipped. goOn is false when the
// reclaimer is to stop.
func (r *reclaimer) reclaim(s *engine.Shard) (skipped, goOn bool) {
	start := time.Now()
	for {
		if !s.LockSoon() {
			return true, true
		}
		more := s.Reclaim(reclaimBatch)
		s.Unlock()
		if !more {
			return false, true
		}
		if worked := time.Since(start); worked > reclaimSlice {
			select {
			case <-r.quit:
				return false, false
			case <-time.After(worked * (100 - reclaimDuty) / reclaimDuty):
			}
			start = time.Now()
		}
	}
}
