package persistence

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"

	"larder/engine"
	"larder/protocol/rdb"
)

// Snapshots are files of the data set in the format of Redis. They are written
// in version 10, which Redis 7.0 loads, unless a hash has fields with
// deadlines: that has no form before version 12, of Redis 7.4, and then the
// file has version 12. See rdb/file.go for the layout.

// Snapshots writes the data set of an engine and loads it.
type Snapshots struct {
	Engine *engine.Engine
	Values Values
	// FS is where files are. Default: OS.
	FS FS

	// one is held while a snapshot is written. Rank: above all locks of the
	// engine. I/O happens under it.
	one sync.Mutex
}

func (s *Snapshots) fs() FS {
	if s.FS == nil {
		return OS{}
	}
	return s.FS
}

// Info is what a snapshot tells besides the keys.
type Info struct {
	Server      string // version of who writes it: "redis-ver"
	CreatedSecs int64  // seconds since 1970
	UsedBytes   uint64 // memory in use
	LogBase     bool   // it is the base of a log
	// Libraries are the codes of the libraries of functions.
	Libraries []string
	// Plain leaves strings uncompressed, Unsummed the checksum away.
	Plain, Unsummed bool
	// Frequencies tells how often each key was used, by Redis's measure.
	Frequencies bool
	// NoKeys leaves the keys away.
	NoKeys bool
	// AtCut, if it is not nil, is called at the moment whose state is written,
	// while nothing can change.
	AtCut func()
}

// temporarySuffix is behind the name of a file that is being written.
const temporarySuffix = ".temp"

// Save writes a snapshot to the named file, which holds the old content or the
// new one at any time. It ends early, with the context's cause, when that is
// done.
func (s *Snapshots) Save(ctx context.Context, name string, info Info, p *Progress) error {
	return ReplaceFile(s.fs(), name, name+temporarySuffix, func(f File) error {
		return s.Write(ctx, &syncedWriter{f: f}, info, p)
	})
}

// syncEvery is how many bytes are written to a file before they are synced, so
// that the system never has very much to write at a time while others wait for
// the disk.
const syncEvery = 32 << 20

// syncedWriter is a file that is synced in steps.
type syncedWriter struct {
	f       File
	pending int // bytes
}

func (w *syncedWriter) Write(b []byte) (n int, err error) {
	if n, err = w.f.Write(b); err != nil {
		return n, err
	}
	if w.pending += n; w.pending >= syncEvery {
		w.pending = 0
		err = w.f.Sync()
	}
	return n, err
}

// Write writes a snapshot to w: the state of one moment, while others go on
// changing the data. It ends early, with the context's cause, when that is done.
// One snapshot is written at a time; others wait for it.
func (s *Snapshots) Write(ctx context.Context, w io.Writer, info Info, p *Progress) error {
	s.one.Lock()
	defer s.one.Unlock()
	var head rdb.Writer
	var sizes []sizeOf
	enc := &encoder{values: s.Values, plain: info.Plain, frequencies: info.Frequencies, writers: make(chan *rdb.Writer, maxWriters)}
	sn, err := s.Engine.Cut(enc, func() {
		version := rdb.Version
		if s.Engine.FieldDeadlines() {
			version = rdb.VersionTTL
		}
		info.write(&head, version)
		sizes = s.sizes()
		if info.AtCut != nil {
			info.AtCut()
		}
	})
	if err != nil {
		return err
	}
	defer sn.Close()
	sn.Rest(func() { time.Sleep(restFor) })
	p.KeysTotal.Store(int64(sn.Keys()))
	out := &summed{w: w, p: p, off: info.Unsummed}
	err = out.write(head.Buf)
	if err == nil && !info.NoKeys {
		err = writeKeys(ctx, sn, out, sizes)
	}
	if err != nil {
		return err
	}
	return out.end()
}

// writeKeys writes what a snapshot holds.
func writeKeys(ctx context.Context, sn *engine.Snapshot, out *summed, sizes []sizeOf) error {
	var head rdb.Writer
	for selected := -1; ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c, ok, err := sn.Next()
		if !ok || err != nil {
			return err
		}
		if head.Buf = head.Buf[:0]; c.DB != selected {
			selected = c.DB
			head.Select(selected)
			if size := &sizes[selected]; size.keys > 0 {
				head.Resize(size.keys, size.deadlines)
				size.keys = 0 // it is told once
			}
		}
		if err := errors.Join(out.write(head.Buf), out.write(c.Data)); err != nil {
			return err
		}
		out.p.Keys.Add(int64(c.Keys))
	}
}

// sizeOf is the size of a database.
type sizeOf struct{ keys, deadlines int }

