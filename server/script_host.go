package server

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
	"larder/server/script"
)

// scriptHost is what a running script reaches of the server (script.Host). It
// holds the locks of the run.
type scriptHost struct {
	q        *call
	srv      *Server
	ex       *executor
	keys     []engine.Key // declared
	readOnly bool
	full     bool // memory is: commands that need more are refused
	seed     uint64

	// Of one run:
	run     *scriptRun
	n       nesting // what its commands run in
	locked  []*engine.Shard
	holds   []bool // by shard
	locks   bool   // begin has been asked for all
	wrote   bool
	again   bool // the run ends here and begins again with all shards locked
	reaches bool // it uses keys that it does not declare
	over    bool // the run ends here: it has waited too long for its shards
	out     resp.Writer

	restedNs int64 // monotonic ns of the last rest
}

func newScriptHost(q *call, keys []engine.Key, readOnly bool) *scriptHost {
	return &scriptHost{q: q, srv: q.srv, ex: q.ex, keys: keys, readOnly: readOnly,
		seed: q.ex.seed() | 1, holds: make([]bool, len(q.srv.engine.Shards()))}
}

// begin prepares a run that holds nothing yet. With all, its first command
// locks every shard.
func (h *scriptHost) begin(all bool) {
	h.wrote, h.again, h.locks = false, false, all
	h.n = nesting{s: h.q.s, out: &h.out, mayTakeLong: true, stamp: h.seed}
	if w := h.q.within; w != nil {
		h.n.db, h.n.noTouch, h.n.allLocked, h.n.nowMs = w.db, w.noTouch, true, w.nowMs
	} else { // of a parked session: they stay what they are
		h.n.db, h.n.noTouch = h.q.s.db, h.q.s.noTouch
	}
}

// release unlocks what the run has locked, and counts what it has done.
func (h *scriptHost) release() {
	if h.q.within == nil {
		h.ex.commitNested(&h.n)
	}
	for _, s := range h.locked {
		h.holds[s.Index()] = false
		h.srv.scripting.holders[s.Index()].Store(nil)
	}
	unlockEach(h.locked, true)
	h.locked = h.locked[:0]
	if w := h.q.within; w != nil {
		w.dirty, w.nowMs = w.dirty+h.n.dirty, h.n.nowMs
		w.changes = append(w.changes, h.n.changes...)
		w.garbage = append(w.garbage, h.n.garbage...)
		return
	}
	h.ex.settleNested(&h.n)
	if len(h.n.garbage) > 0 {
		h.srv.discard(h.n.garbage)
	}
}

// hold locks shards. It returns false, with none locked, if the wait for them
// was given up. REQUIRES: none is held.
func (h *scriptHost) hold(want func(i int) bool) bool {
	for i, s := range h.srv.engine.Shards() {
		if want(i) {
			h.locked = append(h.locked, s)
		}
	}
	if !h.ex.lockEach(h.locked, true) {
		h.locked = h.locked[:0]
		return false
	}
	for _, s := range h.locked {
		h.holds[s.Index()] = true
		h.srv.scripting.holders[s.Index()].Store(h.run)
	}
	return true
}

// lock makes sure that the shards of a command are held. It returns the error
// that the command ends with if they cannot be.
func (h *scriptHost) lock(keys []engine.Key, everything bool) (refusal string) {
	if h.n.allLocked {
		return ""
	}
	if len(h.locked) == 0 && len(h.keys)+len(keys) > 0 || h.locks {
		declared := make([]bool, len(h.holds))
		for _, k := range h.keys {
			declared[k.Shard.Index()] = true
		}
		if !h.hold(func(i int) bool { return h.locks || declared[i] }) {
			h.over = true
			return "ERR the script waits too long for its keys"
		}
		h.n.allLocked = h.locks
	}
	if h.n.allLocked || !everything && h.holdsAll(keys) {
		return ""
	}
	h.reaches = true
	if !h.wrote {
		h.again = true
		return "ERR the script begins again"
	}
	return h.reach()
}

func (h *scriptHost) holdsAll(keys []engine.Key) bool {
	for _, k := range keys {
		if !h.holds[k.Shard.Index()] {
			return false
		}
	}
	return true
}

// reachTime bounds how long a script that has written waits for the shards that
// it has not declared: others may hold them and wait for its own.
const reachTime = 100 * time.Millisecond

// reach locks all shards besides those that the script holds, without waiting
// for any, because the lock order cannot be kept.
func (h *scriptHost) reach() (refusal string) {
	shards := h.srv.engine.Shards()
	for deadline := time.Now().Add(reachTime); ; time.Sleep(20 * time.Microsecond) {
		missing := false
		for i, s := range shards {
			if !h.holds[i] {
				if s.TryLock() {
					s.BeginLong()
					h.locked, h.holds[i] = append(h.locked, s), true
					h.srv.scripting.holders[i].Store(h.run)
				} else {
					missing = true
				}
			}
		}
		if !missing {
			h.n.allLocked = true
			return ""
		}
		if time.Now().After(deadline) {
			return "ERR the script uses a key that it does not declare, which is busy: name all keys in KEYS"
		}
	}
}

