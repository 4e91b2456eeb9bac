package server

import (
	"sync"
	"sync/atomic"

	"larder/protocol/resp"
)

// A session is one client's conversation: it takes bytes and yields bytes and
// knows no socket. A driver (an event loop, or a goroutine over net.Conn)
// feeds it, writes out what it yields and closes the connection when it says
// so.
type session struct {
	id     uint64
	srv    *Server
	driver driver
	peer   peer
	since  int64 // ms since 1970

	// mu guards all fields below, except where they say otherwise. The driver
	// holds it while it feeds and flushes. Rank: above the shard locks, so a
	// command runs with its own session locked; no other session may be locked
	// meanwhile (CLIENT LIST and the like run on a worker, which holds none).
	// No I/O under it but the driver's non-blocking reads and writes.
	mu    sync.Mutex
	front front
	in    []byte // input that is not parsed yet
	out   resp.Writer
	// unsent is what the socket did not take of earlier output; it leaves
	// before out.Buf.
	unsent []byte
	// pieces are parts of a long reply, which leave between the two.
	pieces      [][]byte
	piecesBytes int

	db       int
	user     string
	authed   bool
	name     string
	libName  string
	libVer   string
	readOnly bool
	noEvict  bool
	noTouch  bool
	monitor  bool
	reply    replyMode
	paused   bool // CLIENT PAUSE or the brake holds its next command back; parked is set too
	held     bool // the command just dispatched was held back and stays in the input
	parked   bool // a worker runs its command, or it waits for something
	working  bool // a worker runs its command: parked is set too
	lent     bool // a worker reads from in: it must not be written to or reused
	stalled  bool // input waits until the output has been written
	ended    bool // the client sends nothing more, but waits for replies
	closing  closing
	lastCmd  int   // Command.ID + 1 of the last command, 0 = none
	activeMs int64 // time of the last input or output
	// blocked is what the session waits for, nil if it does not; parked is set
	// too.
	blocked *waiter
	// tx is what is queued since MULTI, nil outside of it.
	tx        *transaction
	softSince int64  // when the output passed its soft limit, ms, 0 = it is below
	lsn       uint64 // of the last record of its commands, 0 if no reply has to wait for it
	sync      syncWishes
	inBytes   uint64
	outBytes  uint64
	commands  uint64

	caching     cachingWord // what CLIENT CACHING has said
	cachingUsed bool        // and a command that it was said about has run

	// watching is what the session WATCHes; see watchTable for what guards it.
	watching watch
	// gone tells that the connection is closed.
	gone atomic.Bool
	// killed asks the driver to close the connection; atomic.
	killed atomic.Bool
	// pushes holds messages from other sessions until the driver takes them.
	pushes mailbox
	// subs is what the session has subscribed to, nil if nothing ever; pubsub.mu
	// guards it.
	subs *subscriptions
	// subscriber tells that there is a subscription. It changes under pubsub.mu.
	subscriber atomic.Bool
	// tracker is set while the session tracks (CLIENT TRACKING). It changes under
	// mu.
	tracker atomic.Pointer[tracker]
}

// peer describes the two ends of a connection.
type peer struct {
	remote string // host:port, or the socket's path and ":0"
	local  string
	fd     int // -1 where the driver has none to show
	unix   bool
	secure bool // loopback or unix socket: counts as local
}

// replyMode is the state of CLIENT REPLY.
type replyMode uint8

const (
	replyOn replyMode = iota
	replyOff
	replySkipNext // CLIENT REPLY SKIP was seen: the next command is silent
	replySkip     // this command is silent
)

// closing says what becomes of the connection.
type closing uint8

const (
	stayOpen     closing = iota
	closeFlushed         // close when the output is written
	closeNow             // close at once, the output is lost
)

// front parses one protocol and executes what it finds. There is one for RESP
// and one for memcached.
type front interface {
	// consume executes the requests at the start of buf and returns how many
	// bytes they took. It stops early when the session parks or closes.
	consume(s *session, ex *executor, buf []byte) int
	// need is how many bytes must be there before consume can get further,
	// 0 when unknown.
	need() int
	// ended tells that the session is over.
	ended(s *session)
	// memcached tells which of the two protocols it is.
	memcached() bool
}

// driver is what a session needs of the thing that moves its bytes.
type driver interface {
	// wake asks to look at the session soon: it has been unparked, killed or
	// has pushes. It may be called from anywhere, holding any lock.
	wake(s *session)
}

// feed parses and executes data, which follows what was fed before, and leaves
// the replies in s.out. data may be reused afterwards.
// REQUIRES: s.mu is held.
func (s *session) feed(ex *executor, data []byte) { s.feedBehind(ex, data, 0) }

