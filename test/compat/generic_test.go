package compat

import (
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

var genericFamily = family{
	name:  "generic",
	spoil: 8,
	conns: 3,
	rows: []string{
		"SET key value",
		"SET key value",
		"MSET (key value)*",
		"GET key",
		"DEL key*",
		"UNLINK key*",
		"EXISTS key*",
		"TOUCH key*",
		"TYPE key",
		"KEYS pattern",
		"RENAME key key",
		"RENAMENX key key",
		"COPY key key {DB db|REPLACE}",
		"COPY key key {DB db|REPLACE|DB db}",
		"MOVE key db",
		"SELECT db",
		"SELECT db",
		"SWAPDB db db",
		"DBSIZE",
		"RANDOMKEY",
		"SCAN cursor {MATCH pattern|COUNT count|TYPE typename}",
		"FLUSHDB [ASYNC|SYNC|junk]",
		"FLUSHALL (ASYNC|SYNC|junk)",
		"OBJECT ENCODING key",
		"OBJECT REFCOUNT missing",
		"OBJECT FREQ key",
		"OBJECT IDLETIME key",
		"OBJECT (HELP|NOSUCH|ENCODING)",
		"EXPIRE key secs",
		"PERSIST key",
		"TTL key",
	},
	classes: harness.Classes{
		"cursor":  harness.Choose("0", "0", "0", "abc", "-1", "", "1.5", "18446744073709551616", "99999999999999999999999"),
		"missing": harness.Choose("nosuch", "nosuch:2"),
		"db":      harness.Mix(10, harness.Choose("0", "1", "2", "15"), 2, harness.Choose("16", "-1", "abc", "", "99999999999999999999", "1.0", " 1")),
	},
	special:        genericSpecial,
	specialPercent: 6,
	epilogue:       readBack("GET", "TTL"),
}

// genericSpecial mixes iterations of the whole key space into the history.
func genericSpecial(r *rand.Rand) []harness.Step {
	if r.IntN(2) == 0 {
		return expireSoon(r)
	}
	options := []string{"", " COUNT 1", " COUNT 1000", " MATCH *", " MATCH [a-c]", " MATCH key:* COUNT 3",
		" TYPE string", " TYPE string MATCH ?", " TYPE list", " MATCH nosuch*", " match * count 2 type STRING"}
	return commands("scan0>" + options[r.IntN(len(options))])
}

var expiryFamily = family{
	name:  "expiry",
	spoil: 8,
	rows: []string{
		"SET key small",
		"SET key small EX secs",
		"SET key small PX msecs",
		"SET key small EXAT unixsec",
		"SET key small PXAT unixms",
		"SET key small KEEPTTL",
		"EXPIRE key secs {NX|XX|GT|LT}",
		"PEXPIRE key msecs {NX|XX|GT|LT}",
		"EXPIREAT key unixsec {NX|XX|GT|LT}",
		"PEXPIREAT key unixms {NX|XX|GT|LT}",
		"EXPIRE key secs",
		"EXPIREAT key unixsec (GT|LT|NX|XX)",
		"PEXPIREAT key unixms (GT|LT|NX|XX)",
		"TTL key",
		"PTTL key",
		"EXPIRETIME key",
		"PEXPIRETIME key",
		"PERSIST key",
		"GETEX key {EX secs|PX msecs|EXAT unixsec|PXAT unixms|PERSIST}",
		"GETSET key small",
		"APPEND key small",
		"INCR key",
		"RENAME key key",
		"RENAMENX key key",
		"COPY key key {DB db|REPLACE}",
		"MOVE key db",
		"SELECT db",
		"SETRANGE key offset small",
		"SETBIT key bit binary01",
		"MSET (key small)*",
		"DEL key",
	},
	special:        expireSoon,
	specialPercent: 8,
	epilogue:       readBack("GET", "TTL", "EXPIRETIME"),
}

func TestGeneric(t *testing.T) { genericFamily.check(t, respPair(t)) }

func TestExpiry(t *testing.T) { expiryFamily.check(t, respPair(t)) }
