package server

import (
	"time"

	"larder/engine"
	"larder/protocol/resp"
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
	// pieceBytes is how much of a worker's reply lies in one piece, about, and
	// pieceRoom the size of its buffer: there is room for what a slice adds.
	pieceBytes = 128 << 10
	pieceRoom  = 256 << 10
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
	engine.LockTogether(ex.locked, nil)
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
	if ex.cutting {
		ex.ctx.Out.Cut(pieceBytes, pieceRoom)
	}
	ex.srv.engine.PrepareMemory()
	nap(restFor)
}

// pace is restIfDue for what runs in the background.
type pace struct{ from int64 } // monotonic ns at which the slice began

func (p *pace) rest() {
	if monotonicNs()-p.from < sliceNs {
		return
	}
	nap(restFor)
	p.from = monotonicNs()
}

// takeReply appends what a worker has written to the output. A large reply is
// not copied.
// REQUIRES: s.mu is held; nobody else uses reply any more.
func (s *session) takeReply(reply *resp.Writer) {
	if len(reply.Pieces) == 0 && len(reply.Buf) <= maxPooledBytes {
		s.out.Buf = append(s.out.Buf, reply.Buf...)
		return
	}
	if len(s.out.Buf) > 0 {
		s.queue(s.out.Buf)
	}
	for _, p := range reply.Pieces {
		s.queue(p)
	}
	s.out.Buf = reply.Buf
}

// queue puts a buffer that is complete behind the others.
func (s *session) queue(b []byte) {
	s.pieces = append(s.pieces, b)
	s.piecesBytes += len(b)
}

// dequeue makes the first of the queued buffers, if there is one, the unsent
// output. REQUIRES: s.mu is held; no other output is unsent.
func (s *session) dequeue() {
	if len(s.pieces) == 0 {
		return
	}
	s.unsent, s.pieces[0] = s.pieces[0], nil
	s.piecesBytes -= len(s.unsent)
	if s.pieces = s.pieces[1:]; len(s.pieces) == 0 {
		s.pieces = nil
	}
}
