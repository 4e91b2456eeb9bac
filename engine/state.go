package engine

import (
	"github.com/cespare/xxhash/v2"

	"larder/engine/mem"
)

// State identifies what a key holds, for a command that lets others in while it
// works: it goes on only if the key still has the state that it began with. The
// zero value is the state of an absent key.
type State struct {
	there   bool
	typ     Type
	enc     Encoding
	root    mem.Ref
	version uint64 // of a large container, else a digest of the value
}

// StateOf returns the state of key k.
// REQUIRES: k.Shard is locked.
func (e *Engine) StateOf(db int, k Key, nowMs int64) State {
	it, ok := e.Peek(db, k, nowMs)
	if !ok {
		return State{}
	}
	return it.state()
}

func (it *Item) state() State {
	s := State{there: true, typ: it.Type(), enc: it.Encoding()}
	if !isLarge(it.l.kind) {
		s.version = xxhash.Sum64(it.Raw())
		return s
	}
	s.root = it.root()
	switch s.typ {
	case TypeList:
		g := largeAt(it.shard, s.root)
		s.version = g.r.version
	case TypeZSet:
		z := ZSet{s: it.shard}
		z.setRoot(s.root)
		s.version = z.root.table.version
	case TypeSet, TypeHash:
		s.version = it.shard.tableAt(s.root).r.version
	case TypeStream:
		st := it.shard.stream(s.root)
		s.version = st.r.version
	}
	return s
}
