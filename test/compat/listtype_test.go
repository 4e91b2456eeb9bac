package compat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// listRows are the commands on lists that do not wait.
var listRows = []string{
	"LPUSH lkey small*",
	"RPUSH lkey small*",
	"RPUSH lkey element* element* element*",
	"LPUSH lkey element*",
	"LPUSHX lkey small*",
	"RPUSHX lkey small*",
	"LPOP lkey",
	"RPOP lkey",
	"LPOP lkey popcount",
	"RPOP lkey popcount",
	"LLEN lkey",
	"LINDEX lkey index",
	"LINDEX lkey index",
	"LSET lkey index small",
	"LSET lkey index value",
	"LINSERT lkey (BEFORE|AFTER|junk) element small",
	"LINSERT lkey (BEFORE|AFTER) element value",
	"LREM lkey index element",
	"LTRIM lkey index index",
	"LRANGE lkey index index",
	"LRANGE lkey 0 -1",
	"LPOS lkey element {RANK index|COUNT index|MAXLEN index}",
	"LPOS lkey element {RANK index|COUNT index|MAXLEN index|junk}",
	"LMOVE lkey lkey (LEFT|RIGHT|junk) (LEFT|RIGHT|junk)",
	"LMOVE lkey lkey (LEFT|RIGHT) (LEFT|RIGHT)",
	"RPOPLPUSH lkey lkey",
	"LMPOP 1 lkey (LEFT|RIGHT) [COUNT popcount]",
	"LMPOP 2 lkey lkey (LEFT|RIGHT) [COUNT popcount]",
	"LMPOP index lkey* (LEFT|RIGHT|junk) [COUNT popcount|junk]",
	"TYPE lkey",
	"OBJECT ENCODING lkey",
	"DEBUG DIGEST-VALUE lkey",
	"EXPIRE lkey secs",
	"TTL lkey",
	"COPY lkey lkey {DB db|REPLACE}",
	"RENAME lkey lkey",
	"DEL lkey",
	"SET key small",
	"GET lkey",
	"APPEND lkey small",
}

var listClasses = harness.Classes{
	// A list lives long enough to grow only if not every command takes another.
	"lkey":     harness.Mix(8, harness.Choose("a", "b", "c"), 2, harness.Choose("d", "e", "key:1", "")),
	"key":      harness.Choose("d", "e", "key:1", "s"),
	"element":  harness.Mix(6, harness.Letters(0, 1, "ab"), 3, harness.Integer(-3, 3), 1, harness.Choose("01", "-0", "+1", "1.0", "9223372036854775807", "9223372036854775808")),
	"popcount": harness.Mix(8, harness.Integer(0, 6), 1, harness.Integer(0, 1000), 1, harness.Choose("-1", "abc", "", "9223372036854775807", "9223372036854775808", "1.0")),
}

var listsFamily = family{
	name:           "lists",
	spoil:          6,
	rows:           listRows,
	classes:        listClasses,
	special:        longList,
	specialPercent: 4,
	epilogue:       append(readBack("TTL", "TYPE"), commands("0> SELECT 0", "0> LRANGE a 0 -1", "0> LRANGE b 0 -1", "0> LRANGE c 0 -1", "0> LRANGE d 0 -1", "0> LRANGE e 0 -1")...),
}

// longList makes a list that is longer than any threshold, and works at both
// ends and in the middle of it.
func longList(r *rand.Rand) []harness.Step {
	key := []string{"a", "b", "c"}[r.IntN(3)]
	var lines []string
	for range 1 + r.IntN(4) {
		words := make([]string, 20+r.IntN(200))
		width := r.IntN(90)
		for i := range words {
			words[i] = fmt.Sprintf("%0*d", width, r.IntN(50))
		}
		push := []string{"RPUSH", "LPUSH"}[r.IntN(2)]
		lines = append(lines, "0> "+push+" "+key+" "+strings.Join(words, " "))
	}
	for range r.IntN(8) {
		i := r.IntN(800) - 400
		lines = append(lines, []string{
			fmt.Sprintf("0> LINDEX %s %d", key, i),
			fmt.Sprintf("0> LSET %s %d %0*d", key, i, r.IntN(3000), 7),
			fmt.Sprintf("0> LRANGE %s %d %d", key, i, i+r.IntN(50)),
			fmt.Sprintf("0> LREM %s %d %d", key, r.IntN(40)-20, r.IntN(50)),
			fmt.Sprintf("0> LINSERT %s BEFORE %d %0*d", key, r.IntN(50), r.IntN(2500), 7),
			fmt.Sprintf("0> LPOP %s %d", key, r.IntN(100)),
			fmt.Sprintf("0> RPOP %s %d", key, r.IntN(100)),
			fmt.Sprintf("0> LTRIM %s %d %d", key, r.IntN(100), -1-r.IntN(100)),
			fmt.Sprintf("0> LPOS %s %d COUNT 0", key, r.IntN(50)),
		}[r.IntN(9)])
	}
	return commands(lines...)
}

// TestListCommands runs with the default threshold and with low ones, so that
// lists take each of their forms many times.
func TestListCommands(t *testing.T) {
	for _, size := range []string{"-2", "-1", "4", "1", "128"} {
		t.Run("list-max-listpack-size "+size, func(t *testing.T) {
			f := listsFamily
			f.prologue = commands("0> CONFIG SET list-max-listpack-size " + size)
			f.restore = [][]string{{"CONFIG", "SET", "list-max-listpack-size", "-2"}}
			f.check(t, respPair(t))
		})
	}
}
