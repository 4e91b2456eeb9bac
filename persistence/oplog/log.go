package oplog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"larder/persistence"
	"larder/protocol/record"
)

// The log writes down every change before, or soon after, the client hears that
// it was made, so that what was promised survives a crash.
//
//	dispatcher, shard locked        writer                          disk
//	┌──────────┐ encode ┌─────────────────────────┐ take, seal, write
//	│ Append   │───────►│ chunks: records in order│──────────────────► segment
//	└──────────┘        └─────────────────────────┘                       │
//	                      ▲ kept until durable      sync: writer (always) ▼
//	     OnDurable ◄──────┴──────────────────────── or syncer (else)   durable
//
// Append only copies bytes, under a lock that no I/O happens under. The writer
// takes all that has come in since, in one piece: while the disk is busy with
// one sync, the next group gathers. With the policy always it syncs what it has
// written before it takes more; otherwise the syncer does that beside it, so
// that a slow sync stops no write.
//
// # What is kept in memory, and why
//
// After a failed sync nobody knows what of the written pages is on disk: the
// system may have marked them clean, and a later sync that succeeds proves
// nothing. So records are kept in memory until a sync behind them has
// succeeded. After a failure the file is left alone, and all that is not known
// to be durable is written once more, to a new segment (repeat.go). This
// bounds the choice of policy too: also with SyncNo the log syncs now and then,
// because it does not keep records for ever.
//
// # Room
//
// What is kept has a bound. Room says whether there is any left; it is for the
// dispatcher to ask before it runs a write, and to make the client wait. Append
// itself never refuses and never waits, so the bound may be passed by what is
// already running.
//
// # Locks
//
// In this order; a lock is taken only while none below it in the list is held:
//
//  1. syncMu      which file is written and synced; I/O happens under it
//  2. manifestMu  the manifest; I/O happens under it
//  3. telling     no two calls of OnDurable at once; the function runs under it
//  4. records     the records in memory; a leaf, no I/O under it. Append takes
//     it under the locks of shards. So is ages.

// SyncPolicy says when records are made durable.
type SyncPolicy int32

// Policies, named as Redis's appendfsync.
const (
	// SyncAlways syncs after every write; a reply waits for its record.
	SyncAlways SyncPolicy = iota
	// SyncEverySec syncs what has been waiting for nearly a second. When that
	// takes so long that records are two seconds old, there is no Room.
	SyncEverySec
	// SyncNo leaves it to the system, for half a minute or 32 MiB.
	SyncNo
)

// Bounds.
const (
	defaultSegmentBytes = 128 << 20
	defaultMaxHeldBytes = 128 << 20
	// defaultAllocateBytes is how far ahead of the blocks the disk's space is taken.
	// A write that does not make the file longer is cheaper to sync: on ext4 it
	// takes 0.17 ms instead of 0.4.
	defaultAllocateBytes = 16 << 20
	// chunkBytes is the memory that records are gathered in at a time, and
	// largeRecord the size from which on a record gets its own, so that it is
	// copied before the lock is taken.
	chunkBytes  = 256 << 10
	largeRecord = 32 << 10
	// blockBytes is where a block ends and the next begins in the same write.
	blockBytes = 64 << 10
	// syncBytes are synced however young they are; so is half of what may be held.
	syncBytes = 32 << 20
	// everySecAge is the age at which SyncEverySec syncs: with the tick and the
	// sync's own time it is a second.
	everySecAge = 800 * time.Millisecond
	// stallAge is the age at which SyncEverySec has no room for more.
	stallAge = 1900 * time.Millisecond
	// lazyAge is the age at which SyncNo syncs.
	lazyAge = 30 * time.Second
	// tickEvery is how often ages are looked at while there is something to
	// sync.
	tickEvery = 100 * time.Millisecond
	// gatherFor is how long the writer waits between two small writes, unless
	// the policy is SyncAlways: what a killed process has not yet handed to the
	// system is at most that old.
	gatherFor = time.Millisecond
)

