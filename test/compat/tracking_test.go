package compat

import (
	"testing"

	"larder/test/compat/harness"
)

var trackingFamily = family{
	name:  "tracking",
	conns: 4,
	hears: true,
	spoil: 2,
	rows: []string{
		"HELLO 3",
		"CLIENT TRACKING ON",
		"CLIENT TRACKING ON {NOLOOP|OPTIN|OPTOUT|BCAST|PREFIX prefix|REDIRECT target}",
		"CLIENT TRACKING ON BCAST {NOLOOP|PREFIX prefix|PREFIX prefix|REDIRECT target}",
		"CLIENT TRACKING (ON|OFF|junk) {NOLOOP|REDIRECT|PREFIX|junk}",
		"CLIENT TRACKING (OFF|ON|ON)",
		"CLIENT CACHING (YES|NO|junk)",
		"CLIENT CACHING YES",
		"CLIENT GETREDIR",
		"CLIENT TRACKINGINFO",
		"SUBSCRIBE inval",
		"UNSUBSCRIBE inval",
		"GET key",
		"GET key",
		"GET key",
		"MGET key*",
		"EXISTS key*",
		"STRLEN key",
		"TTL key",
		"TYPE key",
		"BITCOUNT key",
		"GETEX key",
		"LRANGE list 0 -1",
		"SET key small",
		"SET key small",
		"MSET (key small)*",
		"APPEND key small",
		"DEL key*",
		"EXPIRE key (100|-1)",
		"PERSIST key",
		"RENAME key key",
		"COPY key key",
		"RPUSH list small",
		"LPOP list",
		"SELECT (0|1)",
		"MULTI",
		"EXEC",
		"EXEC",
		"DISCARD",
		"(FLUSHDB|FLUSHALL|RESET|QUIT|PING)",
	},
	classes: harness.Classes{
		"prefix": harness.Choose("a", "b", "ab", "key", "l", "", "other"),
		"target": harness.Choose("{id:0}", "{id:1}", "{id:2}", "{id:3}", "999999", "abc", "0"),
		"key":    harness.Choose("a", "b", "ab", "abc", "key:1", "key:2"),
		"list":   harness.Choose("l1", "l2"),
		"inval":  harness.Choose("__redis__:invalidate"),
	},
	prologue: commands(
		"hear0> HELLO 3", "hear0> CLIENT TRACKING ON",
		"hear1> HELLO 3", "hear1> CLIENT TRACKING ON OPTIN",
		"hear2> HELLO 3", "hear2> CLIENT TRACKING ON BCAST",
		"hear3> CLIENT TRACKING ON REDIRECT {id:2}",
	),
}

// TestTracking compares who is told of which keys.
func TestTracking(t *testing.T) { trackingFamily.check(t, respPair(t)) }
