package compat

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"larder/test/compat/harness"
)

// Sorted sets. Ranges of members have a family of their own, because Redis's
// answers depend on its skip list's levels where scores differ.

var zsetRows = []string{
	"ZADD zkey (score member)*",
	"ZADD zkey (score member)*",
	"ZADD zkey {NX|XX|GT|LT|CH|INCR} (score member)*",
	"ZADD zkey {NX|XX|GT|LT|CH|INCR} score member",
	"ZINCRBY zkey score member",
	"ZREM zkey member*",
	"ZSCORE zkey member",
	"ZMSCORE zkey member*",
	"ZCARD zkey",
	"ZCOUNT zkey bound bound",
	"ZRANK zkey member",
	"ZREVRANK zkey member",
	"ZRANGE zkey index index [WITHSCORES]",
	"ZRANGE zkey index index {REV|WITHSCORES|LIMIT index index|BYSCORE}",
	"ZRANGE zkey bound bound BYSCORE {REV|WITHSCORES|LIMIT index index}",
	"ZREVRANGE zkey index index [WITHSCORES]",
	"ZRANGEBYSCORE zkey bound bound {WITHSCORES|LIMIT index index}",
	"ZREVRANGEBYSCORE zkey bound bound {WITHSCORES|LIMIT index index}",
	"ZRANGESTORE zkey zkey index index {REV|LIMIT index index}",
	"ZRANGESTORE zkey zkey bound bound BYSCORE {REV|LIMIT index index}",
	"ZREMRANGEBYRANK zkey index index",
	"ZREMRANGEBYSCORE zkey bound bound",
	"ZPOPMIN zkey [few]",
	"ZPOPMAX zkey [few]",
	"ZMPOP 1 zkey (MIN|MAX) [COUNT few]",
	"ZMPOP 2 zkey zkey (MIN|MAX) [COUNT few]",
	"BZPOPMIN zkey* wait",
	"BZPOPMAX zkey zkey wait",
	"BZMPOP wait 2 zkey zkey (MIN|MAX) [COUNT few]",
	"ZUNION 2 zkey zkey {WEIGHTS score score|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX|WITHSCORES}",
	"ZINTER 2 zkey zkey {WEIGHTS score score|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX|WITHSCORES}",
	"ZUNION 3 zkey zkey zkey {WEIGHTS score score score|AGGREGATE MAX|WITHSCORES}",
	"ZDIFF 2 zkey zkey [WITHSCORES]",
	"ZDIFF 3 zkey zkey zkey WITHSCORES",
	"ZUNIONSTORE zkey 2 zkey zkey {WEIGHTS score score|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX}",
	"ZINTERSTORE zkey 2 zkey zkey {WEIGHTS score score|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX}",
	"ZDIFFSTORE zkey few zkey zkey",
	"ZINTERCARD 2 zkey zkey [LIMIT index]",
	"SADD skey member*",
	"ZUNION 2 zkey skey {WEIGHTS score score|AGGREGATE MIN|AGGREGATE MAX|WITHSCORES}",
	"ZUNIONSTORE zkey 3 skey zkey zkey {WEIGHTS score score score|AGGREGATE MIN}",
	"ZINTER 2 skey zkey {WEIGHTS score score|AGGREGATE MAX|WITHSCORES}",
	"ZDIFF 2 (skey zkey|zkey skey) WITHSCORES",
	"ZINTERCARD 2 skey zkey",
	"ZRANDMEMBER zkey [picks [WITHSCORES]]",
	"ZSCAN zkey 0 {MATCH pattern|COUNT few}",
	"OBJECT ENCODING zkey",
	"TYPE zkey",
	"DEL zkey",
	"RENAME zkey zkey",
	"COPY zkey zkey REPLACE",
	"SET zkey member",
	"EXPIRE zkey secs",
	"DEBUG DIGEST-VALUE zkey",
}

// zsetClasses are the arguments; many draws a member of so many.
func zsetClasses(many int64) harness.Classes {
	return harness.Classes{
		"zkey": harness.Choose("z1", "z1", "z2", "z2", "z3", "z4"),
		"wait": harness.Mix(8, harness.Choose("0.001", "0.002", "1e-3"), 1, harness.Choose("-1", "abc", "")),
		"skey": harness.Choose("s1", "s2"),
		"member": harness.Mix(12, harness.Integer(0, many), 12, memberWord(many), 1, harness.Choose("", "a", "b", "\x00", "\xff", "é"),
			1, harness.Letters(60, 70, "xy")),
		"score": harness.Mix(10, harness.Integer(-5, 5), 4, harness.Choose("inf", "-inf", "1.5", "-0", "0.1", "0.2", "1e17", "1e19", "12345.1234567", "3.0", "4.9e-324", "9007199254740993"),
			1, harness.Choose("nan", "", "abc", " 1", "1 ", "0x10", "1e400", "1e-400", "infinity", "+5", "1_000")),
		"bound": harness.Mix(10, harness.Integer(-6, 6), 6, harness.Choose("(0", "(1", "(-2", "-inf", "+inf", "(inf", "(-inf", "0.1", "(0.1"),
			1, harness.Choose("", "(", "nan", " 1", "abc", "((1", "1 ", "0x2", "1e999", "[1")),
		"few": harness.Mix(8, harness.Integer(1, 6), 1, harness.Choose("0", "-1", "abc", "", "100", "9223372036854775807", "9223372036854775808")),
		// Not more: Redis makes all of a reply before it sends any.
		"picks":   harness.Mix(12, harness.Integer(-20, 20), 1, harness.Choose("abc", "", "9223372036854775807", "-9223372036854775808")),
		"pattern": harness.Choose("*", "m*", "1?", "[0-9]", "nobody"),
		"secs":    harness.Integer(100_000, 200_000_000),
	}
}

