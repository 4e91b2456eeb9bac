package server

import "strconv"

// notice is an invalidation message on its way: clients' copies of keys are out
// of date.
//
// A client that speaks RESP3 gets a push:
//
//	>2 "invalidate" [key …]      null instead of the keys means all of them
//
// In RESP2 there is no such thing: a client asks that another session of its own
// be told, and subscribes there; any channel will do, the message says
// __redis__:invalidate in its place.
//
//	*3 "message" "__redis__:invalidate" [key …]
type notice struct {
	by         *session   // whose command changed the keys, nil if none did
	to         []*tracker // who is told
	keys       [][]byte   // in the order in which they are shown; valid as long as the events
	everything bool       // instead of keys

	push    []byte // the message in RESP3
	message []byte // and in RESP2, nil if nobody gets that
	told    int    // how many of to have it
}

// invalidationChannel is the name that messages in RESP2 show as their channel.
const invalidationChannel = "__redis__:invalidate"

// send sees to it that a notice reaches those it is for. If they are many, it is
// delivered with the messages that have many receivers. The caller may hold
// shard locks.
func (t *trackers) send(n *notice) {
	n.write()
	n.keys = nil
	if len(n.to) <= inlineCost {
		n.step(&t.srv.pubsub, inlineCost)
		return
	}
	t.srv.pubsub.enqueue(n)
}

// write fills in push and message.
func (n *notice) write() {
	n.push = n.appendKeys(append(n.push, ">2\r\n$10\r\ninvalidate\r\n"...), "_\r\n")
	for _, tr := range n.to {
		if tr.redirect != 0 {
			n.message = appendBulk(append(n.message, "*3\r\n$7\r\nmessage\r\n"...), []byte(invalidationChannel))
			n.message = n.appendKeys(n.message, "$-1\r\n")
			return
		}
	}
}

func (n *notice) appendKeys(dst []byte, null string) []byte {
	if n.everything {
		return append(dst, null...)
	}
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(n.keys)), 10)
	dst = append(dst, '\r', '\n')
	for _, key := range n.keys {
		dst = appendBulk(dst, key)
	}
	return dst
}

// step implements delivery.
func (n *notice) step(_ *pubsub, budget int) (done bool) {
	for ; n.told < len(n.to) && budget > 0; budget-- {
		n.tell(n.to[n.told])
		n.told++
	}
	return n.told == len(n.to)
}

// finish implements delivery: nobody waits for a notice.
func (n *notice) finish() {}

// tell posts the notice to one client.
func (n *notice) tell(tr *tracker) {
	if tr.noLoop && tr.s == n.by {
		return
	}
	to, l := tr.s, letter{resp3: n.push, lasting: true}
	if tr.redirect != 0 {
		if to = tr.s.srv.clients.get(tr.redirect); to == nil {
			tr.broken.Store(true)
			lost := appendBulk([]byte(">2\r\n"), []byte("tracking-redir-broken"))
			lost = append(strconv.AppendInt(append(lost, ':'), int64(tr.redirect), 10), '\r', '\n')
			tr.s.post(&letter{resp3: lost})
			return
		}
		if to.subscriber.Load() {
			l.resp2 = n.message
		}
	}
	to.post(&l)
}
