package policy

import "math"

// Levels mean what the policy in force needs:
//
//	adaptive, LFU  hits of some generations, halved from time to time
//	LRU            age: 7 when hit since the last look, then one less a look
//	random, ttl    not used
//
// A policy may be changed at any time: each reads the other's levels as a
// first guess.

// lookBuckets is how many buckets with something to evict the engine shows in
// one look; more improve the choice little (see docs/decisions/0002).
const lookBuckets = 4

// lruAgeEvery is how many rounds of the hand make an LRU level lose one. A look
// shows about 20 entries, so a round lasts 1/20 of a generation; eight levels
// of three rounds then tell ages up to a generation apart.
const lruAgeEvery = 3

// score orders candidates: the lowest goes first.
type score uint64

const noScore score = math.MaxUint64

// Weigh takes a slot's Meta and returns what to store in its place. deadlineMs
// counts only where Name.NeedsDeadline. It may be called only between Next
// returning Look and Looked.
func (e *Eviction) Weigh(m Meta, at Place, deadlineMs int64) Meta {
	if e.name.Volatile() && m&Deadline == 0 {
		return m
	}
	if m&Window != 0 && e.name == AllKeysAdaptive {
		if !e.adopt {
			return m
		}
		// No queue holds its handle, so nothing else would ever look at this one.
		m &^= Window
	}
	var s score
	switch e.name {
	case AllKeysLRU, VolatileLRU:
		m, s = e.weighAge(m)
	case AllKeysRandom, VolatileRandom:
		e.random = mix(e.random)
		s = score(e.random >> 1)
	case VolatileTTL:
		s = score(max(deadlineMs, 0))
	default:
		m, s = e.weighFrequency(m)
	}
	e.seen++
	if s < e.best {
		e.best, e.bestLevel, e.victimAt = s, m.level(), at
		e.victimShard, e.fresh = e.Shard, true
	}
	return m
}

// weighFrequency folds hits into the level.
func (e *Eviction) weighFrequency(m Meta) (Meta, score) {
	f, l := m.freq(), m.level()
	if e.fading {
		l /= 2
	}
	l = min(maxLevel, l+f)
	e.folded += f
	// Among equals those that were hit since the last look stay.
	s := score(2*l + min(f, 1))
	if f == 0 && l == m.level() {
		return m, s
	}
	return m.withLevel(l), s
}

func (e *Eviction) weighAge(m Meta) (Meta, score) {
	l := m.level()
	switch {
	case m.freq() > 0:
		l = maxLevel
	case e.fading && l > 0:
		l--
	default:
		return m, score(l)
	}
	return m.withLevel(l), score(l)
}

// BucketDone tells that all slots of a bucket were weighed.
func (e *Eviction) BucketDone() {
	if e.seen > e.seenBefore {
		e.buckets++
		e.seenBefore = e.seen
	}
	e.visited++
}

// More tells whether the engine should go on to the next bucket of the shard.
// A look ends after lookBuckets buckets that offered something, or after
// maxVisited empty ones, so that the shard's lock is not held for long.
func (e *Eviction) More() bool {
	return e.buckets < lookBuckets && e.visited < maxVisited
}

const maxVisited = 64

// mix is a bijection of 64-bit words that scatters (splitmix64's finalizer).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
