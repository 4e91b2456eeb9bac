package oplog

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The writer turns what Append has gathered into writes, and begins a segment
// when the last is long enough or a cut asks for it. It is one goroutine, so
// the order of the file is the order of the records.

// writeLoop takes steps until the log is closed.
func (l *Log) writeLoop() {
	defer l.stopped.Done()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		wake := l.wake
		switch worked := l.writeStep(); {
		case l.broken.Load():
			pause.Reset(max(0, l.retry.at.Sub(l.o.Now())))
			wake = nil // nothing to be done before
		case worked && l.Policy() == SyncAlways && !l.closing.Load():
			continue
		case worked:
			pause.Reset(gatherFor)
			wake = nil // the next write shall be larger
		default:
			pause.Stop()
		}
		select {
		case <-wake:
		case <-pause.C:
		case <-l.stop:
			return
		}
	}
}

// writeStep writes all that has come in since the last one, and with SyncAlways
// syncs it. It reports whether there was anything to do.
func (l *Log) writeStep() (worked bool) {
	if l.broken.Load() {
		return l.repeatStep()
	}
	l.pieces = l.records.take(l.pieces[:0])
	if len(l.pieces) == 0 {
		return false
	}
	l.taken.Store(l.pieces[len(l.pieces)-1].last)
	if l.taken.Load() > l.durable.Load() {
		l.ages.begin(l.o.Now())
	}
	for i := range l.pieces {
		if err := l.writePiece(&l.pieces[i]); err != nil {
			l.fail(err)
			return true
		}
	}
	clear(l.pieces) // let go of the memory of large records
	if l.Policy() == SyncAlways {
		l.sync()
		return true
	}
	if l.failure.Load() != nil || l.records.bytes() > min(syncBytes, l.o.MaxHeldBytes/2) {
		l.requestSync()
	}
	l.tellDurable() // a segment may have ended
	return true
}

func (l *Log) writePiece(p *piece) error {
	full := l.seg.blocks() && l.seg.end()+int64(len(p.blocks)) > l.o.SegmentBytes
	if p.cut || full {
		if err := l.rotate(p.first); err != nil {
			return err
		}
	}
	durable := l.durable.Load()
	for b := p.blocks; len(b) > 0; {
		b = b[sealBlock(b, l.seg.salt, durable):]
	}
	if len(p.blocks) > 0 {
		if err := l.seg.write(p.blocks); err != nil {
			return fmt.Errorf("cannot write the log: %w", err)
		}
		l.written.Store(p.last)
	}
	return nil
}

// rotate ends the segment and begins the one of record first. All before is
// durable then.
func (l *Log) rotate(first uint64) error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if l.seg.head.first == first {
		return nil // it has just begun, and is empty
	}
	if err := l.seg.trim(); err != nil {
		return fmt.Errorf("cannot end a segment of the log: %w", err)
	}
	if err := l.syncLocked(); err != nil {
		return err
	}
	l.closeSegment()
	return l.beginSegment(first)
}

// closeSegment closes the file and keeps its length in mind. An error means
// nothing here: what counts of the file was synced. REQUIRES: syncMu is held.
func (l *Log) closeSegment() {
	_ = l.seg.file.Close()
	l.manifestMu.Lock()
	l.lengths[segmentName(l.o.Name, l.seg.head.first)] = l.seg.end()
	l.manifestMu.Unlock()
}

// beginSegment makes the segment of record first the one that is written.
// REQUIRES: syncMu is held, or nobody else knows the log yet.
func (l *Log) beginSegment(first uint64) error {
	l.manifestMu.Lock() // until the manifest names the file, it looks like a stranger
	defer l.manifestMu.Unlock()
	head := segmentHead{dataSet: l.o.DataSet, first: first, nonce: l.o.Nonce()}
	seg, err := createSegment(l.o.FS, l.o.Dir, l.o.Name, head)
	if err != nil {
		return err
	}
	line := segmentLine{file: segmentName(l.o.Name, first), first: first}
	if !slices.Contains(l.manifest.segments, line) {
		if err := l.setManifest(l.manifest.withSegment(line)); err != nil {
			_ = seg.file.Close() // the next attempt makes another one
			return err
		}
	}
	seg.ahead = l.o.allocateBytes
	l.seg = seg
	l.countFiles()
	close(l.cuts)
	l.cuts = make(chan struct{})
	return nil
}

// setManifest puts a manifest in force. After an error nobody knows which is:
// every file that either names has to stay. REQUIRES: manifestMu is held.
func (l *Log) setManifest(m *manifest) error {
	if l.based {
		if err := writeManifest(l.o.FS, l.o.Dir, l.o.Name, m); err != nil {
			return err
		}
	}
	l.manifest = m
	return nil
}

// unusedLSN finds where a new log may begin without touching a file of one that
// is in force. One that begins with an empty data set, where there is none yet,
// begins with record 1; no other does: without a manifest, a segment of that name
// with records in it proves that there was one (recover.go).
func unusedLSN(o *Options, empty bool) (uint64, error) {
	_, err := o.FS.Stat(filepath.Join(o.Dir, manifestName(o.Name)))
	if empty && isGone(err) {
		return 1, nil
	}
	entries, err := o.FS.ReadDir(o.Dir)
	if err != nil {
		return 0, fmt.Errorf("cannot look for files of an older log: %w", err)
	}
	unused := uint64(2)
	for _, e := range entries {
		for _, base := range []bool{false, true} {
			if lsn, ok := lsnOfName(o.Name, e.Name(), base); ok {
				unused = max(unused, lsn+1)
			}
		}
	}
	return unused, nil
}

// removeStrangers removes files of the log that its manifest does not name:
// what an interrupted step has left. What cannot be removed stays until the
// next time.
func removeStrangers(o *Options, m *manifest) {
	entries, err := o.FS.ReadDir(o.Dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if isStranger(o.Name, m, e) {
			_ = o.FS.Remove(filepath.Join(o.Dir, e.Name()))
		}
	}
}

func isStranger(name string, m *manifest, e fs.DirEntry) bool {
	file, temporary := strings.CutSuffix(e.Name(), temporaryName(""))
	first, segment := lsnOfName(name, file, false)
	_, base := lsnOfName(name, file, true)
	switch {
	case temporary:
		return segment || base || file == manifestName(name)
	case segment:
		return !slices.Contains(m.segments, segmentLine{file, first})
	}
	return base && file != m.base.File
}
