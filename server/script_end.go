package server

import (
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"
)

// scriptGrace is how long scripts go on when the server is to end. The snapshot
// that it may end with, and clients whose commands still wait, need what they
// hold.
const scriptGrace = time.Second

var errShutdownKilled = errors.New("script killed by the server's shutdown")

// scriptEnd is how far the end of all scripts is. scripting.mu guards it.
type scriptEnd struct {
	timer *time.Timer // nil while the server is not to end
	// unwritten ends scripts that have not written, all also the others.
	unwritten, all bool
}

// strike ends a run if it is time; it tells whether it has.
func (e *scriptEnd) strike(r *scriptRun) bool {
	if e.all || e.unwritten && !r.wrote {
		r.cancel(errShutdownKilled)
		return true
	}
	return false
}

// endScripts ends scripts because the server is to end: those that have written
// nothing after a grace, and those that come later at once. What a script has
// written in part must not stay like that; but if nothing is kept of the data
// (hard), they all end now.
func (srv *Server) endScripts(hard bool) {
	sc := &srv.scripting
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if hard {
		sc.ending.all = true
		srv.strikeScripts()
	}
	if sc.ending.timer == nil {
		sc.ending.timer = time.AfterFunc(scriptGrace, srv.endUnwritten)
	}
}

// endUnwritten ends the grace of endScripts.
func (srv *Server) endUnwritten() {
	sc := &srv.scripting
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.ending.timer != nil { // or it was called off
		sc.ending.timer.Stop()
		sc.ending.unwritten = true
		srv.strikeScripts()
	}
}

// strikeScripts ends the runs whose time it is. REQUIRES: scripting.mu is held.
func (srv *Server) strikeScripts() {
	var names []string
	for r := range srv.scripting.running {
		if srv.scripting.ending.strike(r) {
			names = append(names, r.name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		srv.log.Warn("scripts were still running: ended by the shutdown", zap.Strings("scripts", names))
	}
}

// spareScripts lets scripts go on: the server does not end.
func (srv *Server) spareScripts() {
	sc := &srv.scripting
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.ending.timer != nil {
		sc.ending.timer.Stop()
	}
	sc.ending = scriptEnd{}
}
