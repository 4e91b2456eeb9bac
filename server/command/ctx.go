package command

import (
	"errors"

	"larder/engine"
	"larder/protocol/rdb"
	"larder/protocol/resp"
)

// Ctx is all that a handler gets: no clock, no random source, no session.
// The dispatcher reuses one Ctx for many commands.
type Ctx struct {
	Engine *engine.Engine
	Table  *Table
	Config *Settings
	DB     int
	// NowMs is the time of the command in ms since 1970: stamped once for a
	// write, the node's clock for a read.
	NowMs int64
	// Seed is the stamped random number of the command.
	Seed uint64
	// CAS is the stamped CAS value for what a memcached command writes.
	CAS  uint64
	Args [][]byte
	// Keys are the command's keys in the order of its key specs; their shards
	// are locked. Other shards may be locked by the handler itself, through
	// WithShard, only if the command has no keys.
	Keys []engine.Key
	Out  *resp.Writer

	// AllLocked tells that every shard is locked already, as for commands
	// with AllShards.
	AllLocked bool
	// OnWorker tells that the command may take long: it runs beside the loops,
	// or cannot be taken off one any more.
	OnWorker bool
	// NoTouch leaves no trace of reads for eviction (CLIENT NO-TOUCH).
	NoTouch bool

	// Dirty counts the changes made, as rdb_changes_since_last_save does. A
	// command that changed nothing is not logged.
	Dirty int
	// Silent tells of a change that does not count, but can be found out, such
	// as that of an encoding: it is logged.
	Silent bool
	// Listening tells who wants to know of events; see event.go.
	Listening Listeners
	// Events are what the command did, in order, for those who listen.
	Events []Event

	// Log tells whether changes are recorded in a log, and whether all that were
	// by now are durable. nil: there is none.
	Log func() (on, durable bool)
	// NoBlock tells that the command must not wait; see block.go.
	NoBlock bool
	// Blocked is set by Block: the command waits as Wait says.
	Blocked bool
	Wait    BlockRequest

	// Await locks a shard for a command on a worker, or gives up and returns
	// false. nil: it waits as long as it takes.
	Await func(*engine.Shard) bool
	// Pause, if it is not nil, unlocks the shards of the keys for a moment. Any
	// item and container that was open is not valid then, and may have changed.
	Pause func()
	// Rest, if it is not nil, is for a command without keys that takes long: it
	// lets others run, every now and then. No shard may be locked.
	Rest func()

	// NoRoom is set by Fail on engine.ErrNoRoom: the dispatcher takes the
	// reply back, makes room and runs the command again.
	NoRoom bool
	// Escalate is set by Heavy and WithShard: the dispatcher runs the command
	// again on a worker.
	Escalate bool
	// Garbage is what FLUSHALL and FLUSHDB leave to free in the background.
	Garbage []*engine.Garbage

	item    engine.Item // what Load returns
	scratch []byte      // for values that are made aside; see keepScratch
	rdb     *rdb.Writer // for DUMP; made when it is first needed

	// progress is kept when a command is run again; Begin resets it.
	progress progress

	// The containers that handlers open: views of some size, which are not
	// made anew for each command.
	set, otherSet engine.Set
	hash          engine.Hash
	sets          []engine.Set
}

// Begin prepares for a command. Running one again, after room was made for it,
// is no other command.
func (c *Ctx) Begin() { c.progress, c.Silent = progress{}, false }

// scratchMost is the largest buffer that a Ctx keeps from one command to the
// next, in bytes.
const scratchMost = 64 << 10

// keepScratch keeps what has grown out of c.scratch for the next command.
func (c *Ctx) keepScratch(b []byte) {
	if cap(b) <= scratchMost {
		c.scratch = b[:0]
	}
}

// Settings are the directives that handlers may read: only such as are the
// same on all nodes of a group.
type Settings struct {
	MaxStringBytes int // proto-max-bulk-len
	MaxItemBytes   int // memcached-max-item-size
	Limits         engine.Limits
	HLLSparseBytes int // hll-sparse-max-bytes
}

