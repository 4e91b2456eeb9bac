package compat

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

var stringsFamily = family{
	name:  "strings",
	spoil: 10,
	rows: []string{
		"SET key value",
		"SET key value {EX secs|PX msecs|EXAT unixsec|PXAT unixms|KEEPTTL|NX|XX|GET}",
		"SET key value {EX secs|PX msecs|KEEPTTL|NX|XX|GET}",
		"GET key",
		"GET key",
		"GETDEL key",
		"GETEX key",
		"GETEX key {EX secs|PX msecs|EXAT unixsec|PXAT unixms|PERSIST}",
		"GETSET key value",
		"SETNX key value",
		"SETEX key secs value",
		"PSETEX key msecs value",
		"MSET (key value)*",
		"MSETNX (key small)*",
		"MGET key*",
		"APPEND key small",
		"STRLEN key",
		"GETRANGE key index index",
		"SUBSTR key index index",
		"SETRANGE key offset small",
		"INCR key",
		"DECR key",
		"INCRBY key int",
		"DECRBY key int",
		"INCRBYFLOAT key float",
		"INCRBYFLOAT key float",
		"LCS lcs lcs {LEN|IDX|MINMATCHLEN index|WITHMATCHLEN}",
		"SET lcs letters",
		"TTL key",
		"DEL key",
		"EXISTS key*",
		"OBJECT ENCODING key",
		"STRLEN key",
	},
	classes: harness.Classes{
		"lcs":     harness.Choose("lcs:1", "lcs:2", "lcs:3", "a"),
		"letters": harness.Letters(0, 60, "abcd"),
	},
	special:        expireSoon,
	specialPercent: 3,
	epilogue:       readBack("GET", "TTL", "OBJECT ENCODING"),
}

// expireSoon gives a key a deadline of a few milliseconds, by one of the
// commands that can, and waits until it has passed.
func expireSoon(r *rand.Rand) []harness.Step {
	key := []string{"a", "b", "c", "key:1"}[r.IntN(4)]
	ms := 1 + r.IntN(5)
	set := []string{
		fmt.Sprintf("0> SET %s v PX %d", key, ms),
		fmt.Sprintf("0> PSETEX %s %d v", key, ms),
		fmt.Sprintf("0> PEXPIRE %s %d", key, ms),
		fmt.Sprintf("0> GETEX %s PX %d", key, ms),
	}
	lines := []string{"0> SET " + key + " before", set[r.IntN(len(set))], "gone0> " + key}
	after := []string{
		"0> GET " + key, "0> TTL " + key, "0> APPEND " + key + " x", "0> SETNX " + key + " y",
		"0> INCR " + key, "0> RENAME " + key + " b", "0> SET " + key + " z XX", "0> PERSIST " + key,
		"0> SETBIT " + key + " 3 1", "0> GETDEL " + key, "0> TYPE " + key, "0> OBJECT ENCODING " + key,
	}
	return commands(append(lines, after[r.IntN(len(after))])...)
}

func TestStrings(t *testing.T) { stringsFamily.check(t, respPair(t)) }
