package server

import (
	"sync"
	"time"
)

// executorPool keeps all executors: those of the loops are only listed here,
// for statistics; the others are lent to workers and to the goroutine driver.
type executorPool struct {
	srv *Server
	// mu guards the fields below. It is a leaf.
	mu   sync.Mutex
	free []*executor
	all  []*executor
}

func (p *executorPool) register(ex *executor) {
	p.mu.Lock()
	p.all = append(p.all, ex)
	p.mu.Unlock()
}

func (p *executorPool) get() *executor {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		ex := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return ex
	}
	p.mu.Unlock()
	ex := newExecutor(p.srv)
	p.register(ex)
	return ex
}

func (p *executorPool) put(ex *executor) {
	ex.forget()
	p.mu.Lock()
	p.free = append(p.free, ex)
	p.mu.Unlock()
}

// maxIdleArgs bounds the room for arguments that an executor keeps.
const maxIdleArgs = 1024

// forget lets go of the last requests' arguments, which are parts of a
// session's or a worker's memory.
func (ex *executor) forget() {
	clear(ex.args[:cap(ex.args)])
	clear(ex.keys[:cap(ex.keys)])
	if cap(ex.args) > maxIdleArgs {
		ex.args = nil
	}
	if cap(ex.keys) > maxIdleArgs {
		ex.keys, ex.keyAt, ex.locked = nil, nil, nil
	}
	ex.ctx.Args, ex.ctx.Keys, ex.ctx.Out = nil, nil, nil
	ex.nested.Args, ex.nested.Keys, ex.nested.Out = nil, nil, nil
	ex.by, ex.entered = nil, nil
	ex.q = call{}
}

// each calls f with every executor's statistics.
func (p *executorPool) each(f func(*execStats)) {
	p.mu.Lock()
	all := p.all
	p.mu.Unlock()
	for _, ex := range all {
		f(&ex.stats)
	}
}

// workers run commands beside the loops. Their number is bounded by that of
// the sessions: a session waits for its command.
type workers struct{ wg sync.WaitGroup }

func (w *workers) start(f func()) { w.wg.Go(f) }

// wait returns when all have ended, or after d; it tells whether all have.
func (w *workers) wait(d time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		w.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(d):
		return false
	}
}
