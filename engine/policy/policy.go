package policy

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Options of a Policy.
type Options struct {
	// Shards is the number of shards, a power of two up to 65,536.
	Shards int
	// Name is the policy in force, NoEviction by default; SetName changes it.
	Name Name
	// Seed makes the choices of the random and ttl policies repeatable.
	Seed uint64
	// SplitEntries is how many entries make a group of shards split in two;
	// 0 means the default, 65,536.
	SplitEntries int
}

// Policy chooses what to evict. Its methods may be called from several
// goroutines. The same calls in the same order give the same choices.
type Policy struct {
	shards       int
	splitEntries int
	handleBits   uint
	seed         uint64

	name    atomic.Uint32
	dial    atomic.Uint32 // index into dial
	turn    atomic.Uint64 // dialogues begun
	largest atomic.Int64  // entries in the largest group, about; see draw
	groupOf []atomic.Pointer[group]
	groups  atomic.Pointer[[]*group] // ordered by first shard

	// mu guards changes of groupOf and groups. Rank: after the shards' locks,
	// before group.mu.
	mu    sync.Mutex
	tuner tuner
}

// New returns a policy for empty shards. It reports what is wrong with o.
func New(o Options) (*Policy, error) {
	if o.Shards < 1 || o.Shards > 1<<16 || o.Shards&(o.Shards-1) != 0 {
		return nil, fmt.Errorf("policy: %d shards: it has to be a power of two from 1 to 65536", o.Shards)
	}
	if o.SplitEntries < 0 {
		return nil, fmt.Errorf("policy: SplitEntries is %d: it has to be 0 (the default) or more", o.SplitEntries)
	}
	if int(o.Name) >= len(names) {
		return nil, fmt.Errorf("policy: there is no policy number %d", o.Name)
	}
	p := &Policy{
		shards:       o.Shards,
		splitEntries: o.SplitEntries,
		handleBits:   elementBits - uint(bits.TrailingZeros(uint(o.Shards))),
		seed:         o.Seed,
		groupOf:      make([]atomic.Pointer[group], o.Shards),
	}
	if p.splitEntries == 0 {
		p.splitEntries = splitEntries
	}
	p.name.Store(uint32(o.Name))
	p.Reset()
	return p, nil
}

// Name is the policy in force.
func (p *Policy) Name() Name { return Name(p.name.Load()) }

// SetName changes the policy in force. What is known about entries is kept.
func (p *Policy) SetName(n Name) { p.name.Store(uint32(n)) }

// HandleBits is how many bits of a handle the policy keeps, 24 to 40. A handle
// is whatever the engine can find a slot by, best bits of the entry's hash; two
// entries of a shard with equal handles are confused without harm.
func (p *Policy) HandleBits() uint { return p.handleBits }

// Reset forgets everything, as when all keys were deleted at once. Dialogues
// that are under way find their group retired and nothing at their places.
// REQUIRES: all shards are locked.
func (p *Policy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := newGroup(0, p.shards)
	for i := range p.groupOf {
		if old := p.groupOf[i].Load(); old != nil {
			old.mu.Lock()
			old.retired = true
			old.mu.Unlock()
		}
		p.groupOf[i].Store(g)
	}
	p.groups.Store(&[]*group{g})
	p.dial.Store(dialStart)
	p.tuner.reset(p.shards)
}

// lockGroup returns the group of a shard, locked.
func (p *Policy) lockGroup(shard uint32) *group {
	for {
		g := p.groupOf[shard].Load()
		g.mu.Lock()
		if !g.retired {
			return g
		}
		g.mu.Unlock()
	}
}

func (p *Policy) setting() setting { return dial[p.dial.Load()] }

// OnInsert notes a new entry and returns the Meta that its slot starts with
// (without Deadline, which the engine adds). hash is the key's full hash, and
// only the lowest HandleBits bits of handle count.
// REQUIRES: the shard is locked.
func (p *Policy) OnInsert(shard uint32, hash, handle uint64) Meta {
	name, s := p.Name(), p.setting()
	g := p.lockGroup(shard)
	g.entries++
	g.perShard[shard-g.first]++
	var m Meta
	switch name {
	case AllKeysAdaptive:
		m = m.withLevel(min(maxLevel, 1+g.ghosts.take(hash)))
		if g.wantsWindow(s) {
			g.window.push(uint64(shard)<<p.handleBits | handle&(1<<p.handleBits-1))
			m |= Window
		}
	case AllKeysLRU, VolatileLRU:
		m = m.withLevel(maxLevel)
	default:
		m = m.withLevel(lfuStart)
	}
	g.worked(1, s)
	full := g.entries > p.splitEntries && len(g.perShard) > 1
	g.mu.Unlock()
	if full {
		p.split(g)
	}
	return m
}

// lfuStart is the level of a new entry where it has no window to prove itself
// in: above entries that were not used for two generations.
const lfuStart = 2

// Adopt notes n entries of a shard that were there before the policy was told
// of any, after New or Reset. What their slots hold of an earlier life counts,
// but for the mark Window.
// REQUIRES: the shard is locked.
func (p *Policy) Adopt(shard uint32, n int) {
	if n == 0 {
		return
	}
	g := p.lockGroup(shard)
	g.remove(shard, -n)
	g.adopting = true
	g.mu.Unlock()
}

// OnRemove notes that n entries of a shard are gone for another reason than
// eviction. Their handles are found to be stale when their turn comes.
// REQUIRES: the shard is locked.
func (p *Policy) OnRemove(shard uint32, n int) {
	g := p.lockGroup(shard)
	g.remove(shard, n)
	g.mu.Unlock()
}

// OnEvict notes that an entry was removed because the policy said so. m is
// what its slot held last. REQUIRES: the shard is locked.
func (p *Policy) OnEvict(shard uint32, hash uint64, m Meta) {
	g := p.lockGroup(shard)
	g.remove(shard, 1)
	if p.Name() == AllKeysAdaptive {
		g.ghosts.fit(g.entries, ghostFloorSets*len(g.perShard)/p.shards)
		if l := m.level(); l > 0 {
			g.ghosts.put(hash, l)
		}
	}
	g.mu.Unlock()
}

func (g *group) remove(shard uint32, n int) {
	g.entries -= n
	g.perShard[shard-g.first] -= int64(n)
}

// split replaces g by its halves.
func (p *Policy) split(g *group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.retired {
		return
	}
	h := g.halves(p.handleBits)
	old := *p.groups.Load()
	next := make([]*group, 0, len(old)+1)
	for _, o := range old {
		if o == g {
			next = append(next, h[0], h[1])
		} else {
			next = append(next, o)
		}
	}
	for _, n := range h {
		for i := range n.perShard {
			p.groupOf[int(n.first)+i].Store(n)
		}
	}
	p.groups.Store(&next)
}

// Entries is the number of entries that the policy counts.
func (p *Policy) Entries() int {
	n := 0
	for _, g := range *p.groups.Load() {
		g.mu.Lock()
		n += g.entries
		g.mu.Unlock()
	}
	return n
}

// Groups is the number of groups.
func (p *Policy) Groups() int { return len(*p.groups.Load()) }

// Bytes is the memory that the policy takes, the slots' Meta excluded.
func (p *Policy) Bytes() int {
	n := p.shards * (8 + 16)
	for _, g := range *p.groups.Load() {
		g.mu.Lock()
		n += g.bytes()
		g.mu.Unlock()
	}
	return n
}
