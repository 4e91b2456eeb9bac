package policy

// Step is what the engine has to do next in a dialogue.
type Step uint8

// The steps; see the package's comment for what each asks of the engine.
const (
	Stop Step = iota // nothing can be evicted
	Look             // weigh the slots in Shard from Cursor on
	Find             // judge the slot in Shard that Handle names
	Take             // confirm the slot at Place in Shard
)

// Place names a slot that was weighed: Cursor leads to its bucket, Token tells
// it from the others there. Both are the engine's, which checks on Take that
// the same entry is still there.
type Place struct {
	Cursor, Token uint64
}

// Eviction is one dialogue. The engine keeps it on its stack.
type Eviction struct {
	// What the present step is about.
	Shard  uint32
	Cursor uint64 // Look: 0 is the start of the shard, others come from Looked
	Random bool   // Look: Cursor is a random number to draw a bucket by
	Handle uint64 // Find: HandleBits bits
	Place  Place  // Take

	name       Name
	step       Step
	group      *group
	groupIndex int
	groupsLeft int
	random     uint64
	fromWindow bool
	fading     bool // this look halves levels or ages
	adopt      bool // no queue holds their handles: take entries marked Window as main
	retries    int
	stale      int // handles that led nowhere
	busy       int // steps that shards of this group were busy for, of maxBusy
	hindered   bool

	// The walk: for the hand the round it began in, for the sampling policies
	// the number of shards still to look at.
	endRound   uint64
	shardsLeft int

	seen, seenBefore int // slots offered by the present look
	buckets          int // buckets that offered something
	visited          int // buckets visited by the present look
	folded           int
	best             score
	bestLevel        int
	victimShard      uint32
	victimAt         Place
	fresh            bool // the victim was found by the present look
}

// maxRetries bounds how often a victim may turn out to be gone or hit since it
// was weighed before the dialogue takes the next one as it is.
const maxRetries = 3

// maxStale bounds how many handles of deleted entries a dialogue drops from the
// window before it takes what main offers: a database that was flushed leaves
// its whole window behind.
const maxStale = 64

// maxGone bounds how often victims may be gone before a dialogue gives up; it
// takes another goroutine that deletes each of them just then.
const maxGone = 64

// sampling tells whether looks start at random places.
func (n Name) sampling() bool {
	return n == AllKeysRandom || n == VolatileRandom || n == VolatileTTL
}

// Begin starts a dialogue.
func (p *Policy) Begin(e *Eviction) {
	*e = Eviction{name: p.Name(), best: noScore, random: mix(p.seed ^ p.turn.Add(1))}
	if e.name == NoEviction {
		return
	}
	groups := *p.groups.Load()
	e.groupsLeft = len(groups)
	e.groupIndex = p.draw(groups, e.random)
	p.enter(e, groups)
}

