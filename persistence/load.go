package persistence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"larder/engine"
	"larder/protocol/rdb"
)

// Loading a snapshot. One goroutine reads the file, finds where records end
// without decoding them (rdb.Frame.Next with skip) and cuts it into batches;
// the others decode those and insert the keys, each under its shard's lock:
//
//	file ─► cutter ─┬─► loader ─► shards
//	                ├─► loader ─► shards
//	                └─► …
//
// What is in memory at a time is one batch a goroutine and a few between them:
// batchBytes each, or one record if that is longer. A record is believed to be
// as long as it says only as far as bytes come, so that a false length costs no
// more than the file is long.

// LoadOptions say how a snapshot is loaded.
type LoadOptions struct {
	NowMs int64 // keys whose deadline has passed by then are left out
	// Replace lets keys of the file take the place of those that are there;
	// otherwise, and if the file has one twice, that is an error.
	Replace bool
	// Unsummed leaves the checksum unchecked.
	Unsummed bool
	// Library takes the code of a library of functions.
	Library func(code string) error
	// Aux, if it is not nil, is told what the file says besides its keys.
	Aux func(name, value string)
	// Room, if it is not nil, makes room when there was none for a value of n
	// bytes, and reports false when nothing more can be done. No shard is
	// locked. Before a batch it is called with n = 0: then it only keeps to the
	// limit.
	Room func(n int) bool
	// Loaders is how many goroutines insert. Default: one a processor.
	Loaders int
}

// What is wrong with a file whose content is not damaged.
var (
	errNoRoom    = errors.New("there is no room for the data: raise maxmemory, or choose a maxmemory-policy that evicts")
	errDatabases = "the file has a database %d, and there are %d: raise the directive databases"
)

// errTwice is corruption: no server writes a key twice.
var errTwice = fmt.Errorf("%w: a key is there already", rdb.ErrCorrupt)

// LoadFile loads a snapshot from a file. Damage is a
// *CorruptError; a file that is not there is fs.ErrNotExist.
func (s *Snapshots) LoadFile(ctx context.Context, name string, o LoadOptions, p *Progress) (err error) {
	f, err := s.fs().Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p.BytesTotal.Store(info.Size())
	_, err = s.Load(ctx, f, name, o, p)
	return err
}

// Load loads a snapshot from r, which may go on behind its end, but must not
// keep a reader waiting there; name is what errors call it. It returns the
// snapshot's length in bytes. It ends early, with the context's cause, when that
// is done.
func (s *Snapshots) Load(ctx context.Context, r io.Reader, name string, o LoadOptions, p *Progress) (size int64, err error) {
	if o.Loaders == 0 {
		o.Loaders = runtime.GOMAXPROCS(0)
	}
	l := &loading{Snapshots: s, o: &o, p: p, name: name, batches: make(chan batch), free: make(chan []byte, o.Loaders+2)}
	var wg sync.WaitGroup
	for range o.Loaders {
		wg.Go(l.insertAll)
	}
	c := cutter{loading: l, ctx: ctx, r: r}
	err = c.run()
	close(l.batches)
	wg.Wait()
	if fault := l.fault.Load(); fault != nil {
		return c.base + int64(c.at), *fault
	}
	return c.base + int64(c.at), err
}

// batch is a run of whole records.
type batch struct {
	b    []byte
	base int64 // offset of b in the file
	db   int   // that is selected at its start
	buf  []byte
}

// batchBytes is how long a batch is if no record is longer.
const batchBytes = 256 << 10

// loading is a snapshot that is being loaded.
type loading struct {
	*Snapshots
	o       *LoadOptions
	p       *Progress
	name    string
	batches chan batch
	free    chan []byte           // buffers that can be used again
	fault   atomic.Pointer[error] // the first one that an inserting goroutine met
}

func (l *loading) buffer() []byte {
	select {
	case b := <-l.free:
		return b
	default:
		return make([]byte, batchBytes)
	}
}

// recycle keeps a buffer for later, if it has the usual size.
func (l *loading) recycle(b []byte) {
	if len(b) != batchBytes {
		return
	}
	select {
	case l.free <- b:
	default:
	}
}

// fail says where something is wrong, and that it is corruption if it is.
func (l *loading) fail(offset int64, err error) error {
	if errors.Is(err, rdb.ErrCorrupt) {
		return corruptAt(l.name, offset, "%s", strings.TrimPrefix(err.Error(), rdb.ErrCorrupt.Error()+": "))
	}
	return fmt.Errorf("%s, offset %d: %w", l.name, offset, err)
}

