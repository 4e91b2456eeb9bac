package server

import "larder/protocol/memcache"

// The brake. Commands that write can be faster than what has to keep up with
// them: the disk that takes the log, or whoever fetches a snapshot that they
// have to record things for before they change them. Then they are held back for
// brakeMs at a time, as CLIENT PAUSE WRITE holds them back, until there is room
// again. Reads go on.

// brakeMs is how long writes wait before they look again, in ms.
const brakeMs = 2

// overrun tells whether writes have to wait.
func (srv *Server) overrun() bool {
	if srv.engine.Behind() {
		return true
	}
	to := srv.commits.committer()
	return to != nil && !to.Room()
}

// heldBack tells whether a command has to wait, by CLIENT PAUSE or the brake;
// then the session is parked, and the command stays in its input.
// REQUIRES: s.mu is held.
func (ex *executor) heldBack(s *session, cmd *bound) bool {
	srv := ex.srv
	if srv.pause.closed(s, cmd) && srv.pause.wait(s) {
		return true
	}
	if srv.overrun() {
		srv.brake.pause(pauseWrites, ex.nowMs+brakeMs, ex.nowMs)
	}
	return srv.brake.closed(s, cmd) && srv.brake.wait(s)
}

// heldBackMemcached is heldBack for a memcached request.
// REQUIRES: s.mu is held.
func (ex *executor) heldBackMemcached(s *session, r *memcache.Request) bool {
	srv := ex.srv
	if srv.pause.closedToMemcached(r) && srv.pause.wait(s) {
		return true
	}
	if srv.overrun() {
		srv.brake.pause(pauseWrites, ex.nowMs+brakeMs, ex.nowMs)
	}
	return srv.brake.closedToMemcached(r) && srv.brake.wait(s)
}
