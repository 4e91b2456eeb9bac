package server

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"larder/server/config"
)

const (
	// evictClientsEvery is how often the clients' buffers are added up.
	evictClientsEvery = time.Second
	// A client is spared while it is younger than freshMs, in ms since it has
	// connected, and holds at most freshBytes: or nobody could connect to see
	// what is going on when the limit is too low.
	freshMs    = 10_000
	freshBytes = 2 * bufferBytes
)

// clientEvicter keeps what all sessions hold within maxmemory-clients. It has a
// goroutine of its own, because a session is locked while it executes.
type clientEvicter struct {
	quit chan struct{}
	wg   sync.WaitGroup
}

func (e *clientEvicter) start(srv *Server) {
	e.quit = make(chan struct{})
	e.wg.Go(func() {
		tick := time.NewTicker(evictClientsEvery)
		defer tick.Stop()
		for {
			select {
			case <-e.quit:
				return
			case now := <-tick.C:
				srv.evictClients(now.UnixMilli())
			}
		}
	})
}

func (e *clientEvicter) stop() {
	close(e.quit)
	e.wg.Wait()
}

// clientsLimit is the most that all sessions may hold together, in bytes, 0 = no
// limit: a share of maxmemory is none when that has no limit.
func clientsLimit(cfg *config.Config) int64 {
	if p := cfg.MaxMemoryClients.Percent; p > 0 {
		return cfg.MaxMemoryBytes / 100 * int64(p)
	}
	return cfg.MaxMemoryClients.Bytes
}

// heldBy is what a session was found to hold.
type heldBy struct {
	s     *session
	bytes int64
}

// evictClients closes the sessions that hold most until the others are within
// maxmemory-clients. It leaves those alone that said CLIENT NO-EVICT ON.
// REQUIRES: no session is locked by the caller.
func (srv *Server) evictClients(nowMs int64) {
	limit := clientsLimit(srv.cfg.Load())
	if limit == 0 {
		return
	}
	total, found := int64(0), []heldBy(nil)
	for _, s := range srv.clients.all() {
		if s.killed.Load() {
			continue // what it holds is as good as given back
		}
		s.mu.Lock()
		h := heldBy{s, int64(s.memoryBytes())}
		spared := s.noEvict || nowMs-s.since < freshMs && h.bytes <= freshBytes
		s.mu.Unlock()
		total += h.bytes
		if !spared {
			found = append(found, h)
		}
	}
	if total <= limit {
		return
	}
	slices.SortFunc(found, func(a, b heldBy) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, h := range found {
		srv.log.Warn("closing the client that holds most: the buffers of all clients exceed maxmemory-clients",
			zap.Uint64("id", h.s.id), zap.String("addr", h.s.peer.remote), zap.Int64("bytes", h.bytes),
			zap.Int64("total", total), zap.Int64("limit", limit))
		srv.clientsEvicted.Add(1)
		h.s.kill()
		if total -= h.bytes; total <= limit {
			return
		}
	}
}
