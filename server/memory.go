package server

import "larder/engine"

// memoryKeeper keeps the data within maxmemory.
type memoryKeeper struct{ srv *Server }

func (k *memoryKeeper) init(srv *Server) { k.srv = srv }

// makeRoom is called before each command that may need memory.
func (k *memoryKeeper) makeRoom() bool { return true }

// makeMoreRoom is called when a command found no room for n bytes.
func (k *memoryKeeper) makeMoreRoom(int) bool { return false }

// discard frees flushed data in the background.
func (srv *Server) discard(g []*engine.Garbage) {
	srv.workers.start(func() {
		for _, g := range g {
			g.Discard()
		}
	})
}