// Aborted implements script.Host.
func (h *scriptHost) Aborted() bool { return h.again || h.over }

// Log implements script.Host.
func (h *scriptHost) Log(level int, msg string) {
	log := h.srv.log.Info
	switch level {
	case script.LogDebug:
		log = h.srv.log.Debug
	case script.LogWarning:
		log = h.srv.log.Warn
	}
	log("script: "+msg, zap.String("script", h.run.name))
}

// MayRun implements script.Host.
func (h *scriptHost) MayRun(args [][]byte) (may, known bool) {
	cmd := h.find(args)
	return cmd != nil, cmd != nil
}

// find looks up what a script calls, nil if there is no such command.
func (h *scriptHost) find(args [][]byte) *bound {
	cmd := h.srv.lookup(args[0])
	if cmd != nil && len(cmd.Sub) > 0 && len(args) > 1 {
		return h.srv.subcommand(cmd, args[1])
	}
	return cmd
}

// Call implements script.Host.
func (h *scriptHost) Call(args [][]byte, proto int) []byte {
	h.out.Buf, h.out.Proto = h.out.Buf[:0], proto
	if h.Aborted() {
		h.out.Error("ERR the script ends here")
	} else if cmd, refusal := h.accept(args); refusal != "" {
		h.out.Error(refusal)
		h.ex.stats.reject(cmd)
	} else {
		h.command(cmd, args)
	}
	return h.out.Buf
}

// accept finds the command and checks that a script may run it.
func (h *scriptHost) accept(args [][]byte) (cmd *bound, refusal string) {
	cmd = h.find(args)
	switch {
	case cmd == nil:
		return nil, "ERR Unknown Redis command called from script"
	case !cmd.ArityOK(len(args)), len(cmd.Sub) > 0 && cmd.session == nil && cmd.Handler == nil:
		return cmd, "ERR Wrong number of args calling Redis command from script"
	case cmd.Is&command.NoScript != 0:
		return cmd, "ERR This Redis command is not allowed from script"
	case h.readOnly && cmd.Is&command.Write != 0:
		return cmd, "ERR Write commands are not allowed from read-only scripts."
	case h.full && cmd.Is&command.DenyOOM != 0:
		return cmd, command.ErrOOM
	case cmd.Is&command.Write != 0 && h.srv.failing():
		return cmd, h.srv.misconf()
	}
	return cmd, ""
}

// command runs a command that was accepted.
func (h *scriptHost) command(cmd *bound, args [][]byte) {
	if cmd.session != nil {
		h.sessionCommand(cmd, args)
		return
	}
	keys, ok := h.keysOf(cmd, args)
	if !ok {
		keys = nil
	}
	everything := cmd.Is&command.AllShards != 0 || len(keys) == 0 && len(cmd.Specs) == 0
	if refusal := h.lock(keys, everything); refusal != "" {
		h.out.Error(refusal)
		return
	}
	if cmd.Is&command.Write != 0 && !h.wrote {
		h.wrote = true
		h.srv.scripting.wrote(h.run)
	}
	h.ex.runNested(&h.n, cmd, args, keys)
	bad := failed(&h.out, 0)
	if bad {
		h.srv.errorCodes.note(h.out.Buf)
	}
	h.ex.stats.count(cmd, bad)
}

// keysOf finds a command's keys.
func (h *scriptHost) keysOf(cmd *bound, args [][]byte) (keys []engine.Key, ok bool) {
	at, ok := cmd.AppendKeys(nil, args)
	for _, i := range at {
		keys = append(keys, h.srv.engine.Key(args[i]))
	}
	return keys, ok
}

// sessionCommand runs a command that concerns the server. Those that look at
// the whole data set lock shards themselves, which a script that holds some
// must not.
func (h *scriptHost) sessionCommand(cmd *bound, args [][]byte) {
	if cmd.Name == "select" {
		h.selectDB(args[1])
		return
	}
	h.ex.wait = nil // what it does now others may see
	switch {
	case cmd.Is&command.Slow != 0 && (len(h.locked) > 0 || h.n.allLocked):
		h.out.Error(fmt.Sprintf("ERR a script can call %s only before it uses keys", cmd.FullName()))
	case cmd.Is&command.Slow != 0: // it locks what it looks at
		q := call{s: h.q.s, ex: h.ex, srv: h.srv, cmd: cmd, args: args, out: &h.out, onWorker: true}
		cmd.session(&q)
	default:
		if cmd.Is&command.PubSub != 0 {
			h.wrote = true // a script that begins again would publish again
		}
		q := call{s: h.q.s, ex: h.ex, srv: h.srv, cmd: cmd, args: args, out: &h.out, onWorker: h.q.onWorker, nested: true}
		h.q.withSession(func() { cmd.session(&q) })
	}
}

// selectDB changes the script's database, and not the session's.
func (h *scriptHost) selectDB(arg []byte) {
	n, ok := resp.ParseInt(arg)
	switch {
	case !ok:
		h.out.Error("ERR value is not an integer or out of range")
	case n < 0 || n >= int64(h.srv.engine.Databases()):
		h.out.Error("ERR DB index is out of range")
	default:
		h.n.db = int(n)
		h.out.OK()
	}
}
