package server

import "go.uber.org/zap"

// overOutputLimit tells whether the session holds more output than
// client-output-buffer-limit allows and its connection is to be closed.
// REQUIRES: s.mu is held.
func (s *session) overOutputLimit(nowMs int64) bool {
	limits := &s.srv.cfg.Load().OutputLimits
	limit := limits.Normal
	switch {
	case s.subscriber.Load():
		limit = limits.Pubsub
	case s.monitor:
		limit = limits.Replica
	}
	size := int64(s.waiting() + s.pushes.size())
	soft := limit.SoftBytes > 0 && size > limit.SoftBytes
	switch {
	case limit.HardBytes > 0 && size > limit.HardBytes:
	case !soft:
		s.softSince = 0
		return false
	case s.softSince == 0:
		s.softSince = nowMs
		return false
	case nowMs-s.softSince <= limit.SoftSeconds*1000:
		return false
	}
	s.srv.log.Warn("closing a client that does not read its replies: client-output-buffer-limit is reached",
		zap.Uint64("id", s.id), zap.String("addr", s.peer.remote), zap.Int64("bytes", size))
	s.srv.outputLimitClosed.Add(1)
	return true
}

// overdue tells whether the session has been idle for longer than timeout
// allows or does not read its replies.
// REQUIRES: s.mu is held.
func (s *session) overdue(nowMs int64) bool {
	if (s.waiting() > 0 || s.pushes.size() > 0) && s.overOutputLimit(nowMs) {
		return true
	}
	cfg := s.srv.cfg.Load()
	secs := cfg.TimeoutSecs
	if s.front.memcached() {
		secs = cfg.MemcachedIdleTimeoutSecs
	}
	if secs == 0 || s.parked || s.monitor || s.subscriber.Load() {
		return false
	}
	return nowMs-s.activeMs > int64(secs)*1000
}

// logQueryLimit reports a client whose unparsed input is too large.
func (srv *Server) logQueryLimit(s *session) {
	srv.queryLimitClosed.Add(1)
	srv.log.Warn("closing a client whose request is too large: client-query-buffer-limit is reached",
		zap.Uint64("id", s.id), zap.String("addr", s.peer.remote), zap.Int("bytes", len(s.in)))
}