// Options say where a log is and what it does.
type Options struct {
	// FS is the file system; default persistence.OS{}.
	FS persistence.FS
	// Dir is the directory, which has to be there, and Name what the names of
	// all files begin with. REQUIRES: Name has no space and no separator.
	Dir, Name string
	// DataSet is the ID of the data set. REQUIRES: not zero, unless the log
	// continues a recovered one, which has it.
	DataSet DataSetID
	// Policy says when to sync; SetPolicy changes it. Default SyncAlways.
	Policy SyncPolicy
	// SegmentBytes is the size at which a segment ends; default 128 MiB.
	SegmentBytes int64
	// MaxHeldBytes is how much is kept in memory until there is no more Room;
	// default 128 MiB.
	MaxHeldBytes int64
	// OnDurable is called after Durable has risen, with its new value.
	OnDurable func(lsn uint64)
	// OnRoom is called after Room has become true again.
	OnRoom func()
	// OnState is called with what the disk failed with, and with nil once it
	// works again. Durable has risen by then to what was appended before.
	OnState func(err error)
	// Now is the clock; default time.Now. Nonce yields random numbers; default a
	// generator seeded by the system.
	Now   func() time.Time
	Nonce func() uint64

	// steps makes the log start no goroutine: a test takes the steps itself.
	steps bool
	// allocateBytes is how far ahead of the blocks space is taken.
	allocateBytes int64
}

// Log is an append-only log that is open for writing. Its methods may be called
// by any goroutine. The functions of the options are called by the log's own
// goroutines, no two at once; they must not wait for the log.
type Log struct {
	o      Options
	policy atomic.Int32

	// syncMu guards seg and its file against being replaced while it is synced.
	// I/O happens under it.
	syncMu sync.Mutex
	seg    *segment
	// current is seg, for Stats.
	current atomic.Pointer[segment]

	// manifestMu guards what is on disk under the log's name.
	manifestMu sync.Mutex
	manifest   *manifest
	based      bool             // the manifest is in force; see Open
	lengths    map[string]int64 // bytes of each segment that is not written any more

	// records are those in memory. Its lock is a leaf, below the locks of shards.
	records records

	// taken, written and durable are LSNs of last records: that the writer has
	// begun to write, that the system has taken, that are on disk. The writer
	// alone changes the first two.
	taken, written, durable atomic.Uint64

	// failure is there from the disk's failing until all that was appended
	// before is durable; broken, until there is a new segment to write to.
	failure atomic.Pointer[failure]
	broken  atomic.Bool
	retry   retryState // belongs to the writer

	full    atomic.Bool // too much is held
	stalled atomic.Bool // what is held is too old
	noRoom  atomic.Bool // OnRoom is owed
	ages    ages
	counts  counters
	telling sync.Mutex // OnDurable and OnState run under it, so that no two do at once

	pieces []piece // the writer's

	wake    chan struct{} // to the writer; buffered
	toSync  chan struct{} // to the syncer; buffered
	cuts    chan struct{} // closed and replaced when a segment has begun at a cut
	stop    chan struct{}
	stopped sync.WaitGroup
	closing atomic.Bool
}

// failure is what the disk fails with.
type failure struct{ err error }

var (
	// ErrClosed is what calls return after Close.
	ErrClosed = errors.New("the log is closed")
	// ErrNotDurable is in what Close returns when records are not on disk.
	ErrNotDurable = errors.New("records of the log are not on disk")
)

