package server

import (
	"larder/engine"
	"larder/protocol/resp"
)

// nestedIn is where a command runs that is a part of something larger, whose
// locks hold already: a script or a transaction.
type nestedIn struct {
	out   *resp.Writer
	db    int
	nowMs int64  // one time for all parts
	seed  uint64 // stamp of this part
	all   bool   // every shard is locked, and not just those of the keys
}

// nest runs a data command without locking anything. It neither makes room nor
// goes to a worker: a command that finds no memory answers -OOM.
// What it leaves to free waits for discardGarbage, when nothing is locked.
// REQUIRES: the shards of keys are locked, and all if the command has none.
func (ex *executor) nest(cmd *bound, args [][]byte, keys []engine.Key, in nestedIn) {
	c := &ex.ctx
	c.DB, c.Out, c.Args, c.Keys = in.db, in.out, args, keys
	c.NowMs, c.Seed, c.Dirty = in.nowMs, in.seed, 0
	c.NoRoom, c.Escalate, c.OnWorker, c.AllLocked, c.NoBlock = false, false, true, in.all, true
	mark := len(in.out.Buf)
	ex.handle(c, cmd)
	c.OnWorker, c.AllLocked, c.NoBlock = false, false, false
	if c.Dirty != 0 {
		ex.stats.dirty.add(uint64(c.Dirty))
	}
	bad := failed(in.out, mark)
	if bad {
		ex.srv.errorCodes.note(in.out.Buf[mark:])
	}
	ex.stats.count(cmd, bad)
}

// discardGarbage frees what the last commands left.
// REQUIRES: no shard is locked.
func (ex *executor) discardGarbage() {
	if c := &ex.ctx; len(c.Garbage) > 0 {
		ex.srv.discard(c.Garbage)
		c.Garbage = nil
	}
}
