package command

import (
	"sync"

	"larder/engine"
	"larder/protocol/rdb"
)

// Values joins the codec of snapshots with the engine: it writes what is at a
// key and makes a key of what was read. It may be used by many goroutines.
type Values struct {
	// Engine holds the keys.
	Engine *engine.Engine
	// Settings returns the directives by which values are kept and written.
	Settings func() *Settings

	restorers sync.Pool // of *restorer
	scratch   sync.Pool // of *[]byte, for strings that are decompressed
}

// Append writes an item's value, and its key if w was given one.
// REQUIRES: the item's shard is locked.
func (v *Values) Append(w *rdb.Writer, it *engine.Item) {
	appendValue(w, it, v.Settings().Limits.ListSize)
}

// Begin writes the head of a large container: kind, the key that w was given,
// and how many parts come.
// REQUIRES: the item's shard is locked.
func (v *Values) Begin(w *rdb.Writer, _ *engine.Item, l *engine.Large) {
	switch {
	case l.Type == engine.TypeList:
		w.BeginList(l.Parts)
	case l.Type == engine.TypeSet:
		w.BeginSet(l.Parts)
	case l.Type == engine.TypeZSet:
		w.BeginZSet(l.Parts)
	case l.Type == engine.TypeStream:
		w.BeginStream(l.Parts)
	case l.FirstMs == engine.NoDeadline:
		w.BeginHash(l.Parts)
	default:
		w.BeginHashTTL(l.Parts, l.FirstMs)
	}
}

// Part writes a part of a large container.
func (v *Values) Part(w *rdb.Writer, l *engine.Large, p *engine.Part) {
	switch {
	case l.Type == engine.TypeList:
		w.ListNode(p.Count, p.Items)
	case l.Type == engine.TypeSet:
		w.String(p.Key)
	case l.Type == engine.TypeZSet:
		w.Scored(p.Key, p.Score)
	case l.Type == engine.TypeStream:
		w.StreamNode(rdb.StreamID(p.ID), p.Count, p.Items)
	case l.FirstMs == engine.NoDeadline:
		w.Pair(p.Key, p.Value)
	case p.DeadlineMs == engine.NoDeadline:
		w.PairTTL(&rdb.Field{Name: p.Key, Value: p.Value}, l.FirstMs)
	default:
		w.PairTTL(&rdb.Field{Name: p.Key, Value: p.Value, DeadlineMs: p.DeadlineMs}, l.FirstMs)
	}
}

// End writes what follows the entries of a stream.
// REQUIRES: the stream's shard is locked.
func (v *Values) End(w *rdb.Writer, st *engine.Stream) {
	end := w.StreamEnd()
	appendStreamEnd(&end, st)
}

// Restore makes the value of the given kind and body that of k, and reports
// whether the key is there now: it is not if all that the value holds has
// expired. A value that is no string takes the deadline of a only. It returns
// engine.ErrExists if the key was there, rdb.ErrCorrupt for a body that is
// damaged, and engine.ErrNoRoom, having changed nothing.
// REQUIRES: k's shard is locked; a.Deadline > nowMs.
func (v *Values) Restore(db int, k engine.Key, kind rdb.Kind, body []byte, a engine.Attrs, nowMs int64) (there bool, err error) {
	if kind == rdb.KindString {
		return v.restoreString(db, k, body, a, nowMs)
	}
	if _, exists := v.Engine.Peek(db, k, nowMs); exists {
		return false, engine.ErrExists
	}
	b, _ := v.restorers.Get().(*restorer)
	if b == nil {
		b = new(restorer)
	}
	*b = restorer{e: v.Engine, limits: &v.Settings().Limits, db: db, key: k, nowMs: nowMs, attrs: a, inPlace: true, items: b.items[:0]}
	did, err := b.read(kind, body)
	clear(b.items)
	if cap(b.items) > batchItems {
		b.items = nil
	}
	v.restorers.Put(b)
	return did == restoredValue, err
}

func (v *Values) restoreString(db int, k engine.Key, body []byte, a engine.Attrs, nowMs int64) (there bool, err error) {
	scratch, _ := v.scratch.Get().(*[]byte)
	if scratch == nil {
		scratch = new(make([]byte, 0, scratchMost))
	}
	defer v.scratch.Put(scratch)
	content, err := rdb.ReadString(body, *scratch)
	if err == nil {
		err = v.Engine.AddString(db, k, content, a, nowMs)
	}
	return err == nil, err
}
