package server

import (
	"slices"
	"unsafe"

	"larder/protocol/resp"
)

// Commands beside the loops: what takes long, or meets a shard that somebody
// holds for long, runs on a worker with an executor that it borrows. Its session
// is parked meanwhile: it reads no further request, and everybody else goes on.

// park hands a command to a worker; the session waits, its loop goes on.
// REQUIRES: s.mu is held.
func (ex *executor) park(s *session, cmd *bound, args [][]byte) {
	s.parked, s.working = true, true
	task := workerTask{s: s, cmd: cmd, args: s.lend(args), db: s.db, proto: s.out.Proto, noTouch: s.noTouch}
	ex.srv.workers.start(task.run)
}

// lend returns arguments that stay what they are while the session goes on:
// copies, or, if they are large and lie in the session's own buffer, slices of
// that, which the session then leaves to the worker.
func (s *session) lend(args [][]byte) [][]byte {
	total := requestBytes(args)
	if total > bufferBytes && within(s.in, args[0]) {
		s.lent = true
		return slices.Clone(args)
	}
	return cloneArgs(args, total)
}

// within tells whether part, which is not empty, is a slice of buf.
func within(buf, part []byte) bool {
	if len(buf) == 0 || len(part) == 0 {
		return false
	}
	at, from := uintptr(unsafe.Pointer(&part[0])), uintptr(unsafe.Pointer(&buf[0]))
	return at >= from && at < from+uintptr(len(buf))
}

func cloneArgs(args [][]byte, total int) [][]byte {
	buf := make([]byte, 0, total)
	out := make([][]byte, len(args))
	for i, a := range args {
		from := len(buf)
		buf = append(buf, a...)
		out[i] = buf[from:len(buf):len(buf)]
	}
	return out
}

// workerTask is a command that runs beside the loops.
type workerTask struct {
	s       *session
	cmd     *bound
	args    [][]byte
	db      int
	proto   int
	noTouch bool
}

// run executes the command with a borrowed executor and hands the reply to
// the session.
func (t workerTask) run() {
	srv := t.s.srv
	ex := srv.executors.get()
	ex.tick()
	out := resp.Writer{Proto: t.proto}
	startNs := ex.nowNs
	c := &ex.ctx
	c.DB, c.NoTouch, c.OnWorker, c.Out = t.db, t.noTouch, true, &out
	ex.by = t.s
	q := call{s: t.s, ex: ex, srv: srv, cmd: t.cmd, args: t.args, out: &out, onWorker: true}
	wait := &shardWait{srv: srv, giveUp: t.refuse}
	ex.wait = wait
	if t.cmd.session != nil {
		t.cmd.session(&q)
	} else {
		ex.cutting = true
		ex.call(t.cmd, t.args, nil)
		ex.cutting = false
	}
	ex.wait = nil
	if wait.over() {
		c.OnWorker = false
		srv.executors.put(ex)
		if !wait.given {
			t.refuse(wait.refusal)
		}
		return
	}
	endNs, lsn := monotonicNs(), ex.takeCommit()
	blocked := t.cmd.session == nil && c.Blocked
	if len(ex.ready) > 0 {
		ex.serve(true)
	}
	ex.announceRest(t.s)

	s := t.s
	s.mu.Lock()
	s.lsn = max(s.lsn, lsn)
	if blocked {
		s.working = false
		s.block(ex.entered)
		s.mu.Unlock()
		c.OnWorker = false
		srv.executors.put(ex)
		s.driver.wake(s) // it may be answered already
		return
	}
	bad := len(out.Pieces) == 0 && failed(&out, 0)
	if bad {
		srv.errorCodes.note(out.Buf)
	}
	if !s.silent(q.pushed) {
		s.takeReply(&out)
	}
	if q.hangUp && s.closing == stayOpen {
		s.closing = closeFlushed
	}
	ex.stats.count(t.cmd, bad)
	ex.credit(&ex.stats.commands[t.cmd.ID], endNs-startNs)
	ex.noteIfSlow(s, t.cmd, t.args, endNs-startNs)
	if t.cmd.exec && srv.monitors.any() {
		srv.feedMonitors(s, ex, t.cmd, t.args) // behind what it has run
	}
	if s.reply != replyOn {
		s.mute(len(s.out.Buf), q.pushed)
	}
	s.parked, s.working = false, false
	s.mu.Unlock()
	c.OnWorker = false
	srv.executors.put(ex)
	s.driver.wake(s)
}
