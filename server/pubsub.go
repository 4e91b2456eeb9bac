package server

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// Pub/sub is a register of who listens to what. A message is not kept: it goes
// to those who listen at that moment, into the mailbox of each, which its
// driver empties in its own time (see mailbox.go). So publishing never waits
// for a reader, and a reader that does not keep up is closed at
// client-output-buffer-limit.
//
// One mutex guards the register, and a message is delivered under it: all
// subscribers see all messages in the same order, as they would of a server
// with a single thread. It is held for a bounded time all the same, because a
// message with many receivers is delivered in steps by a goroutine of its own
// (pubsub_publish.go).
//
// There are three namespaces: channels, patterns of channels, and shard
// channels, which are told apart only by the names of their commands until keys
// are spread over nodes.
//
// It costs some 100 bytes a subscription, half of them with the session and
// half with the channel.

// subscriptionBytes is about what a subscription takes, with a short name.
const subscriptionBytes = 100

// channelKind is one of the namespaces.
type channelKind uint8

const (
	kindChannel channelKind = iota
	kindPattern
	kindShard
	channelKinds
)

// pubsub is the register.
type pubsub struct {
	// total is the number of subscriptions. It changes under mu.
	total atomic.Int64
	// mu guards the fields below and the subs of all sessions. Rank: below the
	// shard locks; only mailbox.mu and a driver's own locks are taken under it.
	mu sync.Mutex
	// joined numbers subscriptions, in order.
	joined uint64
	byName [channelKinds]map[string]*audience
	// patterns are all patterns in the order in which they came; those that
	// nobody listens by any more leave holes, whose number is patternHoles.
	patterns     []patternSlot
	patternHoles int

	post outbox
}

// audience is who listens to one channel or pattern.
// INVARIANT: it has members, and less than half of the places are holes.
type audience struct {
	name    string
	text    []byte   // name again
	since   uint64   // the number of its first subscription
	members []member // in order of their numbers
	holes   int
}

// member is a subscription, or the hole that it left.
type member struct {
	s      *session // nil: a hole
	number uint64
}

// size is the number of members.
func (a *audience) size() int { return len(a.members) - a.holes }

// patternSlot is the place of a pattern, or the hole that it left.
type patternSlot struct {
	since uint64
	a     *audience // nil: a hole
}

// subscriptions are what one session listens to: the number of the
// subscription by name.
type subscriptions struct {
	names [channelKinds]map[string]uint64
}

// tally is the number that the replies to commands about this kind of
// subscription show.
func (u *subscriptions) tally(kind channelKind) int {
	switch {
	case u == nil:
		return 0
	case kind == kindShard:
		return len(u.names[kindShard])
	}
	return len(u.names[kindChannel]) + len(u.names[kindPattern])
}

// join subscribes s, unless it is subscribed already, and returns how many
// subscriptions it then has.
func (p *pubsub) join(s *session, kind channelKind, name []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.subs == nil {
		s.subs = &subscriptions{}
	}
	mine := s.subs.names[kind]
	if _, is := mine[string(name)]; is {
		return s.subs.tally(kind)
	}
	if mine == nil {
		mine = map[string]uint64{}
		s.subs.names[kind] = mine
	}
	if p.byName[kind] == nil {
		p.byName[kind] = map[string]*audience{}
	}
	p.joined++
	a := p.byName[kind][string(name)]
	if a == nil {
		a = &audience{name: string(name), text: []byte(string(name)), since: p.joined}
		p.byName[kind][a.name] = a
		if kind == kindPattern {
			p.patterns = append(p.patterns, patternSlot{a.since, a})
		}
	}
	a.members = append(a.members, member{s, p.joined})
	mine[a.name] = p.joined
	p.total.Add(1)
	s.subscriber.Store(true)
	return s.subs.tally(kind)
}

// part ends a subscription, if there is one, and returns how many are left.
func (p *pubsub) part(s *session, kind channelKind, name []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.subs == nil {
		return 0
	}
	if number, is := s.subs.names[kind][string(name)]; is {
		delete(s.subs.names[kind], string(name))
		p.strike(kind, p.byName[kind][string(name)], number)
	}
	p.settle(s)
	return s.subs.tally(kind)
}