// Open begins a new segment and starts the log.
//
// With what Recover has returned, the log continues behind the last record that
// was recovered. With nil a new log begins: if empty is true, the data set is
// empty, and the log is complete by itself. Otherwise there are keys that it
// does not know about: records are written, but the log comes into force, in
// place of one that may be there by its name, with the first Rebase.
func Open(o Options, from *Recovered, empty bool) (*Log, error) {
	l := &Log{o: o, manifest: &manifest{dataSet: o.DataSet}, lengths: map[string]int64{}}
	if err := l.complete(from); err != nil {
		return nil, err
	}
	var first uint64
	if from != nil {
		l.manifest, l.lengths = from.manifest.clone(), from.lengths
		first, l.based, l.o.DataSet = from.Next, true, from.manifest.dataSet
		if err := from.cutTail(&l.o); err != nil {
			return nil, err
		}
	} else {
		var err error
		if first, err = unusedLSN(&l.o, empty); err != nil {
			return nil, err
		}
		l.based = empty
	}
	l.taken.Store(first - 1)
	l.written.Store(first - 1)
	l.durable.Store(first - 1)
	l.counts.told = first - 1
	l.records.begin(first)
	l.policy.Store(int32(o.Policy))
	if err := l.beginSegment(first); err != nil {
		return nil, err
	}
	if l.based {
		removeStrangers(&l.o, l.manifest)
	}
	if !l.o.steps {
		l.stopped.Add(2)
		go l.writeLoop()
		go l.syncLoop()
	}
	return l, nil
}

// complete fills in the defaults and says what is wrong with the options.
func (l *Log) complete(from *Recovered) error {
	o := &l.o
	if o.FS == nil {
		o.FS = persistence.OS{}
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	if o.MaxHeldBytes <= 0 {
		o.MaxHeldBytes = defaultMaxHeldBytes
	}
	if o.allocateBytes <= 0 {
		o.allocateBytes = defaultAllocateBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Nonce == nil {
		o.Nonce = rand.Uint64
	}
	l.wake, l.toSync = make(chan struct{}, 1), make(chan struct{}, 1)
	l.stop, l.cuts = make(chan struct{}), make(chan struct{})
	if err := checkName(o.Name); err != nil {
		return err
	}
	if from == nil && o.DataSet == (DataSetID{}) {
		return errors.New("a new log needs the ID of its data set")
	}
	if o.Policy < SyncAlways || o.Policy > SyncNo {
		return fmt.Errorf("%d is no policy for syncing the log", o.Policy)
	}
	l.ages.log = l
	return nil
}

// checkName refuses names that could not stand in a manifest.
func checkName(name string) error {
	if !plainName(name) || strings.ContainsFunc(name, unicode.IsSpace) {
		return fmt.Errorf("the log's name %q must be a file name without spaces", name)
	}
	return nil
}

// Append adds a record and returns its LSN, one above that of the record
// before. It only copies; nothing of rec is kept. It takes a lock under which
// nothing blocks, so it may be called with shards locked, which is how the
// order of records comes to be the order of execution.
func (l *Log) Append(rec *record.Record) (lsn uint64) {
	lsn, held, idle := l.records.append(rec)
	if held > l.o.MaxHeldBytes {
		l.full.Store(true)
		l.noRoom.Store(true)
	}
	if idle {
		l.wakeWriter()
	}
	return lsn
}

func (l *Log) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Last returns the LSN of the last record, 0 if there was none ever.
func (l *Log) Last() uint64 { return l.records.last() }

// Durable returns the LSN up to which all records are on disk.
func (l *Log) Durable() uint64 { return l.durable.Load() }

// Room tells whether a write may be run. It is false while too much is held in
// memory, or while the disk is two seconds behind with SyncEverySec.
func (l *Log) Room() bool {
	return !l.full.Load() && !l.stalled.Load()
}

// Err returns what the disk fails with, nil if it works.
func (l *Log) Err() error {
	if f := l.failure.Load(); f != nil {
		return f.err
	}
	return nil
}

// Policy returns when records are made durable.
func (l *Log) Policy() SyncPolicy { return SyncPolicy(l.policy.Load()) }

// SetPolicy changes when records are made durable.
func (l *Log) SetPolicy(p SyncPolicy) {
	l.policy.Store(int32(p))
	l.stalled.Store(false) // the next tick knows better
	l.requestSync()
	l.tellRoom()
}

// tellRoom calls OnRoom if it is owed.
func (l *Log) tellRoom() {
	if l.Room() && l.noRoom.CompareAndSwap(true, false) && l.o.OnRoom != nil {
		l.o.OnRoom()
	}
}
