package server

import (
	"encoding/binary"
	"fmt"

	"larder/engine"
	"larder/server/command"
)

// What a memcached command has changed is recorded as the item that it leaves:
// its value with all attributes, or DEL if it leaves none. The three protocols
// have too many ways to say the same thing, and a CAS value that a command
// compares with was stamped by another.
//
//	key | value | deadline 8, CAS 8, flags 4, encoding 1, marks 1, by memcached 1

const itemAttrsBytes = 8 + 8 + 4 + 3

// changeItem records what a memcached command leaves at its key.
// REQUIRES: the shard of c.Keys[0] is locked.
func (ex *executor) changeItem(c *command.Ctx) {
	k := c.Keys[0]
	it, there := ex.srv.engine.Peek(c.DB, k, c.NowMs)
	if !there {
		ex.words = append(ex.words[:0], []byte("DEL"), k.Name)
		ex.change(c, ChangeCommand, ex.words)
		return
	}
	a := it.Attrs()
	var digits [20]byte
	var attrs [itemAttrsBytes]byte
	binary.LittleEndian.PutUint64(attrs[0:], uint64(a.Deadline))
	binary.LittleEndian.PutUint64(attrs[8:], it.CAS())
	binary.LittleEndian.PutUint32(attrs[16:], a.Flags)
	attrs[20], attrs[21] = byte(it.Encoding()), byte(it.Marks())
	if a.Item {
		attrs[22] = 1
	}
	ex.words = append(ex.words[:0], k.Name, it.Bytes(digits[:0]), attrs[:])
	ex.change(c, ChangeItem, ex.words)
}

// item makes an item what it was.
func (a *Applier) item(nowMs int64, ch *Change) error {
	if len(ch.Args) != 3 || len(ch.Args[2]) != itemAttrsBytes {
		return fmt.Errorf("an item of %d parts", len(ch.Args))
	}
	b, e, k := ch.Args[2], a.srv.engine, a.srv.engine.Key(ch.Args[0])
	attrs := engine.Attrs{
		Deadline: int64(binary.LittleEndian.Uint64(b)), CAS: binary.LittleEndian.Uint64(b[8:]),
		Flags: binary.LittleEndian.Uint32(b[16:]), Marks: engine.Marks(b[21]), Item: b[22] == 1,
	}
	for try := 0; ; try++ {
		k.Shard.Lock()
		var err error
		if enc := engine.Encoding(b[20]); enc == engine.EncInt {
			err = e.SetString(ch.DB, k, ch.Args[1], attrs, nowMs)
		} else {
			err = e.SetBytes(ch.DB, k, ch.Args[1], enc, attrs, nowMs)
		}
		k.Shard.Unlock()
		if err == nil || try == maxRoomTries || !a.srv.memory.makeMoreRoom(len(ch.Args[1])) {
			return err
		}
	}
}
