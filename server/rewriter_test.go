package server

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"larder/engine"
	"larder/server/command"
	"larder/server/config"
)

// fakeLogs opens logs in memory.
type fakeLogs struct {
	log   *fakeLog
	opens atomic.Int32
}

func (f *fakeLogs) Recover(LogPlace, func(string) error, func(*Record) error) (*RecoveredLog, error) {
	return nil, nil
}

func (f *fakeLogs) Open(p LogPlace, _ *RecoveredLog, _ engine.Seed, told func()) (ChangeLog, error) {
	f.opens.Add(1)
	f.log.told, f.log.sync = told, p.Sync
	return f.log, nil
}

// fakeLog is a log in memory.
type fakeLog struct {
	testCommitter
	told    func()
	sync    string
	cuts    atomic.Uint64 // the last one
	rebases atomic.Int32
	refuse  atomic.Bool // Rebase
	grown   atomic.Bool
	closed  atomic.Bool
}

func (l *fakeLog) Cut() uint64 {
	l.cuts.Store(l.Last() + 1)
	return l.Last() + 1
}

func (l *fakeLog) Rebase(_ context.Context, lsn uint64, _ string) error {
	if lsn != l.cuts.Load() {
		return errors.New("not the last cut")
	}
	if l.refuse.Load() {
		return errors.New("no room")
	}
	l.rebases.Add(1)
	return nil
}

func (l *fakeLog) SetSync(p string)      { l.sync = p }
func (l *fakeLog) Grown(int, int64) bool { return l.grown.Swap(false) }
func (l *fakeLog) Stats() LogStats       { return LogStats{Bytes: 5, BaseBytes: 3} }
func (l *fakeLog) Close() error          { l.closed.Store(true); return nil }

// fail makes the log fail, or work again.
func (l *fakeLog) fail(err error) {
	l.fault.Store(&err)
	l.told()
}

// fakeSnapshots writes nothing, and takes until it is let go.
type fakeSnapshots struct {
	srv  *Server
	hold chan struct{} // nil: nothing is waited for
}

