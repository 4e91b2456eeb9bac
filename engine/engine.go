package engine

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"larder/engine/mem"
	"larder/engine/policy"
)

// ErrNoRoom is returned by everything that allocates when the memory limit or
// the machine leaves no room. Whatever returns it has changed nothing, so the
// caller may make room and run the command again.
var ErrNoRoom = errors.New("engine: out of memory")

// ErrExists is returned when a key that was to be new is there.
var ErrExists = errors.New("engine: the key exists")

// ErrWrongType is returned when a key holds a value of another type.
var ErrWrongType = errors.New("engine: operation against a key holding the wrong kind of value")

// Options configure an Engine.
type Options struct {
	// Shards is the number of shards, a power of two from 1 to 65,536.
	// Default: 32.
	Shards int
	// Databases is the number of databases, 1 to 65,536. Default: 16.
	Databases int
	// Seed is mixed into every key's hash. The caller draws it at random for
	// a new data set. Default: 0.
	Seed Seed
	// Memory configures the reserved address range.
	Memory mem.Options
}

func (o *Options) fill() {
	if o.Shards == 0 {
		o.Shards = 32
	}
	if o.Databases == 0 {
		o.Databases = 16
	}
}

// Validate reports every fault of o.
func (o Options) Validate() error {
	o.fill()
	var faults []error
	if o.Shards < 1 || o.Shards > 1<<16 || bits.OnesCount(uint(o.Shards)) != 1 {
		faults = append(faults, fmt.Errorf("engine: %d shards; want a power of two from 1 to 65536", o.Shards))
	}
	if o.Databases < 1 || o.Databases > 1<<16 {
		faults = append(faults, fmt.Errorf("engine: %d databases; want 1 to 65536", o.Databases))
	}
	return errors.Join(faults...)
}

// Engine holds the data: Databases keyspaces spread over Shards shards. It
// has no clock and does no I/O; times are passed in, in ms since 1970.
type Engine struct {
	seed      Seed
	shardMask uint64
	databases int
	region    *mem.Region
	shards    []*Shard

	policy   *policy.Policy
	watched  bool          // the policy is told of changes; guarded by all shards' locks
	limit    atomic.Uint64 // bytes, 0 = none
	used     atomic.Int64  // bytes handed out, summed up in steps
	usedStep atomic.Int64  // bytes by which a shard may be ahead of used

	overhead atomic.Int64 // bytes of the policy that count as used

	// limitMu makes changes of limit and of what follows from it one. Rank:
	// above the shard locks.
	limitMu sync.Mutex

	discarding atomic.Int64 // flushed databases, and shards with containers, that are not freed yet
	reclaim    signal       // a shard has got garbage

	observation observation

	snapshot  atomic.Pointer[Snapshot] // under way, nil if none
	expiredMs atomic.Int64             // see ExpiredMs
}

// New returns an empty engine.
func New(o Options) (*Engine, error) {
	o.fill()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	region, err := mem.NewRegion(o.Memory)
	if err != nil {
		return nil, fmt.Errorf("engine: reserve memory: %w", err)
	}
	e := &Engine{seed: o.Seed, shardMask: uint64(o.Shards - 1), databases: o.Databases, region: region, reclaim: make(signal, 1)}
	e.policy, err = policy.New(policy.Options{Shards: o.Shards, Seed: uint64(o.Seed)})
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	for i := range o.Shards {
		e.shards = append(e.shards, newShard(e, i))
	}
	e.SetLimit(o.Memory.LimitBytes)
	return e, nil
}

// Close gives all memory back. REQUIRES: nothing uses the engine any more.
func (e *Engine) Close() error { return e.region.Close() }

// Databases returns the number of databases.
func (e *Engine) Databases() int { return e.databases }

// Shards returns the shards, in lock order.
func (e *Engine) Shards() []*Shard { return e.shards }

// Seed returns the secret that keys are hashed with.
func (e *Engine) Seed() Seed { return e.seed }

// Key is a key with what follows from it.
type Key struct {
	Name  []byte
	Hash  uint64
	Shard *Shard
}

// Key hashes name and finds its shard.
func (e *Engine) Key(name []byte) Key {
	h := e.seed.Hash(name)
	return Key{name, h, e.shards[hashShard(h)&e.shardMask]}
}

// KeyOfHash is Key for a name whose hash is known.
func (e *Engine) KeyOfHash(name []byte, h uint64) Key {
	return Key{name, h, e.shards[hashShard(h)&e.shardMask]}
}

// Hash returns the hash of a key.
func (e *Engine) Hash(name []byte) uint64 { return e.seed.Hash(name) }