// sizes returns the size of each database. REQUIRES: all shards are locked.
func (s *Snapshots) sizes() []sizeOf {
	sizes := make([]sizeOf, s.Engine.Databases())
	for _, sh := range s.Engine.Shards() {
		for db := range sizes {
			keys, deadlines := sh.Len(db)
			sizes[db].keys += keys
			sizes[db].deadlines += deadlines
		}
	}
	return sizes
}

// write writes the header and what is known besides the keys.
func (i *Info) write(w *rdb.Writer, version int) {
	w.Plain = i.Plain
	w.Header(version)
	w.Aux("redis-ver", i.Server)
	w.Aux("redis-bits", strconv.Itoa(strconv.IntSize))
	w.Aux("ctime", strconv.FormatInt(i.CreatedSecs, 10))
	w.Aux("used-mem", strconv.FormatUint(i.UsedBytes, 10))
	w.Aux("aof-base", strconv.Itoa(map[bool]int{true: 1}[i.LogBase]))
	for _, code := range i.Libraries {
		w.Library([]byte(code))
	}
}

const (
	// restFor is how long the walk rests when it is in somebody's way.
	restFor = 50 * time.Microsecond
	// maxWriters is how many writers a snapshot keeps: a writer has a table of
	// 256 KiB, which it would be dear to allocate whenever a command meets a
	// bucket that is not recorded.
	maxWriters = 8
	// compressFrom is the length of a string from which on it is worth compressing
	// while a command waits.
	compressFrom = 256
)

// encoder makes the records of a snapshot (engine.SnapshotEncoder). It is used by
// whoever comes across a key that belongs to it: by many goroutines.
type encoder struct {
	values             Values
	plain, frequencies bool
	writers            chan *rdb.Writer // that are not in use
}

// writer returns one that appends to dst, to be given to done.
func (e *encoder) writer(dst []byte) *rdb.Writer {
	var w *rdb.Writer
	select {
	case w = <-e.writers:
	default:
		w = &rdb.Writer{Plain: e.plain, CompressFrom: compressFrom}
	}
	w.Buf = dst
	return w
}

func (e *encoder) done(w *rdb.Writer) []byte {
	dst := w.Buf
	w.Buf = nil
	w.Reset()
	select {
	case e.writers <- w:
	default:
	}
	return dst
}

// key writes what stands in front of a value.
func (e *encoder) key(w *rdb.Writer, it *engine.Item) {
	if it.IsItem() || it.Marks() != 0 {
		w.Item(rdb.Item{Stored: it.IsItem(), Flags: it.Flags(), CAS: it.CAS(), Marks: uint8(it.Marks())})
	}
	if ms := it.Deadline(); ms != engine.NoDeadline {
		w.Deadline(ms)
	}
	if e.frequencies {
		w.Freq(freqOf(it.Meta()))
	}
	w.Key(it.Key())
}

// Record implements engine.SnapshotEncoder.
func (e *encoder) Record(dst []byte, it *engine.Item) []byte {
	w := e.writer(dst)
	e.key(w, it)
	e.values.Append(w, it)
	return e.done(w)
}

// Begin implements engine.SnapshotEncoder.
func (e *encoder) Begin(dst []byte, it *engine.Item, l *engine.Large) []byte {
	w := e.writer(dst)
	e.key(w, it)
	e.values.Begin(w, it, l)
	return e.done(w)
}

// Part implements engine.SnapshotEncoder.
func (e *encoder) Part(dst []byte, l *engine.Large, p *engine.Part) []byte {
	w := e.writer(dst)
	e.values.Part(w, l, p)
	return e.done(w)
}

// End implements engine.SnapshotEncoder.
func (e *encoder) End(dst []byte, st *engine.Stream) []byte {
	w := e.writer(dst)
	e.values.End(w, st)
	return e.done(w)
}

// Redis's measure of use is a counter that starts at freqNew and grows ever
// more slowly; the engine counts the last few hits.
const (
	freqNew  = 5
	freqStep = 3
)

func freqOf(m engine.Meta) uint8 { return freqNew + freqStep*uint8(m&engine.MetaFreq) }

// summed computes the checksum of what is written and counts it.
type summed struct {
	w   io.Writer
	p   *Progress
	crc uint64
	off bool
}

func (s *summed) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if !s.off {
		s.crc = rdb.Checksum(s.crc, b)
	}
	_, err := s.w.Write(b)
	s.p.Bytes.Add(int64(len(b)))
	return err
}

// end writes the end of the file.
func (s *summed) end() error {
	var w rdb.Writer
	w.End()
	if err := s.write(w.Buf); err != nil {
		return err
	}
	w.Buf = w.Buf[:0]
	w.Sum(s.crc)
	return s.write(w.Buf)
}
