package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"larder/server/config"
)

// newDriver returns the driver that net-driver names.
func newDriver(srv *Server, cfg *config.Config) (connDriver, error) {
	if cfg.NetDriver == "goroutine" {
		return newGoroutineDriver(srv), nil
	}
	reserveProcs(loopsFor(cfg))
	d := &epollDriver{srv: srv}
	for i := range loopsFor(cfg) {
		l, err := newLoop(srv, i)
		if err != nil {
			return nil, err
		}
		d.loops = append(d.loops, l)
	}
	return d, nil
}

// spareProcs is how many Ps there are beside those of the loops: one that the
// collector takes for the whole of a cycle, and two for what works beside the
// loops. With fewer, a long command and the collector take the P of a loop, and
// two loops then share one for ten milliseconds each.
const spareProcs = 3

// reserveProcs makes sure that the scheduler has a P for each loop, which keeps
// it also while it sleeps, and some for everything else.
func reserveProcs(loops int) {
	// Said in any case: a number that was never set follows the CPU limit of the
	// process's control group, and may fall to that of the loops.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), loops+spareProcs))
}

// epollDriver spreads connections over event loops.
type epollDriver struct {
	srv   *Server
	loops []*loop
}

// committed implements connDriver.
func (d *epollDriver) committed() {
	for _, l := range d.loops {
		l.committed()
	}
}

func (d *epollDriver) start() {
	for _, l := range d.loops {
		go l.run()
	}
}

func (d *epollDriver) stop(drain time.Duration) {
	drained := make([]chan struct{}, len(d.loops))
	for i, l := range d.loops {
		drained[i] = l.drained
		l.drain()
	}
	late := time.After(drain)
wait:
	for _, c := range drained {
		select {
		case <-c:
		case <-late:
			break wait
		}
	}
	for _, l := range d.loops {
		l.stop()
	}
}

// accept hands each connection to the loop that has the fewest. Listeners with
// SO_REUSEPORT, one a loop, would save the hand-over, but the kernel spreads
// by a hash of the addresses: of 50 connections one loop easily gets 30.
func (d *epollDriver) accept(l *listener) error {
	raw, err := l.raw()
	if err != nil {
		return fmt.Errorf("wait for connections: %w", err)
	}
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		d.acceptAll(l, raw)
	}()
	return nil
}

func (d *epollDriver) acceptAll(l *listener, raw syscall.RawConn) {
	for {
		var fd int
		var from unix.Sockaddr
		var acceptErr error
		err := raw.Read(func(lfd uintptr) bool {
			fd, from, acceptErr = unix.Accept4(int(lfd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			return acceptErr != unix.EAGAIN
		})
		if err != nil {
			return // the listener was closed
		}
		if acceptErr != nil {
			d.acceptFailed(acceptErr)
			continue
		}
		d.adopt(l, fd, from)
	}
}

// raw gives access to the descriptor by way of a duplicate in the runtime's
// poller: a net.Listener itself lets nobody but its Accept wait for it.
func (l *listener) raw() (syscall.RawConn, error) {
	f, err := l.net.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return nil, err
	}
	l.dup = f
	return f.SyscallConn()
}

// acceptFailed reports an error of accept and, where waiting helps, waits.
func (d *epollDriver) acceptFailed(err error) {
	if errors.Is(err, unix.ECONNABORTED) || errors.Is(err, unix.EINTR) {
		return
	}
	d.srv.log.Warn("cannot accept a connection; if the process is out of file descriptors, raise its limit (ulimit -n)", zap.Error(err))
	time.Sleep(acceptRetry) // descriptors do not become free by themselves: don't spin
}

// adopt makes a session for an accepted socket and gives it to a loop.
func (d *epollDriver) adopt(l *listener, fd int, from unix.Sockaddr) {
	p := d.describe(l, fd, from)
	best := d.loops[0]
	for _, o := range d.loops[1:] {
		if o.count.Load() < best.count.Load() {
			best = o
		}
	}
	c := &conn{fd: fd, l: best}
	s, refusal := d.srv.welcome(l, p, func(s *session) { c.s, s.driver = s, c })
	if s == nil {
		_, _ = unix.Write(fd, []byte(refusal)) // a courtesy; the connection is closed either way
		_ = unix.Close(fd)
		return
	}
	if !l.unix {
		setSocketOptions(fd, d.srv.cfg.Load())
	}
	best.adopt(c)
}

func (d *epollDriver) describe(l *listener, fd int, from unix.Sockaddr) peer {
	if l.unix {
		p := unixPeer(l.net.Addr().String())
		p.fd = fd
		return p
	}
	local, _ := unix.Getsockname(fd) // a connection that is gone already has no name
	p := peerOf(addrPort(from), addrPort(local))
	p.fd = fd
	return p
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// setSocketOptions makes a client's socket send at once and notice dead peers.
func setSocketOptions(fd int, cfg *config.Config) {
	// These cannot fail on a TCP socket that is open, and a connection without
	// them still works.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if secs := cfg.TCPKeepAliveSecs; secs > 0 {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, secs)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(1, secs/3))
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
	}
}

// setBacklog sets the length of the accept queue: listening again on a
// listening socket changes nothing else.
func setBacklog(l net.Listener, backlog int) error {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var listenErr error
	if err := raw.Control(func(fd uintptr) { listenErr = unix.Listen(int(fd), backlog) }); err != nil {
		return err
	}
	return listenErr
}
