package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"larder/server/config"
)

// rewriter owns the log of changes: it reads it at the start, switches it on and
// off (appendonly), puts a new snapshot in place of what it has grown to, and
// ends it. A log comes into force with its first snapshot: at the start of
// the server before clients are served; when it is switched on later, a restart
// loads what was there before it until then.
type rewriter struct {
	srv   *Server
	store LogStore // nil: there are no logs

	// failing tells that the log cannot be written; it is read before each write.
	failing atomic.Bool
	// next is the configuration that was set last, nil: none was.
	next atomic.Pointer[config.Config]
	// switching is held while the log is switched on or off.
	switching sync.Mutex

	// mu guards the fields below. Rank: below saver.mu, a leaf otherwise.
	mu       sync.Mutex
	log      ChangeLog // nil: off
	based    bool      // it is in force
	due      bool      // a snapshot is wanted as soon as there can be one
	job      *saveJob  // that runs, nil if none
	lastTry  time.Time
	lastTook time.Duration // of the last one, < 0: there was none
	failures uint64        // in a row
	rewrites uint64
}

// errNoBase ends a start.
var errNoBase = errors.New("cannot write the snapshot that the log begins with: see the log, and that the directory dir can be written to and has room")

// Errors of BGREWRITEAOF.
var (
	errRewriting = errors.New("the log is being rewritten already")
	errLogOff    = errors.New("there is no log to rewrite: CONFIG SET appendonly yes begins one")
)

func (rw *rewriter) init(srv *Server, store LogStore) {
	rw.srv, rw.store, rw.lastTook = srv, store, -1
}

// config is the configuration that the log follows: the one that is being put in
// force, if one is.
func (rw *rewriter) config() *config.Config {
	if next := rw.next.Load(); next != nil {
		return next
	}
	return rw.srv.cfg.Load()
}

// wanted tells whether there is to be a log.
func (rw *rewriter) wanted() bool { return rw.store != nil && rw.config().AppendOnly }

// logPlace is where the log is kept.
func logPlace(cfg *config.Config) LogPlace {
	return LogPlace{Dir: filepath.Join(cfg.Dir, cfg.AppendDirName), Name: cfg.AppendFileName, Sync: cfg.AppendFsync}
}

// recover applies the log that is there and goes on with it. It reports whether
// there was one.
func (rw *rewriter) recover(ctx context.Context) (found bool, err error) {
	srv, cfg := rw.srv, rw.srv.cfg.Load()
	place, began := logPlace(cfg), time.Now()
	a := srv.NewApplier()
	defer a.Close()
	from, err := rw.store.Recover(place, func(file string) error {
		return srv.loadFile(ctx, file, false)
	}, func(rec *Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return a.Apply(rec)
	})
	if err != nil || from == nil {
		return false, err
	}
	if from.Warning != "" {
		if !cfg.AppendLoadTruncated {
			return true, fmt.Errorf("%s; aof-load-truncated no forbids to start without them", from.Warning)
		}
		srv.log.Warn(from.Warning)
	}
	srv.log.Info("the log is read", zap.Uint64("records", from.Records), zap.Int64("bytes", from.Bytes), zap.Duration("took", time.Since(began)))
	log, err := rw.store.Open(place, from, srv.engine.Seed(), rw.told)
	if err != nil {
		return true, err
	}
	rw.mu.Lock()
	rw.log, rw.based = log, true
	rw.mu.Unlock()
	srv.commitTo(log)
	return true, nil
}

// commitTo makes log take what changes from now on.
func (srv *Server) commitTo(log Committer) {
	srv.engine.LockAll()
	srv.Commit(log)
	srv.engine.UnlockAll()
}

// begin begins a new log of the data set as it is. The first snapshot follows in
// the background.
func (rw *rewriter) begin() error {
	rw.switching.Lock()
	defer rw.switching.Unlock()
	if log, _ := rw.current(); log != nil {
		return nil
	}
	log, err := rw.store.Open(logPlace(rw.config()), nil, rw.srv.engine.Seed(), rw.told)
	if err != nil {
		return err
	}
	rw.mu.Lock()
	rw.log, rw.based, rw.due = log, false, true
	rw.mu.Unlock()
	return nil
}

// beginAtStart is begin before clients are served: it returns when the log is in
// force, so that no write is acknowledged that a restart would not find.
func (rw *rewriter) beginAtStart(ctx context.Context) error {
	if err := rw.begin(); err != nil {
		return err
	}
	if err := rw.start(); err != nil {
		return err
	}
	rw.mu.Lock()
	job := rw.job
	rw.mu.Unlock()
	if job != nil {
		select {
		case <-job.done:
		case <-ctx.Done():
			job.cancel(errSaveStopped)
			<-job.done
			return nil
		}
	}
	if _, based := rw.current(); !based {
		return errNoBase
	}
	return nil
}

// end switches the log off: nothing is recorded any more, and what was is made
// durable.
func (rw *rewriter) end() {
	rw.switching.Lock()
	defer rw.switching.Unlock()
	rw.mu.Lock()
	log, job := rw.log, rw.job
	rw.log, rw.due = nil, false
	rw.mu.Unlock()
	if log == nil {
		return
	}
	if job != nil {
		job.cancel(errSaveStopped)
		<-job.done
	}
	rw.srv.commitTo(nil)
	rw.failing.Store(false)
	rw.srv.Committed() // nobody has to wait any more
	rw.close(log)
}