// lead copies unparsed input to the front of a driver's buffer, if there is
// little of it, and returns how many bytes. What is read behind it can be fed
// with feedBehind, and is not copied to a buffer of the session.
// REQUIRES: s.mu is held.
func (s *session) lead(buf []byte) int {
	if s.parked || len(s.in) > len(buf)/2 {
		return 0
	}
	return copy(buf, s.in)
}

// feedBehind is feed for buf[lead:], where lead is what s.lead(buf) returned.
// REQUIRES: s.mu is held.
func (s *session) feedBehind(ex *executor, buf []byte, lead int) {
	data := buf[lead:]
	s.inBytes += uint64(len(data))
	if len(data) > 0 {
		ex.stats.reads.add(1)
		ex.stats.inBytes.add(uint64(len(data)))
		s.activeMs = ex.nowMs
	}
	if s.parked || s.closing != stayOpen {
		if s.closing == stayOpen {
			s.in = append(s.in, data...)
		}
		return
	}
	switch {
	case lead > 0:
		ex.buffers.put(s.in)
		s.in = nil
	case len(s.in) > 0:
		s.in = append(s.in, data...)
		buf = s.in
	}
	if len(buf) == 0 {
		return
	}
	if s.out.Buf == nil {
		s.out.Buf = ex.buffers.get()
	}
	if s.pushes.size() > 0 {
		s.takePushes() // what came before this input stands before the replies to it
	}
	large := cap(s.in) > maxPooledBytes
	n := s.front.consume(s, ex, buf)
	s.keep(ex, buf[n:])
	if large && s.in == nil {
		ex.forget() // or the arguments keep a large request alive until others replace them
	}
	s.limitInput()
}

// limitInput closes a session with more unparsed input than
// client-query-buffer-limit allows.
func (s *session) limitInput() {
	if limit := s.srv.cfg.Load().QueryLimitBytes; limit > 0 && int64(len(s.in)) > limit {
		s.srv.logQueryLimit(s)
		s.closing = closeNow
	}
}

// keep makes rest, a part of s.in or of the driver's buffer, the unparsed
// input.
func (s *session) keep(ex *executor, rest []byte) {
	if s.lent {
		s.lent, s.in = false, nil
	}
	switch {
	case len(rest) == 0:
		if s.in != nil {
			ex.buffers.put(s.in)
			s.in = nil
		}
	case len(s.in) == 0:
		if room := roomFor(s.front.need(), len(rest)); room > bufferBytes {
			s.in = make([]byte, 0, room)
		} else {
			s.in = ex.buffers.get()
		}
		s.in = append(s.in, rest...)
	default:
		n := len(rest)
		if n < len(s.in) {
			s.in = s.in[:copy(s.in, rest)]
		}
		if room := roomFor(s.front.need(), n); room >= 2*cap(s.in) {
			s.in = append(make([]byte, 0, room), s.in...)
		}
	}
}

const (
	// burstBytes is how much output of a pipeline is written at a time: it stays
	// in the processor's cache until then, and its buffer is one of the pool's.
	burstBytes = 64 << 10
	// maxBurstBytes is how much output a pipeline may produce before it has to
	// wait until that is written.
	maxBurstBytes = 4 << 20
	// maxParkedInputBytes is how much input is read for a parked session.
	maxParkedInputBytes = 1 << 20
)

// roomFor is the capacity of a buffer that holds have bytes and awaits need. On
// a client's mere announcement at most 1 MiB is allocated, and not more than 64
// times what has come of it; beyond that, and where only the next byte is known
// to be needed, the buffer doubles, so that a request of many small arguments
// is not read a few bytes at a time.
func roomFor(need, have int) int { return max(min(need, 64*have, 1<<20), 2*have) }

// space returns where a driver may read more input to directly: behind the
// unparsed input when a large argument is being awaited, otherwise nil, and
// the driver uses a buffer of its own.
// REQUIRES: s.mu is held.
func (s *session) space() []byte {
	if len(s.in) < 16<<10 || s.parked {
		return nil
	}
	if cap(s.in) == len(s.in) {
		// To what is needed if that is in reach, and otherwise by a factor: a
		// request of many small arguments needs but a little more each time.
		room := 2 * cap(s.in)
		if need := s.front.need(); need > room/2+room/8 && need <= room+room/2 {
			room = need
		}
		s.in = append(make([]byte, 0, room), s.in...)
	}
	return s.in[len(s.in):cap(s.in)]
}