// insertAll inserts the keys of batches until there are no more. After a fault
// of anyone, the rest is only taken.
func (l *loading) insertAll() {
	for b := range l.batches {
		if l.fault.Load() == nil {
			if err := l.insertBatch(b); err != nil {
				l.fault.CompareAndSwap(nil, &err)
			}
		}
		l.recycle(b.buf)
	}
}

func (l *loading) insertBatch(b batch) error {
	if l.o.Room != nil {
		l.o.Room(0)
	}
	var group [groupKeys]loadKey
	db, n := b.db, 0
	for at := 0; at < len(b.b); {
		k := &group[n]
		size, err := k.f.Next(b.b[at:], false)
		switch {
		case err != nil:
			return errors.Join(l.insertGroup(group[:n]), l.fail(b.base+int64(at), err))
		case k.f.Op == rdb.OpSelect:
			db = int(k.f.DB)
		case k.f.Op == rdb.OpKey:
			k.db, k.offset, k.key = db, b.base+int64(at), l.Engine.Key(k.f.Text)
			l.Engine.PrefetchBucket(db, k.key.Hash)
			n++
		}
		if at += size; n == len(group) || at == len(b.b) {
			if err := l.insertGroup(group[:n]); err != nil {
				return err
			}
			n = 0
		}
	}
	return nil
}

// groupKeys is how many keys are looked at together, so that the cache misses of
// their buckets overlap.
const groupKeys = 32

// loadKey is a key of a group.
type loadKey struct {
	f      rdb.Frame
	offset int64
	db     int
	key    engine.Key
}

// insertGroup inserts keys whose buckets are on their way to the cache.
func (l *loading) insertGroup(group []loadKey) error {
	for i := range group {
		if err := l.insertWithRoom(&group[i]); err != nil {
			return l.fail(group[i].offset, err)
		}
	}
	return nil
}

// insertWithRoom inserts a key, and makes room if there is none.
func (l *loading) insertWithRoom(key *loadKey) error {
	for {
		err := l.insert(key)
		if !errors.Is(err, engine.ErrNoRoom) {
			return err
		}
		if l.o.Room == nil || !l.o.Room(len(key.f.Text)+len(key.f.Value)) {
			return errNoRoom
		}
	}
}

// insert inserts a key unless it has expired or is empty.
func (l *loading) insert(key *loadKey) error {
	f, db, k := &key.f, key.db, key.key
	attrs := engine.Attrs{Deadline: engine.NoDeadline}
	if f.Expires {
		if attrs.Deadline = min(f.DeadlineMs, engine.NoDeadline-1); attrs.Deadline <= l.o.NowMs {
			l.p.Expired.Add(1)
			return nil
		}
	}
	if f.Noted {
		attrs.Item, attrs.Flags, attrs.CAS, attrs.Marks = f.Item.Stored, f.Item.Flags, f.Item.CAS, engine.Marks(f.Item.Marks)
	}
	k.Shard.Lock()
	defer k.Shard.Unlock()
	if l.o.Replace {
		l.Engine.Delete(db, k, l.o.NowMs)
	}
	there, err := l.Values.Restore(db, k, f.Kind, f.Value, attrs, l.o.NowMs)
	switch {
	case errors.Is(err, engine.ErrExists):
		return errTwice
	case errors.Is(err, rdb.ErrEmpty):
		return nil // some versions of Redis wrote such keys; it skips them, too
	case err != nil:
		return err
	case !there:
		l.p.Expired.Add(1)
		return nil
	}
	l.Engine.TakeCreated(db, k) // nobody has made the key just now
	if f.Freq > freqNew {
		if it, ok := l.Engine.Peek(db, k, l.o.NowMs); ok {
			for range min((f.Freq-freqNew)/freqStep, int(engine.MetaFreq)) {
				it.Bump()
			}
		}
	}
	l.p.Keys.Add(1)
	return nil
}

// expectBytes is how long the records of a file are at least on average if it
// tells the truth about the number of its keys: room for more keys is not made
// in advance.
const expectBytes = 16

// cutter reads the file and cuts it into batches.
type cutter struct {
	*loading
	ctx     context.Context
	r       io.Reader
	buf     []byte
	base    int64 // offset of buf in the file
	n       int   // bytes in buf
	at      int   // read of it
	start   int   // of the batch
	db      int   // at the end of what was read
	startDB int   // at the start of the batch
	version int
	sum     uint64 // of all before start
	over    bool   // the reader has ended
}

