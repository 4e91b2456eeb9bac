// Package config knows every directive that larder understands: its name, what
// values it takes, its default, whether it may change while the server runs,
// and where its value lives in Config. One table (the table_*.go files) feeds
// all of them:
//
//	command line ─┐
//	larder.conf ──┼─► words ─► table row ─► Config ─► Store ─► readers
//	stdin ────────┘                          ▲          │
//	CONFIG SET ──────────────────────────────┘          └─► CONFIG GET, REWRITE
//
// Names and syntax are those of redis.conf; memcached's options stand under
// their own names with the prefix "memcached-".
//
// The package does no I/O: Parse reads files through its Environment, and
// Rewrite maps the bytes of a file to new bytes.
package config
