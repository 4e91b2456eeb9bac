package server

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

const (
	// loopEvents is how many ready sockets one wake-up takes at most.
	loopEvents = 512
	// loopReadBytes is the size of a loop's read buffer.
	loopReadBytes = 128 << 10
	// cronMs is how often a loop looks after a share of its connections, in ms,
	// and sweepMs how long it takes until it has looked after all of them.
	cronMs  = 100
	sweepMs = 1000
	// maxWoken is how many sessions that others woke one round looks at: a
	// message for ten thousand must not keep the loop from its input.
	maxWoken = 128
	// quietNs is after how long without an event a loop counts as idle.
	quietNs = 1e9
)

// loop is an event loop: it owns an epoll instance and the connections that
// were given to it. One wake-up reads and executes what all ready sockets
// hold, then writes all replies, one write a connection.
//
// All fields but mail and keeps are used by the loop's goroutine only.
type loop struct {
	srv    *Server
	id     int
	epfd   int
	wakefd int // eventfd
	ex     *executor
	conns  []*conn // by file descriptor
	count  atomic.Int32
	rbuf   []byte
	dirty  []*conn    // have output to write after this round
	kept   []*conn    // keep their output until their records are durable
	again  []*conn    // have been resumed while writing: once more
	woken  []*session // others want them to be looked at, in this round or a later one
	cronAt int64      // monotonic ns of the last cron
	heard  int64      // monotonic ns of the last event
	sweep  int        // file descriptor at which the next cron goes on
	events [loopEvents]unix.EpollEvent

	keeps    atomic.Bool // kept is not empty
	draining bool        // no input is read any more; sessions end when they are idle
	mail     loopMail
	drained  chan struct{} // closed when draining has left no connection
	done     chan struct{}
}

// loopMail is what other goroutines hand to a loop.
type loopMail struct {
	// mu guards the fields below. It is a leaf.
	mu      sync.Mutex
	durable bool       // sessions that keep their output may send it
	signal  bool       // the eventfd has been written since the last take
	wakes   []*session // sessions to look at
	adopted []*conn    // new connections
	drain   bool
	stop    bool
	stopped bool // nobody reads the mail any more, the eventfd is closed
}

// conn is a socket in a loop's care.
type conn struct {
	fd     int // -1 once closed
	s      *session
	l      *loop
	dirty  bool
	kept   bool
	events uint32 // what the descriptor is watched for
}

// wake implements driver.
func (c *conn) wake(s *session) {
	l := c.l
	l.mail.mu.Lock()
	if l.mail.stopped { // a worker ended after the loops
		l.mail.mu.Unlock()
		return
	}
	l.mail.wakes = append(l.mail.wakes, s)
	l.ring()
}

// ring wakes the loop. REQUIRES: mail.mu is held; it is released.
func (l *loop) ring() {
	// Under the lock, because the descriptor is closed once stopped is set, and
	// its number may be somebody else's then. The write does not block.
	if !l.mail.signal && !l.mail.stopped {
		l.mail.signal = true
		one := uint64(1)
		_, _ = unix.Write(l.wakefd, (*[8]byte)(unsafe.Pointer(&one))[:]) // cannot fail below 2^64-1 rings
	}
	l.mail.mu.Unlock()
}

func newLoop(srv *Server, id int) (*loop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	wakefd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(epfd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	l := &loop{srv: srv, id: id, epfd: epfd, wakefd: wakefd, ex: newExecutor(srv),
		rbuf: make([]byte, loopReadBytes), drained: make(chan struct{}), done: make(chan struct{})}
	srv.executors.register(l.ex)
	if err := l.watch(wakefd, unix.EPOLLIN); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *loop) watch(fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &ev)
}

// adopt gives the loop a connection. It may be called from any goroutine.
func (l *loop) adopt(c *conn) {
	l.count.Add(1)
	l.mail.mu.Lock()
	l.mail.adopted = append(l.mail.adopted, c)
	l.ring()
}

