//go:build !unix

package server

// reservedFiles is as on unix.
const reservedFiles = 32

// raiseFileLimit does nothing where the number of open files has no limit that
// a process could raise.
func (srv *Server) raiseFileLimit() {}

// growFileLimit has nothing to grow.
func growFileLimit(want uint64) (uint64, error) { return want, nil }
