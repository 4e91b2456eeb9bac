package oplog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// Rewriting the log is to put a snapshot in place of its older part:
//
//	all shards locked   lsn := Cut(); begin the snapshot      no I/O, microseconds
//	in the background   write the snapshot to BaseName(lsn)
//	then                Rebase: the manifest names the new base and the segments
//	                    from lsn on; the older files are removed
//
// Until the manifest is replaced, a crash leaves the old base and all segments;
// from then on, the new base. If the snapshot comes to nothing, so does the cut:
// there is one more segment, and no harm.

// Cut makes the next record the first of a segment, and returns its LSN: a
// snapshot of the state at this moment holds the effect of all records before.
// It does no I/O. REQUIRES: no Append happens at the same time that is a part of
// that state; that is, all shards are locked.
func (l *Log) Cut() (lsn uint64) {
	lsn, idle := l.records.cut()
	if idle {
		l.wakeWriter()
	}
	return lsn
}

// BaseName is the path under which a snapshot of the state before record lsn
// has to be written, to become the base.
func (l *Log) BaseName(lsn uint64) string {
	return filepath.Join(l.o.Dir, baseName(l.o.Name, lsn))
}

// Rebase puts the snapshot at BaseName(lsn) in place of all records before lsn,
// and removes the files that nobody needs any more. It waits for the segment of
// the cut to begin, for as long as ctx allows. After an error the log goes on
// with the base that it had, and the snapshot has to stay where it is: the new
// manifest may be in force already, and a crash now may recover from it. A later
// Rebase that succeeds, or the next start, removes it.
// REQUIRES: Cut returned lsn, and the snapshot is durable.
func (l *Log) Rebase(ctx context.Context, lsn uint64) error {
	if err := l.awaitCut(ctx, lsn); err != nil {
		return err
	}
	info, err := l.o.FS.Stat(l.BaseName(lsn))
	if err != nil {
		return fmt.Errorf("cannot find the snapshot that shall become the log's base: %w", err)
	}
	l.manifestMu.Lock()
	defer l.manifestMu.Unlock()
	next, wasBased := l.manifest.clone(), l.based
	next.base = BaseFile{File: baseName(l.o.Name, lsn), LSN: lsn, Bytes: info.Size()}
	next.segments = slices.DeleteFunc(next.segments, func(s segmentLine) bool { return s.first < lsn })
	l.based = true
	if err := l.setManifest(next); err != nil {
		l.based = wasBased
		return err
	}
	for file := range l.lengths {
		if first, ok := lsnOfName(l.o.Name, file, false); !ok || first < lsn {
			delete(l.lengths, file)
		}
	}
	l.countFiles()
	removeStrangers(&l.o, next)
	return nil
}

// awaitCut waits until the segment of record lsn has begun.
func (l *Log) awaitCut(ctx context.Context, lsn uint64) error {
	for {
		l.manifestMu.Lock()
		begun := slices.Contains(l.manifest.segments, segmentLine{segmentName(l.o.Name, lsn), lsn})
		again := l.cuts
		l.manifestMu.Unlock()
		if begun {
			return nil
		}
		select {
		case <-again:
		case <-l.stop:
			return ErrClosed
		case <-ctx.Done():
			return fmt.Errorf("the log has not begun a segment at record %d: %w", lsn, errors.Join(ctx.Err(), l.Err()))
		}
	}
}

// Close writes and syncs what is left, and ends the log. When records cannot be
// made durable, it says how many (ErrNotDurable) and why. REQUIRES: no Append
// comes any more.
func (l *Log) Close() error {
	if l.closing.Swap(true) {
		return ErrClosed
	}
	close(l.stop)
	l.stopped.Wait()
	l.ages.stop()
	for range closeAttempts {
		l.retry.at = l.o.Now()
		for l.writeStep() && !l.broken.Load() {
		}
		l.sync()
		if !l.broken.Load() {
			break
		}
	}
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if lost := l.Last() - l.Durable(); lost > 0 {
		return errors.Join(fmt.Errorf("%w: %d of them", ErrNotDurable, lost), l.Err(), l.seg.file.Close())
	}
	return errors.Join(l.endSegment(), l.seg.file.Close())
}

// closeAttempts is how often Close tries to write to a disk that fails.
const closeAttempts = 3

// endSegment writes the block that says that all before it was durable, so that
// damage to it is noticed. REQUIRES: syncMu is held, and nothing is left to be
// written.
func (l *Log) endSegment() error {
	b := beginBlock(nil, l.Last()+1, l.o.Now().UnixMilli())
	endBlock(b, 0)
	sealBlock(b, l.seg.salt, l.Last())
	return errors.Join(l.seg.write(b), l.seg.trim(), syncData(l.seg.file))
}

// stop ends the timer.
func (a *ages) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
	}
}