// drain makes the loop take no more input; drained is closed when all replies
// have left. REQUIRES: nothing is adopted any more.
func (l *loop) drain() {
	l.mail.mu.Lock()
	l.mail.drain = true
	l.ring()
}

// stop makes the loop close its connections and end.
func (l *loop) stop() {
	l.mail.mu.Lock()
	l.mail.stop = true
	l.ring()
	<-l.done
}

// run is the loop. It ends after stop.
func (l *loop) run() {
	defer close(l.done)
	for {
		n := l.wait()
		l.ex.tick()
		if n > 0 {
			l.heard = l.ex.nowNs
		}
		mail := false
		for i := range n {
			ev := &l.events[i]
			if int(ev.Fd) == l.wakefd {
				mail = true
				continue
			}
			c := l.conns[ev.Fd]
			if c == nil {
				continue // closed earlier in this round
			}
			if ev.Events&unix.EPOLLOUT != 0 {
				l.markDirty(c)
			}
			if ev.Events&^unix.EPOLLOUT != 0 {
				l.read(c)
			}
		}
		if mail && l.takeMail() {
			l.closeAll()
			return
		}
		l.attend()
		l.flush()
		if l.draining && l.count.Load() == 0 && l.drained != nil {
			close(l.drained)
			l.drained = nil
		}
		if l.ex.nowNs-l.cronAt >= cronMs*1e6 {
			l.cron()
		}
	}
}

// wait blocks until descriptors are ready, at most cronMs, and returns their
// number.
//
// The system call is a raw one: the scheduler does not know that the loop
// sleeps in it and leaves it its P. Announced calls cost more than a quarter of
// the CPU time of an unpipelined load, because the runtime's monitor then wakes
// every 20 µs to take the P of a goroutine that never yields away (see
// docs/decisions/0003). What needs the loop's attention still gets it: a
// request to preempt it, for a collection say, is a signal, and a signal ends
// epoll_wait. Everything else runs on the Ps that are left, of which there is
// at least one more than loops (see reserveProcs).
func (l *loop) wait() int {
	timeout := uintptr(cronMs)
	switch {
	case len(l.dirty) > 0, len(l.woken) > 0:
		timeout = 0
	case l.ex.nowNs-l.heard >= quietNs:
		return l.waitQuietly()
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])), loopEvents, timeout, 0, 0)
	if e != 0 {
		return 0 // EINTR
	}
	return int(n)
}

// waitQuietly is wait for a loop that has been idle for a second: announced to
// the scheduler, which then takes the P and does not look again. Nobody minds
// the microseconds that the next request waits for a P.
func (l *loop) waitQuietly() int {
	n, _, e := syscall.Syscall6(unix.SYS_EPOLL_WAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])), loopEvents, sweepMs, 0, 0)
	if e != 0 {
		return 0 // EINTR
	}
	return int(n)
}

// takeMail handles what others handed in; it reports a request to stop.
func (l *loop) takeMail() (stop bool) {
	var rings [8]byte
	_, _ = unix.Read(l.wakefd, rings[:])
	m := &l.mail
	m.mu.Lock()
	wakes, adopted := m.wakes, m.adopted
	m.wakes, m.adopted, m.signal = nil, nil, false
	drain, durable := m.drain, m.durable
	stop, m.drain, m.durable = m.stop, false, false
	m.mu.Unlock()
	if durable {
		l.letGo()
	}
	for _, c := range adopted {
		l.add(c)
	}
	if len(l.woken) == 0 {
		l.woken = wakes
	} else {
		l.woken = append(l.woken, wakes...)
	}
	if drain {
		l.beginDrain()
	}
	return stop
}

// keep makes a connection's output stay until its records are durable. It
// reports false if they are by now.
// REQUIRES: c.s.mu is held.
func (l *loop) keep(c *conn) bool {
	l.keeps.Store(true) // first: what becomes durable from here on is told
	if c.s.committed() {
		return false
	}
	if !c.kept {
		c.kept = true
		l.kept = append(l.kept, c)
	}
	return true
}

