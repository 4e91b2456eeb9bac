package command

import (
	"bytes"
	"fmt"
	"math"

	"larder/engine"
)

// Commands that give a value another key or another database. Deadlines and
// memcached attributes move with it.

const (
	errSameObject = "ERR source and destination objects are the same"
	errDBRange    = "ERR DB index is out of range"
)

func rename(c *Ctx) {
	if c.rename(false) {
		c.Out.OK()
	}
}

func renameNX(c *Ctx) {
	if c.rename(true) {
		c.Out.Int(1)
	}
}

// rename moves the first key's value to the second key; it returns false when
// it has replied or failed.
func (c *Ctx) rename(onlyNew bool) bool {
	src, dst := &c.Keys[0], &c.Keys[1]
	for restarts := 0; ; restarts++ {
		it, ok := c.FindWrite(0)
		if !ok {
			c.Out.Error(ErrNoKey)
			return false
		}
		if bytes.Equal(src.Name, dst.Name) {
			if onlyNew {
				c.Out.Int(0)
			}
			return !onlyNew
		}
		if onlyNew {
			if _, there := c.Engine.Peek(c.DB, *dst, c.NowMs); there {
				c.Out.Int(0)
				return false
			}
		}
		work := len(it.Raw())
		if src.Shard != dst.Shard {
			work = transferBytes(&it)
		}
		if c.Heavy(work) {
			return false
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if same, err := c.give(&it, c.DB, moveIt, onlyNew); err != nil {
			c.Fail(err)
			return false
		} else if same {
			c.moved(0, c.DB, 1, "rename_from", "rename_to")
			return true
		}
	}
}

// database parses the i-th argument as the index of a database; on failure it
// has replied.
func (c *Ctx) database(i int) (db int, ok bool) {
	n, ok := c.cInt(i)
	if !ok {
		return 0, false
	}
	if n < 0 || n >= c.Engine.Databases() {
		c.Out.Error(errDBRange)
		return 0, false
	}
	return n, true
}

// cInt parses the i-th argument as an integer of 32 bits; on failure it has
// replied.
func (c *Ctx) cInt(i int) (int, bool) {
	n, ok := c.Int(i)
	if ok && int64(int32(n)) != n {
		c.Out.Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", math.MinInt32, math.MaxInt32))
		return 0, false
	}
	return int(n), ok
}

// copyKey is COPY source destination [DB index] [REPLACE].
func copyKey(c *Ctx) {
	db, replace := c.DB, false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "REPLACE"):
			replace = true
		case c.Is(i, "DB") && i+1 < len(c.Args):
			var ok bool
			if db, ok = c.database(i + 1); !ok {
				return
			}
			i++
		default:
			c.Out.Error(ErrSyntax)
			return
		}
	}
	if db == c.DB && bytes.Equal(c.Keys[0].Name, c.Keys[1].Name) {
		c.Out.Error(errSameObject)
		return
	}
	for restarts := 0; ; restarts++ {
		it, ok := c.Find(0)
		if !ok {
			c.Out.Int(0)
			return
		}
		if _, there := c.Engine.Peek(db, c.Keys[1], c.NowMs); there && !replace {
			c.Out.Int(0)
			return
		}
		if c.heavyRead(0, transferBytes(&it)) {
			return
		}
		if restarts == maxRestarts {
			c.Pause = nil
		}
		if same, err := c.give(&it, db, copyIt, !replace); err != nil {
			c.Fail(err)
			return
		} else if same {
			c.ChangedKey(db, c.Keys[1].Name, EventGeneric, "copy_to")
			c.Out.Int(1)
			return
		}
	}
}

// move is MOVE key db.
func move(c *Ctx) {
	db, ok := c.database(2)
	if !ok {
		return
	}
	if db == c.DB {
		c.Out.Error(errSameObject)
		return
	}
	it, ok := c.FindWrite(0)
	if !ok {
		c.Out.Int(0)
		return
	}
	if _, there := c.Engine.Peek(db, c.Keys[0], c.NowMs); there {
		c.Out.Int(0)
		return
	}
	// The key stays in its shard, and a large value where it is.
	if c.Heavy(len(it.Raw())) {
		return
	}
	if err := c.Engine.Rename(&it, db, c.Keys[0], c.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Out.Int(1)
	c.moved(0, db, 0, "move_from", "move_to")
}

// transferWeight is how many times its bytes a container weighs for Heavy when it
// is copied: its members are allocated one by one.
const transferWeight = 8

// transferBytes is what copying an item weighs.
func transferBytes(it *engine.Item) int { return len(it.Raw()) + transferWeight*it.ContentBytes() }

// giving says what becomes of the source of give.
type giving bool

const (
	copyIt giving = false
	moveIt giving = true
)

// give makes the item of the first key the value of the second one in a database.
// A large container that has to be copied is copied with pauses, beside the keys;
// it returns false, having changed nothing, if the source has changed in one, or
// if there is a destination by then although onlyNew.
func (c *Ctx) give(it *engine.Item, db int, how giving, onlyNew bool) (done bool, err error) {
	dst := c.Keys[1]
	if c.Pause == nil || !it.IsLarge() || how == moveIt && c.Keys[0].Shard == dst.Shard {
		if how == moveIt {
			return true, c.Engine.Rename(it, db, dst, c.NowMs)
		}
		return true, c.Engine.Copy(it, db, dst, c.NowMs)
	}
	var g guard
	c.remember(&g, 0)
	same := true
	made, ok := it.CopyLarge(dst.Shard, func() bool {
		same = c.paused(&g)
		return same
	})
	switch {
	case !same:
		return false, nil
	case !ok:
		return true, engine.ErrNoRoom
	}
	now, ok := c.Engine.Peek(c.DB, c.Keys[0], c.NowMs) // its entry may have another place
	_, there := c.Engine.Peek(db, dst, c.NowMs)
	switch {
	case !ok, there && onlyNew:
		made.Discard()
		return false, nil
	case how == moveIt:
		err = c.Engine.MoveInto(&now, made, db, dst, c.NowMs)
	default:
		err = c.Engine.CopyInto(&now, made, db, dst, c.NowMs)
	}
	if err != nil {
		made.Discard()
	}
	return true, err
}

// moved raises the events of a value that went from one key of the command to
// another, or to the same one of another database: one change, which two keys
// have seen.
func (c *Ctx) moved(from, db, to int, fromEvent, toEvent string) {
	if c.Listening&ListenNew != 0 {
		c.noteNew(db, c.Keys[to].Name)
	}
	c.Changed(from, EventGeneric, fromEvent)
	c.ChangedKey(db, c.Keys[to].Name, EventGeneric, toEvent)
	c.Dirty--
}
