package server

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"larder/server/script"
)

// Loading the snapshot at the start, and again by DEBUG RELOAD. Meanwhile
// clients are told to wait (-LOADING), except for the few commands that say
// something about the server.

const (
	errLoading = "LOADING Redis is loading the dataset in memory"
	// memcachedLoading is what memcached clients are told.
	memcachedLoading = "the data set is being loaded: try again later"
	// memcachedMisconf is what they are told of writes while the disk fails.
	memcachedMisconf = "the disk fails, and so writes are refused: see the log of the server"
)

// loadJob is a snapshot that is being loaded.
type loadJob struct {
	started   time.Time
	progress  SnapshotProgress
	usedBytes atomic.Int64 // memory in use when the file was written, as it says
}

// loadResult is what INFO tells of the last loading.
type loadResult struct{ keys, expired int64 }

// hasSnapshot tells whether there is a snapshot to load.
func (srv *Server) hasSnapshot() bool {
	if srv.saver.store == nil {
		return false
	}
	if srv.rewriter.wanted() {
		return true
	}
	_, err := os.Stat(snapshotFile(srv.cfg.Load()))
	return !errors.Is(err, fs.ErrNotExist) // what is wrong with it, loading will find
}

// LoadSnapshot loads the data set: from the log, if the configuration asks for
// one and it is there, and otherwise from the snapshot, if that is there.
// The server refuses commands from its start on until this has ended. What is
// wrong with the file is the error; then a part of its keys may be there. It
// gives up, without an error, when ctx is done or a client shuts the server down.
func (srv *Server) LoadSnapshot(ctx context.Context) error {
	defer srv.loading.Store(false)
	if srv.saver.store == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-srv.shutdown:
			cancel()
		case <-ctx.Done():
		}
	}()
	file := snapshotFile(srv.cfg.Load())
	found, err := false, error(nil)
	if srv.rewriter.wanted() {
		found, err = srv.rewriter.recover(ctx)
	}
	if err == nil && !found {
		err = srv.loadFile(ctx, file, false)
	}
	switch {
	case found && err == nil:
	case errors.Is(err, fs.ErrNotExist):
		srv.log.Info("there is no snapshot to load", zap.String("file", file))
	case errors.Is(err, context.Canceled):
		srv.log.Info("loading the snapshot was given up")
		return nil
	case err != nil:
		return err
	}
	if srv.rewriter.wanted() && !found {
		return srv.rewriter.beginAtStart(ctx)
	}
	return nil
}

// loadFile loads a snapshot on top of what is there; with replace its keys take
// the place of those.
func (srv *Server) loadFile(ctx context.Context, file string, replace bool) error {
	l := &loadJob{started: time.Now()}
	srv.load.Store(l)
	defer srv.load.Store(nil)
	policy := restoreAppend
	if replace {
		policy = restoreReplace
	}
	stop := reportProgress(func() {
		srv.log.Info("loading the snapshot", l.progress.fields(time.Since(l.started))...)
	})
	err := srv.saver.store.Load(ctx, file, SnapshotLoad{
		NowMs: l.started.UnixMilli(), Replace: replace, Unsummed: !srv.cfg.Load().RDBChecksum,
		Library: func(code string) error { return srv.loadLibrary(code, policy) },
		Aux: func(name, value string) {
			if name == "used-mem" {
				n, _ := strconv.ParseInt(value, 10, 64) // it is but for show
				l.usedBytes.Store(n)
			}
		},
		Room: srv.roomToLoad,
	}, &l.progress)
	stop()
	if err != nil {
		return err
	}
	sv := &srv.saver
	dirty := srv.sum(false).dirty
	sv.mu.Lock()
	sv.loaded, sv.dirty = loadResult{l.progress.Keys.Load(), l.progress.Expired.Load()}, dirty
	sv.mu.Unlock()
	srv.log.Info("the snapshot is loaded", append(l.progress.fields(time.Since(l.started)),
		zap.Int64("expired", l.progress.Expired.Load()), zap.String("file", file))...)
	return nil
}

// loadLibrary adds a library of functions.
func (srv *Server) loadLibrary(code string, policy restorePolicy) error {
	lib, err := script.CompileLibrary(&srv.scripting.pool, code)
	if err == nil {
		err = srv.scripting.register([]*script.Library{lib}, policy)
	}
	return err
}

// roomToLoad makes room for a key of n bytes, or, with n = 0, keeps to the
// limit.
func (srv *Server) roomToLoad(n int) bool {
	if n == 0 {
		return srv.memory.makeRoom()
	}
	return srv.memory.makeMoreRoom(n)
}
