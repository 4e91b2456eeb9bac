package server

import "time"

// A server that was made and not started is an engine with all commands, for
// who runs a history in it (Applier) or looks at what a file holds.

// AddLibrary adds a library of functions, in place of one with its name.
func (srv *Server) AddLibrary(code string) error { return srv.loadLibrary(code, restoreReplace) }

// SnapshotInfo is what a snapshot of now tells besides the keys.
func (srv *Server) SnapshotInfo() SnapshotInfo { return srv.snapshotInfo(time.Now().Unix()) }
