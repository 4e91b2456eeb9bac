// Package persistence keeps the data set in files: snapshots in the format of
// Redis (RDB), which are also what servers hand each other, and an append-only
// log. It knows the engine and the formats, neither sockets nor commands.
//
// # Files
//
// All access to files goes through FS (vfs.go), so that tests can tear, fail
// and delay it. A file is replaced as a whole, never changed in place: it is
// written under a temporary name in the same directory, synced, renamed, and
// the directory is synced. Until the last of these has succeeded the old file
// is what a crash leaves; from then on it is the new one.
package persistence
