package engine

import "larder/engine/mem"

// asideNow says of a container that is being made aside, and that no key refers
// to, that it is of now. A snapshot may have begun since it was started: it has
// nothing to record of it, and would otherwise keep what changes in it until its
// end. Who makes one calls this behind each moment in which the shard may have been
// unlocked, and before the container becomes a key's.
func (s *Shard) asideNow(root mem.Ref) { s.container(root).epoch = s.epoch }
