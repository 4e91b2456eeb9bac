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
	for {
		select {
		case <-r.quit:
			return
		case <-r.srv.engine.Reclaimable():
			for _, s := range r.srv.engine.Shards() {
				if !r.reclaim(s) {
					return
				}
			}
		}
	}
}

// reclaim frees the garbage of one shard, in slices with pauses between them.
// It returns false when the reclaimer is to stop.
func (r *reclaimer) reclaim(s *engine.Shard) (goOn bool) {
	start := time.Now()
	for {
		s.Lock()
		more := s.Reclaim(reclaimBatch)
		s.Unlock()
		if !more {
			return true
		}
		if worked := time.Since(start); worked > reclaimSlice {
			select {
			case <-r.quit:
				return false
			case <-time.After(worked * (100 - reclaimDuty) / reclaimDuty):
			}
			start = time.Now()
		}
	}
}
