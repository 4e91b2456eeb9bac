package server

import (
	"context"

	"larder/engine"
)

// The log of changes, as far as the server needs it: it says when the log is
// read, begun, rewritten and ended (rewriter.go). How it gets to the disk and
// back, whoever implements LogStore knows.

// LogStore reads logs and begins them.
type LogStore interface {
	// Recover reads the log at p: it calls base with the file of the snapshot that
	// the log continues, if there is one, and then apply with the records in order.
	// It returns nil if there never was a log. What is damaged is an error.
	Recover(p LogPlace, base func(file string) error, apply func(rec *Record) error) (*RecoveredLog, error)
	// Open continues the log that Recover has returned. With nil it begins a new
	// one, of a data set with the given seed, which comes into force with its first
	// Rebase. told is called when Durable or Err have changed; it must not wait.
	Open(p LogPlace, from *RecoveredLog, seed engine.Seed, told func()) (ChangeLog, error)
}

// LogPlace is where a log is, and when it is made durable.
type LogPlace struct {
	Dir, Name string
	Sync      string // a value of appendfsync
}

// RecoveredLog is what was found of a log.
type RecoveredLog struct {
	Records uint64 // that were applied
	Bytes   int64  // that they take
	// Warning says what does not count of the end of the log, because a crash has
	// torn it; "" if nothing.
	Warning string
	// State is the store's.
	State any
}

// ChangeLog is a log that takes changes.
type ChangeLog interface {
	Committer
	// Cut says that a snapshot is being made of the state of now, and returns the
	// number of the record to come. REQUIRES: all shards are locked.
	Cut() (lsn uint64)
	// Rebase makes a snapshot of the state at a cut, in a file that it takes
	// away, the base of the log, and forgets all records before.
	Rebase(ctx context.Context, lsn uint64, file string) error
	// SetSync changes when records are made durable, as appendfsync says.
	SetSync(policy string)
	// Grown tells whether the log has grown by so many percent since its last
	// base, and is longer than so many bytes.
	Grown(percent int, bytes int64) bool
	Stats() LogStats
	// Close makes durable what is left. An error says what is lost.
	Close() error
}

// LogStats is what a log tells of itself.
type LogStats struct {
	Bytes, BaseBytes int64 // of base and records, of the base alone
	HeldBytes        int64 // in memory, because not yet durable
	Stalls           int64 // how often the disk was too slow for appendfsync everysec
	Syncing          bool  // something is not durable yet
}
