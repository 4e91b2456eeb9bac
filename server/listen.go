package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"larder/server/config"
)

// listener is an open listening socket.
type listener struct {
	net       net.Listener
	memcached bool
	unix      bool
	dup       io.Closer     // a duplicate of the descriptor, if the driver made one
	done      chan struct{} // closed when its accept loop has ended; nil before it runs
}

func (l *listener) close() {
	_ = l.net.Close() // a listener that is closed already is closed
	if l.done != nil {
		if l.dup != nil {
			_ = l.dup.Close() // wakes the accept loop
		}
		<-l.done
	}
}

// listen opens all configured listeners and starts to accept.
func (srv *Server) listen(cfg *config.Config) error {
	for _, port := range []struct {
		number    int
		memcached bool
	}{{cfg.Port, false}, {cfg.MemcachedPort, true}} {
		if port.number == 0 {
			continue
		}
		opened := 0
		for _, addr := range cfg.Bind {
			forgive := strings.HasPrefix(addr, "-")
			l, err := listenTCP(strings.TrimPrefix(addr, "-"), port.number, cfg.TCPBacklog)
			if err != nil {
				if forgive && unavailable(err) {
					continue
				}
				return listenError(addr, port.number, err)
			}
			opened++
			srv.addListener(&listener{net: l, memcached: port.memcached})
		}
		if opened == 0 {
			return fmt.Errorf("none of the addresses of bind (%s) is available on this machine; name one that is, such as 127.0.0.1",
				strings.Join(cfg.Bind, " "))
		}
	}
	if cfg.UnixSocket != "" {
		l, err := listenUnix(cfg.UnixSocket, cfg.UnixSocketPerm)
		if err != nil {
			return err
		}
		srv.addListener(&listener{net: l, unix: true})
	}
	if len(srv.listeners) == 0 {
		return errors.New("nothing to listen on: port and memcached-port are 0 and unixsocket is not set")
	}
	for _, l := range srv.listeners {
		if err := srv.driver.accept(l); err != nil {
			return err
		}
	}
	return nil
}

func (srv *Server) addListener(l *listener) {
	srv.listeners = append(srv.listeners, l)
	srv.log.Info("listening", zap.Stringer("addr", l.net.Addr()), zap.Bool("memcached", l.memcached))
}

// Addrs returns the addresses that Redis and memcached clients can connect to,
// in the order of the configuration.
func (srv *Server) Addrs() (redis, memcached []net.Addr) {
	for _, l := range srv.listeners {
		if l.memcached {
			memcached = append(memcached, l.net.Addr())
		} else {
			redis = append(redis, l.net.Addr())
		}
	}
	return redis, memcached
}

// listenTCP listens on one address; "*" means all of IPv4, "::" and "::*" all
// of IPv6 alone, so that both may be bound side by side.
func listenTCP(addr string, port, backlog int) (net.Listener, error) {
	network := "tcp"
	switch addr {
	case "*":
		network, addr = "tcp4", ""
	case "::", "::*":
		network, addr = "tcp6", "::"
	}
	l, err := net.Listen(network, net.JoinHostPort(addr, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	if err := setBacklog(l, backlog); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("set the accept queue's length to %d: %w", backlog, err)
	}
	return l, nil
}

// maxUnixPath is the length of the longest path of a unix socket, in bytes;
// macOS allows four fewer, which its own error then says.
const maxUnixPath = 107

// unixAdvice says why a socket cannot be made at a path, and what to do.
func unixAdvice(path string, err error) string {
	dir := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the directory " + dir + " does not exist; create it or choose another path"
	case errors.Is(err, fs.ErrPermission):
		return "sockets may not be made in " + dir + ": change its permissions or choose another path"
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of " + dir + " is no directory; choose another path"
	}
	return err.Error()
}

func listenUnix(path string, perm uint32) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("unixsocket %s: there is a file of that name that is no socket; remove it or choose another path", path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			_ = c.Close()
			return nil, fmt.Errorf("unixsocket %s: another program listens there; stop it or choose another path", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("unixsocket %s: cannot remove the socket that is left there: %w", path, err)
		}
	}
	if len(path) > maxUnixPath {
		return nil, fmt.Errorf("unixsocket %s: the path has %d bytes, the system allows %d; choose a shorter one", path, len(path), maxUnixPath)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("unixsocket %s: %s", path, unixAdvice(path, err))
	}
	if perm != 0 {
		if err := os.Chmod(path, os.FileMode(perm)); err != nil {
			_ = l.Close()
			return nil, fmt.Errorf("unixsocket %s: cannot set its permissions to %o: %w", path, perm, err)
		}
	}
	return l, nil
}

// unavailable tells whether an address does not exist on this machine.
func unavailable(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) ||
		errors.Is(err, syscall.EPROTONOSUPPORT)
}

func listenError(addr string, port int, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s port %d: another program uses the port; stop it, or choose another one with --port or --memcached-port", addr, port)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s port %d: not permitted; ports below 1024 need privileges", addr, port)
	case unavailable(err):
		return fmt.Errorf("cannot listen on %s port %d: this machine has no such address; correct bind, or write -%s to skip it", addr, port, addr)
	}
	return fmt.Errorf("cannot listen on %s port %d: %w", addr, port, err)
}

// welcome makes the session of a new connection, or returns the reason why
// there is none, to be sent to the client. attach gives it its driver.
func (srv *Server) welcome(l *listener, p peer, attach func(*session)) (*session, string) {
	cfg := srv.cfg.Load()
	var f front = &respFront{}
	tooMany := "-ERR max number of clients reached\r\n"
	if l.memcached {
		f = newMemcacheFront(srv)
		tooMany = "ERROR Too many open connections\r\n"
	}
	if !p.secure && cfg.ProtectedMode && cfg.RequirePass == "" {
		srv.rejected.Add(1)
		if l.memcached {
			return nil, "SERVER_ERROR " + denied
		}
		return nil, "-DENIED " + denied
	}
	s := srv.newSession(p, f, attach)
	if s == nil {
		return nil, tooMany
	}
	if l.memcached {
		srv.memcached.connected(s)
	}
	return s, ""
}

// denied is what a stranger hears in protected mode.
const denied = "larder runs in protected mode: no password is set, so only this machine may connect. " +
	"To let others in, set requirepass or, if the network is trusted, set protected-mode no.\r\n"

// peerOf describes a connection by its addresses.
func peerOf(remote, local netip.AddrPort) peer {
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	return peer{remote: remote.String(), local: local.String(), fd: -1, secure: remote.Addr().IsLoopback()}
}

func unixPeer(path string) peer {
	return peer{remote: path + ":0", local: path + ":0", fd: -1, unix: true, secure: true}
}
