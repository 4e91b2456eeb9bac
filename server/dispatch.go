package server

import (
	"slices"
	"strings"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// bound is a command of the table with what runs it: a handler of package
// command, or a function of this package for commands that concern sessions.
type bound struct {
	*command.Command
	session sessionHandler
	// firstKey is the place of the first key if it is fixed, 0 otherwise;
	// onlyKey tells that it is the only one.
	firstKey int
	onlyKey  bool
	// atOnce tells that the command is not queued in MULTI; exec, that it runs
	// what is queued.
	atOnce, exec bool
	// cheap tells that the command takes so little time, whatever its data,
	// that reading the clock for each run would be a tenth of it; briefArgs, with
	// how many arguments at most it does: LPUSH of one element. 0 is none.
	cheap     bool
	briefArgs int
	// random tells that the command may choose by chance: it gets a seed.
	random bool
	script bool // it runs a script or a function
	// always tells that a subscriber may send it even where messages and
	// replies look alike.
	always bool
}

// sessionHandler runs a command that concerns the session or the server and
// writes its reply to q.out.
type sessionHandler func(q *call)

// call is a request to a sessionHandler. The session is locked, unless the
// command is Slow: then it is parked, the handler runs on a worker, and it
// locks what it looks at.
type call struct {
	s    *session
	ex   *executor
	srv  *Server
	cmd  *bound
	args [][]byte
	out  *resp.Writer
	// onWorker tells that it runs on a worker, with the session parked and not
	// locked.
	onWorker bool
	// within is the transaction of which a script is a part, nil if it is none:
	// all shards are locked already.
	within *nesting
	// nested tells that it is a part of a transaction or of a script, and shards
	// may be locked: it must not go to a worker, nor wait.
	nested bool
	// hangUp asks to close the session's connection once the reply is written.
	hangUp bool
	// pushed tells that the reply is made of messages, which CLIENT REPLY does
	// not hold back.
	pushed bool
}

// bind joins the table with the session handlers; each row needs exactly one
// of the two.
func (srv *Server) bind() error {
	srv.bound = make([]*bound, len(srv.table.All))
	for _, c := range srv.table.All {
		b := &bound{Command: c, session: sessionHandlers[c.FullName()], cheap: c.Complexity == "O(1)", always: confinedTo[c.FullName()],
			atOnce: runAtOnce[c.FullName()], exec: c.FullName() == "exec"}
		b.script = c.Group == "scripting" && c.Parent == nil && len(c.Sub) == 0
		b.random = c.Is&command.Fast == 0 || strings.Contains(c.Extra, "tip:nondeterministic_output")
		if (c.Handler == nil) == (b.session == nil) && len(c.Sub) == 0 {
			return errNoHandler(c.FullName())
		}
		if len(c.Specs) > 0 && c.Specs[0].NumAt == 0 && c.Specs[0].Word == "" && !c.Specs[0].NotKey() {
			b.firstKey = c.Specs[0].First
			b.onlyKey = len(c.Specs) == 1 && c.Specs[0].Last == c.Specs[0].First
		}
		if b.onlyKey && c.Is&command.Fast != 0 && c.Is&command.Blocking == 0 {
			b.briefArgs = max(c.Arity, -c.Arity)
		}
		srv.bound[c.ID] = b
	}
	return nil
}

// lookup finds what runs a command, nil if its name is unknown.
func (srv *Server) lookup(name []byte) *bound {
	c := srv.table.Lookup(name)
	if c == nil {
		return nil
	}
	return srv.bound[c.ID]
}

// dispatch executes one RESP request: checks, locks, handler, reply, counts.
// It is the only place that does so. The session may be parked afterwards.
// REQUIRES: s.mu is held.
func (ex *executor) dispatch(s *session, r *request) {
	args := ex.args[r.from:r.to]
	cmd := r.cmd
	mark := len(s.out.Buf)
	s.commands++
	s.activeMs = ex.nowMs
	if s.reply == replySkipNext {
		s.reply = replySkip
	}
	if cmd != nil && len(cmd.Sub) > 0 && len(args) > 1 {
		cmd = ex.srv.subcommand(cmd, args[1])
	}
	if s.caching != cachingUnsaid {
		s.ageCaching(cmd)
	}
	if cmd == nil && speaksHTTP(args[0]) {
		ex.srv.logHTTP(s)
		s.closing = closeNow
		return
	}
	if refusal := ex.refuse(s, cmd, r.cmd, args); refusal != "" {
		if cmd != nil && cmd.exec {
			refusal = ex.refuseExec(s, refusal)
		}
		s.out.Error(refusal)
		ex.stats.reject(cmd)
		ex.srv.errorCodes.note(s.out.Buf[mark:])
		if s.tx != nil {
			s.tx.spoiled = true
		}
	} else if ex.heldBack(s, cmd) {
		s.held, s.lastCmd = true, cmd.ID+1
		return
	} else if s.lastCmd = cmd.ID + 1; s.tx != nil && !cmd.atOnce {
		ex.enqueue(s, cmd, args)
	} else {
		ex.run(s, cmd, args, r)
		if ex.srv.monitors.any() && !(s.parked && cmd.exec) {
			ex.srv.feedMonitors(s, ex, cmd, args)
		}
	}
	if s.reply != replyOn && !s.parked {
		s.mute(mark, ex.q.pushed)
	}
	ex.q.pushed = false
	ex.announceRest(s)
	if s.pushes.size() > 0 {
		s.takePushes() // what the command told its own session stands behind the reply
	}
}

// mute takes back what was written since mark for CLIENT REPLY OFF and SKIP,
// unless that is messages.
func (s *session) mute(mark int, pushed bool) {
	if s.silent(pushed) {
		s.out.Buf = s.out.Buf[:mark]
	}
	if s.reply == replySkip {
		s.reply = replyOn
	}
}

// silent tells whether a reply, unless it is made of messages, is held back.
func (s *session) silent(pushed bool) bool {
	return (s.reply == replyOff || s.reply == replySkip) && !pushed
}

// subcommand resolves a container's subcommand; nil if it is unknown.
func (srv *Server) subcommand(b *bound, name []byte) *bound {
	if c := b.LookupSub(name); c != nil {
		return srv.bound[c.ID]
	}
	return nil
}

// refuse returns the error for a request that must not run, "" if it may.
// cmd is what is to run, nil if unknown; top is the container it came from.
func (ex *executor) refuse(s *session, cmd, top *bound, args [][]byte) string {
	switch {
	case cmd == nil && top == nil:
		return unknownCommand(args)
	case cmd == nil:
		return unknownSubcommand(top, args)
	case !cmd.ArityOK(len(args)), len(cmd.Sub) > 0 && cmd.session == nil && cmd.Handler == nil:
		return "ERR wrong number of arguments for '" + cmd.FullName() + "' command"
	case ex.srv.refusedFor(s, cmd):
		return "NOAUTH Authentication required."
	case s.tx != nil && cmd.Is&command.NoMulti != 0:
		return "ERR Command not allowed inside a transaction"
	case ex.srv.failing() && s.writes(cmd):
		return ex.srv.misconf()
	case !cmd.always && s.confined():
		return errConfined(cmd)
	case ex.srv.loading.Load() && cmd.Is&command.Loading == 0:
		return errLoading
	}
	return ""
}

// writes tells whether a command writes, or is how clients ask whether they may
// (PING). EXEC does what its queue does.
func (s *session) writes(cmd *bound) bool {
	return cmd.Is&command.Write != 0 || cmd.FullName() == "ping" || cmd.exec && s.tx != nil && s.tx.flags&command.Write != 0
}

// run executes an accepted command and counts it.
func (ex *executor) run(s *session, cmd *bound, args [][]byte, r *request) {
	if cmd.Is&command.Slow != 0 || cmd.session == nil && r.wide() {
		ex.park(s, cmd, args)
		return
	}
	mark := len(s.out.Buf)
	if !cmd.brief(args) {
		ex.settle()
	}
	if cmd.session != nil {
		ex.q = call{s: s, ex: ex, srv: ex.srv, cmd: cmd, args: args, out: &s.out}
		cmd.session(&ex.q)
		if ex.q.hangUp {
			s.closing = closeFlushed
		}
		if s.parked {
			return // it is counted when it ends
		}
	} else {
		c := &ex.ctx
		c.DB, c.NoTouch, c.OnWorker = s.db, s.noTouch, false
		c.Out, ex.by = &s.out, s
		if !ex.call(cmd, args, r) {
			ex.park(s, cmd, args)
			return
		}
		if c.Blocked {
			s.block(ex.entered)
			ex.settle()
			ex.nowNs = monotonicNs()
			return
		}
	}
	if ex.lsn != 0 {
		s.lsn = ex.takeCommit()
	}
	bad := failed(&s.out, mark)
	if bad {
		ex.srv.errorCodes.note(s.out.Buf[mark:])
	}
	ex.count(s, cmd, args, bad)
	if len(ex.ready) > 0 {
		ex.serve(false)
	}
}

// failed tells whether the reply that starts at mark is an error.
func failed(w *resp.Writer, mark int) bool { return len(w.Buf) > mark && w.Buf[mark] == '-' }

// call locks what the command needs, runs its handler and unlocks. It returns
// false when the command asks for a worker. REQUIRES: DB, Out, NoTouch and
// OnWorker of ex.ctx are set.
func (ex *executor) call(cmd *bound, args [][]byte, r *request) (done bool) {
	c := &ex.ctx
	c.Args, c.NowMs, c.Dirty, c.NoRoom, c.Escalate = args, ex.nowMs, 0, false, false
	c.NoBlock, c.Blocked = false, false
	c.Begin()
	c.Seed = 0
	if cmd.random {
		c.Seed = ex.seed()
	}
	if !ex.findKeys(cmd, args, r) {
		c.Keys = nil // the handler checks the number of keys and has the words for it
	}
	if cmd.Is&command.DenyOOM != 0 && !ex.srv.memory.makeRoom() {
		c.Out.Error(command.ErrOOM)
		return true
	}
	mark := len(c.Out.Buf)
	for try := 0; ; try++ {
		ex.locked1(cmd)
		if c.Escalate {
			c.Out.Rewind(mark)
			return false
		}
		if !c.NoRoom || try == maxRoomTries || !ex.srv.memory.makeMoreRoom(requestBytes(args)) {
			break
		}
		c.Out.Rewind(mark)
		c.NoRoom = false
	}
	if c.Dirty != 0 {
		ex.stats.dirty.add(uint64(c.Dirty))
	}
	if len(c.Garbage) > 0 {
		ex.srv.discard(c.Garbage)
		c.Garbage = nil
	}
	return true
}

// maxRoomTries bounds how often a command is run again after making room.
const maxRoomTries = 64

// requestBytes is the size of a request's arguments.
func requestBytes(args [][]byte) int {
	n := 0
	for _, a := range args {
		n += len(a)
	}
	return n
}

// findKeys sets ctx.Keys. It reports false if the request's count of keys
// cannot be.
func (ex *executor) findKeys(cmd *bound, args [][]byte, r *request) bool {
	c := &ex.ctx
	if cmd.onlyKey {
		var k engine.Key
		if r != nil && r.ok {
			k = ex.srv.engine.KeyOfHash(args[cmd.firstKey], r.hash)
		} else {
			k = ex.srv.engine.Key(args[cmd.firstKey])
		}
		ex.keys = append(ex.keys[:0], k)
		c.Keys = ex.keys
		return true
	}
	c.Keys = nil
	if len(cmd.Specs) == 0 {
		return true
	}
	at, ok := cmd.AppendKeys(ex.keyAt[:0], args)
	ex.keyAt = at
	if !ok {
		return false
	}
	ex.keys = ex.keys[:0]
	for _, i := range at {
		ex.keys = append(ex.keys, ex.srv.engine.Key(args[i]))
	}
	c.Keys = ex.keys
	return true
}

// locked1 runs the handler once, with the shards of its keys, or all, locked.
func (ex *executor) locked1(cmd *bound) {
	c := &ex.ctx
	switch {
	case cmd.Is&command.OwnLocks != 0 && len(c.Keys) == 1:
		ex.readUnlocked(cmd)
	case cmd.Is&command.AllShards != 0:
		all := ex.srv.engine.Shards()
		if c.Escalate = !ex.lockEach(all, c.OnWorker); c.Escalate {
			return
		}
		c.AllLocked = true
		if c.OnWorker {
			ex.locked = append(ex.locked[:0], all...)
			c.Pause, ex.sliceFrom = ex.letOthersIn, monotonicNs()
		}
		ex.handle(c, cmd)
		c.AllLocked, c.Pause = false, nil
		unlockEach(all, c.OnWorker)
	case len(c.Keys) == 1 && !c.OnWorker:
		s := c.Keys[0].Shard
		if c.Escalate = !s.LockSoon(); c.Escalate {
			return
		}
		ex.handle(c, cmd)
		if cmd.Is&command.ReadOnly != 0 {
			s.UnlockRead()
		} else {
			s.Unlock()
		}
	case len(c.Keys) == 0:
		c.Listening = 0 // it locks shards itself, and changes nothing
		if c.OnWorker {
			c.Rest, ex.sliceFrom = ex.restIfDue, monotonicNs()
		}
		cmd.Handler(c)
		c.Rest = nil
		if c.Blocked {
			ex.entered = ex.srv.waiting.enter(ex.by, cmd, c)
		}
	default:
		ex.findShards()
		if c.Escalate = !ex.lockEach(ex.locked, c.OnWorker); c.Escalate {
			return
		}
		if c.OnWorker {
			c.Pause, ex.sliceFrom = ex.letOthersIn, monotonicNs()
		}
		ex.handle(c, cmd)
		c.Pause = nil
		unlockEach(ex.locked, c.OnWorker)
	}
}

// readUnlocked runs a handler that locks shards itself, and changes nothing. A
// client that caches the key is noted first, so that it hears of all changes
// since.
func (ex *executor) readUnlocked(cmd *bound) {
	c := &ex.ctx
	if ex.srv.listening.load()&command.ListenTrack != 0 && ex.by.wants(cmd) {
		c.WithShard(c.Keys[0].Shard, func() { ex.srv.tracking.remember(ex.by, c.Keys) })
		if c.Escalate {
			return
		}
	}
	c.Listening = 0
	if c.OnWorker {
		c.Rest, ex.sliceFrom = ex.restIfDue, monotonicNs()
	}
	cmd.Handler(c)
	c.Rest = nil
}

// wideArgs and wideBytes are the number of arguments and their bytes from which
// on a request goes to a worker, whatever its command: hashing so many keys, or
// copying so much, would keep the loop's other connections waiting.
const (
	wideArgs  = 4096
	wideBytes = 1 << 20
)

func (r *request) wide() bool { return r.to-r.from > wideArgs || r.size > wideBytes }

// findShards finds the shards of all keys, each once, in ascending order.
func (ex *executor) findShards() {
	ex.locked = ex.locked[:0]
	ex.round++
	for i := range ex.ctx.Keys {
		s := ex.ctx.Keys[i].Shard
		if seen := &ex.lockRound[s.Index()]; *seen != ex.round {
			*seen = ex.round
			ex.locked = append(ex.locked, s)
		}
	}
	slices.SortFunc(ex.locked, func(a, b *engine.Shard) int { return a.Index() - b.Index() })
}
