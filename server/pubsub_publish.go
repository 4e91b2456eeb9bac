package server

import (
	"math"
	"runtime"
	"strconv"
	"sync"

	"larder/server/command"
)

const (
	// inlineCost is the cost up to which a message is delivered by whoever
	// publishes it: about 0.1 ms. One place it goes to, or one pattern to be
	// tried, costs 1, and longer messages more.
	inlineCost = 512
	// stepCost is the cost of a step of the goroutine that delivers the others.
	stepCost = 256
	// maxOutbox bounds the messages that wait for it. Who publishes more without
	// waiting for an answer waits for room.
	maxOutbox = 4096
)

// delivery is something on its way to many.
type delivery interface {
	// step delivers it to some more of its receivers, for about the given cost,
	// and tells whether all have it. REQUIRES: pubsub.mu is held.
	step(p *pubsub, budget int) (done bool)
	// finish is called when all have it, or never will.
	finish()
}

// message is on its way to those who listened when it was published.
type message struct {
	kind    channelKind // kindChannel or kindShard
	channel []byte
	payload []byte
	upTo    uint64 // the number of the last subscription that gets it

	// How far it is: direct tells that the channel's own audience has it;
	// pattern is that from which on those of patterns do not, and after the
	// number of the last member of the present audience that has.
	direct  bool
	pattern uint64
	after   uint64

	receivers int
	done      chan struct{} // closed when it is delivered; nil if nobody waits
}

// outbox holds the messages with many receivers, and those that came while
// there was one: they are delivered in order. pubsub.mu guards it.
type outbox struct {
	queue   []delivery
	running bool       // the goroutine is there
	stopped bool       // nothing is delivered any more
	room    *sync.Cond // signalled when the queue shrinks
	resp2   []byte     // the message as it is written for each protocol
	resp3   []byte
}

// publish delivers a message and returns the number of its receivers, or
// reports false if that would take long: then it has done nothing.
func (p *pubsub) publish(kind channelKind, channel, payload []byte) (receivers int, ok bool) {
	if p.total.Load() == 0 {
		return 0, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := message{kind: kind, channel: channel, payload: payload, upTo: p.joined}
	if len(p.post.queue) > 0 || p.cost(&m) > inlineCost {
		return 0, false
	}
	m.step(p, math.MaxInt)
	return m.receivers, true
}

// publishWait delivers a message however long that takes and returns the number
// of its receivers. REQUIRES: no shard and no session is locked.
func (p *pubsub) publishWait(kind channelKind, channel, payload []byte) int {
	m := &message{kind: kind, channel: channel, payload: payload, done: make(chan struct{})}
	p.mu.Lock()
	m.upTo = p.joined
	p.send(m)
	p.mu.Unlock()
	<-m.done
	return m.receivers
}

// publishLater sees to it that a message is delivered, after those that are on
// their way, and returns the number of its receivers. It copies what it keeps.
// The caller may hold shard locks: it waits only if there is a backlog.
func (p *pubsub) publishLater(kind channelKind, channel, payload []byte) int {
	n, ok := p.publish(kind, channel, payload)
	if ok {
		return n
	}
	text := append(append(make([]byte, 0, len(channel)+len(payload)), channel...), payload...)
	m := &message{kind: kind, channel: text[:len(channel):len(channel)], payload: text[len(channel):]}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awaitRoom()
	m.upTo = p.joined
	p.send(m)
	return p.audienceOf(m)
}

// enqueue sees to it that something is delivered, after what is on its way. The
// caller may hold shard locks: it waits only if there is a backlog.
func (p *pubsub) enqueue(d delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awaitRoom()
	p.send(d)
}

// audienceOf counts the receivers of a message. REQUIRES: mu is held.
func (p *pubsub) audienceOf(m *message) int {
	n := 0
	if a := p.byName[m.kind][string(m.channel)]; a != nil {
		n = a.size()
	}
	if m.kind == kindChannel {
		for _, slot := range p.patterns {
			if slot.a != nil && command.MatchGlob(slot.a.text, m.channel) {
				n += slot.a.size()
			}
		}
	}
	return n
}

// cost estimates what it takes to deliver a message. REQUIRES: mu is held.
func (p *pubsub) cost(m *message) int {
	places, tries := 0, 0
	if a := p.byName[m.kind][string(m.channel)]; a != nil {
		places = a.size()
	}
	if m.kind == kindChannel {
		tries = len(p.patterns)
	}
	if tries > inlineCost/2 || places > inlineCost {
		return places + 2*tries
	}
	for _, slot := range p.patterns[:tries] {
		if slot.a != nil {
			places += slot.a.size() // as if it matched
		}
	}
	return places*(1+min(len(m.payload), lastingBytes)>>11) + 2*tries
}

// send queues something to deliver. REQUIRES: mu is held.
func (p *pubsub) send(d delivery) {
	if p.post.stopped {
		d.finish()
		return
	}
	p.post.queue = append(p.post.queue, d)
	if !p.post.running {
		p.post.running = true
		go p.deliver()
	}
}

// finish implements delivery.
func (m *message) finish() {
	if m.done != nil {
		close(m.done)
	}
}

// awaitRoom waits until the queue is not full. REQUIRES: mu is held.
func (p *pubsub) awaitRoom() {
	for len(p.post.queue) >= maxOutbox && !p.post.stopped {
		if p.post.room == nil {
			p.post.room = sync.NewCond(&p.mu)
		}
		p.post.room.Wait()
	}
}

// deliver works the queue off and ends.
func (p *pubsub) deliver() {
	for p.deliverSome() {
		runtime.Gosched() // those who wait for the lock come first
	}
}

// deliverSome goes one step further; it reports false when the queue is empty.
func (p *pubsub) deliverSome() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.post
	if len(o.queue) > 0 && !o.stopped {
		if d := o.queue[0]; d.step(p, stepCost) {
			d.finish()
			o.queue[0] = nil
			o.queue = o.queue[1:]
			if o.room != nil {
				o.room.Signal()
			}
		}
	}
	if len(o.queue) > 0 && !o.stopped {
		return true
	}
	for _, d := range o.queue {
		d.finish()
	}
	o.queue, o.running = nil, false
	if o.room != nil {
		o.room.Broadcast()
	}
	return false
}

