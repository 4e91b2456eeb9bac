package server

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// goroutineDriver serves each connection by goroutines over net.Conn: for
// systems without epoll, and for connections that are more than a socket.
type goroutineDriver struct {
	srv *Server
	wg  sync.WaitGroup
	// mu guards the fields below. It is a leaf.
	mu    sync.Mutex
	conns map[*netConn]struct{}
	quit  chan struct{}
}

// netConn is a connection in the care of two goroutines: one reads, executes
// and writes; the other serves what comes from other sessions and workers.
type netConn struct {
	d    *goroutineDriver
	net  net.Conn
	s    *session
	kick chan struct{} // holds a token when there is something to do besides input
	turn chan struct{} // holds a token after each turn that a kick caused
	over chan struct{} // closed when the session has ended by its own will
	quit chan struct{} // closed when the connection has ended

	// writing serializes turns, so that what is taken from the session first
	// is written first. Rank: above session.mu. I/O happens under it.
	writing sync.Mutex
}

func newGoroutineDriver(srv *Server) *goroutineDriver {
	return &goroutineDriver{srv: srv, conns: map[*netConn]struct{}{}, quit: make(chan struct{})}
}

// committed implements connDriver: writers wait in commits.await.
func (d *goroutineDriver) committed() {}

func (d *goroutineDriver) start() { d.wg.Go(d.cron) }

func (d *goroutineDriver) accept(l *listener) error {
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		d.acceptAll(l)
	}()
	return nil
}

func (d *goroutineDriver) acceptAll(l *listener) {
	for {
		c, err := l.net.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			d.srv.log.Warn("cannot accept a connection; if the process is out of file descriptors, raise its limit (ulimit -n)", zap.Error(err))
			time.Sleep(acceptRetry) // descriptors do not become free by themselves: don't spin
			continue
		}
		d.adopt(l, c)
	}
}

func (d *goroutineDriver) adopt(l *listener, nc net.Conn) {
	var p peer
	if l.unix {
		p = unixPeer(l.net.Addr().String())
	} else {
		remote, _ := netip.ParseAddrPort(nc.RemoteAddr().String())
		local, _ := netip.ParseAddrPort(nc.LocalAddr().String())
		p = peerOf(remote, local)
		secs := d.srv.cfg.Load().TCPKeepAliveSecs
		_ = nc.(*net.TCPConn).SetKeepAliveConfig(net.KeepAliveConfig{ // a connection without keepalive still works
			Enable: secs > 0, Idle: time.Duration(secs) * time.Second,
			Interval: time.Duration(max(1, secs/3)) * time.Second, Count: 3})
	}
	c := &netConn{d: d, net: nc, kick: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		over: make(chan struct{}), quit: make(chan struct{})}
	s, refusal := d.srv.welcome(l, p, func(s *session) { c.s, s.driver = s, c })
	if s == nil {
		_, _ = nc.Write([]byte(refusal)) // a courtesy; the connection is closed either way
		_ = nc.Close()
		return
	}
	d.mu.Lock()
	d.conns[c] = struct{}{}
	d.mu.Unlock()
	d.wg.Go(c.read)
	d.wg.Go(c.attend)
}

// longAgo is a deadline that has passed: it ends reads and writes that wait.
var longAgo = time.Unix(1, 0)

// wake implements driver.
func (c *netConn) wake(s *session) {
	if s.killed.Load() {
		c.d.srv.commits.wake()
		_ = c.net.SetDeadline(longAgo) // a turn may be waiting for a client that does not read
	}
	put(c.kick)
}

// put leaves a token unless there is one already.
func put(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// read feeds the session until the connection ends.
func (c *netConn) read() {
	defer c.end()
	buf := make([]byte, bufferBytes)
	for {
		n, err := c.net.Read(buf)
		if n > 0 && !c.serve(buf[:n]) {
			return
		}
		if err != nil {
			c.finish(err)
			return
		}
		if !c.until(func(s *session) bool { return !s.parked || len(s.in) < maxParkedInputBytes }) {
			return
		}
	}
}

// finish waits, after the last input, until what it asked for is answered. The
// input has ended because the client shut down its sending half or because the
// server drains; other errors end the connection at once.
func (c *netConn) finish(err error) {
	var fault *net.OpError
	if errors.As(err, &fault) && !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	c.s.mu.Lock()
	c.s.endInput()
	c.s.mu.Unlock()
	c.until(func(s *session) bool { return s.closing != stayOpen || s.idle() })
}

// until waits for a condition that a worker's end may bring about. It returns
// false when the connection is to be closed.
func (c *netConn) until(ok func(*session) bool) bool {
	for {
		c.s.mu.Lock()
		done := ok(c.s)
		c.s.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-c.turn:
		case <-c.over:
			return false
		}
	}
}

