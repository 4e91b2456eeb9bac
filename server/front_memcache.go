package server

func newMemcacheFront(srv *Server) front { return &respFront{} }
