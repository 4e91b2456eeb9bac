//go:build !linux

package server

import (
	"net"

	"larder/server/config"
)

// newDriver returns the only driver there is on this system.
func newDriver(srv *Server, _ *config.Config) (connDriver, error) {
	return newGoroutineDriver(srv), nil
}

// setBacklog leaves the accept queue as the system sets it.
func setBacklog(net.Listener, int) error { return nil }
