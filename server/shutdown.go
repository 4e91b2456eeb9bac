package server

import "larder/server/command"

// Version is larder's version.
const Version = "0.1.0"

// ShutdownRequested is closed when a client asked for the end of the server.
func (srv *Server) ShutdownRequested() <-chan struct{} { return srv.shutdown }

// requestShutdown asks the owner of the server to call Shutdown.
func (srv *Server) requestShutdown() { srv.shutdownOnce.Do(func() { close(srv.shutdown) }) }

// shutdownCommand implements SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. It
// replies only if it fails: the client sees the connection end. NOW and FORCE
// have nothing to skip: there are no replicas to wait for and there is no
// snapshot that could fail.
func shutdownCommand(q *call) {
	var save, noSave, abort, other bool
	for i := 1; i < len(q.args); i++ {
		switch {
		case q.is(i, "NOSAVE"):
			noSave = true
		case q.is(i, "SAVE"):
			save = true
		case q.is(i, "NOW"), q.is(i, "FORCE"):
			other = true
		case q.is(i, "ABORT"):
			abort = true
		default:
			q.out.Error(command.ErrSyntax)
			return
		}
	}
	switch {
	case save && noSave, abort && (save || noSave || other):
		q.out.Error(command.ErrSyntax)
	case abort:
		q.out.Error("ERR No shutdown in progress.")
	case save:
		q.out.Error("ERR SHUTDOWN SAVE is not available: this version of larder keeps nothing on disk. Use SHUTDOWN NOSAVE")
	default:
		q.srv.log.Info("SHUTDOWN was sent by a client")
		q.srv.requestShutdown()
	}
}
