package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"

	"larder/server"
	"larder/server/config"
)

// ends are the signals that ask for the end.
var ends = []os.Signal{syscall.SIGINT, syscall.SIGTERM}

// load loads the data set. A signal, or a client's SHUTDOWN, makes it give up;
// gaveUp tells that a signal did.
func load(srv *server.Server, signals <-chan os.Signal) (gaveUp bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	loaded := make(chan error, 1)
	go func() { loaded <- srv.LoadSnapshot(ctx) }()
	select {
	case err = <-loaded:
		return false, err
	case <-signals:
		cancel()
		return true, <-loaded
	}
}

// waitForEnd returns when the server is to end. Who asks by a signal gets the
// snapshot that the configuration asks for; if that fails, the server goes on.
// A second signal meanwhile ends the process at once.
func waitForEnd(srv *server.Server, store *config.Store, signals chan os.Signal, log *zap.Logger) {
	for {
		select {
		case <-srv.ShutdownRequested():
			log.Info("a client asks for the end: shutting down")
			return
		case s := <-signals:
			signal.Stop(signals)
			log.Info("a signal asks for the end: shutting down", zap.Stringer("signal", s))
			words := store.Load().ShutdownOnSIGTERM
			if s == syscall.SIGINT {
				words = store.Load().ShutdownOnSIGINT
			}
			if srv.PrepareShutdown(words) == nil {
				return
			}
			signal.Notify(signals, ends...)
		}
	}
}
