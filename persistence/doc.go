// Package persistence keeps the data set in files: snapshots in the format of
// Redis (RDB), which are also what servers hand each other, and an append-only
// log (package oplog). It knows the engine and the formats, neither sockets nor commands.
//
// # Files
//
// All access to files goes through FS (vfs.go), so that tests can tear, fail
// and delay it. A file is replaced as a whole, never changed in place: it is
// written under a temporary name in the same directory, synced, renamed, and
// the directory is synced. Until the last of these has succeeded the old file
// is what a crash leaves; from then on it is the new one.
//
// # Snapshots
//
// Snapshots.Save and Write write the data set as it is at one moment
// (snapshot.go), LoadFile and Load read one that this or any Redis from
// 2.8 to 7.4 has written (load.go). What is between the keys is known here, what
// a value looks like package rdb knows, and how the engine comes by it whoever
// implements Values: the commands, whose settings decide that.
//
// # The log
//
// Package oplog below this one is the append-only log. A snapshot is the base
// that it continues: the log asks for a cut while all shards are locked, the
// snapshot of that moment is written in the background, and then takes the place
// of all records before the cut.
package persistence