func (s *fakeSnapshots) Save(ctx context.Context, _ string, info SnapshotInfo, _ *SnapshotProgress) error {
	s.srv.engine.LockAll()
	info.AtCut()
	s.srv.engine.UnlockAll()
	if s.hold == nil {
		return nil
	}
	select {
	case <-s.hold:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *fakeSnapshots) Write(context.Context, io.Writer, SnapshotInfo, *SnapshotProgress) error {
	return errors.New("not here")
}

func (s *fakeSnapshots) Load(context.Context, string, SnapshotLoad, *SnapshotProgress) error {
	return nil
}

// newLoggedServer makes a server with a log in memory and starts what looks
// after it.
func newLoggedServer(t *testing.T, hold chan struct{}, args ...string) (*Server, *fakeLog, *fakeLogs) {
	t.Helper()
	parsed, err := config.Parse(append([]string{"--save", ""}, args...), config.Environment{WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	logs, store := &fakeLogs{log: &fakeLog{}}, &fakeSnapshots{hold: hold}
	srv, err := New(Options{Config: config.NewStore(parsed.Config), Log: zap.NewNop(), Logs: logs,
		OpenSnapshots: func(*engine.Engine, *command.Values) SnapshotStore { return store }})
	if err != nil {
		t.Fatal(err)
	}
	store.srv = srv
	srv.saver.start()
	t.Cleanup(func() { srv.saver.stop(); srv.Shutdown(0) })
	return srv, logs.log, logs
}

// Writes are refused while the log cannot be written, in the words of Redis, and
// run again once it can; reads go on.
func TestWritesAreRefusedWhileTheLogFails(t *testing.T) {
	srv, log, _ := newLoggedServer(t, nil, "--appendonly", "yes")
	if err := srv.LoadSnapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	c, m := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &memcacheFront{})
	until(t, "the log is in force", func() bool { return log.rebases.Load() == 1 })
	if got := c.do("SET k v\r\n"); got != "+OK\r\n" {
		t.Errorf("a write: %q", got)
	}
	log.fail(errors.New("no space left"))
	refusal := "-MISCONF Errors writing to the AOF file: no space left\r\n"
	for request, want := range map[string]string{
		"SET k w\r\n": refusal, "GET k\r\n": "$1\r\nv\r\n",
		"EVAL \"return redis.pcall('set','k','w')\" 1 k\r\n": refusal,
	} {
		if got := c.do(request); got != want {
			t.Errorf("%q answers %q, want %q", request, got, want)
		}
	}
	if got := m.do("set k 0 0 1\r\nx\r\n"); got != "SERVER_ERROR "+memcachedMisconf+"\r\n" {
		t.Errorf("a memcached write: %q", got)
	}
	if info := c.do("INFO persistence\r\n"); !strings.Contains(info, "aof_last_write_status:err") {
		t.Errorf("INFO does not tell:\n%s", info)
	}
	log.fail(nil)
	if got := c.do("SET k w\r\n"); got != "+OK\r\n" {
		t.Errorf("a write after the disk works again: %q", got)
	}
	if n := log.Last(); n != 2 {
		t.Errorf("the log has %d records, want those of the two writes", n)
	}
}

// The log is rewritten one snapshot at a time, on demand, when it has grown, and
// again after it has failed.
func TestRewriting(t *testing.T) {
	hold := make(chan struct{})
	srv, log, logs := newLoggedServer(t, hold)
	if err := srv.LoadSnapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	c := newTestClient(t, srv, &respFront{})
	want := func(request, reply string) {
		t.Helper()
		if got := c.do(request + "\r\n"); got != reply+"\r\n" {
			t.Errorf("%s answers %q, want %q", request, got, reply)
		}
	}
	tells := func(line string) {
		t.Helper()
		until(t, "INFO says "+line, func() bool { return strings.Contains(c.do("INFO persistence\r\n"), line+"\r\n") })
	}
	const started, scheduled = "+Background append only file rewriting started", "+Background append only file rewriting scheduled"
	tells("aof_enabled:0")
	want("BGREWRITEAOF", "-ERR there is no log to rewrite: CONFIG SET appendonly yes begins one")
	want("CONFIG SET appendonly yes appendfsync no", "+OK")
	tells("aof_rewrite_in_progress:1")
	want("BGREWRITEAOF", "-ERR Background append only file rewriting already in progress")
	want("BGSAVE", "-ERR Background save already in progress")
	hold <- struct{}{}
	tells("aof_pending_rewrite:0")
	tells("aof_rewrites:1")
	if log.sync != "no" || logs.opens.Load() != 1 {
		t.Errorf("the log syncs %s, was opened %d times", log.sync, logs.opens.Load())
	}
	want("SET k v", "+OK")
	want("BGSAVE", "+Background saving started")
	want("BGREWRITEAOF", scheduled)
	tells("aof_rewrite_scheduled:1")
	hold <- struct{}{}
	tells("aof_rewrite_in_progress:1")
	until(t, "the cut is before record 2", func() bool { return log.cuts.Load() == 2 })
	hold <- struct{}{}
	tells("aof_rewrites:2")
	want("BGREWRITEAOF", started)
	log.refuse.Store(true)
	hold <- struct{}{}
	tells("aof_last_bgrewrite_status:err")
	tells("aof_rewrites_consecutive_failures:1")
	log.refuse.Store(false)
	want("BGREWRITEAOF", started)
	hold <- struct{}{}
	tells("aof_last_bgrewrite_status:ok")
	log.grown.Store(true)
	tells("aof_rewrite_in_progress:1")
	want("CONFIG SET appendonly no", "+OK")
	tells("aof_enabled:0")
	until(t, "the log is closed", log.closed.Load)
	want("SET k w", "+OK")
	if n := log.Last(); n != 1 {
		t.Errorf("the log has %d records, want 1", n)
	}
}

// A log that was switched on and off quickly ends as the last word says.
func TestLogFollowsTheLastWord(t *testing.T) {
	srv, log, _ := newLoggedServer(t, nil)
	if err := srv.LoadSnapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	c := newTestClient(t, srv, &respFront{})
	for range 20 {
		c.do("CONFIG SET appendonly yes\r\n")
		c.do("CONFIG SET appendonly no\r\n")
	}
	c.do("CONFIG SET appendonly yes appendfsync always\r\n")
	until(t, "the log is on", func() bool {
		now, based := srv.rewriter.current()
		return now != nil && based
	})
	if !srv.workers.wait(20 * time.Second) {
		t.Fatal("something still follows the configuration")
	}
	if now, _ := srv.rewriter.current(); now == nil || log.sync != "always" {
		t.Errorf("the log is %v and syncs %s", now, log.sync)
	}
}

// WAITAOF waits until what was recorded is durable, and no longer than it says.
func TestWaitAOF(t *testing.T) {
	srv, log, _ := newLoggedServer(t, nil)
	if err := srv.LoadSnapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	c, other := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, &respFront{})
	want := func(request, reply string) {
		t.Helper()
		if got := c.do(request + "\r\n"); got != reply+"\r\n" {
			t.Errorf("%s answers %q, want %q", request, got, reply)
		}
	}
	const none, one = "*2\r\n:0\r\n:0", "*2\r\n:1\r\n:0"
	want("WAITAOF 1 0 0", "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
	want("WAITAOF 0 0 0", none)
	want("CONFIG SET appendonly yes", "+OK")
	until(t, "the log is in force", func() bool { return log.rebases.Load() == 1 })
	want("WAITAOF 1 0 0", one) // nothing was recorded yet
	want("SET k v", "+OK")
	want("WAITAOF 0 0 0", none)
	want("WAITAOF 1 0 20", none)
	want("MULTI", "+OK")
	want("WAITAOF 1 0 0", "+QUEUED")
	want("EXEC", "*1\r\n"+none)
	durable := func(lsn uint64) {
		log.durable.Store(lsn)
		log.told()
	}
	waits := make(chan string)
	go func() { waits <- other.do("WAITAOF 1 0 0\r\n") }()
	until(t, "a client waits", func() bool { return len(srv.waiting.sessions()) == 1 })
	want("SET k w", "+OK")
	durable(0)
	if len(srv.waiting.sessions()) != 1 {
		t.Error("the wait ended before its record was durable")
	}
	durable(1) // not the second record, which came later
	if got := <-waits; got != one+"\r\n" {
		t.Errorf("the client that waited hears %q", got)
	}
	want("WAITAOF 1 0 10", none)
	durable(2)
	want("WAITAOF 1 0 10", one)
	want("WAITAOF 1 1 10", one) // in vain for a replica
	go func() { waits <- other.do("SET k x\r\nWAITAOF 1 0 0\r\n") }()
	until(t, "a client waits", func() bool { return len(srv.waiting.sessions()) == 1 })
	want("CONFIG SET appendonly no", "+OK")
	if got := <-waits; got != "+OK\r\n"+none+"\r\n" {
		t.Errorf("when the log is switched off, the client hears %q", got)
	}
}
