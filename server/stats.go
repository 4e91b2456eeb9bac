package server

// execStats count what one executor has done. Its owner alone writes; INFO
// reads them from elsewhere.
type execStats struct {
	commands       []commandStats // by Command.ID
	processed      counter
	dirty          counter
	protocolErrors counter
	errorReplies   counter
	unknown        counter
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

// account counts an executed command.
func (ex *executor) account(s *session, cmd *bound, args [][]byte, ns int64, failed bool) {
	st := &ex.stats
	c := &st.commands[cmd.ID]
	st.processed.add(1)
	c.calls.add(1)
	c.ns.add(uint64(ns))
	if failed {
		c.failed.add(1)
		st.errorReplies.add(1)
	}
	if ns >= ex.srv.slowNs.Load() {
		ex.srv.noteSlow(s, ex, cmd, args, ns)
	}
}
