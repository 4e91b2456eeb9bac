package server

import (
	"sync/atomic"

	"larder/engine"
	"larder/server/command"
)

// listeners are the bits of command.Listeners that hold now. A command reads
// them once its shards are locked; who begins to listen to a key sets its bit
// before it unlocks the key's shard. So no command that comes after it in the
// order of that lock can miss it.
type listeners struct{ bits atomic.Uint32 }

func (l *listeners) load() command.Listeners { return command.Listeners(l.bits.Load()) }

// set says whether somebody of the kind listens. The caller holds the lock that
// guards who does, so that the last call is right.
func (l *listeners) set(kind command.Listeners, on bool) {
	if on {
		l.bits.Or(uint32(kind))
	} else {
		l.bits.And(^uint32(kind))
	}
}

// handle runs the handler and tells what it did to those who listen.
// REQUIRES: the shards of the command's keys are locked.
func (ex *executor) handle(c *command.Ctx, cmd *bound) {
	c.Listening = ex.srv.listening.load()
	if ex.turn != nil && !ex.takeTurn() {
		return
	}
	recorded, args := ex.srv.commits.on(), c.Args
	if recorded && ex.within == nil {
		c.NowMs = max(c.NowMs, ex.srv.engine.ExpiredMs())
	}
	cmd.Handler(c)
	if (c.Dirty != 0 || c.Silent) && recorded && !c.NoRoom && !c.Escalate {
		ex.change(c, ChangeCommand, args)
	}
	if len(c.Events) > 0 {
		ex.deliver(c)
	}
	if ex.turn != nil {
		ex.endTurn(c)
	} else if c.Blocked {
		ex.entered = ex.srv.waiting.enter(ex.by, cmd, c)
	}
	if c.Listening&command.ListenTrack != 0 && !c.Escalate && ex.by.wants(cmd) {
		ex.srv.tracking.remember(ex.by, c.Keys)
	}
}

// deliver tells what a command has recorded.
// REQUIRES: the shards of the keys are locked.
func (ex *executor) deliver(c *command.Ctx) {
	for i := range c.Events {
		ev := &c.Events[i]
		if ev.Kind == command.KeyAbsent {
			ex.srv.engine.Reap(ev.DB, ex.srv.engine.Key(ev.Key), c.NowMs)
			continue
		}
		ex.srv.tell(ex.by, ev)
	}
	if c.Listening&command.ListenTrack != 0 {
		ex.srv.tracking.heed(ex.by, c.Events)
		ex.announce(c)
	}
	if c.Listening&command.ListenBlocked != 0 {
		ex.ready = ex.srv.waiting.makeReady(ex.ready, c.Events)
	}
	clear(c.Events)
	c.Events = c.Events[:0]
}

// tell is the one place where all who listen hear of an event. by is the
// session whose command raised it, nil if none did.
// REQUIRES: the shard of the key is locked, or all for an event without one.
func (srv *Server) tell(by *session, ev *command.Event) {
	bits := srv.listening.load()
	if bits&command.ListenWatch != 0 && ev.Kind != command.KeyNoted {
		srv.watches.touch(srv.engine, ev)
	}
	if bits&command.ListenNotify != 0 && ev.Class != 0 {
		srv.notify(ev)
	}
}

// keyObserver passes on what happens to keys without a command that says so.
type keyObserver struct{ srv *Server }

var _ engine.Observer = keyObserver{}

// KeyExpired implements engine.Observer.
func (o keyObserver) KeyExpired(db int, key []byte) {
	o.srv.removed(db, key, command.EventExpired, "expired")
}

// FieldsExpired implements engine.Observer.
func (o keyObserver) FieldsExpired(db int, key []byte, last bool) {
	o.srv.removed(db, key, command.EventHash, "hexpired")
	if last {
		o.srv.removed(db, key, command.EventGeneric, "del")
	}
}

// removed tells that a key has expired or was evicted.
// REQUIRES: its shard is locked.
func (srv *Server) removed(db int, key []byte, class command.EventClass, event string) {
	bits := srv.listening.load()
	if bits == 0 {
		return
	}
	ev := []command.Event{{Kind: command.KeyChanged, Class: class, DB: db, Key: key, Name: event}}
	srv.tell(nil, &ev[0])
	if bits&command.ListenTrack != 0 {
		srv.tracking.heed(nil, ev)
		srv.tracking.broadcast(nil, ev)
	}
	if bits&command.ListenBlocked != 0 {
		srv.waiting.orphan(&ev[0])
	}
}
