package compat

import (
	"testing"

	"larder/test/compat/harness"
)

// blockingStreams leaves out what ends a wait for a group: since Redis 7.2 the
// command then answers as if it had just been sent, and 7.0 has errors of its
// own for that. An entry that is trimmed at once wakes nobody since then either.
var blockingStreams = waitingFamily{
	name: "streams",
	rows: []string{
		"XREAD BLOCK 0 STREAMS bkey readid",
		"XREAD COUNT few BLOCK 0 STREAMS one two readid readid",
		"XREADGROUP GROUP group consumer BLOCK 0 STREAMS bkey >",
		"XREADGROUP GROUP group consumer COUNT few BLOCK 0 STREAMS bkey >",
		"XREADGROUP GROUP group consumer NOACK BLOCK 0 STREAMS bkey >",
		"XREADGROUP GROUP group consumer BLOCK 0 STREAMS bkey 0",
		"XREAD BLOCK badtime STREAMS bkey readid",
		"XGROUP CREATE bkey group groupid MKSTREAM",
		"XGROUP CREATE bkey group groupid MKSTREAM",
		"XGROUP SETID bkey group groupid",
		"XADD bkey nextid F few",
		"XADD bkey nextid F few",
		"XADD bkey nextid F few",
		"XADD bkey MAXLEN 2 nextid F few",
		"XTRIM bkey MAXLEN few",
		"XDEL bkey sid*",
		"XACK bkey group sid*",
		"XPENDING bkey group",
		"XLEN bkey",
	},
	classes: harness.Classes{
		"bkey":     harness.Choose("a", "a", "b"),
		"group":    harness.Choose("g", "g", "h"),
		"consumer": harness.Choose("alice", "bob"),
		"few":      harness.Integer(1, 3),
		"sid":      harness.Choose("1-1", "1-2", "1-3", "1-4", "1-5", "1-9", "1-12"),
		"readid":   harness.Choose("$", "$", "0", "1-4", "1-12", "1-30"),
		"one":      harness.Choose("a"),
		"two":      harness.Choose("b"),
		"nextid":   harness.Choose("1-*"),
		"groupid":  harness.Choose("0", "$"),
		"badtime":  harness.Choose("-1", "abc", "", "1.5"),
	},
	ends: []string{"XRANGE a - +", "XRANGE b - +"},
}

func TestBlockingStreams(t *testing.T) { blockingStreams.check(t) }
