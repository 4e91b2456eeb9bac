package server

import (
	"errors"
	"strings"
	"time"

	"go.uber.org/zap"

	"larder/server/command"
)

// Version is larder's version.
const Version = "0.1.0"

// ShutdownRequested is closed when a client asked for the end of the server.
func (srv *Server) ShutdownRequested() <-chan struct{} { return srv.shutdown }

// requestShutdown asks the owner of the server to call Shutdown.
func (srv *Server) requestShutdown() { srv.shutdownOnce.Do(func() { close(srv.shutdown) }) }

// shutdownOptions are what SHUTDOWN and the directives shutdown-on-sigint and
// shutdown-on-sigterm say. NOW has nothing to skip: there are no replicas to
// wait for.
type shutdownOptions struct{ save, noSave, force bool }

// finalPause is how long writes are held back at most while the last snapshot
// is written.
const finalPause = 24 * time.Hour

// PrepareShutdown writes the snapshot that the server is to end with, if the
// configuration or the options, words of default, save, nosave, now and force,
// ask for one. From its start on writes are held back. If it returns an error,
// which the log explains, the server goes on.
func (srv *Server) PrepareShutdown(words string) error {
	var o shutdownOptions
	for _, w := range strings.Fields(words) {
		switch w {
		case "save":
			o.save = true
		case "nosave":
			o.noSave = true
		case "force":
			o.force = true
		}
	}
	return srv.prepareShutdown(o)
}

var errShutdown = errors.New("cannot write the snapshot that the server is to end with")

func (srv *Server) prepareShutdown(o shutdownOptions) error {
	sv := &srv.saver
	srv.endScripts(o.noSave)
	if sv.store == nil {
		return nil
	}
	sv.abort()
	if o.noSave || !o.save && len(srv.cfg.Load().Save) == 0 || srv.loading.Load() {
		return nil
	}
	now := time.Now()
	srv.pause.pause(pauseWrites, now.Add(finalPause).UnixMilli(), now.UnixMilli())
	if err := sv.save(); err != nil && !o.force {
		srv.pause.resume()
		srv.spareScripts()
		srv.log.Error("not shutting down: " + errShutdown.Error())
		return errShutdown
	}
	sv.final.Store(true)
	return nil
}

// saveLast writes another snapshot if something has changed since the one that
// the server was to end with.
// REQUIRES: nothing uses the data any more.
func (sv *saver) saveLast() {
	if sv.final.Load() && sv.changes() > 0 {
		if err := sv.save(); err != nil {
			sv.srv.log.Error("the last changes are lost", zap.Uint64("changes", sv.changes()))
		}
	}
}

// shutdownCommand implements SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. It
// replies only if it fails: the client sees the connection end. It runs on a
// worker.
func shutdownCommand(q *call) {
	var o shutdownOptions
	var abort, now bool
	for i := 1; i < len(q.args); i++ {
		switch {
		case q.is(i, "NOSAVE"):
			o.noSave = true
		case q.is(i, "SAVE"):
			o.save = true
		case q.is(i, "NOW"):
			now = true
		case q.is(i, "FORCE"):
			o.force = true
		case q.is(i, "ABORT"):
			abort = true
		default:
			q.out.Error(command.ErrSyntax)
			return
		}
	}
	srv := q.srv
	switch {
	case o.save && o.noSave, abort && (o.save || o.noSave || o.force || now):
		q.out.Error(command.ErrSyntax)
		return
	case abort:
		q.out.Error("ERR No shutdown in progress.")
		return
	case o.save && srv.saver.store == nil:
		q.replySaveFault(errNoSnapshots)
		return
	}
	if r := srv.scripting.anyBusy(srv.engine); r != nil && !o.noSave {
		q.out.Error(r.busyWords())
		return
	}
	srv.log.Info("SHUTDOWN was sent by a client")
	if err := srv.prepareShutdown(o); err != nil {
		q.out.Error("ERR Errors trying to SHUTDOWN. Check logs.")
		return
	}
	srv.requestShutdown()
}
