package server

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"
)

// goroutineDriver serves each connection by a goroutine over net.Conn: for
// systems without epoll, and for connections that are more than a socket.
type goroutineDriver struct {
	srv *Server
	wg  sync.WaitGroup
	// mu guards conns. It is a leaf.
	mu    sync.Mutex
	conns map[*netConn]struct{}
	quit  chan struct{}
}

// netConn is a connection in the care of a goroutine.
type netConn struct {
	d    *goroutineDriver
	net  net.Conn
	s    *session
	kick chan struct{} // holds a token when there is something to do besides input
	quit chan struct{} // closed when the connection ends

	// writing serializes writes, so that what is taken from the session first
	// is written first. Rank: above session.mu. I/O happens under it.
	writing sync.Mutex
}

func newGoroutineDriver(srv *Server) *goroutineDriver {
	return &goroutineDriver{srv: srv, conns: map[*netConn]struct{}{}, quit: make(chan struct{})}
}

func (d *goroutineDriver) start() { d.wg.Go(d.cron) }

func (d *goroutineDriver) accept(l *listener) error {
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
			time.Sleep(acceptRetryNet) // descriptors do not become free by themselves: don't spin
			continue
		}
		d.adopt(l, c)
	}
}

// acceptRetryNet is the pause after a failed accept.
const acceptRetryNet = 100 * time.Millisecond

func (d *goroutineDriver) adopt(l *listener, nc net.Conn) {
	var p peer
	if l.unix {
		p = unixPeer(l.net.Addr().String())
	} else {
		remote, _ := netip.ParseAddrPort(nc.RemoteAddr().String())
		local, _ := netip.ParseAddrPort(nc.LocalAddr().String())
		p = peerOf(remote, local)
		if secs := d.srv.cfg.Load().TCPKeepAliveSecs; secs > 0 {
			_ = nc.(*net.TCPConn).SetKeepAliveConfig(net.KeepAliveConfig{ // a connection without keepalive still works
				Enable: true, Idle: time.Duration(secs) * time.Second,
				Interval: time.Duration(max(1, secs/3)) * time.Second, Count: 3})
		}
	}
	s, refusal := d.srv.welcome(l, p)
	if s == nil {
		_, _ = nc.Write([]byte(refusal)) // a courtesy; the connection is closed either way
		_ = nc.Close()
		return
	}
	c := &netConn{d: d, net: nc, s: s, kick: make(chan struct{}, 1), quit: make(chan struct{})}
	s.driver = c
	d.mu.Lock()
	d.conns[c] = struct{}{}
	d.mu.Unlock()
	d.wg.Go(c.read)
	d.wg.Go(c.attend)
}

// wake implements driver. A killed session's connection is closed from here:
// whoever serves it may be stuck writing to a client that does not read.
func (c *netConn) wake(s *session) {
	if s.killed.Load() {
		_ = c.net.Close() // ends read
	}
	select {
	case c.kick <- struct{}{}:
	default: // a token is there already
	}
}

// read feeds the session until the connection ends.
func (c *netConn) read() {
	defer c.end()
	buf := make([]byte, bufferBytes)
	for {
		n, err := c.net.Read(buf)
		if err != nil {
			return
		}
		if !c.turn(buf[:n]) {
			return
		}
	}
}

// attend serves what comes from other sessions and workers.
func (c *netConn) attend() {
	for {
		select {
		case <-c.kick:
			if !c.turn(nil) {
				_ = c.net.Close() // ends read
				return
			}
		case <-c.quit:
			return
		}
	}
}

// turn feeds input, or resumes the session if there is none, and writes the
// replies. It returns false when the connection is to be closed.
func (c *netConn) turn(input []byte) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		ex := c.d.srv.executors.get()
		ex.tick()
		s := c.s
		s.mu.Lock()
		if input != nil {
			s.feed(ex, input)
		} else {
			s.resume(ex)
		}
		out, stalled := s.out.Buf, s.stalled
		s.out.Buf = nil
		end := s.closing
		s.outBytes += uint64(len(out))
		if len(out) > 0 {
			ex.stats.writes.add(1)
			ex.stats.outBytes.add(uint64(len(out)))
		}
		s.mu.Unlock()
		ok := end != closeNow
		if ok && len(out) > 0 {
			_, err := c.net.Write(out)
			ok = err == nil
		}
		ex.buffers.put(out)
		c.d.srv.executors.put(ex)
		if !ok || end == closeFlushed {
			return false
		}
		if !stalled {
			return true
		}
		input = nil
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
					_ = c.net.Close() // ends read
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
	d.srv.drainOutput(drain)
	close(d.quit)
	for _, c := range d.snapshot() {
		_ = c.net.Close() // ends read
	}
	d.wg.Wait()
}
