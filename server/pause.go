package server

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"larder/protocol/memcache"
	"larder/protocol/resp"
	"larder/server/command"
)

// pauseKind says which commands wait during CLIENT PAUSE.
type pauseKind uint32

const (
	pauseNone pauseKind = iota
	pauseWrites
	pauseAll
)

// pauseGate holds back commands during CLIENT PAUSE. A session whose command
// is held back is parked with the command still in its input, so that it costs
// nothing while it waits; the end of the pause lets the sessions go on in the
// order in which they came.
type pauseGate struct {
	// kind is read before each command, and changed under mu only.
	kind atomic.Uint32
	// mu guards the fields below. It is a leaf but for session.mu being held
	// by who waits.
	mu      sync.Mutex
	untilMs int64 // ms since 1970
	timer   *time.Timer
	waiting []*session
	stopped bool // there are no more pauses
	// final tells that the server ends, and that what is held back is dropped.
	final bool
}

// closed tells whether a command has to wait. EXEC does what its queue does.
// REQUIRES: s.mu is held.
func (g *pauseGate) closed(s *session, cmd *bound) bool {
	switch pauseKind(g.kind.Load()) {
	case pauseAll:
		return true
	case pauseWrites:
		flags := cmd.Is
		if cmd.exec && s.tx != nil {
			flags |= s.tx.flags
		}
		return flags&(command.Write|command.MayReplicate) != 0
	}
	return false
}

// closedToMemcached tells whether a memcached request has to wait.
func (g *pauseGate) closedToMemcached(r *memcache.Request) bool {
	switch pauseKind(g.kind.Load()) {
	case pauseAll:
		return true
	case pauseWrites:
		return r.Op == memcache.OpFlushAll || r.Op.HasKey() && command.MemcachedChanges(r)
	}
	return false
}

// wait parks the session until the pause ends; it reports false if that has
// happened meanwhile. The command that was held back stays in the input.
// REQUIRES: s.mu is held.
func (g *pauseGate) wait(s *session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kind.Load() == uint32(pauseNone) {
		return false
	}
	if g.final {
		s.closing = closeFlushed
		return true
	}
	s.parked, s.paused = true, true
	g.waiting = append(g.waiting, s)
	return true
}

// forget takes out a session that has ended.
func (g *pauseGate) forget(s *session) {
	if g.kind.Load() == uint32(pauseNone) {
		return
	}
	g.mu.Lock()
	g.waiting = slices.DeleteFunc(g.waiting, func(w *session) bool { return w == s })
	g.mu.Unlock()
}

// pause starts a pause or makes the present one longer and stricter, never
// shorter or looser.
func (g *pauseGate) pause(kind pauseKind, untilMs, nowMs int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return
	}
	g.kind.Store(max(g.kind.Load(), uint32(kind)))
	g.untilMs = max(g.untilMs, untilMs)
	if g.timer != nil {
		g.timer.Stop()
	}
	left := min(g.untilMs-nowMs, int64(maxPause/time.Millisecond))
	g.timer = time.AfterFunc(time.Duration(left)*time.Millisecond, g.expire)
}

// maxPause is the longest time that a timer is set to; what is longer is
// looked at again then.
const maxPause = 24 * time.Hour

// expire ends the pause when its time has come.
func (g *pauseGate) expire() {
	g.mu.Lock()
	now := time.Now().UnixMilli()
	if now < g.untilMs {
		g.timer = time.AfterFunc(min(time.Duration(g.untilMs-now)*time.Millisecond, maxPause), g.expire)
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	g.resume()
}

// resume ends the pause and lets all go on that wait.
// REQUIRES: no session is locked by the caller.
func (g *pauseGate) resume() {
	g.mu.Lock()
	waiting := g.waiting
	g.waiting, g.untilMs = nil, 0
	if g.final {
		g.kind.Store(uint32(pauseWrites))
	} else {
		g.kind.Store(uint32(pauseNone))
	}
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	g.mu.Unlock()
	for _, s := range waiting {
		s.mu.Lock()
		s.parked, s.paused = false, false
		s.mu.Unlock()
		s.driver.wake(s)
	}
}

// stop ends the pause, and allows no more. With dropWrites, those that were held
// back and those that still come are not run: their connections are closed
// without a reply, so that nobody believes in what no snapshot contains.
// REQUIRES: no session is locked by the caller.
func (g *pauseGate) stop(dropWrites bool) {
	g.mu.Lock()
	g.stopped, g.final = true, dropWrites
	g.mu.Unlock()
	g.resume()
}

// clientPause implements CLIENT PAUSE timeout [WRITE|ALL].
func clientPause(q *call) {
	if len(q.args) > 4 {
		q.wrongSubcommand()
		return
	}
	kind := pauseAll
	if len(q.args) == 4 {
		switch {
		case q.is(3, "WRITE"):
			kind = pauseWrites
		case !q.is(3, "ALL"):
			q.out.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
			return
		}
	}
	ms, ok := resp.ParseInt(q.args[2])
	now := q.ex.nowMs
	switch {
	case !ok:
		q.out.Error("ERR timeout is not an integer or out of range")
		return
	case ms < 0:
		q.out.Error("ERR timeout is negative")
		return
	case ms+now < 0:
		q.out.Error("ERR timeout is out of range")
		return
	}
	q.srv.pause.pause(kind, now+ms, now)
	q.out.OK()
}

// clientUnpause implements CLIENT UNPAUSE.
func clientUnpause(q *call) {
	q.srv.pause.resume()
	q.out.OK()
}
