// Package rdb translates values to and from the bytes of Redis's snapshots,
// which are also those of DUMP and RESTORE. It knows neither sockets nor the
// engine: what is written comes from iterators, and what is read goes to a
// Builder.
//
// A value is a kind (kind.go) and a body:
//
//	kind   1 byte
//	body   strings, lengths, doubles; see wire.go
//
// The small containers' bodies are one string that holds a packed form:
// listpack (listpack.go), intset (intset.go) and, before Redis 7, ziplist and
// zipmap. Streams are a run of listpacks and what consumers have not yet
// acknowledged (stream.go). Strings over 20 bytes are compressed when that
// makes them shorter (lzf.go).
//
// What DUMP answers has a footer that makes it safe to keep (payload.go):
//
//	value · version, 2 bytes · CRC-64 of all before, 8 bytes
//
// Written is what Redis 7.0 (version 10) writes and reads, except for hashes
// whose fields have deadlines, which need Redis 7.4 (version 12). Read is what
// Redis 2.8 to 7.4 have written. Payloads come from anybody, so that whatever
// the bytes are, reading them ends with a value or with ErrCorrupt and takes
// memory in proportion to their length.
package rdb
