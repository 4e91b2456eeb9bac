package server

import (
	"time"

	"larder/engine"
)

// Commands that take long do their work in slices. A worker that has held its
// shards for a slice lets go of them for a moment, in which the loops serve who
// waits; one that locks a shard at a time, like KEYS, rests likewise while it
// holds none. So a loop waits for a slice at most, and not for a command.
//
// The moment is a sleep, and not only an unlock: a mutex that is locked again at
// once goes to whoever runs already, and those who wait for it find it taken
// when they have woken.

const (
	// sliceNs is how long a command works before it lets others in, in ns.
	sliceNs = 150_000
	// restFor is how long it leaves them.
	restFor = 50 * time.Microsecond
	// replySpare is the room that a reply is given between two slices, in bytes.
	// What makes a large buffer larger copies it, which is not to happen under
	// locks.
	replySpare = 256 << 10
	// copyBytes is how much is copied at a time: the collector, and with it
	// everybody, waits for a copy to end.
	copyBytes = 256 << 10
)

// letOthersIn unlocks the shards of the command's keys for a moment when a slice
// is over.
func (ex *executor) letOthersIn() {
	if monotonicNs()-ex.sliceFrom < sliceNs {
		return
	}
	for _, s := range ex.locked {
		s.Unlock() // it stays marked as held for long
	}
	ex.rest()
	engine.LockTogether(ex.locked)
	ex.ctx.Listening = ex.srv.listening.load()
	ex.sliceFrom = monotonicNs()
}

// restIfDue is rest when a slice is over. REQUIRES: no shard is locked.
func (ex *executor) restIfDue() {
	if monotonicNs()-ex.sliceFrom < sliceNs {
		return
	}
	ex.rest()
	ex.sliceFrom = monotonicNs()
}

// rest lets others run. REQUIRES: no shard is locked.
func (ex *executor) rest() {
	ex.ctx.Out.Buf = withRoom(ex.ctx.Out.Buf, replySpare)
	nap(restFor)
}

// withRoom returns b with room for n bytes more.
func withRoom(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	grown := make([]byte, len(b), 2*cap(b)+n)
	for at := 0; at < len(b); at += copyBytes {
		copy(grown[at:], b[at:min(at+copyBytes, len(b))])
	}
	return grown
}

// takeReply appends what a worker has written to the output. A large reply is
// not copied.
// REQUIRES: s.mu is held; nobody else uses reply any more.
func (s *session) takeReply(reply []byte) {
	if len(s.out.Buf) == 0 && len(reply) > maxPooledBytes {
		s.out.Buf = reply
		return
	}
	s.out.Buf = append(s.out.Buf, reply...)
}
