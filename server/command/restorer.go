package command

import (
	"slices"

	"larder/engine"
	"larder/protocol/rdb"
)

// restorer builds a value out of what rdb.Read finds. A container is built
// under a key of its own and takes its place when it is complete, so that a
// payload that turns out to be damaged, or for which there is no room, changes
// nothing. Which encoding the value gets is for the engine to decide, as for
// one that was built by commands.
type restorer struct {
	c        *Ctx
	deadline int64 // ms since 1970, or engine.NoDeadline

	typ      engine.Type
	content  []byte     // of a string
	aside    engine.Key // where a container is built
	building bool       // aside is in use

	hash engine.Hash
	set  engine.Set
	zset engine.ZSet
	streamRestorer

	items     [][]byte // of a list, to be pushed together
	itemBytes int
}

// Elements of a list are pushed in batches, because pushing to a packed run
// copies it.
const (
	batchItems = 1024
	batchBytes = 64 << 10
)

// finish makes what was built the value of the only key, or deletes the key if
// the value's deadline has passed.
func (b *restorer) finish() error {
	c := b.c
	if err := b.complete(); err != nil {
		b.abandon()
		return err
	}
	it, found := engine.Item{}, true
	if b.building {
		it, found = c.Engine.Peek(c.DB, b.aside, c.NowMs)
	}
	if !found || b.deadline <= c.NowMs {
		b.abandon()
		if c.Engine.Delete(c.DB, c.Keys[0], c.NowMs) {
			c.Changed(0, EventGeneric, "del")
		}
		return nil
	}
	var err error
	if b.building {
		err = b.move(it)
	} else {
		err = c.Engine.SetString(c.DB, c.Keys[0], b.content, engine.Attrs{Deadline: b.deadline}, c.NowMs)
	}
	if err == nil {
		c.Changed(0, EventGeneric, "restore")
	}
	return err
}

// complete writes what is left to write of a container.
func (b *restorer) complete() error {
	switch {
	case !b.building:
	case b.typ == engine.TypeZSet:
		return b.zset.Commit()
	case b.typ == engine.TypeList:
		return b.pushItems()
	}
	return nil
}

// move makes the container that was built aside the key's.
func (b *restorer) move(it engine.Item) error {
	c := b.c
	if b.deadline != engine.NoDeadline {
		if err := it.SetDeadline(b.deadline); err != nil {
			b.abandon()
			return err
		}
		it, _ = c.Engine.Peek(c.DB, b.aside, c.NowMs)
	}
	err := c.Engine.Rename(&it, c.DB, c.Keys[0], c.NowMs)
	if err != nil {
		b.abandon()
	}
	return err
}

// abandon takes back what was built.
func (b *restorer) abandon() {
	if !b.building {
		return
	}
	c := b.c
	if b.typ == engine.TypeZSet {
		_ = b.zset.Commit() // so that it is deleted with the key; if it fails, it has discarded it
	}
	c.Engine.Delete(c.DB, b.aside, c.NowMs)
	b.building = false
}

// begin starts a container; it is called with every element.
func (b *restorer) begin(t engine.Type) (err error) {
	if b.building {
		return nil
	}
	c := b.c
	b.typ, b.building = t, true
	b.aside = c.Engine.Aside(c.DB, c.Keys[0])
	switch t {
	case engine.TypeHash:
		_, err = c.Engine.OpenHash(&b.hash, c.DB, &b.aside, c.NowMs)
	case engine.TypeSet:
		_, err = c.Engine.OpenSet(&b.set, c.DB, &b.aside, c.NowMs)
	case engine.TypeZSet:
		_, err = b.zset.Open(c.Engine, c.DB, b.aside, c.NowMs, &c.Config.Limits)
	case engine.TypeStream:
		b.stream, err = c.Engine.CreateStream(c.DB, b.aside, c.NowMs)
	}
	return err
}

// fresh turns what an engine says of a new element into an error.
func fresh(isNew bool, err error) error {
	if err == nil && !isNew {
		return rdb.ErrTwice
	}
	return err
}

func (b *restorer) String(content []byte) error {
	b.content = content
	return nil
}

func (b *restorer) ListItem(item []byte) error {
	if err := b.begin(engine.TypeList); err != nil {
		return err
	}
	b.items = append(b.items, slices.Clone(item))
	if b.itemBytes += len(item); len(b.items) < batchItems && b.itemBytes < batchBytes {
		return nil
	}
	return b.pushItems()
}

// pushItems pushes the elements that have come together.
func (b *restorer) pushItems() (err error) {
	c := b.c
	if len(b.items) == 0 {
		return nil
	}
	if it, found := c.Engine.Peek(c.DB, b.aside, c.NowMs); found {
		l := it.List()
		err = l.Push(engine.Tail, b.items, &c.Config.Limits)
	} else {
		err = c.Engine.NewList(c.DB, b.aside, engine.Tail, b.items, &c.Config.Limits, c.NowMs)
	}
	b.items, b.itemBytes = b.items[:0], 0
	return err
}

func (b *restorer) SetMember(member []byte) error {
	if err := b.begin(engine.TypeSet); err != nil {
		return err
	}
	return fresh(b.set.Add(member, 1, &b.c.Config.Limits))
}

func (b *restorer) ZSetMember(member []byte, score float64) error {
	if err := b.begin(engine.TypeZSet); err != nil {
		return err
	}
	at, _, found := b.zset.Find(member)
	if found {
		return rdb.ErrTwice
	}
	return b.zset.Insert(at, member, score)
}

// HashField leaves out fields that have expired.
func (b *restorer) HashField(field, value []byte, deadlineMs int64) error {
	if err := b.begin(engine.TypeHash); err != nil {
		return err
	}
	switch {
	case deadlineMs == 0:
		deadlineMs = engine.NoDeadline
	case deadlineMs <= b.c.NowMs:
		return nil
	}
	return fresh(b.hash.Set(field, value, deadlineMs, &b.c.Config.Limits))
}
