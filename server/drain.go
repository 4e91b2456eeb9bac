package server

import "time"

// drainPoll is how often draining looks whether all output has been written.
const drainPoll = 2 * time.Millisecond

// drainOutput waits, for at most d, until no session has a command running or
// output waiting.
func (srv *Server) drainOutput(d time.Duration) {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(drainPoll) {
		busy := false
		for _, s := range srv.clients.all() {
			s.mu.Lock()
			busy = busy || s.parked || len(s.out.Buf) > 0 || s.pushes.size() > 0
			s.mu.Unlock()
		}
		if !busy {
			return
		}
	}
}
