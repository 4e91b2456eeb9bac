package compat

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// hashClasses are fields that meet each other and values of all kinds.
var hashClasses = harness.Classes{
	"field": harness.Mix(
		8, harness.Letters(1, 2, "abc"), 4, harness.Integer(-5, 12), 2, harness.Choose("", "01", "9223372036854775807"),
		1, harness.Letters(64, 65, "x"), 1, harness.Bytes(0, 30)),
	"number":     harness.Mix(6, harness.Integer(-100, 100), 2, harness.Choose("9223372036854775807", "-9223372036854775808", "abc", "", "1.5", " 1")),
	"times":      harness.Mix(6, harness.Integer(0, 20), 2, harness.Integer(-20, -1), 1, harness.Choose("-9223372036854775808", "9223372036854775807", "9223372036854775808", "abc", "", "1.5")),
	"WITHVALUES": harness.Choose("WITHVALUES", "withvalues", "junk"),
	"start":      harness.Choose("0"),
	"all":        harness.Choose("1000"),
	"cursor":     harness.Choose("0", "0", "abc", "", "1.5"), /* others mean nothing but to the server that made them */
	"another":    harness.Choose("string", "nosuch", "a"),
}

var hashFamily = family{
	name:    "hashes",
	spoil:   4,
	classes: hashClasses,
	rows: []string{
		"HSET key (field small)*",
		"HSET key (field small)*",
		"HSET key field number",
		"HMSET key (field small)*",
		"HSETNX key field small",
		"HGET key field",
		"HMGET key field*",
		"HDEL key field*",
		"HDEL key field*",
		"HLEN key",
		"HSTRLEN key field",
		"HEXISTS key field",
		"HKEYS key",
		"HVALS key",
		"HGETALL key",
		"HINCRBY key field number",
		"HINCRBY key field int",
		"HINCRBYFLOAT key field float",
		"HINCRBYFLOAT key field float",
		"HRANDFIELD key",
		"HRANDFIELD key times",
		"HRANDFIELD key times WITHVALUES",
		"HSCAN key start COUNT all {MATCH pattern}",
		"HSCAN key cursor {COUNT count|MATCH pattern|TYPE typename}",
		"SET another small",
		"TYPE key",
		"OBJECT ENCODING key",
		"COPY key key {REPLACE}",
		"RENAME key key",
		"MOVE key db",
		"DEL key",
		"EXPIRE key secs",
		"DEBUG DIGEST-VALUE key",
	},
	special:        bulkFields,
	specialPercent: 2,
	epilogue:       readBack("HGETALL", "OBJECT ENCODING"),
}

// bulkFields makes commands with more fields than any threshold.
func bulkFields(r *rand.Rand) []harness.Step {
	key := []string{"a", "b", "c"}[r.IntN(3)]
	from, n := r.IntN(100), 100+r.IntN(500)
	set := r.IntN(3) > 0
	var b strings.Builder
	b.WriteString("0> HDEL " + key)
	if set {
		b.Reset()
		b.WriteString("0> HSET " + key)
	}
	for i := range n {
		b.WriteString(" f" + strconv.Itoa(from+i))
		if set {
			b.WriteString(" " + strconv.Itoa(r.IntN(1000)))
		}
	}
	return commands(b.String())
}

func TestHashes(t *testing.T) { hashFamily.check(t, respPair(t)) }

// TestHashesLowThresholds makes nearly every hash large at some time.
func TestHashesLowThresholds(t *testing.T) {
	for _, limits := range [][]string{
		{"hash-max-listpack-entries", "4", "hash-max-listpack-value", "8"},
		{"hash-max-ziplist-entries", "0", "hash-max-ziplist-value", "64"},
	} {
		t.Run(limits[1], func(t *testing.T) {
			low := hashFamily
			low.prologue = lowThresholds(limits...)
			low.restore = [][]string{{"CONFIG", "SET", "hash-max-listpack-entries", "512", "hash-max-listpack-value", "64"}}
			restoreAfter(t, low.restore)
			low.check(t, respPair(t))
		})
	}
}