// strike takes a subscription out of its audience. REQUIRES: mu is held.
func (p *pubsub) strike(kind channelKind, a *audience, number uint64) {
	a.members[a.after(number-1)].s = nil
	a.holes++
	p.total.Add(-1)
	if a.size() == 0 {
		delete(p.byName[kind], a.name)
		if kind == kindPattern {
			p.patterns[p.patternFrom(a.since)].a = nil
			p.patternHoles++
		}
	} else if a.holes > len(a.members)/2 {
		a.members = slices.DeleteFunc(a.members, func(m member) bool { return m.s == nil })
		a.holes = 0
	}
	if p.patternHoles > len(p.patterns)/2 {
		p.patterns = slices.DeleteFunc(p.patterns, func(s patternSlot) bool { return s.a == nil })
		p.patternHoles = 0
	}
}

// after returns the index of the first member behind the given number.
func (a *audience) after(number uint64) int {
	return sort.Search(len(a.members), func(i int) bool { return a.members[i].number > number })
}

// patternFrom returns the index of the first pattern that has been there since
// the given number or later. REQUIRES: mu is held.
func (p *pubsub) patternFrom(since uint64) int {
	return sort.Search(len(p.patterns), func(i int) bool { return p.patterns[i].since >= since })
}

// settle lets go of what a session without subscriptions needs no more.
// REQUIRES: mu is held.
func (p *pubsub) settle(s *session) {
	for kind := range s.subs.names {
		if len(s.subs.names[kind]) > 0 {
			return
		}
	}
	s.subscriber.Store(false)
}

// partSome bounds how many subscriptions are ended in one go.
const partSome = 512

// forget is leave for a session that has ended: many subscriptions are ended
// beside the loop.
func (p *pubsub) forget(s *session, w *workers) {
	if channels, patterns, shards := p.counts(s); channels+patterns+shards > manySubscriptions {
		w.start(func() { p.leave(s) })
		return
	}
	p.leave(s)
}

// leave ends all subscriptions of s without a word.
func (p *pubsub) leave(s *session) {
	for more := s.subscriber.Load(); more; {
		more = p.leaveSome(s)
	}
}

// leaveSome ends some subscriptions of s and tells whether there are more.
func (p *pubsub) leaveSome(s *session) (more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for kind := range s.subs.names {
		for name, number := range s.subs.names[kind] {
			if n++; n > partSome {
				return true
			}
			delete(s.subs.names[kind], name)
			p.strike(channelKind(kind), p.byName[kind][name], number)
		}
	}
	s.subs = nil
	s.subscriber.Store(false)
	return false
}

// counts returns how many subscriptions of each kind s has.
func (p *pubsub) counts(s *session) (channels, patterns, shards int) {
	if !s.subscriber.Load() {
		return 0, 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.subs == nil {
		return 0, 0, 0
	}
	n := &s.subs.names
	return len(n[kindChannel]), len(n[kindPattern]), len(n[kindShard])
}

// of returns the names of the session's subscriptions of a kind, in the order
// in which they were made.
func (p *pubsub) of(s *session, kind channelKind) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.subs == nil {
		return nil
	}
	mine := s.subs.names[kind]
	names := make([]string, 0, len(mine))
	for name := range mine {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if mine[a] < mine[b] {
			return -1
		}
		return 1
	})
	out := make([][]byte, len(names))
	for i, name := range names {
		out[i] = []byte(name)
	}
	return out
}

// listeners is how many sessions listen to a channel; a pattern is not one.
func (p *pubsub) listeners(kind channelKind, name []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.byName[kind][string(name)]; a != nil {
		return a.size()
	}
	return 0
}

// active returns the names that somebody listens to, in order of their bytes.
func (p *pubsub) active(kind channelKind) []string {
	p.mu.Lock()
	names := make([]string, 0, len(p.byName[kind]))
	for name := range p.byName[kind] {
		names = append(names, name)
	}
	p.mu.Unlock()
	slices.Sort(names)
	return names
}

// count is the number of different names that somebody listens to.
func (p *pubsub) count(kind channelKind) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byName[kind])
}