// run reads to the snapshot's end. Its errors are those of the file, or nil if
// another goroutine has met one.
func (c *cutter) run() error {
	c.buf = c.buffer()
	if err := c.need(rdb.HeaderBytes); err != nil && !errors.Is(err, ErrCorrupt) {
		return err // a file that is too short is refused for what it begins with
	}
	version, err := rdb.ReadHeader(c.buf[:c.n])
	if err != nil {
		return c.fail(0, err)
	}
	c.version, c.at, c.start = version, rdb.HeaderBytes, rdb.HeaderBytes
	c.sum = rdb.Checksum(0, c.buf[:c.at])
	for c.fault.Load() == nil {
		var f rdb.Frame
		size, err := f.Next(c.buf[c.at:c.n], true)
		switch {
		case err != nil:
			return c.fail(c.base+int64(c.at), err)
		case size == 0:
			if err := c.more(); err != nil {
				return err
			}
			continue
		}
		c.at += size
		if f.Op == rdb.OpEnd {
			return c.end()
		}
		if err := c.frame(&f); err != nil {
			return c.fail(c.base+int64(c.at-size), err)
		}
	}
	return nil
}

// frame does what is to be done in order.
func (c *cutter) frame(f *rdb.Frame) error {
	switch f.Op {
	case rdb.OpSelect:
		if f.DB >= uint64(c.Engine.Databases()) {
			return fmt.Errorf(errDatabases, f.DB, c.Engine.Databases())
		}
		c.db = int(f.DB)
	case rdb.OpResize:
		c.p.KeysTotal.Add(int64(min(f.Keys, 1<<62)))
		c.Engine.Expect(c.db, int(min(f.Keys, uint64(c.p.BytesTotal.Load()/expectBytes))))
	case rdb.OpFunction:
		if c.o.Library != nil {
			return c.o.Library(string(f.Text))
		}
	case rdb.OpAux:
		if c.o.Aux != nil {
			c.o.Aux(string(f.Name), string(f.Text))
		}
	}
	return nil
}

// more hands over what was read and reads on, so that the record at c.at comes
// nearer to its end.
func (c *cutter) more() error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if c.at > c.start {
		c.flush()
	}
	return c.read()
}

// flush hands a batch over and begins another one with what is left.
func (c *cutter) flush() {
	if !c.o.Unsummed {
		c.sum = rdb.Checksum(c.sum, c.buf[c.start:c.at])
	}
	rest := c.buf[c.at:c.n]
	var next []byte
	if len(rest) <= batchBytes/2 {
		next = c.buffer()
	} else {
		next = make([]byte, len(rest)+batchBytes)
	}
	copy(next, rest)
	c.batches <- batch{b: c.buf[c.start:c.at], base: c.base + int64(c.start), db: c.startDB, buf: c.buf}
	c.base += int64(c.at)
	c.buf, c.n, c.at, c.start, c.startDB = next, len(rest), 0, 0, c.db
}

// read appends more of the file to the buffer. A record that is longer than a
// batch is looked at again each time the buffer has doubled, and no sooner, so
// that the work for it stays in proportion to its length.
func (c *cutter) read() error {
	if c.over {
		return corruptAt(c.name, c.base+int64(c.at), "the file ends in the middle of a record: it was cut off")
	}
	if c.n == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	least := 1
	if c.at == c.start && len(c.buf) > batchBytes {
		least = len(c.buf) - c.n
	}
	n, err := io.ReadAtLeast(c.r, c.buf[c.n:], least)
	c.n += n
	c.p.Bytes.Add(int64(n))
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		c.over = true
	case err != nil:
		return c.fail(c.base+int64(c.n), fmt.Errorf("cannot read: %w", err))
	}
	return nil
}

// need reads until n bytes behind c.at are there.
func (c *cutter) need(n int) error {
	for c.n-c.at < n {
		if err := c.read(); err != nil {
			return err
		}
	}
	return nil
}

// end reads the checksum and hands over the last batch.
func (c *cutter) end() error {
	c.flush()
	if !rdb.HasChecksum(c.version) {
		return nil
	}
	if err := c.need(rdb.FooterBytes); err != nil {
		return err
	}
	footer := c.buf[:rdb.FooterBytes]
	c.at = rdb.FooterBytes
	if c.o.Unsummed || bytes.Equal(footer, make([]byte, rdb.FooterBytes)) || bytes.Equal(footer, rdb.Footer(c.sum)) {
		return nil
	}
	return corruptAt(c.name, c.base, "the checksum is wrong: the file has changed since it was written")
}
