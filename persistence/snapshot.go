package persistence

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

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

// Write writes a snapshot to w. It ends early, with the context's cause, when
// that is done. What is known in advance, version and sizes, is that of a moment
// before the cut; readers take it as a hint.
func (s *Snapshots) Write(ctx context.Context, w io.Writer, info Info, p *Progress) error {
	enc := &encoder{values: s.Values, plain: info.Plain, frequencies: info.Frequencies}
	sizes, total := s.sizes()
	p.KeysTotal.Store(total)
	version := rdb.Version
	if s.Engine.FieldDeadlines() {
		version = rdb.VersionTTL
	}
	c, err := cut(s.Engine, enc.append)
	if err != nil {
		return err
	}
	defer c.Close()
	out := &summed{w: w, p: p, off: info.Unsummed}
	var head rdb.Writer
	info.write(&head, version)
	err = out.write(head.Buf)
	selected := -1
	for err == nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		piece, ok := c.Next()
		if !ok {
			break
		}
		if head.Buf = head.Buf[:0]; piece.DB != selected {
			selected = piece.DB
			head.Select(selected)
			if size := &sizes[selected]; size.keys > 0 {
				head.Resize(size.keys, size.deadlines)
				size.keys = 0 // it is told once
			}
		}
		err = errors.Join(out.write(head.Buf), out.write(piece.Data))
		p.Keys.Add(int64(piece.Keys))
	}
	if err != nil {
		return err
	}
	return out.end()
}

// sizeOf is the size of a database.
type sizeOf struct{ keys, deadlines int }

// sizes returns the size of each database, and how many keys there are.
func (s *Snapshots) sizes() (sizes []sizeOf, total int64) {
	sizes = make([]sizeOf, s.Engine.Databases())
	for _, sh := range s.Engine.Shards() {
		sh.Lock()
		for db := range sizes {
			keys, deadlines := sh.Len(db)
			sizes[db].keys += keys
			sizes[db].deadlines += deadlines
			total += int64(keys)
		}
		sh.Unlock()
	}
	return sizes, total
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

// encoder appends the records of keys. It is used by whoever comes across a key
// that belongs to the snapshot: by many goroutines.
type encoder struct {
	values             Values
	plain, frequencies bool
	writers            sync.Pool // of *rdb.Writer
}

// append appends the record of one key. REQUIRES: the item's shard is locked.
func (e *encoder) append(dst []byte, _ int, key []byte, it *engine.Item) []byte {
	w, _ := e.writers.Get().(*rdb.Writer)
	if w == nil {
		w = &rdb.Writer{Plain: e.plain}
	}
	w.Buf = dst
	if it.IsItem() || it.Marks() != 0 {
		w.Item(rdb.Item{Stored: it.IsItem(), Flags: it.Flags(), CAS: it.CAS(), Marks: uint8(it.Marks())})
	}
	if ms := it.Deadline(); ms != engine.NoDeadline {
		w.Deadline(ms)
	}
	if e.frequencies {
		w.Freq(freqOf(it.Meta()))
	}
	w.Key(key)
	e.values.Append(w, it)
	dst, w.Buf = w.Buf, nil
	w.Reset()
	e.writers.Put(w)
	return dst
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
