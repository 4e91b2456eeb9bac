package server

import (
	"larder/protocol/resp"
	"larder/server/command"
)

// RedisVersion is the version of Redis whose commands and replies larder has,
// which clients choose their features by.
const RedisVersion = "7.2.4"

const errHelloNoAuth = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"

// hello implements HELLO [protover [AUTH username password] [SETNAME name]].
// The options take effect one by one: what stands before one that fails stays.
func hello(q *call) {
	proto := 0
	if len(q.args) > 1 {
		n, ok := resp.ParseInt(q.args[1])
		if !ok {
			q.out.Error("ERR Protocol version is not an integer or out of range")
			return
		}
		if n != 2 && n != 3 {
			q.out.Error("NOPROTO unsupported protocol version")
			return
		}
		proto = int(n)
	}
	if !q.helloOptions() {
		return
	}
	s := q.s
	if q.srv.mustAuthenticate(s) {
		q.out.Error(errHelloNoAuth)
		return
	}
	if proto != 0 {
		s.out.Buf = s.pushes.switchTo(proto == 3, s.out.Buf)
		s.out.Proto = proto
	}
	q.out.Map(7)
	q.out.BulkString("server")
	q.out.BulkString("redis")
	q.out.BulkString("version")
	q.out.BulkString(RedisVersion)
	q.out.BulkString("proto")
	q.out.Int(int64(s.out.Proto))
	q.out.BulkString("id")
	q.out.Int(int64(s.id))
	q.out.BulkString("mode")
	q.out.BulkString("standalone")
	q.out.BulkString("role")
	q.out.BulkString("master")
	q.out.BulkString("modules")
	q.out.Array(0)
}

// helloOptions carries the options out. When it reports false it has replied.
func (q *call) helloOptions() bool {
	for i := 2; i < len(q.args); i++ {
		switch left := len(q.args) - 1 - i; {
		case q.is(i, "AUTH") && left >= 2:
			if !q.srv.authenticate(q.s, q.args[i+1], q.args[i+2]) {
				q.out.Error(errWrongPass)
				return false
			}
			i += 2
		case q.is(i, "SETNAME") && left >= 1:
			if !printableWord(q.args[i+1]) {
				q.out.Error(errClientName)
				return false
			}
			q.s.name = string(q.args[i+1])
			i++
		default:
			q.out.Error(helloSyntaxErr + q.shown(i) + "'")
			return false
		}
	}
	return true
}

// mustAuthenticate tells whether the session may run only the commands that
// are open to strangers. REQUIRES: s.mu is held.
func (srv *Server) mustAuthenticate(s *session) bool {
	return !s.authed && srv.cfg.Load().RequirePass != ""
}

// refusedFor tells whether cmd is closed to the session as long as it has not
// authenticated. REQUIRES: s.mu is held.
func (srv *Server) refusedFor(s *session, cmd *bound) bool {
	return !s.authed && cmd.Is&command.NoAuth == 0 && srv.mustAuthenticate(s)
}
