package importer

import (
	"bytes"
	"context"

	"larder/protocol/rdb"
)

// Batches is a target that loads what it is given into a Staging, as many small
// snapshots.
type Batches struct {
	ctx context.Context
	st  Staging
	w   rdb.Writer
	db  int
}

// NewBatches returns a target that fills st.
func NewBatches(ctx context.Context, st Staging) *Batches { return &Batches{ctx: ctx, st: st} }

// begin writes the start of a snapshot, unless one has begun.
func (b *Batches) begin() {
	if len(b.w.Buf) == 0 {
		b.w.Header(rdb.VersionTTL)
		b.db = 0
	}
}

// Library implements Target.
func (b *Batches) Library(code string) error {
	b.begin()
	b.w.Library([]byte(code))
	return nil
}

// Put implements Target.
func (b *Batches) Put(e *Entry) error {
	b.begin()
	if b.db != e.DB {
		b.w.Select(e.DB)
		b.db = e.DB
	}
	if e.DeadlineMs != 0 {
		b.w.Deadline(e.DeadlineMs)
	}
	if e.Item.Stored {
		b.w.Item(e.Item)
	}
	b.w.Buf = append(b.w.Buf, e.Value[0])
	b.w.String(e.Key)
	b.w.Buf = append(b.w.Buf, e.Value[1:]...)
	return nil
}

// Waiting implements Target.
func (b *Batches) Waiting() int { return len(b.w.Buf) }

// Flush implements Target.
func (b *Batches) Flush() error {
	if len(b.w.Buf) == 0 {
		return nil
	}
	b.w.End()
	b.w.Sum(0)
	_, err := b.st.Load(b.ctx, bytes.NewReader(b.w.Buf), "what was read")
	b.w.Buf = b.w.Buf[:0]
	return err
}
