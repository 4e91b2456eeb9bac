package server

import (
	"sync/atomic"

	"larder/engine"
)

// execStats count what one executor has done. Its owner alone writes; INFO
// reads them from elsewhere.
type execStats struct {
	commands       []commandStats // by Command.ID
	processed      counter
	dirty          counter
	protocolErrors counter
	errorReplies   counter
	unknown        counter
	reads          counter
	writes         counter
	inBytes        counter
	outBytes       counter
	memcache       memcacheStats
}

// commandStats are the figures of `INFO commandstats`.
type commandStats struct {
	calls    counter
	ns       counter // time spent
	rejected counter // not run
	failed   counter // run, replied with an error
	// latency is made when the command first runs with latency-tracking on.
	latency atomic.Pointer[latencyHistogram]
}

func (st *execStats) init(commands int) { st.commands = make([]commandStats, commands) }

// reject counts a request that was refused; cmd is nil if it is unknown.
func (st *execStats) reject(cmd *bound) {
	st.errorReplies.add(1)
	if cmd == nil {
		st.unknown.add(1)
		return
	}
	st.commands[cmd.ID].rejected.add(1)
}

// count counts an executed command.
func (st *execStats) count(cmd *bound, failed bool) {
	c := &st.commands[cmd.ID]
	st.processed.add(1)
	c.calls.add(1)
	if failed {
		c.failed.add(1)
		st.errorReplies.add(1)
	}
}

const (
	// maxUntimed is how many brief commands of a pipeline share one reading of
	// the clock, and with it their average.
	maxUntimed = 16
	// cheapBytes bounds the arguments of a command that shares.
	cheapBytes = 4 << 10
	// sharedSlowNs is the threshold of the slow log below which every command
	// is timed by itself, in ns.
	sharedSlowNs = 1e6
)

// brief tells whether to run the command with these arguments takes as little
// time as a cheap command: Redis's flag fast says so of one element.
func (b *bound) brief(args [][]byte) bool {
	return (b.cheap && len(args) <= 8 || len(args) <= b.briefArgs) && requestBytes(args) < cheapBytes
}

// count counts an executed command. Its time is credited at once, or, if it is
// brief, together with that of its neighbours.
func (ex *executor) count(s *session, cmd *bound, args [][]byte, failed bool) {
	ex.stats.count(cmd, failed)
	ex.untimed = append(ex.untimed, &ex.stats.commands[cmd.ID])
	if len(ex.untimed) < maxUntimed && ex.srv.slowNs.Load() >= sharedSlowNs && cmd.brief(args) {
		return
	}
	ns := ex.settle()
	ex.noteIfSlow(s, cmd, args, ns)
}

// settle reads the clock and credits the time since the last reading to the
// commands that wait for it, in equal parts. It returns that time in ns.
func (ex *executor) settle() int64 {
	if len(ex.untimed) == 0 {
		return 0
	}
	now := monotonicNs()
	total := now - ex.nowNs
	ex.nowNs = now
	share := total / int64(len(ex.untimed))
	for _, c := range ex.untimed {
		ex.credit(c, share)
	}
	ex.untimed = ex.untimed[:0]
	return total
}

// credit adds the time that a command took.
func (ex *executor) credit(c *commandStats, ns int64) {
	c.ns.add(uint64(ns))
	if ex.srv.latencyTracking.Load() {
		h := c.latency.Load()
		if h == nil {
			h = &latencyHistogram{}
			c.latency.Store(h)
		}
		h.add(uint64(ns))
	}
}

func (ex *executor) noteIfSlow(s *session, cmd *bound, args [][]byte, ns int64) {
	if ns >= ex.srv.slowNs.Load() {
		ex.srv.noteSlow(s, ex, cmd, args, ns)
	}
}

// totals are the figures of all executors together.
type totals struct {
	processed, dirty, protocolErrors, errorReplies, unknown uint64
	reads, writes, inBytes, outBytes                        uint64
	commands                                                []commandTotals // by Command.ID; nil if not asked for
}

// commandTotals are a command's figures.
type commandTotals struct {
	calls, ns, rejected, failed uint64
	latency                     *latencyCounts // nil if nothing was recorded
}

// sum adds up what all executors have counted since the start.
func (srv *Server) sum(withCommands bool) *totals {
	t := &totals{}
	if withCommands {
		t.commands = make([]commandTotals, len(srv.table.All))
	}
	srv.executors.each(func(st *execStats) {
		t.processed += st.processed.load()
		t.dirty += st.dirty.load()
		t.protocolErrors += st.protocolErrors.load()
		t.errorReplies += st.errorReplies.load()
		t.unknown += st.unknown.load()
		t.reads += st.reads.load()
		t.writes += st.writes.load()
		t.inBytes += st.inBytes.load()
		t.outBytes += st.outBytes.load()
		for i := range t.commands {
			t.commands[i].add(&st.commands[i])
		}
	})
	return t
}

func (t *commandTotals) add(c *commandStats) {
	t.calls += c.calls.load()
	t.ns += c.ns.load()
	t.rejected += c.rejected.load()
	t.failed += c.failed.load()
	if h := c.latency.Load(); h != nil {
		if t.latency == nil {
			t.latency = &latencyCounts{}
		}
		for i := range h.buckets {
			t.latency[i] += h.buckets[i].load()
		}
	}
}

// statistics adds up what has been counted since the last CONFIG RESETSTAT.
// The counters have one writer each, so a reset does not touch them: it notes
// where they stand.
func (srv *Server) statistics(withCommands bool) *totals {
	t := srv.sum(withCommands)
	base := srv.statsBase.Load()
	if base == nil {
		return t
	}
	t.processed -= base.processed
	t.protocolErrors -= base.protocolErrors
	t.errorReplies -= base.errorReplies
	t.unknown -= base.unknown
	t.reads -= base.reads
	t.writes -= base.writes
	t.inBytes -= base.inBytes
	t.outBytes -= base.outBytes
	for i := range t.commands {
		t.commands[i].subtract(&base.commands[i])
	}
	return t
}

func (t *commandTotals) subtract(base *commandTotals) {
	t.calls -= base.calls
	t.ns -= base.ns
	t.rejected -= base.rejected
	t.failed -= base.failed
	if base.latency == nil {
		return
	}
	left := uint64(0)
	for i := range t.latency {
		t.latency[i] -= base.latency[i]
		left += t.latency[i]
	}
	if left == 0 {
		t.latency = nil
	}
}

// resetStatistics implements CONFIG RESETSTAT.
// REQUIRES: no shard is locked by the caller.
func (srv *Server) resetStatistics() {
	srv.statsBase.Store(srv.sum(true))
	srv.errorCodes.reset()
	srv.accepted.Store(0)
	srv.rejected.Store(0)
	srv.outputLimitClosed.Store(0)
	srv.queryLimitClosed.Store(0)
	srv.clientsEvicted.Store(0)
	srv.authDenied.Store(0)
	for _, s := range srv.engine.Shards() {
		s.Lock()
		*s.Stats() = engine.ShardStats{}
		s.Unlock()
	}
	srv.sampler.reset(srv)
}
