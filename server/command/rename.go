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
	it, ok := c.FindWrite(0)
	if !ok {
		c.Out.Error(ErrNoKey)
		return false
	}
	if bytes.Equal(c.Keys[0].Name, c.Keys[1].Name) {
		if onlyNew {
			c.Out.Int(0)
		}
		return !onlyNew
	}
	if onlyNew {
		if _, there := c.Engine.Peek(c.DB, c.Keys[1], c.NowMs); there {
			c.Out.Int(0)
			return false
		}
	}
	if c.Heavy(len(it.Raw())) {
		return false
	}
	if err := c.Engine.Rename(&it, c.DB, c.Keys[1], c.NowMs); err != nil {
		c.Fail(err)
		return false
	}
	c.moved(0, c.DB, 1, "rename_from", "rename_to")
	return true
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
	it, ok := c.Find(0)
	if !ok {
		c.Out.Int(0)
		return
	}
	if _, there := c.Engine.Peek(db, c.Keys[1], c.NowMs); there && !replace {
		c.Out.Int(0)
		return
	}
	if c.transfer(&it, db, c.Keys[1], c.Engine.Copy) {
		c.ChangedKey(db, c.Keys[1].Name, EventGeneric, "copy_to")
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
	if c.transfer(&it, db, c.Keys[0], c.Engine.Rename) {
		c.moved(0, db, 0, "move_from", "move_to")
	}
}

// transfer copies or moves an item and replies 1; it returns false when it has
// failed.
func (c *Ctx) transfer(it *engine.Item, db int, dst engine.Key, how func(*engine.Item, int, engine.Key, int64) error) bool {
	if c.Heavy(len(it.Raw())) {
		return false
	}
	if err := how(it, db, dst, c.NowMs); err != nil {
		c.Fail(err)
		return false
	}
	c.Out.Int(1)
	return true
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
