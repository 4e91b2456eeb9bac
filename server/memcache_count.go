package server

import (
	"larder/protocol/memcache"
	"larder/server/command"
)

// memcacheStats count the memcached commands of one executor.
type memcacheStats struct {
	ops        [memcache.OpCount][command.OutcomeCount]counter // by statOp
	meta       counter
	flushes    counter
	authErrors counter
}

// statOp is the classic command under which a request is counted, as
// memcached's statistics have no others.
func statOp(r *memcache.Request) memcache.Op {
	switch r.Op {
	case memcache.OpMetaGet, memcache.OpMetaDebug:
		return memcache.OpGet
	case memcache.OpMetaDelete:
		return memcache.OpDelete
	case memcache.OpMetaArith:
		if r.Meta.Mode == 'D' || r.Meta.Mode == '-' {
			return memcache.OpDecr
		}
		return memcache.OpIncr
	case memcache.OpMetaSet, memcache.OpSet, memcache.OpReplace:
		if r.CAS != 0 {
			return memcache.OpCas
		}
		return memcache.OpSet
	}
	return r.Op
}

// isStorage tells whether what statOp has returned is a command with a value.
func isStorage(op memcache.Op) bool { return op >= memcache.OpSet && op <= memcache.OpCas }

func (st *memcacheStats) count(r *memcache.Request, outcome command.Outcome) {
	st.ops[statOp(r)][outcome].add(1)
	if r.Proto == memcache.Meta {
		st.meta.add(1)
	}
}

// memcacheTotals are the sums over all executors.
type memcacheTotals struct {
	ops        [memcache.OpCount][command.OutcomeCount]uint64
	meta       uint64
	flushes    uint64
	authErrors uint64
	inBytes    uint64
	outBytes   uint64
}

// memcacheTotals sums up what all executors have counted since the last stats
// reset.
func (srv *Server) memcacheTotals() memcacheTotals {
	t := srv.memcacheTotalsEver()
	if base := srv.memcached.resetAt.Load(); base != nil {
		for op := range t.ops {
			for o := range t.ops[op] {
				t.ops[op][o] -= base.ops[op][o]
			}
		}
		t.meta -= base.meta
		t.flushes -= base.flushes
		t.authErrors -= base.authErrors
		t.inBytes -= base.inBytes
		t.outBytes -= base.outBytes
	}
	return t
}

func (srv *Server) memcacheTotalsEver() memcacheTotals {
	var t memcacheTotals
	srv.executors.each(func(st *execStats) {
		for op := range st.memcache.ops {
			for o := range st.memcache.ops[op] {
				t.ops[op][o] += st.memcache.ops[op][o].load()
			}
		}
		t.meta += st.memcache.meta.load()
		t.flushes += st.memcache.flushes.load()
		t.authErrors += st.memcache.authErrors.load()
		t.inBytes += st.inBytes.load()
		t.outBytes += st.outBytes.load()
	})
	return t
}

// resetMemcacheTotals is stats reset.
func (srv *Server) resetMemcacheTotals() {
	t := srv.memcacheTotalsEver()
	srv.memcached.resetAt.Store(&t)
}

// of sums up the given outcomes of some commands; without outcomes all.
func (t *memcacheTotals) of(ops []memcache.Op, outcomes ...command.Outcome) (n uint64) {
	for _, op := range ops {
		for o, v := range t.ops[op] {
			if len(outcomes) == 0 {
				n += v
				continue
			}
			for _, want := range outcomes {
				if command.Outcome(o) == want {
					n += v
				}
			}
		}
	}
	return n
}
