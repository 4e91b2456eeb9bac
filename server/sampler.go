package server

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sampleEvery is how often the rates that INFO shows are sampled, samples
	// over how many of these they are taken.
	sampleEvery = 100 * time.Millisecond
	samples     = 16
)

// sampler measures what only the course of time shows: rates and the peak of
// the memory.
type sampler struct {
	quit chan struct{}
	wg   sync.WaitGroup
	peak atomic.Uint64 // of used_memory, bytes

	// mu guards ring and next. It is a leaf.
	mu   sync.Mutex
	ring [samples]sample
	next int
}

// sample is a reading of the counters.
type sample struct {
	ns                          int64 // monotonic
	commands, inBytes, outBytes uint64
}

// rates are what happens a second.
type rates struct{ commands, inBytes, outBytes float64 }

func (p *sampler) start(srv *Server) {
	p.quit = make(chan struct{})
	p.wg.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.quit:
				return
			case <-tick.C:
				p.take(srv)
			}
		}
	})
}

func (p *sampler) stop() {
	close(p.quit)
	p.wg.Wait()
}

func (p *sampler) take(srv *Server) {
	p.notePeak(srv.engine.Used())
	t := srv.sum(false)
	p.mu.Lock()
	p.ring[p.next%samples] = sample{monotonicNs(), t.processed, t.inBytes, t.outBytes}
	p.next++
	p.mu.Unlock()
}

// notePeak raises the peak to used if that is more.
func (p *sampler) notePeak(used uint64) {
	for old := p.peak.Load(); used > old; old = p.peak.Load() {
		if p.peak.CompareAndSwap(old, used) {
			return
		}
	}
}

// reset forgets what was sampled.
func (p *sampler) reset(srv *Server) {
	p.mu.Lock()
	p.next = 0
	p.mu.Unlock()
	p.peak.Store(srv.engine.Used())
}

// rates returns the rates over the last samples.
func (p *sampler) rates() rates {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(p.next, samples)
	if n < 2 {
		return rates{}
	}
	last, first := p.ring[(p.next-1)%samples], p.ring[(p.next-n)%samples]
	secs := float64(last.ns-first.ns) / 1e9
	if secs <= 0 {
		return rates{}
	}
	return rates{float64(last.commands-first.commands) / secs, float64(last.inBytes-first.inBytes) / secs,
		float64(last.outBytes-first.outBytes) / secs}
}
