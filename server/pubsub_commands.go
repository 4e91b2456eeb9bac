package server

import "larder/server/command"

// confined tells that the session's client cannot tell a message from a reply
// (RESP2 has no mark for it) and has subscribed, so that it may send only what
// concerns its subscriptions. REQUIRES: s.mu is held.
func (s *session) confined() bool { return s.out.Proto == 2 && s.subscriber.Load() }

// confinedTo tells which commands a client in that state may send.
var confinedTo = map[string]bool{
	"subscribe": true, "unsubscribe": true, "psubscribe": true, "punsubscribe": true, "ssubscribe": true, "sunsubscribe": true,
	"ping": true, "quit": true, "reset": true,
}

// errConfined is the error for the others. The client library sees it where it
// awaits a message, so it names what was sent.
func errConfined(cmd *bound) string {
	return "ERR Can't execute '" + cmd.FullName() +
		"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
}

// subscriberPong is the reply to PING of a confined client.
func (q *call) subscriberPong() {
	var text []byte
	if len(q.args) > 1 {
		text = q.args[1]
	}
	q.out.Array(2)
	q.out.BulkString("pong")
	q.out.Bulk(text)
}

func subscribe(q *call)    { q.subscribe(kindChannel, "subscribe") }
func psubscribe(q *call)   { q.subscribe(kindPattern, "psubscribe") }
func ssubscribe(q *call)   { q.subscribe(kindShard, "ssubscribe") }
func unsubscribe(q *call)  { q.unsubscribe(kindChannel, "unsubscribe") }
func punsubscribe(q *call) { q.unsubscribe(kindPattern, "punsubscribe") }
func sunsubscribe(q *call) { q.unsubscribe(kindShard, "sunsubscribe") }

// manySubscriptions is the number of names from which on a command that
// subscribes or unsubscribes runs on a worker.
const manySubscriptions = 1024

// subscribe subscribes to all names; each has a reply of its own.
func (q *call) subscribe(kind channelKind, word string) {
	if q.lengthy(len(q.args) - 1) {
		return
	}
	q.pushed = true
	for _, name := range q.args[1:] {
		n := q.srv.pubsub.join(q.s, kind, name)
		q.out.Push(3)
		q.out.BulkString(word)
		q.out.Bulk(name)
		q.out.Int(int64(n))
	}
}

// unsubscribe ends the named subscriptions, or all of a kind. After the reply
// comes no message of theirs: those before it stand before it.
func (q *call) unsubscribe(kind channelKind, word string) {
	names := q.args[1:]
	if len(names) == 0 {
		names = q.srv.pubsub.of(q.s, kind)
	}
	if q.lengthy(len(names)) {
		return
	}
	q.pushed = true
	if len(names) == 0 {
		q.unsubscribed(word, nil, q.srv.pubsub.part(q.s, kind, nil))
		return
	}
	for _, name := range names {
		n := q.srv.pubsub.part(q.s, kind, name)
		if !q.nested { // within the reply to EXEC there is no place for messages
			q.out.Buf = q.s.pushes.drain(q.out.Buf)
		}
		q.unsubscribed(word, name, n)
	}
}

// unsubscribed writes the reply about one name; nil: there was none to end.
func (q *call) unsubscribed(word string, name []byte, left int) {
	q.out.Push(3)
	q.out.BulkString(word)
	if name == nil {
		q.out.Null()
	} else {
		q.out.Bulk(name)
	}
	q.out.Int(int64(left))
}

// lengthy hands a command about n names to a worker if they are many and it
// does not run on one; then it reports true.
func (q *call) lengthy(n int) bool {
	if n < manySubscriptions || q.onWorker || q.nested {
		return false
	}
	q.ex.park(q.s, q.cmd, q.args)
	return true
}

func publish(q *call)  { q.publish(kindChannel) }
func spublish(q *call) { q.publish(kindShard) }

// publish sends a message. If it has many receivers that is done beside the
// loop, and the client waits: its next message comes after this one.
func (q *call) publish(kind channelKind) {
	n, ok := q.srv.pubsub.publish(kind, q.args[1], q.args[2])
	switch {
	case ok:
	case q.nested:
		n = q.srv.pubsub.publishLater(kind, q.args[1], q.args[2])
	case q.onWorker:
		n = q.srv.pubsub.publishWait(kind, q.args[1], q.args[2])
	default:
		q.ex.park(q.s, q.cmd, q.args)
		return
	}
	q.out.Int(int64(n))
}

func pubsubChannels(q *call)      { q.activeChannels(kindChannel) }
func pubsubShardChannels(q *call) { q.activeChannels(kindShard) }

// activeChannels lists the channels that somebody listens to and that match a
// pattern, if there is one.
func (q *call) activeChannels(kind channelKind) {
	if len(q.args) > 3 {
		q.wrongSubcommand()
		return
	}
	names := q.srv.pubsub.active(kind)
	if len(q.args) == 3 {
		matching := names[:0]
		for _, name := range names {
			if command.MatchGlob(q.args[2], []byte(name)) {
				matching = append(matching, name)
			}
		}
		names = matching
	}
	q.out.Array(len(names))
	for _, name := range names {
		q.out.BulkString(name)
	}
}

func pubsubNumSub(q *call)      { q.countListeners(kindChannel) }
func pubsubShardNumSub(q *call) { q.countListeners(kindShard) }

// countListeners tells how many sessions listen to each of the channels.
func (q *call) countListeners(kind channelKind) {
	q.out.Array(2 * (len(q.args) - 2)) // in RESP3 too
	for _, name := range q.args[2:] {
		q.out.Bulk(name)
		q.out.Int(int64(q.srv.pubsub.listeners(kind, name)))
	}
}

func pubsubNumPat(q *call) { q.out.Int(int64(q.srv.pubsub.count(kindPattern))) }

func pubsubHelp(q *call) {
	q.help(
		"CHANNELS [<pattern>]",
		"    List the channels that somebody listens to and that match <pattern>.",
		"NUMPAT",
		"    Count the different patterns that somebody listens to.",
		"NUMSUB [<channel> ...]",
		"    Count the listeners of each channel, not those by patterns.",
		"SHARDCHANNELS [<pattern>]",
		"    List the shard channels that somebody listens to and that match <pattern>.",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    Count the listeners of each shard channel.",
	)
}
