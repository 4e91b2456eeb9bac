package server

import (
	"larder/protocol/resp"
	"larder/server/command"
)

// killFilter says which connections CLIENT KILL closes: those that all its
// fields match. The zero value of a field matches all.
type killFilter struct {
	id     uint64
	kind   clientType
	addr   []byte
	laddr  []byte
	user   []byte
	skipMe bool
}

// clientKill implements both forms of CLIENT KILL.
func clientKill(q *call) {
	if len(q.args) == 3 {
		if q.kill(killFilter{addr: q.args[2]}) == 0 {
			q.out.Error("ERR No such client")
			return
		}
		q.out.OK()
		return
	}
	if f, ok := q.killFilter(); ok {
		q.out.Int(int64(q.kill(f)))
	}
}

// killFilter parses the filters; on failure it has replied.
func (q *call) killFilter() (f killFilter, ok bool) {
	f.skipMe = true
	for i := 2; i < len(q.args); i += 2 {
		if i+1 >= len(q.args) {
			q.out.Error(command.ErrSyntax)
			return f, false
		}
		value := q.args[i+1]
		switch {
		case q.is(i, "ID"):
			n, isInt := resp.ParseInt(value)
			if !isInt || n < 1 {
				q.out.Error("ERR client-id should be greater than 0")
				return f, false
			}
			f.id = uint64(n)
		case q.is(i, "TYPE"):
			if f.kind, ok = q.clientTypeNamed(i + 1); !ok {
				return f, false
			}
		case q.is(i, "ADDR"):
			f.addr = value
		case q.is(i, "LADDR"):
			f.laddr = value
		case q.is(i, "USER"):
			if string(value) != defaultUser {
				q.out.Error("ERR No such user '" + q.shown(i+1) + "'")
				return f, false
			}
			f.user = value
		case q.is(i, "SKIPME") && command.IsWord(value, "YES"):
			f.skipMe = true
		case q.is(i, "SKIPME") && command.IsWord(value, "NO"):
			f.skipMe = false
		default:
			q.out.Error(command.ErrSyntax)
			return f, false
		}
	}
	return f, true
}

// kill closes the connections that f matches and returns how many. The own
// one gets its reply before it closes.
func (q *call) kill(f killFilter) int {
	n := 0
	for _, s := range q.srv.clients.all() {
		if f.skipMe && s == q.s || !f.matches(s) {
			continue
		}
		n++
		if s == q.s {
			q.hangUp = true
			continue
		}
		s.kill()
	}
	return n
}

// matches tells whether the filter means the session.
func (f *killFilter) matches(s *session) bool {
	switch {
	case s.killed.Load(), f.id != 0 && f.id != s.id,
		f.addr != nil && string(f.addr) != s.peer.remote,
		f.laddr != nil && string(f.laddr) != s.peer.local:
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing != closeNow && (f.kind == "" || f.kind == s.clientType()) &&
		(f.user == nil || s.authed && string(f.user) == s.user)
}
