package harness

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Choose makes an argument class that picks one of words.
func Choose(words ...string) Arg {
	return func(r *rand.Rand) []byte { return []byte(words[r.IntN(len(words))]) }
}

// Mix makes a class that picks one of the given classes; a weight stands
// before each.
func Mix(weightsAndArgs ...any) Arg {
	var weights []int
	var args []Arg
	for i := 0; i < len(weightsAndArgs); i += 2 {
		weights = append(weights, weightsAndArgs[i].(int))
		args = append(args, weightsAndArgs[i+1].(Arg))
	}
	return func(r *rand.Rand) []byte { return args[Weighted(r, weights...)](r) }
}

// Integer picks from [low, high].
func Integer(low, high int64) Arg {
	return func(r *rand.Rand) []byte {
		return strconv.AppendInt(nil, low+r.Int64N(high-low+1), 10)
	}
}

// Bytes makes a random binary string of length [low, high].
func Bytes(low, high int) Arg {
	return func(r *rand.Rand) []byte {
		b := make([]byte, low+r.IntN(high-low+1))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
}

// Letters makes a string of length [low, high] over a few letters, so that
// patterns and subsequences match at times.
func Letters(low, high int, alphabet string) Arg {
	return func(r *rand.Rand) []byte {
		b := make([]byte, low+r.IntN(high-low+1))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return b
	}
}

// numberEdges are integers at the limits of 64 bits, and texts that are
// nearly integers.
var numberEdges = []string{
	"0", "-1", "1", "9223372036854775807", "-9223372036854775808", "9223372036854775806",
	"9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
	"4294967295", "4294967296", "2147483647", "2147483648", "-2147483648",
	"", " 1", "1 ", "+1", "-0", "01", "1.0", "1e5", "0x1f", "abc", "1\x00", "\xff",
	"123456789012345678901234567890",
}

var floatEdges = []string{
	"0", "-0", "1.5", "-1.5", "3.0", "1e5", "1E5", "5.0e3", "1e-7", "0.1", "0.2", "1e17", "1e18", "1e19", "1e20",
	"123456789.123456789", "0.000000000000000001", "3.14159265358979323846", "-2.5e-10", ".5", "5.", "+3.25",
	"inf", "-inf", "+inf", "Infinity", "nan", "-nan", "", " 1.5", "1.5 ", "1.5x", "abc", "0x1p3", "0x10",
	"1e308", "1e309", "1e4932", "1e4933", "-1e308", "4.9e-324", "1e-400", "99999999999999999", "9007199254740993",
	"1.7976931348623157e308", "12345678901234567890123456789", "1_000", "1,5",
}

// Times of relative expiries are at least longTTLSec, so that no key expires
// by itself in a history; they are drawn from a range wide enough that no two
// are alike, so that GT and LT never depend on a millisecond.
const (
	longTTLSec = 100_000
	ttlSpread  = 1_000_000_000
)

// BaseClasses are the argument classes that all families share.
func BaseClasses() Classes {
	key := Choose("a", "b", "c", "d", "e", "key:1", "key:2", "ключ", "k\x00\xff", "", "{t}x")
	smallValue := Mix(
		30, Letters(0, 12, "abc"),
		10, Integer(-100, 100),
		6, Choose(numberEdges...),
		6, Choose(floatEdges...),
		8, Bytes(0, 40),
		6, Letters(43, 46, "xyz"), // around the limit between embstr and raw
		4, Bytes(200, 1200),
	)
	future := time.Now().Unix() + longTTLSec
	return Classes{
		"key":      key,
		"value":    Mix(40, smallValue, 1, Bytes(16_000, 40_000)),
		"small":    smallValue,
		"int":      Mix(6, Integer(-1000, 1000), 3, Choose(numberEdges...), 1, Integer(-1<<61, 1<<61)),
		"float":    Mix(5, Choose(floatEdges...), 3, Arg(randomFloat), 2, Integer(-1000, 1000)),
		"index":    Mix(8, Integer(-20, 20), 1, Choose(numberEdges...), 1, Integer(-2000, 2000)),
		"offset":   Mix(16, Integer(0, 60), 2, Choose("-1", "536870912", "9223372036854775807", "abc", "", "-9223372036854775808", "9223372036854775800"), 1, Integer(1000, 3000)),
		"bit":      Mix(16, Integer(0, 200), 2, Choose("-1", "4294967296", "9223372036854775807", "abc", "", "99999999999999999999"), 1, Integer(200, 100_000)),
		"secs":     Mix(7, Integer(longTTLSec, ttlSpread), 2, Choose("0", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775", "9223372036854776", "abc", "1.5", "", "1 ")),
		"msecs":    Mix(7, Integer(longTTLSec*1000, ttlSpread*1000), 2, Choose("0", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854770000", "abc", "1.5", "")),
		"unixsec":  Mix(7, Integer(future, future+8), 2, Choose("0", "1", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775", "9223372036854776", "abc", "")),
		"unixms":   Mix(7, Integer(future*1000, future*1000+8), 2, Choose("0", "1", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854770000", "abc", "")),
		"db":       Mix(10, Choose("0", "1", "2", "15"), 1, Choose("16", "-1", "abc", "", "99999999999999999999", "1.0", " 1")),
		"pattern":  Choose("*", "a", "[a-c]", "[^a]", "?", "key:*", "k*", "*:?", "[", "[a", "\\*", "a*b*c", "**", "", "[b-a]", "k[\\]]*", "\\", "ключ", "*\xff", "[z-a]*", "h[!a]"),
		"count":    Mix(6, Integer(1, 100), 2, Choose("0", "-1", "abc", "9223372036854775807", "")),
		"typename": Choose("string", "list", "hash", "zset", "set", "stream", "STRING", "none", "foo", ""),
		"binary01": Mix(9, Choose("0", "1"), 1, Choose("2", "-1", "", "abc", "01")),
		"junk":     Junk,
	}
}

func randomFloat(r *rand.Rand) []byte {
	switch r.IntN(3) {
	case 0:
		return strconv.AppendFloat(nil, r.NormFloat64()*1000, 'g', -1, 64)
	case 1:
		return []byte(fmt.Sprintf("%.*f", r.IntN(20), r.NormFloat64()))
	}
	return strconv.AppendFloat(nil, r.NormFloat64()*float64(uint64(1)<<r.IntN(60)), 'e', r.IntN(18), 64)
}
