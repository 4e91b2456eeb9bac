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
	e      *engine.Engine
	limits *engine.Limits
	db     int
	key    engine.Key
	nowMs  int64
	attrs  engine.Attrs // of the value; of a container, only the deadline
	// inPlace tells that the key is absent, so that a container is built under
	// it and not aside.
	inPlace bool

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
	longest   int  // member of a sorted set, in bytes
	committed bool // the sorted set is the key's, and zset not valid any more
}

// Elements of a list are pushed in batches, because pushing to a packed run
// copies it.
const (
	batchItems = 1024
	batchBytes = 64 << 10
)

// restored is what has become of the key.
type restored uint8

const (
	restoredNothing restored = iota // it is absent, and was
	restoredAbsence                 // it is absent: the value's deadline has passed
	restoredValue
)

// read makes the value whose body begins the given bytes the key's, or deletes
// the key if the value's deadline has passed. After an error the key is what it
// was. REQUIRES: the key's shard is locked.
func (b *restorer) read(kind rdb.Kind, body []byte) (did restored, err error) {
	if _, err = rdb.ReadBody(kind, body, b); err == nil {
		err = b.complete()
	}
	if err == nil {
		did, err = b.put()
	}
	if err != nil {
		b.abandon()
	}
	return did, err
}

// put gives the value that is complete its key.
func (b *restorer) put() (did restored, err error) {
	it, found := engine.Item{}, true
	if b.building {
		it, found = b.e.Peek(b.db, b.aside, b.nowMs)
	}
	if !found || b.attrs.Deadline <= b.nowMs {
		b.abandon()
		if b.e.Delete(b.db, b.key, b.nowMs) {
			return restoredAbsence, nil
		}
		return restoredNothing, nil
	}
	if b.building {
		return restoredValue, b.move(it)
	}
	return restoredValue, b.e.SetString(b.db, b.key, b.content, b.attrs, b.nowMs)
}

// complete writes what is left to write of a container.
func (b *restorer) complete() error {
	switch {
	case !b.building:
	case b.typ == engine.TypeZSet:
		return b.completeZSet()
	case b.typ == engine.TypeList:
		return b.pushItems()
	}
	return nil
}

// completeZSet packs a sorted set that was large elsewhere and need not be here.
func (b *restorer) completeZSet() error {
	err := b.zset.Commit()
	n := b.zset.Len()
	b.committed = err == nil
	if err != nil || n == 0 || n > b.limits.ZSetItems || b.longest > b.limits.ZSetItemBytes {
		return err
	}
	if it, there := b.e.Peek(b.db, b.aside, b.nowMs); !there || it.Encoding() != engine.EncLarge {
		return nil
	}
	members := make([]engine.ZMember, 0, n)
	var at engine.ZCursor
	for b.zset.Seek(&at, 0, false); at.Next(); {
		members = append(members, engine.ZMember{Member: slices.Clone(at.Member()), Score: at.Score()})
	}
	return b.e.StoreZSet(b.db, b.aside, members, b.limits, b.nowMs)
}

// LargeZSet implements rdb.LargeBuilder.
func (b *restorer) LargeZSet() error {
	if err := b.begin(engine.TypeZSet); err != nil {
		return err
	}
	return b.zset.Enlarge()
}

// move makes the container that was built aside the key's.
func (b *restorer) move(it engine.Item) error {
	if b.attrs.Deadline != engine.NoDeadline {
		if err := it.SetDeadline(b.attrs.Deadline); err != nil {
			return err
		}
		it, _ = b.e.Peek(b.db, b.aside, b.nowMs)
	}
	if b.inPlace {
		return nil
	}
	return b.e.Rename(&it, b.db, b.key, b.nowMs)
}

// abandon takes back what was built.
func (b *restorer) abandon() {
	if !b.building {
		return
	}
	if b.typ == engine.TypeZSet && !b.committed {
		_ = b.zset.Commit() // so that it is deleted with the key; if it fails, it has discarded it
	}
	b.e.Delete(b.db, b.aside, b.nowMs)
	b.building = false
}

// begin starts a container; it is called with every element.
func (b *restorer) begin(t engine.Type) (err error) {
	if b.building {
		return nil
	}
	b.typ, b.building = t, true
	if b.aside = b.key; !b.inPlace {
		b.aside = b.e.Aside(b.db, b.key)
	}
	switch t {
	case engine.TypeHash:
		_, err = b.e.OpenHash(&b.hash, b.db, &b.aside, b.nowMs)
	case engine.TypeSet:
		_, err = b.e.OpenSet(&b.set, b.db, &b.aside, b.nowMs)
	case engine.TypeZSet:
		_, err = b.zset.Open(b.e, b.db, b.aside, b.nowMs, b.limits)
	case engine.TypeStream:
		b.stream, err = b.e.CreateStream(b.db, b.aside, b.nowMs)
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
	if len(b.items) == 0 {
		return nil
	}
	if it, found := b.e.Peek(b.db, b.aside, b.nowMs); found {
		l := it.List()
		err = l.Push(engine.Tail, b.items, b.limits)
	} else {
		err = b.e.NewList(b.db, b.aside, engine.Tail, b.items, b.limits, b.nowMs)
	}
	b.items, b.itemBytes = b.items[:0], 0
	return err
}

func (b *restorer) SetMember(member []byte) error {
	if err := b.begin(engine.TypeSet); err != nil {
		return err
	}
	return fresh(b.set.Add(member, 1, b.limits))
}

func (b *restorer) ZSetMember(member []byte, score float64) error {
	if err := b.begin(engine.TypeZSet); err != nil {
		return err
	}
	b.longest = max(b.longest, len(member))
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
	case deadlineMs <= b.nowMs:
		return nil
	}
	return fresh(b.hash.Set(field, value, deadlineMs, b.limits))
}