// committed tells the loop that records have become durable.
func (l *loop) committed() {
	if !l.keeps.Swap(false) {
		return
	}
	l.mail.mu.Lock()
	l.mail.durable = true
	l.ring()
}

// letGo looks at all connections that keep their output.
func (l *loop) letGo() {
	kept := l.kept
	l.kept = nil
	for _, c := range kept {
		c.kept = false
		if c.fd >= 0 {
			l.markDirty(c)
		}
	}
}

// attend looks after some of the sessions that others woke.
func (l *loop) attend() {
	n := min(len(l.woken), maxWoken)
	for i, s := range l.woken[:n] {
		l.woken[i] = nil
		if c := s.driver.(*conn); l.has(c) {
			l.resume(c)
		}
	}
	if l.woken = l.woken[n:]; len(l.woken) == 0 {
		l.woken = nil
	}
}

// beginDrain takes the last input: what has arrived by now is still executed.
func (l *loop) beginDrain() {
	l.draining = true
	for _, c := range l.conns {
		if c == nil {
			continue
		}
		c.s.mu.Lock()
		open := c.s.closing == stayOpen && !c.s.ended && c.s.waiting() == 0
		c.s.mu.Unlock()
		if open {
			l.read(c)
		}
		l.markDirty(c)
	}
}

// has tells whether the loop cares for c: it may be closed already, or not be
// adopted yet.
func (l *loop) has(c *conn) bool { return c.fd >= 0 && c.fd < len(l.conns) && l.conns[c.fd] == c }

// resume lets c's session go on, or end if it was killed.
func (l *loop) resume(c *conn) {
	c.s.mu.Lock()
	c.s.resume(l.ex)
	c.s.mu.Unlock()
	l.markDirty(c)
}

// add starts to watch an adopted connection.
func (l *loop) add(c *conn) {
	for len(l.conns) <= c.fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[c.fd] = c
	c.events = unix.EPOLLIN | unix.EPOLLRDHUP
	if err := l.watch(c.fd, c.events); err != nil {
		l.srv.log.Warn("cannot watch a connection", zap.Error(err))
		l.close(c)
		return
	}
	if c.s.killed.Load() {
		l.resume(c) // it was woken before it was here
	}
}

// read takes what the socket holds and executes it.
func (l *loop) read(c *conn) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing != stayOpen || s.ended {
		s.closing = closeNow // the socket is of no use any more, or this would not be called
		l.markDirty(c)
		return
	}
	buf := s.space()
	direct, lead := buf != nil, 0
	if !direct {
		lead = s.lead(l.rbuf)
		buf = l.rbuf[lead:]
	}
	n, _, e := syscall.RawSyscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	switch {
	case e == unix.EAGAIN || e == unix.EINTR:
		return
	case e != 0:
		s.closing = closeNow
	case n == 0:
		s.endInput()
	case direct:
		s.fed(l.ex, int(n))
	default:
		s.feedBehind(l.ex, l.rbuf[:lead+int(n)], lead)
	}
	l.markDirty(c)
}

