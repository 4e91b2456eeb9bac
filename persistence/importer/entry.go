package importer

import (
	"context"
	"fmt"

	"larder/protocol/rdb"
)

// Entry is a key on its way. It is valid until the function that it is given to
// returns.
type Entry struct {
	DB  int
	Key []byte
	// Value is the kind and the body, as in a snapshot; empty where only the
	// key is asked for.
	Value []byte
	// DeadlineMs is in ms since 1970, 0 = none.
	DeadlineMs int64
	Item       rdb.Item // what memcached knows of it, if Stored
	At         string   // where it comes from, for errors
}

// expired tells whether the deadline has passed.
func (e *Entry) expired(nowMs int64) bool { return e.DeadlineMs != 0 && e.DeadlineMs <= nowMs }

// Position is a place in a source: everything before it was handed over.
// Its zero value is the start. Each source uses the fields that suit it.
type Position struct {
	Offset int64  `json:"offset,omitempty"` // in the file, in bytes
	DB     int    `json:"db,omitempty"`     // database at that place
	Cursor string `json:"cursor,omitempty"` // of SCAN
	Class  int    `json:"class,omitempty"`  // of memcached: the slab classes below it are done
}

// Source is where data comes from. One goroutine uses it.
type Source interface {
	// Name says what it is, for people.
	Name() string
	// Identity changes when a Position of before has no meaning any more.
	Identity() string
	// Total is how many keys there are, 0 = unknown.
	Total() int64
	// Each hands over the keys from a position on. The position that put gets
	// is one to go on from when this entry is lost: all before it was handed
	// over. Without values, only keys and deadlines are wanted. It ends with
	// put's error or with the context's cause.
	Each(ctx context.Context, from Position, values bool, put func(e *Entry, at Position) error) error
	// Gone tells of keys that the target has not whether they are not in the
	// source any more either.
	Gone(ctx context.Context, missing []Entry) ([]bool, error)
	// Vanished is how many keys were listed and gone when their values were
	// asked for.
	Vanished() int64
	// Libraries are the codes of the libraries of functions.
	Libraries(ctx context.Context) ([]string, error)
}

// Target takes what a source has.
type Target interface {
	// Library adds a library of functions, in place of one with its name.
	Library(code string) error
	// Put takes a key, in place of what has its name. Errors may come with a
	// later call.
	Put(e *Entry) error
	// Flush returns when all that was put is there, or an error.
	Flush() error
	// Waiting is how many bytes Flush would have to send.
	Waiting() int
}

// RefusedError is a key that the target does not take.
type RefusedError struct {
	DB     int
	Key    []byte
	At     string // where it comes from
	Reason string // what the target says
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: the target refuses key %.80q of database %d: %s", e.At, e.Key, e.DB, e.Reason)
}
