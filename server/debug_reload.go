package server

import (
	"context"

	"go.uber.org/zap"

	"larder/engine"
)

// debugReload implements DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]: it writes a
// snapshot, empties the server and loads the snapshot again. Clients are told to
// wait meanwhile, as at the start. It runs on a worker.
func debugReload(q *call) {
	flush, save, merge := true, true, false
	for i := 2; i < len(q.args); i++ {
		switch {
		case q.is(i, "MERGE"):
			merge = true
		case q.is(i, "NOFLUSH"):
			flush = false
		case q.is(i, "NOSAVE"):
			save = false
		default:
			q.out.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
			return
		}
	}
	srv := q.srv
	if srv.saver.store == nil {
		q.replySaveFault(errNoSnapshots)
		return
	}
	if !srv.loading.CompareAndSwap(false, true) {
		q.out.Error(errLoading)
		return
	}
	defer srv.loading.Store(false)
	if save {
		srv.saver.abort()
		if err := srv.saver.save(); err != nil {
			q.replySaveFault(err)
			return
		}
	}
	if flush {
		srv.empty()
	}
	if err := srv.loadFile(context.Background(), snapshotFile(srv.cfg.Load()), merge); err != nil {
		srv.log.Error("DEBUG RELOAD cannot load the snapshot", zap.Error(err))
		q.out.Error("ERR Error trying to load the RDB dump, check server logs")
		return
	}
	srv.log.Info("the data was loaded again by DEBUG RELOAD")
	q.out.OK()
}

// empty removes all keys and functions, without telling anybody.
func (srv *Server) empty() {
	e := srv.engine
	garbage := make([]*engine.Garbage, e.Databases())
	e.LockAll()
	for db := range garbage {
		garbage[db] = e.Flush(db)
	}
	e.UnlockAll()
	for _, g := range garbage {
		g.Discard(true)
	}
	srv.scripting.removeAll()
}
