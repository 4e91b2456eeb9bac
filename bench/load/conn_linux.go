package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// A Pool is a set of non-blocking connections to one server and the epoll
// instance that watches them. One goroutine at a time may use it.
type Pool struct {
	epoll  int
	conns  []*conn
	events []unix.EpollEvent
}

// readBytes is the size of a connection's read buffer, which grows only when
// one reply does not fit.
const readBytes = 64 << 10

// stallTimeout is how long a generator waits for any reply at all.
const stallTimeout = 30 * time.Second

// conn is one connection.
//
// INVARIANT: the replies to pending[head:] are what the server still owes, in
// that order; out[sent:] are the bytes of requests that the socket has not
// taken yet; in[start:end] are the bytes of replies that are not parsed yet.
type conn struct {
	fd         int
	out        []byte
	sent       int
	in         []byte
	start, end int
	pending    []flight
	head       int
	wantWrite  bool // epoll watches for writability
}

// A flight is a request in flight and the moment at which it was due,
// measured from the start of the run.
type flight struct {
	Request
	due time.Duration
}

// Dial opens n connections to addr, an IP address with a port.
func Dial(addr string, n int) (*Pool, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	p := &Pool{epoll: epoll, events: make([]unix.EpollEvent, min(n, 1024))}
	for range n {
		fd, err := connect(to)
		if err != nil {
			p.Close()
			return nil, fmt.Errorf("load: connection %d of %d to %s: %w", len(p.conns)+1, n, addr, err)
		}
		c := &conn{fd: fd}
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(p.conns))}
		p.conns = append(p.conns, c)
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			p.Close()
			return nil, fmt.Errorf("load: epoll: %w", err)
		}
	}
	return p, nil
}

// connect returns a connected, non-blocking TCP socket without Nagle's delay.
func connect(to netip.AddrPort) (int, error) {
	family, sa := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()})
	if to.Addr().Is4() {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	for {
		err = unix.Connect(fd, sa)
		if err != unix.EINTR {
			break
		}
	}
	if err == nil || err == unix.EISCONN {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Close closes all connections.
func (p *Pool) Close() {
	for _, c := range p.conns {
		unix.Close(c.fd)
	}
	unix.Close(p.epoll)
	p.conns = nil
}

// wait returns the events of connections that are ready, none after the
// timeout in milliseconds.
func (p *Pool) wait(timeoutMs int) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.epoll, p.events, timeoutMs)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	return p.events[:n], nil
}

// restMost bounds a rest, so that a server that does not answer is noticed.
const restMost = 100 * time.Millisecond

// rest sleeps until a connection is ready, or for d, which a timeout of
// epoll_wait in milliseconds could not name.
func (p *Pool) rest(d time.Duration) error {
	d = min(d, restMost)
	if d <= 0 {
		return nil
	}
	ts := unix.NsecToTimespec(d.Nanoseconds())
	fds := []unix.PollFd{{Fd: int32(p.epoll), Events: unix.POLLIN}}
	if _, err := unix.Ppoll(fds, &ts, nil); err != nil && err != unix.EINTR {
		return fmt.Errorf("load: poll: %w", err)
	}
	return nil
}

// flush writes what the socket takes and watches for writability if it does
// not take all.
func (p *Pool) flush(i int) error {
	c := p.conns[i]
	for c.sent < len(c.out) {
		n, err := unix.Write(c.fd, c.out[c.sent:])
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			return fmt.Errorf("load: writing: %w", err)
		}
		c.sent += n
	}
	rest := c.sent < len(c.out)
	if !rest {
		c.out, c.sent = c.out[:0], 0
	}
	if rest != c.wantWrite {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if rest {
			event.Events |= unix.EPOLLOUT
		}
		if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, c.fd, &event); err != nil {
			return fmt.Errorf("load: epoll: %w", err)
		}
		c.wantWrite = rest
	}
	return nil
}

// fill reads once into the buffer. It reports whether there was something.
func (c *conn) fill() (bool, error) {
	if c.in == nil {
		c.in = make([]byte, readBytes)
	}
	if c.start == c.end {
		c.start, c.end = 0, 0
	} else if c.end == len(c.in) {
		c.end = copy(c.in, c.in[c.start:c.end])
		c.start = 0
		if c.end == len(c.in) {
			if c.end >= maxReplyBytes {
				return false, errors.New("load: a reply does not end")
			}
			c.in = append(c.in, make([]byte, len(c.in))...)
		}
	}
	for {
		n, err := unix.Read(c.fd, c.in[c.end:])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return false, nil
		case err != nil:
			return false, fmt.Errorf("load: reading: %w", err)
		case n == 0:
			return false, fmt.Errorf("load: the server closed a connection: %w", io.ErrUnexpectedEOF)
		}
		c.end += n
		return true, nil
	}
}

// push notes a request as sent; its bytes are already in out.
func (c *conn) push(f flight) {
	if c.head == len(c.pending) {
		c.pending, c.head = c.pending[:0], 0
	} else if c.head > 4096 && c.head > len(c.pending)/2 {
		c.pending = c.pending[:copy(c.pending, c.pending[c.head:])]
		c.head = 0
	}
	c.pending = append(c.pending, f)
}

// owed returns how many replies are outstanding.
func (c *conn) owed() int { return len(c.pending) - c.head }