func (l *loop) markDirty(c *conn) {
	if !c.dirty {
		c.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// flush writes the output of all connections that have some.
func (l *loop) flush() {
	for i, c := range l.dirty {
		l.dirty[i] = nil
		c.dirty = false
		if c.fd >= 0 {
			l.write(c)
		}
	}
	l.dirty = l.dirty[:0]
	// A session that goes on with a long pipeline gets its next turn after
	// the other connections' input.
	if len(l.again) > 0 {
		for i, c := range l.again {
			l.again[i] = nil
			if c.fd >= 0 {
				l.markDirty(c)
			}
		}
		l.again = l.again[:0]
	}
}

// write sends what the session has to say and closes the connection if that
// was the last of it.
func (l *loop) write(c *conn) {
	s := c.s
	s.mu.Lock()
	ok := l.send(c)
	s.mu.Unlock()
	if !ok {
		l.close(c)
	}
}

// send writes once. It returns false when the connection is to be closed.
// REQUIRES: c.s.mu is held.
func (l *loop) send(c *conn) bool {
	s := c.s
	if s.closing == closeNow {
		return false
	}
	if s.waiting() > 0 && !s.committed() && l.keep(c) {
		l.setInterest(c)
		return true
	}
	if s.waiting() > 0 && !l.transmit(c) {
		return false
	}
	if s.waiting() == 0 {
		if s.out.Buf != nil {
			s.written(l.ex, 0)
		}
		if s.stalled || s.hasPushes() {
			s.resume(l.ex)
			l.again = append(l.again, c)
		}
		if (s.ended || l.draining) && s.idle() {
			return false
		}
	}
	l.setInterest(c)
	return s.closing == stayOpen || s.waiting() > 0
}

// transmit writes once. It returns false when the connection is to be closed.
// REQUIRES: c.s.mu is held; output is waiting.
func (l *loop) transmit(c *conn) bool {
	s := c.s
	out := s.output()
	out = out[:min(len(out), maxWriteBytes)]
	n, _, e := syscall.RawSyscall(unix.SYS_WRITE, uintptr(c.fd), uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)))
	switch {
	case e == unix.EAGAIN || e == unix.EINTR:
		n = 0
	case e != 0:
		return false
	}
	if n > 0 {
		s.written(l.ex, int(n))
	}
	return s.waiting() == 0 || !s.overOutputLimit(l.ex.nowMs)
}

// setInterest says what the descriptor is watched for. While output waits, no
// input is read: a client that never reads must not make the server hold more
// replies. Nor is it read when a parked session has enough of it already.
// REQUIRES: c.s.mu is held.
func (l *loop) setInterest(c *conn) {
	want := uint32(unix.EPOLLIN | unix.EPOLLRDHUP)
	switch {
	case c.kept:
		want = 0
	case c.s.waiting() > 0:
		want = unix.EPOLLOUT
	case c.s.ended, l.draining:
		want = 0
	case c.s.parked && len(c.s.in) >= maxParkedInputBytes:
		want = 0
	}
	if c.events == want {
		return
	}
	c.events = want
	ev := unix.EpollEvent{Events: want, Fd: int32(c.fd)}
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_MOD, c.fd, &ev); err != nil {
		l.srv.log.Warn("cannot change what a connection is watched for", zap.Error(err))
	}
}

// close ends a connection.
func (l *loop) close(c *conn) {
	if c.fd < 0 {
		return
	}
	fd := c.fd
	l.conns[fd] = nil
	c.fd = -1
	l.count.Add(-1)
	l.srv.endSession(c.s)
	_ = unix.Close(fd) // takes it out of the epoll set
}

func (l *loop) closeAll() {
	l.flush()
	for _, c := range l.conns {
		if c != nil {
			l.close(c)
		}
	}
	l.mail.mu.Lock()
	l.mail.stopped = true
	l.mail.mu.Unlock()
	_ = unix.Close(l.epfd)
	_ = unix.Close(l.wakefd)
}

// cron looks after a share of the connections each time: those idle too long
// or over their limits are closed.
func (l *loop) cron() {
	share := max(64, int64(len(l.conns))*(l.ex.nowNs-l.cronAt)/(sweepMs*1e6))
	l.cronAt = l.ex.nowNs
	for range min(share, int64(len(l.conns))) {
		if l.sweep++; l.sweep >= len(l.conns) {
			l.sweep = 0
		}
		if c := l.conns[l.sweep]; c != nil {
			c.s.mu.Lock()
			end := c.s.overdue(l.ex.nowMs)
			c.s.mu.Unlock()
			if end {
				l.close(c)
			}
		}
	}
}