// fed is feed for n bytes that the driver has read into space.
// REQUIRES: s.mu is held; space was called since the last feed.
func (s *session) fed(ex *executor, n int) {
	s.inBytes += uint64(n)
	ex.stats.reads.add(1)
	ex.stats.inBytes.add(uint64(n))
	s.activeMs = ex.nowMs
	s.in = s.in[:len(s.in)+n]
	if len(s.in) < s.front.need() {
		s.limitInput()
		return
	}
	s.feed(ex, nil)
}

// resume goes on with the input of a session that was unparked and takes over
// what others pushed to it.
// REQUIRES: s.mu is held.
func (s *session) resume(ex *executor) {
	if s.killed.Load() {
		s.closing = closeNow
	}
	if s.blocked != nil && s.closing == stayOpen {
		s.unblock(ex)
	}
	unwritten := s.waiting() > 0 // pushes don't count: a stream of them would hold the input up for good
	s.takePushes()
	switch {
	case s.parked || !s.stalled && len(s.in) == 0:
	case unwritten:
		s.stalled = true // or a pipeline of large replies made by workers would pile them up
	default:
		s.stalled = false
		s.feed(ex, nil)
	}
}

// takePushes moves messages of other sessions to the output, as many as a
// pipeline's replies might take; the others wait until the output is written,
// and while a worker makes a reply: a client must not learn that a value is out
// of date before it gets it.
// REQUIRES: s.mu is held.
func (s *session) takePushes() {
	switch waiting := s.waiting(); {
	case !s.hasPushes():
	case waiting == 0:
		s.out.Buf = s.pushes.take(s.out.Buf, max(maxBurstBytes, s.pushes.first()))
	default:
		s.out.Buf = s.pushes.take(s.out.Buf, maxBurstBytes-waiting)
	}
}

// hasPushes tells whether there are messages to take once the output has been
// written: only the first in an empty mailbox wakes the driver.
// REQUIRES: s.mu is held.
func (s *session) hasPushes() bool {
	return s.pushes.size() > 0 && !s.working && s.closing == stayOpen
}

// push hands the session a message from elsewhere; it never blocks.
func (s *session) push(msg []byte) { s.post(&letter{resp2: msg, resp3: msg}) }

// post is push for a message whose form depends on the protocol. Who does not
// take its messages is closed at the hard limit for those who are sent what they
// did not ask for one by one.
func (s *session) post(l *letter) {
	if s.killed.Load() {
		return
	}
	first, waiting := s.pushes.post(l)
	limits := &s.srv.cfg.Load().OutputLimits
	hard := limits.Replica.HardBytes
	if s.subscriber.Load() {
		hard = limits.Pubsub.HardBytes
	}
	if hard > 0 && int64(waiting) > hard {
		if !s.killed.Load() {
			s.srv.outputLimitClosed.Add(1)
			s.kill()
		}
		return
	}
	if first {
		s.driver.wake(s)
	}
}

// kill makes the driver close the connection.
func (s *session) kill() {
	s.killed.Store(true)
	s.driver.wake(s)
}

// endInput tells the session that its client sends nothing more. What it asked
// for before is still answered: a client may shut down its sending half and
// read on.
// REQUIRES: s.mu is held.
func (s *session) endInput() {
	if s.ended = true; s.idle() || s.paused {
		s.closing = closeNow
	}
}

// idle tells that the session has nothing to do until new input comes.
// REQUIRES: s.mu is held.
func (s *session) idle() bool {
	return (!s.parked || s.blocked != nil) && !s.stalled && s.waiting() == 0 && s.pushes.size() == 0
}

// waiting is the number of bytes of output that have not left.
// REQUIRES: s.mu is held.
func (s *session) waiting() int { return len(s.unsent) + s.piecesBytes + len(s.out.Buf) }

// output is what to write next; there may be more behind it.
// REQUIRES: s.mu is held.
func (s *session) output() []byte {
	if len(s.unsent) == 0 {
		s.dequeue()
	}
	if len(s.unsent) > 0 {
		return s.unsent
	}
	return s.out.Buf
}

// written tells the session that n bytes of what output returned have left.
// What remains stays where it is: moving it to the front for each write would
// take a slow reader of a large reply quadratic time.
// REQUIRES: s.mu is held.
func (s *session) written(ex *executor, n int) {
	s.outBytes += uint64(n)
	if n > 0 {
		ex.stats.writes.add(1)
		ex.stats.outBytes.add(uint64(n))
		s.activeMs = ex.nowMs
	}
	switch {
	case len(s.unsent) > n:
		s.unsent = s.unsent[n:]
	case len(s.unsent) > 0:
		s.unsent = nil
	case n == len(s.out.Buf):
		ex.buffers.put(s.out.Buf)
		s.out.Buf = nil
	case n > 0:
		s.unsent, s.out.Buf = s.out.Buf[n:], nil
	}
}