// heavyBytes is the amount of data above which a command is not run on an
// event loop: copying it takes about 0.1 ms.
const heavyBytes = 1 << 20

// Heavy tells a handler that is about to work through n bytes to return at
// once, having changed and replied nothing: it will be run on a worker.
func (c *Ctx) Heavy(n int) bool {
	if n < heavyBytes || c.OnWorker {
		return false
	}
	c.Escalate = true
	return true
}

// Error texts that many handlers share, as in Redis.
const (
	ErrSyntax    = "ERR syntax error"
	ErrNotInt    = "ERR value is not an integer or out of range"
	ErrNotFloat  = "ERR value is not a valid float"
	ErrWrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNoKey     = "ERR no such key"
	ErrRange     = "ERR index out of range"
	ErrOOM       = "OOM command not allowed when used memory > 'maxmemory'."
	ErrTooLong   = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrNegative  = "ERR value is out of range, must be positive"
)

// Fail writes the reply for an error of the engine.
func (c *Ctx) Fail(err error) {
	switch {
	case errors.Is(err, engine.ErrNoRoom):
		c.NoRoom = true
		c.Out.Error(ErrOOM)
	case errors.Is(err, engine.ErrWrongType):
		c.Out.Error(ErrWrongType)
	default:
		c.Out.Error("ERR " + err.Error())
	}
}

// failFrom is Fail for a reply that has begun at mark.
func (c *Ctx) failFrom(mark int, err error) {
	c.Out.Buf = c.Out.Buf[:mark]
	c.Fail(err)
}

// Load looks up the i-th key for a command that reads, counting hit or miss.
// It returns nil for a key that is absent; the item is valid until the next
// Load.
func (c *Ctx) Load(i int) *engine.Item {
	k := &c.Keys[i]
	if !c.item.Load(c.DB, k, c.NowMs) || c.fieldsGone(&c.item) {
		k.Shard.Stats().Misses++
		c.missed(i)
		return nil
	}
	k.Shard.Stats().Hits++
	if !c.NoTouch {
		c.item.Touch()
	}
	return &c.item
}

// fieldsGone drops the fields of a hash that have expired, and tells whether
// that has removed the key.
func (c *Ctx) fieldsGone(it *engine.Item) bool {
	if !it.FieldsDue(c.NowMs) {
		return false
	}
	_, gone := it.DropFields(c.NowMs)
	return gone
}

// Find is Load for a command that needs several items at once.
func (c *Ctx) Find(i int) (engine.Item, bool) {
	if it := c.Load(i); it != nil {
		return *it, true
	}
	return engine.Item{}, false
}

// FindWrite looks up the i-th key for a command that will write it.
func (c *Ctx) FindWrite(i int) (engine.Item, bool) {
	it, ok := c.Engine.Find(c.DB, c.Keys[i], c.NowMs)
	if ok && c.fieldsGone(&it) {
		ok = false
	}
	if !ok {
		c.absent(i)
	}
	return it, ok
}

// WithShard runs f with s locked. If somebody holds s for long and the command
// is on a loop, or the wait for s was given up, it sets Escalate in place of
// running f: whatever the handler makes of that is dropped.
func (c *Ctx) WithShard(s *engine.Shard, f func()) {
	switch {
	case c.AllLocked:
		f()
		return
	case c.OnWorker && c.Await == nil:
		s.Lock()
	case c.OnWorker && !c.Await(s), !c.OnWorker && !s.LockSoon():
		c.Escalate = true
		return
	}
	defer s.Unlock()
	f()
}

// Is tells whether the i-th argument is the given word, which must be upper
// case, in any case.
func (c *Ctx) Is(i int, word string) bool { return IsWord(c.Args[i], word) }

// IsWord compares b with an upper-case word, ignoring b's case.
func IsWord(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		c := b[i]
		if c >= 'a' && c <= 'z' {
			c -= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// Int parses the i-th argument; on failure it has replied.
func (c *Ctx) Int(i int) (int64, bool) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok {
		c.Out.Error(ErrNotInt)
	}
	return n, ok
}
