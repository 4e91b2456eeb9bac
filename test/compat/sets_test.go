package compat

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// setClasses are members that meet each other, integers and others.
var setClasses = harness.Classes{
	"member": harness.Mix(
		8, harness.Integer(-5, 12), 8, harness.Letters(1, 2, "abc"), 2, harness.Choose("9223372036854775807", "-9223372036854775808", "01", "-0", "+1", "", "1.0"),
		1, harness.Letters(64, 65, "x"), 1, harness.Bytes(0, 30)),
	"small":   harness.Integer(0, 9),
	"many":    harness.Choose("1000", "9223372036854775807", "0"),
	"times":   harness.Mix(6, harness.Integer(0, 20), 2, harness.Integer(-20, -1), 1, harness.Choose("-9223372036854775808", "9223372036854775807", "9223372036854775808", "abc", "", "1.5")),
	"n":       harness.Mix(8, harness.Integer(1, 3), 1, harness.Choose("0", "-1", "abc", "", "4294967297", "9223372036854775807")),
	"limit":   harness.Mix(6, harness.Integer(0, 4), 1, harness.Choose("-1", "abc", "9223372036854775807")),
	"two":     harness.Choose("2"),
	"start":   harness.Choose("0"),
	"all":     harness.Choose("1000"),
	"cursor":  harness.Choose("0", "0", "abc", "", "1.5"), /* others mean nothing but to the server that made them */
	"another": harness.Choose("string", "nosuch", "a"),
}

var setFamily = family{
	name:    "sets",
	spoil:   4,
	classes: setClasses,
	rows: []string{
		"SADD key member*",
		"SADD key member*",
		"SADD key small*",
		"SREM key member*",
		"SISMEMBER key member",
		"SMISMEMBER key member*",
		"SCARD key",
		"SMEMBERS key",
		"SMOVE key key member",
		"SMOVE key another member",
		"SPOP key many",
		"SPOP another {many}",
		"SRANDMEMBER key",
		"SRANDMEMBER key times",
		"SSCAN key start COUNT all {MATCH pattern}",
		"SSCAN key cursor {COUNT count|MATCH pattern|TYPE typename}",
		"SINTER key*",
		"SINTER key key",
		"SINTERSTORE key key*",
		"SINTERCARD n key* {LIMIT limit}",
		"SINTERCARD two key key {LIMIT limit}",
		"SUNION key*",
		"SUNIONSTORE key key*",
		"SDIFF key*",
		"SDIFF key key",
		"SDIFFSTORE key key key",
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
	special:        bulkMembers,
	specialPercent: 2,
	epilogue:       readBack("SMEMBERS", "OBJECT ENCODING"),
}

// bulkMembers makes commands with more members than any threshold.
func bulkMembers(r *rand.Rand) []harness.Step {
	key := []string{"a", "b", "c"}[r.IntN(3)]
	var b strings.Builder
	from, n := r.IntN(100), 100+r.IntN(500)
	command := []string{"SADD", "SADD", "SREM"}[r.IntN(3)]
	prefix := []string{"", "m"}[r.IntN(2)]
	b.WriteString("0> " + command + " " + key)
	for i := range n {
		b.WriteString(" " + prefix + strconv.Itoa(from+i))
	}
	return commands(b.String())
}

// lowThresholds makes steps that change directives on both servers.
func lowThresholds(settings ...string) []harness.Step {
	var lines []string
	for i := 0; i < len(settings); i += 2 {
		lines = append(lines, "0> CONFIG SET "+settings[i]+" "+settings[i+1])
	}
	return commands(lines...)
}

// restoreAfter undoes what lowThresholds did once the test is over.
func restoreAfter(t *testing.T, commands [][]string) {
	t.Cleanup(func() {
		for _, s := range []*harness.Server{servers.redis, servers.subject} {
			for _, words := range commands {
				must(t, dial(t, s), words...)
			}
		}
	})
}

func TestSets(t *testing.T) {
	setFamily.check(t, respPair(t))
}

// TestSetsLowThresholds converts integers to tables all the time.
func TestSetsLowThresholds(t *testing.T) {
	low := setFamily
	low.prologue = lowThresholds("set-max-intset-entries", "4")
	low.restore = [][]string{{"CONFIG", "SET", "set-max-intset-entries", "512"}}
	restoreAfter(t, low.restore)
	low.check(t, respPair(t))
}
