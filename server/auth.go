package server

import (
	"crypto/subtle"

	"larder/server/command"
)

// defaultUser is the only user: requirepass is its password.
const defaultUser = "default"

const (
	errNoPassword  = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	errWrongPass   = "WRONGPASS invalid username-password pair or user is disabled."
	errClientName  = "ERR Client names cannot contain spaces, newlines or special characters."
	redactedArg    = "(redacted)"
	helloSyntaxErr = "ERR Syntax error in HELLO option '"
)

// auth implements AUTH [username] password. A failure leaves the connection
// as it was.
func auth(q *call) {
	user, pass := []byte(defaultUser), q.args[len(q.args)-1]
	switch len(q.args) {
	case 2:
		if q.srv.cfg.Load().RequirePass == "" {
			q.out.Error(errNoPassword)
			return
		}
	case 3:
		user = q.args[1]
	default:
		q.out.Error(command.ErrSyntax)
		return
	}
	if !q.srv.authenticate(q.s, user, pass) {
		q.out.Error(errWrongPass)
		return
	}
	q.out.OK()
}

// authenticate logs the session in, or leaves it alone and reports false.
// REQUIRES: s.mu is held.
func (srv *Server) authenticate(s *session, user, pass []byte) bool {
	want := srv.cfg.Load().RequirePass
	if string(user) != defaultUser || want != "" && subtle.ConstantTimeCompare(pass, []byte(want)) != 1 {
		srv.authDenied.Add(1)
		return false
	}
	s.user, s.authed = defaultUser, true
	return true
}

// redact returns args as they may be shown to others: without passwords. It
// copies only when there is something to hide.
func redact(cmd *bound, args [][]byte) [][]byte {
	hide := func(at int, shown [][]byte) [][]byte {
		shown[at] = []byte(redactedArg)
		return shown
	}
	switch {
	case cmd.Parent == nil && cmd.Name == "auth":
		shown := append([][]byte(nil), args...)
		for i := 1; i < len(shown); i++ {
			shown = hide(i, shown)
		}
		return shown
	case cmd.Parent == nil && cmd.Name == "hello":
		shown := append([][]byte(nil), args...)
		for i := 2; i < len(shown); i++ {
			if command.IsWord(shown[i], "AUTH") && i+2 < len(shown) {
				hide(i+1, shown)
				hide(i+2, shown)
				i += 2
			}
		}
		return shown
	case cmd.Parent != nil && cmd.Parent.Name == "config" && cmd.Name == "set":
		shown := append([][]byte(nil), args...)
		for i := 2; i+1 < len(shown); i += 2 {
			if command.IsWord(shown[i], "REQUIREPASS") || command.IsWord(shown[i], "MASTERAUTH") ||
				command.IsWord(shown[i], "MASTERUSER") || command.IsWord(shown[i], "TLS-KEY-FILE-PASS") ||
				command.IsWord(shown[i], "TLS-CLIENT-KEY-FILE-PASS") {
				hide(i+1, shown)
			}
		}
		return shown
	}
	return args
}
