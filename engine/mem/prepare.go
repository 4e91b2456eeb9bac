package mem

// prepareRoom is how many chunks the limit must leave for Prepare to take one ahead of need.
const prepareRoom = 16

// Prepare sees to it that an empty chunk with its pages is at hand for whoever needs one next, unless the limit is
// near. The system takes time to find 2 MiB: 0.3 ms, and on a virtual machine whose host has to find them first, 6 ms.
// Who allocates waits as long with its locks held; who calls this in between, with none, does not.
func (r *Region) Prepare() {
	r.mu.Lock()
	id := ChunkID(0)
	if r.idle.head == 0 && r.hasRoom(prepareRoom) {
		id = r.freshChunk()
	}
	if id == 0 {
		r.mu.Unlock()
		return
	}
	c := r.chunk(id)
	c.state = statePreparing
	r.mu.Unlock()
	r.touch(id)
	r.mu.Lock()
	r.makeIdle(id, c)
	r.mu.Unlock()
}