func (rw *rewriter) close(log ChangeLog) {
	if err := log.Close(); err != nil {
		rw.srv.log.Error("the end of the log is lost", zap.Error(err))
	}
}

// stop ends the log with the server. REQUIRES: nothing writes any more.
func (rw *rewriter) stop() {
	rw.mu.Lock()
	log := rw.log
	rw.log = nil
	rw.mu.Unlock()
	if log != nil {
		rw.close(log)
	}
}

// told is called when the log has become durable further, fails, or works again.
func (rw *rewriter) told() {
	if log, _ := rw.current(); log != nil {
		err := log.Err()
		switch was := rw.failing.Swap(err != nil); {
		case err != nil && !was:
			rw.srv.log.Error("the log cannot be written, so writes are refused until it can: see that the directory dir can be written to and has room", zap.Error(err))
		case err == nil && was:
			rw.srv.log.Info("the log can be written again")
		}
	}
	rw.srv.Committed()
}

// current returns the log, nil if there is none, and whether it is in force.
func (rw *rewriter) current() (log ChangeLog, based bool) {
	rw.mu.Lock()
	defer rw.mu.Unlock()
	return rw.log, rw.based
}

// configure follows a new configuration.
func (rw *rewriter) configure(old, next *config.Config) {
	if rw.store == nil {
		return
	}
	rw.next.Store(next)
	if log, _ := rw.current(); log != nil && next.AppendFsync != old.AppendFsync {
		log.SetSync(next.AppendFsync)
	}
	if next.AppendOnly == old.AppendOnly || rw.srv.loading.Load() {
		return
	}
	rw.srv.workers.start(rw.follow) // it locks shards, which the caller may have
}

// follow switches the log on or off, as the configuration says by now.
func (rw *rewriter) follow() {
	if !rw.wanted() {
		rw.end()
		return
	}
	if err := rw.begin(); err != nil {
		rw.srv.log.Error("cannot begin a log: see that the directory dir can be written to and has room", zap.Error(err))
	}
}

// look starts to rewrite the log if it is time to.
func (rw *rewriter) look(now time.Time) {
	cfg := rw.config()
	rw.mu.Lock()
	log := rw.log
	wait := log == nil || rw.job != nil || rw.srv.loading.Load() || rw.failures > 0 && now.Sub(rw.lastTry) <= saveRetry
	due := rw.due || log != nil && !rw.based
	rw.mu.Unlock()
	if wait || !due && !log.Grown(cfg.AppendRewritePercent, cfg.AppendRewriteMinBytes) {
		return
	}
	_ = rw.start() // another snapshot may be under way: then after that
}

// start rewrites the log in the background.
func (rw *rewriter) start() error {
	sv := &rw.srv.saver
	job, err := sv.beginBase()
	rw.mu.Lock()
	log := rw.log
	switch {
	case log == nil && err == nil:
		defer sv.endBase(job)
		fallthrough
	case log == nil:
		err = errLogOff
	case rw.job != nil:
		err = errRewriting // then it is the job that hinders
	case err == nil:
		rw.job, rw.due, rw.lastTry = job, false, job.started
		sv.wg.Go(func() { rw.rewrite(log, job) })
	}
	rw.mu.Unlock()
	return err
}

// rewrite makes a snapshot of now the base of the log.
func (rw *rewriter) rewrite(log ChangeLog, job *saveJob) {
	srv := rw.srv
	place := logPlace(rw.config())
	file := filepath.Join(place.Dir, place.Name+".rewrite")
	srv.log.Info("rewriting the log")
	var lsn uint64
	info := srv.snapshotInfo(job.started.Unix())
	info.LogBase = true
	info.AtCut = func() {
		srv.Commit(log) // the first snapshot of a log is where it begins
		lsn = log.Cut()
	}
	err := srv.saver.store.Save(job.ctx, file, info, &job.progress)
	if err == nil {
		err = log.Rebase(job.ctx, lsn, file)
	}
	took := time.Since(job.started)
	rw.mu.Lock()
	rw.job, rw.lastTook = nil, took
	if err == nil {
		rw.failures, rw.based = 0, true
		rw.rewrites++
	} else if !errors.Is(err, errSaveStopped) {
		rw.failures++
	}
	rw.mu.Unlock()
	srv.saver.endBase(job)
	switch fields := job.progress.fields(took); {
	case err == nil:
		srv.log.Info("the log is rewritten", fields...)
	case errors.Is(err, errSaveStopped):
		srv.log.Info("rewriting the log was stopped", fields...)
	default:
		srv.log.Error("cannot rewrite the log: see that the directory dir can be written to and has room", append(fields, zap.Error(err))...)
	}
}

// bgRewriteAOF implements BGREWRITEAOF.
func bgRewriteAOF(q *call) {
	rw := &q.srv.rewriter
	err := error(errSaving)
	if !q.nested {
		err = rw.start()
	} else if log, _ := rw.current(); log == nil {
		err = errLogOff
	}
	switch {
	case err == nil:
		q.out.Simple("Background append only file rewriting started")
	case errors.Is(err, errSaving): // later: another snapshot is being written
		rw.mu.Lock()
		rw.due = true
		rw.mu.Unlock()
		q.out.Simple("Background append only file rewriting scheduled")
	case errors.Is(err, errRewriting):
		q.out.Error("ERR Background append only file rewriting already in progress")
	default:
		q.out.Error("ERR " + err.Error())
	}
}
