package oplog

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Syncing: when, by whom, and what follows from it.

// syncLoop syncs when it is asked to. It is a goroutine of its own, so that the
// writer goes on while the disk is busy.
func (l *Log) syncLoop() {
	defer l.stopped.Done()
	for {
		select {
		case <-l.toSync:
			l.sync()
		case <-l.stop:
			return
		}
	}
}

// requestSync asks for a sync beside the writer.
func (l *Log) requestSync() {
	select {
	case l.toSync <- struct{}{}:
	default: // it was asked for already
	}
}

// sync makes what is written durable.
func (l *Log) sync() {
	l.syncMu.Lock()
	err := l.syncLocked()
	l.syncMu.Unlock()
	if err != nil {
		l.fail(err)
	}
	l.tellDurable()
}

// errBroken is what an attempt to use a file that has failed before ends with.
var errBroken = errors.New("the log has to begin a new segment first")

// syncLocked makes what is written durable. REQUIRES: syncMu is held.
func (l *Log) syncLocked() error {
	if l.broken.Load() {
		return errBroken // the file might say that all is well now
	}
	began, target, end := l.o.Now(), l.written.Load(), l.seg.end()
	if target == l.durable.Load() {
		l.ages.settle(target)
		return nil
	}
	if err := syncData(l.seg.file); err != nil {
		l.broken.Store(true)
		return fmt.Errorf("cannot sync the log: %w", err)
	}
	l.seg.durableEnd = end
	l.counts.syncs.Add(1)
	l.counts.syncNs.Store(int64(l.o.Now().Sub(began)))
	l.durable.Store(target)
	if l.records.release(target) <= l.o.MaxHeldBytes {
		l.full.Store(false)
	}
	// What was taken since the sync began may be as old as that.
	l.ages.restart(began, target)
	return nil
}

// tellDurable tells what became of the records, if anything did.
func (l *Log) tellDurable() {
	l.telling.Lock()
	defer l.telling.Unlock()
	if lsn := l.durable.Load(); lsn != l.counts.told {
		l.counts.told = lsn
		if l.o.OnDurable != nil {
			l.o.OnDurable(lsn)
		}
	}
	l.tellWorks()
	l.tellRoom()
}

// ages knows how long the oldest record that is not durable has been waiting,
// and has a timer that runs while there is one.
type ages struct {
	log    *Log
	mu     sync.Mutex
	oldest time.Time // zero: there is none
	timer  *time.Timer
}

// begin says that there are records from now on, if there were none.
func (a *ages) begin(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.oldest.IsZero() {
		return
	}
	a.oldest = now
	switch {
	case a.log.o.steps:
	case a.timer == nil:
		a.timer = time.AfterFunc(tickEvery, a.log.tick)
	default:
		a.timer.Reset(tickEvery)
	}
}

// settle says that there are none left if none was taken behind target: a cut
// alone brings nothing that could become durable.
func (a *ages) settle(target uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.log.taken.Load() <= target {
		a.oldest = time.Time{}
		a.log.stalled.Store(false)
	}
}

// restart says that all up to target is durable: what was taken behind it came
// after since.
func (a *ages) restart(since time.Time, target uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.oldest = time.Time{}
	if a.log.taken.Load() > target { // read under the lock that begin takes after it
		a.oldest = since
	}
	a.log.stalled.Store(false)
}

// again sets the timer, and tells how old the oldest record is.
func (a *ages) again(now time.Time) (age time.Duration, some bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.oldest.IsZero() {
		return 0, false
	}
	if a.timer != nil {
		a.timer.Reset(tickEvery)
	}
	return now.Sub(a.oldest), true
}

// tick looks how old records are that are not durable.
func (l *Log) tick() {
	if l.closing.Load() {
		return
	}
	age, some := l.ages.again(l.o.Now())
	if !some {
		return
	}
	switch l.Policy() {
	case SyncEverySec:
		if age >= everySecAge {
			l.requestSync()
		}
		if age >= stallAge {
			l.noRoom.Store(true)
			if !l.stalled.Swap(true) {
				l.counts.stalls.Add(1)
			}
		}
	case SyncNo:
		if age >= lazyAge {
			l.requestSync()
		}
	}
}