func memberWord(many int64) harness.Arg {
	return func(r *rand.Rand) []byte { return strconv.AppendInt([]byte("m"), r.Int64N(many+1), 10) }
}

// fillZSet adds many members at once, so that sets of all sizes occur.
func fillZSet(r *rand.Rand) []harness.Step {
	line := fmt.Sprintf("0> ZADD z%d", 1+r.IntN(4))
	for range 1 << r.IntN(9) {
		line += fmt.Sprintf(" %v m%d", []any{r.IntN(20), r.IntN(1000) - 500, float64(r.IntN(100)) / 8, r.NormFloat64()}[r.IntN(4)], r.IntN(400))
	}
	return commands(line)
}

func zsetFamily(name string, items, itemBytes int) family {
	many := int64(12)
	if items > 100 {
		many = 60
	}
	set := []string{fmt.Sprintf("0> CONFIG SET zset-max-listpack-entries %d", items), fmt.Sprintf("0> CONFIG SET zset-max-listpack-value %d", itemBytes)}
	var reading []string
	for _, command := range []string{"ZRANGE %s 0 -1 WITHSCORES", "OBJECT ENCODING %s", "ZSCAN %s 0 COUNT 1000", "TTL %s"} {
		for i := range 4 {
			reading = append(reading, "0> "+fmt.Sprintf(command, fmt.Sprintf("z%d", i+1)))
		}
	}
	return family{
		name: name, rows: zsetRows, classes: zsetClasses(many), spoil: 6,
		prologue: commands(set...), epilogue: commands(reading...),
		special: fillZSet, specialPercent: 4,
		restore: [][]string{{"CONFIG", "SET", "zset-max-listpack-entries", "128"}, {"CONFIG", "SET", "zset-max-listpack-value", "64"}},
	}
}

var zsetFamilies = []family{zsetFamily("zsets", 128, 64), zsetFamily("zsets, low limits", 4, 8), zsetFamily("zsets, never packed", 0, 64)}

func TestZSets(t *testing.T) {
	for i := range zsetFamilies {
		f := &zsetFamilies[i]
		t.Run(f.name, func(t *testing.T) { f.check(t, respPair(t)) })
	}
}

// lexFamily keeps all scores at 0.
var lexFamily = family{
	name: "zset members",
	rows: []string{
		"ZADD zkey (0 word)*",
		"ZADD zkey (0 word)*",
		"ZREM zkey word*",
		"ZLEXCOUNT zkey limit limit",
		"ZRANGEBYLEX zkey limit limit [LIMIT index index]",
		"ZREVRANGEBYLEX zkey limit limit [LIMIT index index]",
		"ZRANGE zkey limit limit BYLEX {REV|LIMIT index index|WITHSCORES}",
		"ZRANGESTORE zkey zkey limit limit BYLEX {REV|LIMIT index index}",
		"ZREMRANGEBYLEX zkey limit limit",
		"ZRANK zkey word",
		"OBJECT ENCODING zkey",
	},
	classes: harness.Classes{
		"zkey":  harness.Choose("z1", "z2"),
		"word":  harness.Mix(6, harness.Letters(0, 3, "abc"), 2, harness.Integer(0, 200), 1, harness.Bytes(1, 3)),
		"limit": lexLimit,
	},
	prologue: commands("0> CONFIG SET zset-max-listpack-entries 16"),
	epilogue: commands("0> ZRANGE z1 0 -1", "0> ZRANGE z2 - + BYLEX"),
	restore:  [][]string{{"CONFIG", "SET", "zset-max-listpack-entries", "128"}},
}

func lexLimit(r *rand.Rand) []byte {
	switch r.IntN(8) {
	case 0:
		return []byte("-")
	case 1:
		return []byte("+")
	case 2:
		return []byte([]string{"", "a", "--", "++", "[", "("}[r.IntN(6)])
	}
	return append([]byte{"[("[r.IntN(2)]}, harness.Letters(0, 3, "abc")(r)...)
}

func TestZSetMembers(t *testing.T) { lexFamily.check(t, respPair(t)) }
