package server

import (
	"runtime"
	"time"

	"larder/server/config"
)

// connDriver moves the bytes of all connections. The epoll loops are one, a
// goroutine a connection is the other.
type connDriver interface {
	start()
	// accept begins to serve a listener; when that was closed, it closes
	// l.done.
	accept(l *listener) error
	// committed tells that the server's Committer has got further: sessions that
	// keep their output may send it. It waits for nothing.
	committed()
	// stop writes what is still to be written, for at most drain, and closes
	// all connections.
	stop(drain time.Duration)
}

// loopsFor is the number of event loops.
func loopsFor(cfg *config.Config) int {
	if cfg.IOThreads > 0 {
		return cfg.IOThreads
	}
	return runtime.NumCPU()
}

// acceptRetry is the pause after a failed accept.
const acceptRetry = 100 * time.Millisecond
