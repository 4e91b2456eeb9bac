// Package soak keeps a server at its maxmemory for a long time while the size
// of what is stored changes, and holds it to what that must not change: the
// memory that the process takes, the hit ratio, and that every request is
// served.
//
// It drives the built binary over TCP. `go test ./test/soak` runs the short
// form, about a minute and a half; SOAK_DURATION=1h (or `make soak`) repeats
// the same for that long.
package soak
