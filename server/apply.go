package server

import (
	"fmt"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// Running a record again: the same handlers as live, with the time and the seed
// that the record has. Nobody listens, nobody waits for a reply, and nothing is
// recorded. An error reply is no fault where a command has changed something
// before; a command that does not exist is.

// Applier runs records. One goroutine uses it.
type Applier struct {
	srv *Server
	ex  *executor
	out resp.Writer
}

// NewApplier returns an applier. The caller owes Close.
func (srv *Server) NewApplier() *Applier {
	return &Applier{srv: srv, ex: srv.executors.get()}
}

// Close gives back what the applier has borrowed.
func (a *Applier) Close() { a.srv.executors.put(a.ex) }

// Apply runs the commands of a record. It keeps nothing of it. An error says
// that the record is not one of this server's: what it changes is unknown.
func (a *Applier) Apply(rec *Record) error {
	for i := range rec.Commands {
		ch := &rec.Commands[i]
		if len(ch.Args) == 0 || ch.DB < 0 || ch.DB >= a.srv.engine.Databases() {
			return fmt.Errorf("a command of database %d with %d words", ch.DB, len(ch.Args))
		}
		var err error
		switch ch.Kind {
		case ChangeCommand:
			err = a.command(rec.TimeMs, ch)
		case ChangeItem:
			err = a.item(rec.TimeMs, ch)
		case ChangeLibraries:
			err = a.libraries(ch)
		default:
			err = fmt.Errorf("a change of kind %d", ch.Kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// command runs a data command.
func (a *Applier) command(nowMs int64, ch *Change) error {
	cmd := a.srv.lookup(ch.Args[0])
	if cmd != nil && len(cmd.Sub) > 0 && len(ch.Args) > 1 {
		cmd = a.srv.subcommand(cmd, ch.Args[1])
	}
	if cmd == nil || cmd.Handler == nil || !cmd.ArityOK(len(ch.Args)) {
		return fmt.Errorf("an unknown command %.40q with %d words", ch.Args[0], len(ch.Args))
	}
	ex := a.ex
	c := &ex.nested
	a.out.Buf = a.out.Buf[:0]
	c.DB, c.NowMs, c.Seed, c.Args, c.Out, c.Config = ch.DB, nowMs, ch.Seed, ch.Args, &a.out, a.srv.settings.Load()
	c.OnWorker, c.NoTouch, c.NoBlock, c.Listening = true, true, true, 0
	c.Keys = a.keys(cmd, ch.Args)
	for try := 0; ; try++ {
		c.Dirty, c.NoRoom, c.Escalate, c.Blocked = 0, false, false, false
		c.Begin()
		shards := a.shards(cmd, c.Keys)
		lockLong(shards, nil)
		c.AllLocked = len(shards) == len(a.srv.engine.Shards())
		cmd.Handler(c)
		unlockEach(shards, true)
		if len(c.Garbage) > 0 {
			a.srv.discard(c.Garbage)
			c.Garbage = nil
		}
		if !c.NoRoom {
			return nil
		}
		if try == maxRoomTries || !a.srv.memory.makeMoreRoom(requestBytes(ch.Args)) {
			return fmt.Errorf("no room for %.40q: raise maxmemory", ch.Args[0])
		}
		a.out.Buf = a.out.Buf[:0]
	}
}

// keys finds the keys of a command.
func (a *Applier) keys(cmd *bound, args [][]byte) []engine.Key {
	ex := a.ex
	at, ok := cmd.AppendKeys(ex.keyAt[:0], args)
	ex.keyAt, ex.keys = at, ex.keys[:0]
	if !ok {
		return nil
	}
	for _, i := range at {
		ex.keys = append(ex.keys, a.srv.engine.Key(args[i]))
	}
	return ex.keys
}

// shards are those to lock.
func (a *Applier) shards(cmd *bound, keys []engine.Key) []*engine.Shard {
	if cmd.Is&command.AllShards != 0 || len(keys) == 0 {
		return a.srv.engine.Shards()
	}
	a.ex.ctx.Keys = keys
	a.ex.findShards()
	a.ex.ctx.Keys = nil
	return a.ex.locked
}

// libraries runs a FUNCTION command. A snapshot may hold its effect already.
func (a *Applier) libraries(ch *Change) error {
	args := ch.Args
	cmd := a.srv.lookup(args[0])
	if cmd != nil && len(cmd.Sub) > 0 && len(args) > 1 {
		cmd = a.srv.subcommand(cmd, args[1])
	}
	if cmd == nil || cmd.session == nil {
		return fmt.Errorf("an unknown command %.40q", args[0])
	}
	switch cmd.FullName() {
	case "function|load":
		args = [][]byte{args[0], args[1], []byte("REPLACE"), args[len(args)-1]}
	case "function|restore":
		if len(args) == 3 {
			args = append(args[:3:3], []byte("REPLACE"))
		}
	}
	a.out.Buf = a.out.Buf[:0]
	q := call{ex: a.ex, srv: a.srv, cmd: cmd, args: args, out: &a.out, onWorker: true}
	cmd.session(&q)
	return nil
}
