// Package importer takes over data from other servers: from the files of Redis
// (snapshots, append-only files of all forms), from a running Redis and from a
// running memcached.
//
//	Source ─► Entry ─► Run ─► Target
//	                    │
//	                    └─► State: how far what the target has confirmed goes
//
// A Source (frames.go, live.go, memcached.go) lists keys with their values in
// the form of a snapshot, because that is what all of them can be brought into
// and both kinds of targets understand. A Target is a running server
// (target.go), which gets RESTORE, or a snapshot that is written (stream.go)
// and loaded by the caller.
//
// An append-only file is not a list of keys but a history. It is run in full in
// an engine of the caller's (Staging) before anything of it goes anywhere, at a
// moment at which nothing has expired yet: a key whose deadline has passed by
// today was there when the commands behind that deadline's setting ran. What is
// left at its end is a Source like the others.
//
// Putting a key twice does no harm, and this is what makes an import resumable:
// State tells a place up to which all is there, never beyond.
package importer
