package server

func (srv *Server) noteSlow(s *session, ex *executor, cmd *bound, args [][]byte, ns int64) {}