// stop makes what is still to be delivered be forgotten, so that nobody waits
// for it.
func (p *pubsub) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.post.stopped = true
	if p.post.room != nil {
		p.post.room.Broadcast()
	}
}

// step implements delivery.
func (m *message) step(p *pubsub, budget int) (done bool) {
	if !m.direct {
		if !p.tell(m, p.byName[m.kind][string(m.channel)], &budget) {
			return false
		}
		m.direct, m.after = true, 0
	}
	if m.kind != kindChannel {
		return true
	}
	for i := p.patternFrom(m.pattern); i < len(p.patterns); i++ {
		slot := p.patterns[i]
		if slot.since > m.upTo {
			return true
		}
		if slot.since != m.pattern {
			m.pattern, m.after = slot.since, 0
		}
		if budget--; budget < 0 {
			return false
		}
		if slot.a != nil && command.MatchGlob(slot.a.text, m.channel) && !p.tell(m, slot.a, &budget) {
			return false
		}
		m.pattern, m.after = slot.since+1, 0
	}
	return true
}

// tell delivers m to the members of an audience, nil for none, who have not got
// it; it reports false if the budget ends before. REQUIRES: mu is held.
func (p *pubsub) tell(m *message, a *audience, budget *int) (done bool) {
	if a == nil {
		return true
	}
	i := a.after(m.after)
	if i == len(a.members) || a.members[i].number > m.upTo {
		return true
	}
	l := p.write(m, a)
	each := 1
	if !l.lasting {
		each += len(l.resp2) >> 11
	}
	for ; i < len(a.members); i++ {
		to := a.members[i]
		if to.number > m.upTo {
			return true
		}
		if to.s == nil {
			continue
		}
		if *budget < each {
			*budget = 0
			return false
		}
		*budget -= each
		to.s.post(&l)
		m.receivers++
		m.after = to.number
	}
	return true
}

// write makes the letter that says m to an audience. REQUIRES: mu is held,
// until the letter has been posted.
func (p *pubsub) write(m *message, a *audience) letter {
	o := &p.post
	o.resp2 = appendMessage(o.resp2[:0], m, a)
	if len(o.resp2) < lastingBytes {
		o.resp3 = append(o.resp3[:0], o.resp2...)
		o.resp3[0] = '>'
		return letter{resp2: o.resp2, resp3: o.resp3}
	}
	l := letter{resp2: o.resp2, resp3: append([]byte(nil), o.resp2...), lasting: true}
	l.resp3[0] = '>'
	o.resp2 = nil // it is the letter's now
	return l
}

// appendMessage appends what the members of a see of m in RESP2; in RESP3 only
// the first byte is another.
func appendMessage(dst []byte, m *message, a *audience) []byte {
	switch {
	case m.kind == kindShard:
		dst = append(dst, "*3\r\n$8\r\nsmessage\r\n"...)
	case m.direct:
		dst = append(dst, "*4\r\n$8\r\npmessage\r\n"...)
		dst = appendBulk(dst, a.text)
	default:
		dst = append(dst, "*3\r\n$7\r\nmessage\r\n"...)
	}
	dst = appendBulk(dst, m.channel)
	return appendBulk(dst, m.payload)
}

func appendBulk(dst, text []byte) []byte {
	dst = append(dst, '$')
	dst = strconv.AppendInt(dst, int64(len(text)), 10)
	dst = append(dst, '\r', '\n')
	dst = append(dst, text...)
	return append(dst, '\r', '\n')
}
