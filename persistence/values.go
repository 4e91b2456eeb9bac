package persistence

import (
	"larder/engine"
	"larder/protocol/rdb"
)

// Values writes and makes values: what a snapshot needs of who knows the
// commands' settings. It is used by many goroutines.
type Values interface {
	// Append writes an item's value to w, and the key that w was given with it.
	// REQUIRES: the item's shard is locked.
	Append(w *rdb.Writer, it *engine.Item)
	// Begin, Part and End are Append for a large container whose parts are
	// written one by one; see engine.SnapshotEncoder.
	Begin(w *rdb.Writer, it *engine.Item, l *engine.Large)
	Part(w *rdb.Writer, l *engine.Large, p *engine.Part)
	End(w *rdb.Writer, st *engine.Stream)
	// Restore makes the value of the given kind and body that of k, and reports
	// whether the key is there now: it is not if all that the value holds has
	// expired. Its errors are engine.ErrExists, rdb.ErrCorrupt and
	// engine.ErrNoRoom; then it has changed nothing.
	// REQUIRES: k's shard is locked; a.Deadline > nowMs.
	Restore(db int, k engine.Key, kind rdb.Kind, body []byte, a engine.Attrs, nowMs int64) (there bool, err error)
}
