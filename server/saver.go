package server

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"larder/server/config"
)

const (
	// saveLook is how often the saver looks whether a snapshot is due.
	saveLook = 100 * time.Millisecond
	// saveRetry is how long it waits after one that failed.
	saveRetry = 5 * time.Second
	// reportEvery is how often the log is told how far saving or loading is.
	reportEvery = 5 * time.Second
)

// saver decides when a snapshot is written and remembers how that went: for
// SAVE, BGSAVE and the directive save, one at a time.
type saver struct {
	srv   *Server
	store SnapshotStore // nil: snapshots are not available
	quit  chan struct{}
	wg    sync.WaitGroup

	// final tells that the server ends with a snapshot.
	final atomic.Bool
	// failing tells that the last snapshot in the background failed; it is read
	// before each write.
	failing atomic.Bool

	// mu guards the fields below. It is a leaf.
	mu       sync.Mutex
	job      *saveJob // that runs, nil if none
	due      bool     // BGSAVE has asked for one as soon as there can be one
	lastSave time.Time
	lastTry  time.Time
	lastTook time.Duration // of the last one in the background, < 0 = there was none
	saves    uint64
	dirty    uint64 // changes that the last snapshot contains
	loaded   loadResult
}

// saveJob is a snapshot that is being written.
type saveJob struct {
	started    time.Time
	background bool
	dirty      uint64 // changes that it contains
	progress   SnapshotProgress
	cancel     context.CancelCauseFunc
	ctx        context.Context
	done       chan struct{}
}

// Errors of starting and ending snapshots.
var (
	errSaving      = errors.New("a snapshot is being written already")
	errNoSnapshots = errors.New("this server keeps no snapshots")
	// errSaveStopped is why a snapshot ended that was no longer wanted.
	errSaveStopped = errors.New("the snapshot is not wanted any more")
)

func (sv *saver) init(srv *Server, store SnapshotStore) {
	sv.srv, sv.store, sv.quit = srv, store, make(chan struct{})
	sv.lastSave, sv.lastTook = srv.started, -1
}

func (sv *saver) start() {
	if sv.store != nil {
		sv.wg.Go(sv.run)
	}
}

// stop ends what runs and waits for it.
func (sv *saver) stop() {
	close(sv.quit)
	sv.abort()
	sv.wg.Wait()
}

// run starts the snapshots that are due.
func (sv *saver) run() {
	tick := time.NewTicker(saveLook)
	defer tick.Stop()
	for {
		select {
		case <-sv.quit:
			return
		case <-tick.C:
		}
		if sv.isDue(time.Now()) {
			_ = sv.background() // it may be that somebody else has just begun one
		}
		sv.srv.rewriter.look(time.Now())
	}
}

// isDue tells whether a snapshot is due.
func (sv *saver) isDue(now time.Time) bool {
	changes := sv.changes()
	sv.mu.Lock()
	defer sv.mu.Unlock()
	switch {
	case sv.job != nil || sv.srv.loading.Load():
		return false
	case sv.due:
		return true
	case sv.failing.Load() && now.Sub(sv.lastTry) <= saveRetry:
		return false
	}
	for _, p := range sv.srv.cfg.Load().Save {
		if changes >= uint64(p.Changes) && now.Sub(sv.lastSave) > time.Duration(p.Seconds)*time.Second {
			return true
		}
	}
	return false
}

// changes is the number of changes since the last snapshot.
func (sv *saver) changes() uint64 {
	dirty := sv.srv.sum(false).dirty
	sv.mu.Lock()
	defer sv.mu.Unlock()
	return dirty - sv.dirty
}

// begin makes a job the one that runs.
func (sv *saver) begin(background bool) (*saveJob, error) {
	if sv.store == nil {
		return nil, errNoSnapshots
	}
	job := &saveJob{started: time.Now(), background: background, done: make(chan struct{})}
	job.ctx, job.cancel = context.WithCancelCause(context.Background())
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if sv.job != nil {
		return nil, errSaving
	}
	sv.job, sv.due = job, false
	sv.saves++
	if background {
		sv.lastTry = job.started
	}
	return job, nil
}

// beginBase is begin for a snapshot that becomes the base of the log, which
// counts for none that SAVE and BGSAVE write. The caller owes endBase.
func (sv *saver) beginBase() (*saveJob, error) {
	if sv.store == nil {
		return nil, errNoSnapshots
	}
	job := &saveJob{started: time.Now(), done: make(chan struct{})}
	job.ctx, job.cancel = context.WithCancelCause(context.Background())
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if sv.job != nil {
		return nil, errSaving
	}
	sv.job = job
	return job, nil
}

// endBase notes that the job of beginBase has ended.
func (sv *saver) endBase(job *saveJob) {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	sv.job = nil
	close(job.done)
	job.cancel(nil)
}

// save writes a snapshot and returns when that is done.
func (sv *saver) save() error {
	job, err := sv.begin(false)
	if err != nil {
		return err
	}
	return sv.write(job)
}

// background starts to write a snapshot and returns at once.
func (sv *saver) background() error {
	job, err := sv.begin(true)
	if err == nil {
		sv.wg.Go(func() { _ = sv.write(job) }) // it is logged, and INFO tells
	}
	return err
}

