//go:build !unix

package server

// raiseFileLimit does nothing: this system has no such limit.
func (srv *Server) raiseFileLimit() {}
