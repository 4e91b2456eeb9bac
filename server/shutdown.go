package server

// Version is larder's version.
const Version = "0.1.0"

// ShutdownRequested is closed when a client asked for the end of the server.
func (srv *Server) ShutdownRequested() <-chan struct{} { return srv.shutdown }

// requestShutdown asks the owner of the server to call Shutdown.
func (srv *Server) requestShutdown() { srv.shutdownOnce.Do(func() { close(srv.shutdown) }) }
