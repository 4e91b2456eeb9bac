package compat

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

// sortFamily sorts lists, sets and sorted sets whose elements name other keys. Where the
// order of equal elements is the server's own, which is with BY and LIMIT
// together, and in sets and sorted sets with BY and ALPHA, no two elements are equal.
//
// No number is too large for a double: after one redis-server 7.0 refuses an
// empty element too, because it does not reset errno.
var sortFamily = family{
	name:  "sort",
	spoil: 5,
	rows: []string{
		"RPUSH list number* number*",
		"RPUSH list number* word",
		"RPUSH list word*",
		"DEL list",
		"SET weight number",
		"SET weight word",
		"DEL weight",
		"SORT list {ASC|DESC|LIMIT index count|ALPHA}",
		"SORT list {ASC|DESC|LIMIT index count|ALPHA}",
		"SORT list ALPHA {ASC|DESC|LIMIT index count}",
		"SORT list BY by {ASC|DESC|ALPHA}",
		"SORT list BY by {DESC|GET get|GET get}",
		"SORT list BY by {ALPHA|GET get|STORE stored}",
		"SORT list BY constant {ASC|DESC|LIMIT index count|GET get}",
		"SORT list {GET get|GET get|GET #|DESC}",
		"SORT list {ALPHA|GET get|STORE stored|LIMIT index count}",
		"SORT list {ALPHA|STORE stored|STORE list|junk}",
		"SORT_RO list {ASC|DESC|ALPHA|GET get|BY by}",
		"SORT_RO list {STORE stored|LIMIT index}",
		"SORT stored ALPHA",
		"SADD set number* word*",
		"SADD set number*",
		"SREM set number*",
		"DEL set",
		"ZADD zset (number word)*",
		"ZADD zset (score number)*",
		"ZADD zset (score number)*",
		"SORT zset {DESC|LIMIT index count|GET get|STORE stored}",
		"SORT zset BY weights {DESC|GET get}",
		"SORT zset BY constant {DESC|LIMIT index count|GET get|STORE stored}",
		"SORT set {DESC|LIMIT index count|GET get|STORE stored}",
		"SORT set ALPHA {DESC|LIMIT index count|GET get}",
		"SORT set BY weights {DESC|GET #|STORE stored}",
		"SORT set BY constant STORE stored {ASC|DESC}",
		"LRANGE stored 0 -1",
		"LRANGE list 0 -1",
		"TYPE stored",
		"SORT weight",
		"EXPIRE stored secs",
		"TTL stored",
		"APPEND weight number",
	},
	classes: harness.Classes{
		"list":     harness.Choose("l", "l", "m", "out"),
		"score":    harness.Integer(-9, 9),
		"zset":     harness.Choose("z"),
		"set":      harness.Choose("set"),
		"stored":   harness.Choose("out", "out", "l", "w_1"),
		"number":   harness.Mix(10, harness.Integer(-5, 15), 2, harness.Choose("1.5", "1e1", "-0", "0x10", " 7", "+3", "01"), 1, harness.Choose("inf", "-inf", "1e308", "9007199254740993", "-12")),
		"word":     harness.Mix(8, harness.Letters(0, 3, "abc"), 1, harness.Choose("nan", "1x", "ab\x00c", "1 ")),
		"weight":   harness.Mix(8, arg("w_", harness.Integer(-5, 15)), 2, harness.Choose("w_a", "w_b", "w_ab", "w_")),
		"by":       harness.Choose("w_*", "w_*", "w_*", "*", "nosuch_*", "w_**", "h_*->f", "w_*->", "l*"),
		"weights":  harness.Choose("w_*"),
		"constant": harness.Choose("nosort", "w_1", "#"),
		"get":      harness.Choose("#", "w_*", "w_*", "nosuch", "nosuch_*", "*", "w_*->f", "m*", "l"),
	},
	special:        sortUnlike,
	specialPercent: 10,
	epilogue:       commands("0> LRANGE l 0 -1", "0> LRANGE m 0 -1", "0> LRANGE out 0 -1"),
}

// arg puts a prefix before a class.
func arg(prefix string, a harness.Arg) harness.Arg {
	return func(r *rand.Rand) []byte { return append([]byte(prefix), a(r)...) }
}

// sortUnlike sorts a list of elements that do not equal each other with BY and
// LIMIT together.
func sortUnlike(r *rand.Rand) []harness.Step {
	n := 5 + r.IntN(60)
	lines := []string{"0> DEL u"}
	push := "0> RPUSH u"
	for _, v := range r.Perm(n) {
		push += fmt.Sprintf(" %d", v)
		lines = append(lines, fmt.Sprintf("0> SET u_%d %d", v, (v*7919)%1009))
	}
	options := []string{"", " DESC", " ALPHA", " ALPHA DESC"}
	for range 3 {
		lines = append(lines, fmt.Sprintf("0> SORT u BY u_*%s LIMIT %d %d GET # GET u_*", options[r.IntN(4)], r.IntN(n), r.IntN(n)))
	}
	lines = append(lines, fmt.Sprintf("0> SORT u BY u_* LIMIT %d 10 STORE out", r.IntN(n)), "0> LRANGE out 0 -1", "0> DEL u")
	at := len(lines) - 1
	return append(commands(lines[0], push), commands(append(lines[1:at:at], lines[at:]...)...)...)
}

func TestSort(t *testing.T) { sortFamily.check(t, respPair(t)) }