// schedule asks for a snapshot in the background as soon as there can be one.
func (sv *saver) schedule() {
	sv.mu.Lock()
	sv.due = true
	sv.mu.Unlock()
}

// file is where the snapshot is kept.
func snapshotFile(cfg *config.Config) string { return filepath.Join(cfg.Dir, cfg.DBFilename) }

// write writes the job's snapshot and notes how it went.
func (sv *saver) write(job *saveJob) error {
	log, file := sv.srv.log, snapshotFile(sv.srv.cfg.Load())
	log.Info("writing a snapshot", zap.String("file", file), zap.Bool("background", job.background))
	stop := reportProgress(func() {
		log.Info("writing a snapshot", job.progress.fields(time.Since(job.started))...)
	})
	info := sv.srv.snapshotInfo(job.started.Unix())
	info.AtCut = func() { job.dirty = sv.srv.sum(false).dirty }
	err := sv.store.Save(job.ctx, file, info, &job.progress)
	stop()
	sv.finish(job, err)
	fields := append(job.progress.fields(time.Since(job.started)), zap.String("file", file))
	switch {
	case err == nil:
		log.Info("the snapshot is written", fields...)
	case errors.Is(err, errSaveStopped):
		log.Info("the snapshot was stopped", fields...)
	default:
		log.Error("cannot write the snapshot: see that the directory dir can be written to and has room", append(fields, zap.Error(err))...)
	}
	return err
}

// finish notes how a job went.
func (sv *saver) finish(job *saveJob, err error) {
	now := time.Now()
	sv.mu.Lock()
	defer sv.mu.Unlock()
	sv.job = nil
	close(job.done)
	job.cancel(nil)
	if job.background {
		sv.lastTook = now.Sub(job.started)
	}
	switch {
	case err == nil:
		sv.lastSave, sv.dirty = now, job.dirty
		sv.failing.Store(false)
	case job.background && !errors.Is(err, errSaveStopped):
		sv.failing.Store(true)
	}
}

// abort stops the snapshot that is being written and waits until it has ended.
func (sv *saver) abort() {
	sv.mu.Lock()
	job := sv.job
	sv.mu.Unlock()
	if job != nil {
		job.cancel(errSaveStopped)
		<-job.done
	}
}

// emptied notes that all data was removed at once: a snapshot of what was there
// is of no use any more, and one of what is there now is due, so that a restart
// does not bring the data back.
func (sv *saver) emptied() {
	if sv.store == nil {
		return
	}
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if sv.job != nil && sv.job.background {
		sv.job.cancel(errSaveStopped)
	}
	if len(sv.srv.cfg.Load().Save) > 0 {
		sv.due = true
	}
}

// refusesWrites tells that writes must wait until snapshots can be written
// again.
func (sv *saver) refusesWrites() bool {
	if !sv.failing.Load() {
		return false
	}
	cfg := sv.srv.cfg.Load()
	return cfg.StopWritesOnSaveError && len(cfg.Save) > 0
}

// failing tells that the disk fails, so that writes may have to be refused.
func (srv *Server) failing() bool { return srv.saver.failing.Load() || srv.rewriter.failing.Load() }

// misconf is the reply to writes while the disk fails, "" if they may run.
func (srv *Server) misconf() string {
	if srv.rewriter.failing.Load() {
		if log, _ := srv.rewriter.current(); log != nil && log.Err() != nil {
			return "MISCONF Errors writing to the AOF file: " + log.Err().Error()
		}
	}
	if srv.saver.refusesWrites() {
		return errMisconf
	}
	return ""
}

// errMisconf is the reply to a write while snapshots fail.
const errMisconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."

// fields describe the progress for the log.
func (p *SnapshotProgress) fields(took time.Duration) []zap.Field {
	done, bytes := p.Keys.Load(), p.Bytes.Load()
	fields := []zap.Field{
		zap.Int64("keys", done), zap.Int64("keys_total", p.KeysTotal.Load()), zap.Int64("bytes", bytes),
		zap.Int64("keys_per_sec", perSecond(done, took)), zap.Int64("bytes_per_sec", perSecond(bytes, took)), zap.Duration("took", took),
	}
	if left, ok := p.left(took); ok {
		fields = append(fields, zap.Duration("left", left))
	}
	return fields
}

// left estimates the time that is left, if there is something to tell it from:
// the bytes of a file, or else the keys.
func (p *SnapshotProgress) left(took time.Duration) (left time.Duration, ok bool) {
	done, total := p.Bytes.Load(), p.BytesTotal.Load()
	if total == 0 {
		done, total = p.Keys.Load(), p.KeysTotal.Load()
	}
	if done <= 0 || total <= 0 {
		return 0, false
	}
	return time.Duration(float64(took) * float64(max(total-done, 0)) / float64(done)).Round(time.Millisecond), true
}

func perSecond(n int64, took time.Duration) int64 {
	return int64(float64(n) / max(took.Seconds(), 1e-3))
}

// reportProgress calls report every now and then until stop is called.
func reportProgress(report func()) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				report()
			}
		}
	}()
	return func() { close(quit); <-ended }
}