// enter starts the walk of the group at e.groupIndex, or of the next one that
// has entries. It leaves step at Stop when there is none.
func (p *Policy) enter(e *Eviction, groups []*group) {
	e.step = Stop
	for ; e.groupsLeft > 0; e.groupsLeft-- {
		g := groups[e.groupIndex%len(groups)]
		e.groupIndex++
		g.mu.Lock()
		if g.entries > 0 {
			e.step, e.group = Look, g
			e.groupsLeft--
			e.startWalk(g, p.setting())
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
	}
}

// startWalk aims the first look. REQUIRES: g.mu is held.
func (e *Eviction) startWalk(g *group, s setting) {
	if e.name.sampling() {
		// One shard more than there are: the first is entered in its middle.
		e.shardsLeft = len(g.perShard) + 1
		e.random = mix(e.random)
		e.Shard = g.first + uint32(e.random>>32%uint64(len(g.perShard)))
		e.random = mix(e.random)
		e.Cursor, e.Random = e.random, true
		return
	}
	e.fromWindow = e.name == AllKeysAdaptive && g.window.len > g.target(s)
	e.endRound = g.round + 2
	e.aim(g)
}

// aim points the next look at the hand. REQUIRES: g.mu is held.
func (e *Eviction) aim(g *group) {
	e.Shard, e.Cursor = g.hand, g.cursor
	e.fading = g.fading
	if e.name == AllKeysLRU || e.name == VolatileLRU {
		e.fading = g.round%lruAgeEvery == 0
	}
	e.adopt = g.window.len == 0 || g.adopting
	e.seen, e.seenBefore, e.visited = 0, 0, 0
}

// Next returns what to do next.
func (p *Policy) Next(e *Eviction) Step {
	if e.step != Find {
		return e.step
	}
	g := e.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.window.len == 0 || g.retired {
		e.takeOrLook(g)
		return e.step
	}
	v := g.window.pop()
	e.Shard = uint32(v >> p.handleBits)
	e.Handle = v & (1<<p.handleBits - 1)
	return Find
}

// takeOrLook goes on without the window. REQUIRES: g.mu is held.
func (e *Eviction) takeOrLook(g *group) {
	e.fromWindow = false
	if e.best != noScore {
		e.take()
		return
	}
	e.step = Look
	e.endRound = g.round + 2
	e.aim(g)
}

func (e *Eviction) take() {
	e.step, e.Shard, e.Place = Take, e.victimShard, e.victimAt
}

// Looked ends a look: next is the cursor behind the last bucket visited, ended
// tells that the shard has no more. If it returns true, the engine removes the
// entry at the returned place, which is in the shard still locked.
func (p *Policy) Looked(e *Eviction, next uint64, ended bool) (Place, bool) {
	g, shard := e.group, e.Shard
	// A victim of an earlier look may have changed while no lock was held.
	fresh := e.fresh
	e.fresh = false
	g.mu.Lock()
	more := e.walk(g, next, ended)
	if e.folded > 0 {
		g.worked(e.folded, p.setting())
		e.folded = 0
	}
	window := g.window.len
	g.mu.Unlock()
	switch {
	case e.buckets < lookBuckets && more:
		return Place{}, false
	case e.fromWindow, e.best == noScore && e.name == AllKeysAdaptive && window > 0:
		e.step = Find
	case e.best == noScore:
		p.enter(e, *p.groups.Load())
	case fresh:
		e.Shard = shard // walk has moved it on
		return e.victimAt, true
	default:
		e.take()
	}
	return Place{}, false
}

// walk moves on behind a look and aims the next one. It reports whether the
// group has more to show. REQUIRES: g.mu is held.
func (e *Eviction) walk(g *group, next uint64, ended bool) bool {
	if !e.name.sampling() {
		g.advance(e.Shard, e.Cursor, next, ended)
		e.aim(g)
		return g.round < e.endRound
	}
	e.seen, e.seenBefore, e.visited = 0, 0, 0
	e.Cursor, e.Random = next, false
	if ended {
		e.shardsLeft--
		e.Cursor = 0
		if e.Shard++; e.Shard == g.first+uint32(len(g.perShard)) {
			e.Shard = g.first
		}
	}
	return e.shardsLeft > 0
}

// Judge takes the Meta of the slot that Find asked for. If it returns true,
// the engine removes the entry; otherwise it stores the returned Meta and goes
// on. REQUIRES: m has Window.
func (p *Policy) Judge(e *Eviction, m Meta) (Meta, bool) {
	// Hits within the window come in bursts that say little about later ones,
	// so that many count as one.
	f := m.freq()
	l := min(maxLevel, m.level()+min(f, 1))
	m = m.withLevel(l) &^ Window
	evict := e.best == noScore || l <= e.bestLevel
	g := e.group
	g.mu.Lock()
	g.worked(f, p.setting())
	if !evict {
		e.take()
	}
	g.mu.Unlock()
	return m, evict
}

// Gone tells that there is no such slot as Find or Take asked for.
func (p *Policy) Gone(e *Eviction) {
	if e.step == Take {
		p.again(e)
		return
	}
	if e.stale++; e.stale%maxStale != 0 {
		return
	}
	g := e.group
	g.mu.Lock()
	e.takeOrLook(g)
	g.mu.Unlock()
}

// Confirm takes the present Meta of the slot that Take asked for. If it returns
// true, the engine removes the entry; otherwise it was hit since it was weighed
// and stays.
func (p *Policy) Confirm(e *Eviction, m Meta) bool {
	if m.freq() == 0 || e.name.sampling() || e.retries == maxRetries {
		return true
	}
	p.again(e)
	return false
}

// again looks for another victim. What the window gave up stays in main.
func (p *Policy) again(e *Eviction) {
	if e.retries++; e.retries > maxGone {
		e.step = Stop
		return
	}
	e.best, e.buckets = noScore, 0
	g := e.group
	g.mu.Lock()
	e.step = Look
	e.startWalk(g, p.setting())
	e.fromWindow = false
	g.mu.Unlock()
}