// attend serves what comes from other sessions and workers.
func (c *netConn) attend() {
	for {
		select {
		case <-c.kick:
			if !c.serve(nil) {
				close(c.over)
				_ = c.net.Close() // ends read
				return
			}
			put(c.turn)
		case <-c.quit:
			return
		}
	}
}

// serve feeds input, or resumes the session if there is none, and writes the
// replies. It returns false when the connection is to be closed.
func (c *netConn) serve(input []byte) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	s := c.s
	for {
		ex := c.d.srv.executors.get()
		ex.tick()
		s.mu.Lock()
		if input != nil {
			s.feed(ex, input)
		} else {
			s.resume(ex)
		}
		input = nil
		if s.waiting() == 0 && s.out.Buf != nil {
			s.written(ex, 0)
		}
		s.mu.Unlock()
		c.d.srv.executors.put(ex)
		if !c.write() {
			return false
		}
		s.mu.Lock()
		end, stalled, pushes := s.closing, s.stalled, s.hasPushes()
		s.mu.Unlock()
		if end != stayOpen {
			return false
		}
		if pushes {
			put(c.kick) // another turn: input may wait for this one to end
		}
		if !stalled {
			return true
		}
	}
}

// maxWriteBytes is how much is written at a time: what the session counts as
// waiting then goes down while a slow client reads, one that reads as fast as
// that does not keep a loop from its other connections, and the collector, which
// cannot interrupt the system call, need not wait for long.
const maxWriteBytes = 256 << 10

// write writes all output. It returns false when the connection is to be closed.
func (c *netConn) write() bool {
	s := c.s
	for {
		s.mu.Lock()
		if s.closing == closeNow {
			s.mu.Unlock()
			return false
		}
		if len(s.unsent) == 0 {
			s.dequeue()
		}
		if len(s.unsent) == 0 {
			s.unsent, s.out.Buf = s.out.Buf, nil // others may append to out meanwhile
		}
		out := s.unsent
		durable, lsn := s.committed(), s.lsn
		s.mu.Unlock()
		if len(out) == 0 {
			return true
		}
		if !durable {
			if c.d.srv.commits.await(s, lsn); s.killed.Load() {
				return false
			}
			continue
		}
		n, err := c.net.Write(out[:min(len(out), maxWriteBytes)])
		if err != nil {
			return false
		}
		ex := c.d.srv.executors.get()
		ex.tick()
		s.mu.Lock()
		s.written(ex, n)
		over := s.waiting() > 0 && s.overOutputLimit(ex.nowMs)
		s.mu.Unlock()
		if n == len(out) {
			ex.buffers.put(out)
		}
		c.d.srv.executors.put(ex)
		if over {
			return false
		}
	}
}

// end closes the connection and forgets the session.
func (c *netConn) end() {
	_ = c.net.Close() // it may be closed already
	close(c.quit)
	c.d.mu.Lock()
	delete(c.d.conns, c)
	c.d.mu.Unlock()
	c.d.srv.endSession(c.s)
}

// cron closes connections that are idle or over their limits.
func (d *goroutineDriver) cron() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-d.quit:
			return
		case now := <-tick.C:
			for _, c := range d.snapshot() {
				c.s.mu.Lock()
				end := c.s.overdue(now.UnixMilli())
				c.s.mu.Unlock()
				if end {
					c.s.kill()
				}
			}
		}
	}
}

func (d *goroutineDriver) snapshot() []*netConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*netConn, 0, len(d.conns))
	for c := range d.conns {
		out = append(out, c)
	}
	return out
}

func (d *goroutineDriver) stop(drain time.Duration) {
	close(d.quit) // ends cron
	for _, c := range d.snapshot() {
		_ = c.net.SetReadDeadline(longAgo) // ends the input, as the client's hanging up does
	}
	ended := make(chan struct{})
	go func() {
		d.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-time.After(drain):
	}
	for _, c := range d.snapshot() {
		c.s.kill()
	}
	<-ended
}
