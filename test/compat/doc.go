// Package compat proves that clients of Redis and of memcached can use larder
// as they are.
//
// The same random histories of commands run against larder and against the
// distribution's redis-server or memcached, and the replies are compared byte
// for byte (package harness says how). What is intended to differ stands in
// one table, differences.go, from which docs/compatibility.md is generated.
// Commands that the distribution's servers do not have yet are held to
// recorded transcripts in testdata/newer, each naming its source.
//
//	go test ./test/compat                                   the short run
//	go test ./test/compat -run TestStrings -seed 7 -v       one family, other histories
//	go test ./test/compat -run TestReplay -replay FILE      a transcript from a failure
//	COMPAT_LONG=1 go test -timeout 2h ./test/compat         the long run
//
// The binary under test is built from cmd/larder, or named by LARDER_BIN.
// LARDER_BIN=oracle compares the oracles with themselves, which shows that the
// histories are deterministic.
package compat
