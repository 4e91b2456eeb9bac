package oplog

import (
	"errors"
	"syscall"
	"time"
)

// When the disk fails, the log keeps what is not durable, tells that it has
// failed, and tries again with a new segment: see log.go for why not with the
// same file. The new segment begins behind the last durable record, so what the
// old one holds from there on does not count any more, be it whole or not.

// Bounds of the time between two attempts.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// retryState is when the writer tries again.
type retryState struct {
	at   time.Time
	wait time.Duration // before the next attempt but one
}

// fail notes that the file must not be used any more.
func (l *Log) fail(err error) {
	if err == errBroken {
		return
	}
	l.broken.Store(true)
	l.counts.failures.Add(1)
	l.telling.Lock()
	first := l.failure.Swap(&failure{err}) == nil
	if first && l.o.OnState != nil {
		l.o.OnState(err)
	}
	l.telling.Unlock()
	l.wakeWriter()
}

// tellWorks tells that the disk works again, when all is durable that it has
// failed to take. REQUIRES: telling is held.
func (l *Log) tellWorks() {
	if l.failure.Load() == nil || l.broken.Load() || l.durable.Load() < l.counts.owed.Load() {
		return
	}
	l.failure.Store(nil)
	if l.o.OnState != nil {
		l.o.OnState(nil)
	}
}

// repeatStep tries to go on in a new segment, and reports whether it tried.
func (l *Log) repeatStep() (worked bool) {
	now := l.o.Now()
	if now.Before(l.retry.at) {
		return false
	}
	if l.retry.wait == 0 || l.failure.Load() == nil {
		l.retry.wait = firstRetry
	}
	l.retry.at = now.Add(l.retry.wait)
	l.retry.wait = min(2*l.retry.wait, lastRetry)
	if err := l.repeat(); err != nil {
		l.fail(err)
		return true
	}
	l.tellDurable()
	return true
}

// repeat begins a new segment behind the last durable record, and lets the
// writer take again what comes after that.
func (l *Log) repeat() error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	durable := l.durable.Load()
	if f := l.failure.Load(); f != nil && isDiskFull(f.err) && l.seg.file.Truncate(l.seg.durableEnd) == nil {
		// What will be written again takes its room only once.
		l.seg.size.Store(l.seg.durableEnd)
	}
	l.closeSegment()
	if err := l.beginSegment(durable + 1); err != nil {
		return err
	}
	l.records.rewind(durable)
	l.taken.Store(durable)
	l.written.Store(durable)
	l.counts.owed.Store(l.records.last())
	l.broken.Store(false)
	return nil
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
