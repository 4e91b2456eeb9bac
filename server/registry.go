package server

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// registry knows all sessions.
type registry struct {
	// mu guards the map. It is a leaf.
	mu     sync.Mutex
	byID   map[uint64]*session
	nextID atomic.Uint64
}

// newSession makes a session for a connection that speaks the protocol of f;
// nil if there are too many clients. attach gives it its driver before others
// can find it: CLIENT KILL may mean it at once.
func (srv *Server) newSession(p peer, f front, attach func(*session)) *session {
	cfg := srv.cfg.Load()
	now := time.Now().UnixMilli()
	s := &session{id: srv.clients.nextID.Add(1), srv: srv, peer: p, since: now, activeMs: now,
		front: f, user: "default", authed: cfg.RequirePass == ""}
	s.out.Proto = 2
	attach(s)
	r := &srv.clients
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byID) >= cfg.MaxClients {
		srv.rejected.Add(1)
		return nil
	}
	if r.byID == nil {
		r.byID = map[uint64]*session{}
	}
	r.byID[s.id] = s
	srv.accepted.Add(1)
	return s
}

// endSession forgets a session whose connection was closed.
func (srv *Server) endSession(s *session) {
	s.gone.Store(true)
	srv.waiting.leave(s)
	srv.monitors.remove(s)
	srv.watches.remove(srv, &s.watching)
	srv.pause.forget(s)
	srv.brake.forget(s)
	srv.pubsub.forget(s, &srv.workers)
	srv.tracking.stop(s)
	s.front.ended(s)
	srv.clients.mu.Lock()
	delete(srv.clients.byID, s.id)
	srv.clients.mu.Unlock()
}

// all returns the sessions in order of their ids.
func (r *registry) all() []*session {
	r.mu.Lock()
	out := make([]*session, 0, len(r.byID))
	for _, s := range r.byID {
		out = append(out, s)
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b *session) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return out
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID)
}

func (r *registry) get(id uint64) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}
