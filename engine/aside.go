package engine

import "strconv"

// Aside returns an absent key of k's shard, under which a value can be built
// that takes k's place with Rename when it is complete. Nobody sees it, because
// the shard stays locked until it is gone again.
// REQUIRES: k.Shard is locked.
func (e *Engine) Aside(db int, k Key) Key {
	for i := 0; ; i++ {
		name := strconv.AppendInt([]byte("\x00aside:"), int64(i), 10)
		aside := e.Key(name)
		if aside.Shard != k.Shard {
			continue
		}
		sp := &k.Shard.spaces[db]
		if sp.t == nil {
			return aside
		}
		if _, _, taken := sp.t.find(aside.Hash, name); !taken {
			return aside
		}
	}
}
