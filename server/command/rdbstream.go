package command

import (
	"larder/engine"
	"larder/protocol/rdb"
)

// Streams as the bytes of a snapshot, and back.

// appendStream writes a stream with its groups.
func appendStream(out *rdb.Writer, it *engine.Item) {
	st := it.Stream()
	w := out.Stream()
	st.EachNode(func(id engine.StreamID, count int, items []byte) bool {
		w.Node(rdb.StreamID(id), count, items)
		return true
	})
	appendStreamEnd(&w, &st)
}

// appendStreamEnd writes all of a stream but its entries.
func appendStreamEnd(w *rdb.StreamWriter, st *engine.Stream) {
	w.Info(rdb.StreamInfo{
		Length: uint64(st.Len()), Added: uint64(st.Added()),
		Last: rdb.StreamID(st.LastID()), First: rdb.StreamID(st.FirstID()), MaxDeleted: rdb.StreamID(st.MaxDeletedID()),
	}, st.Groups())
	for i := range st.Groups() {
		g := st.GroupAt(i)
		appendGroup(w, &g)
	}
}

// appendGroup writes a group, and whose each of its pending entries is.
func appendGroup(w *rdb.StreamWriter, g *engine.StreamGroup) {
	w.Group(g.Name(), rdb.StreamGroup{Last: rdb.StreamID(g.LastID()), Read: g.Read()}, int(g.Pending()))
	all := g.PendingRange(engine.StreamID{}, engine.MaxStreamID, nil)
	for all.Next() {
		p := all.Entry()
		w.Pending(rdb.StreamID(p.ID), p.DeliveredMs, uint64(p.Deliveries))
	}
	w.Consumers(g.Consumers())
	for i := range g.Consumers() {
		consumer := g.ConsumerAt(i)
		w.Consumer(consumer.Name(), consumer.SeenMs(), int(consumer.Pending()))
		owned := g.PendingRange(engine.StreamID{}, engine.MaxStreamID, &consumer)
		for owned.Next() {
			w.Owned(rdb.StreamID(owned.Entry().ID))
		}
	}
}

// streamRestorer is the part of restorer that knows streams.
type streamRestorer struct {
	stream   engine.Stream
	group    engine.StreamGroup
	consumer engine.StreamConsumer
}

func (b *restorer) StreamEntry(id rdb.StreamID, fields [][]byte) error {
	if err := b.begin(engine.TypeStream); err != nil {
		return err
	}
	if !engine.EntryFits(fields) {
		return rdb.ErrCorrupt
	}
	return b.stream.Append(engine.StreamID(id), fields, b.limits)
}

// Stream is called for a stream without entries too.
func (b *restorer) Stream(info rdb.StreamInfo) error {
	if err := b.begin(engine.TypeStream); err != nil {
		return err
	}
	b.stream.SetLastID(engine.StreamID(info.Last))
	b.stream.SetMaxDeletedID(engine.StreamID(info.MaxDeleted))
	b.stream.SetAdded(int64(info.Added))
	return nil
}

func (b *restorer) Group(name []byte, g rdb.StreamGroup) error {
	isNew, err := b.stream.CreateGroup(name, engine.StreamID(g.Last), g.Read)
	if err = fresh(isNew, err); err == nil {
		b.group, _ = b.stream.Group(name)
	}
	return err
}

func (b *restorer) Consumer(name []byte, seenMs, activeMs int64) (err error) {
	if _, exists := b.group.Consumer(name); exists {
		return rdb.ErrTwice
	}
	if b.consumer, err = b.group.CreateConsumer(name, seenMs); err == nil {
		b.consumer.SetActiveMs(activeMs)
	}
	return err
}

func (b *restorer) Pending(id rdb.StreamID, deliveredMs int64, deliveries uint64) error {
	err := b.group.Reserve(engine.StreamID(id))
	if err == nil {
		b.group.Assign(engine.StreamID(id), &b.consumer, deliveredMs, int64(deliveries))
	}
	return err
}
