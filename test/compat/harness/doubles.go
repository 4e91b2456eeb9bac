package harness

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Doubles are printed with 17 digits by Redis 7.0, and with the fewest that
// read back the same since 7.2. larder follows 7.2, so these replies are
// compared as trees whose leaves may be two texts of one number.
func init() {
	for _, name := range []string{
		"ZADD", "ZDIFF", "ZINCRBY", "ZINTER", "ZMPOP", "ZMSCORE", "ZPOPMAX", "ZPOPMIN", "ZRANGE", "ZRANGEBYSCORE",
		"ZREVRANGE", "ZREVRANGEBYSCORE", "ZSCORE", "ZUNION", "BZMPOP", "BZPOPMAX", "BZPOPMIN",
	} {
		rules[name] = doubles
	}
	rules["ZSCAN"] = scannedPairs
	rules["ZRANDMEMBER"] = sameForm
}

func doubles(oracle, subject Reply) string { return sameDoubles(oracle.Value, subject.Value) }

// sameDoubles compares two trees.
func sameDoubles(a, b Value) string {
	switch {
	case bytes.Equal(a.Raw, b.Raw):
		return ""
	case a.Kind != b.Kind || a.Null != b.Null || len(a.Elems) != len(b.Elems):
		return "types or lengths differ"
	case len(a.Elems) == 0 && !oneNumber(a.Str, b.Str):
		return "replies differ"
	}
	for i := range a.Elems {
		if d := sameDoubles(a.Elems[i], b.Elems[i]); d != "" {
			return fmt.Sprintf("element %d: %s", i+1, d)
		}
	}
	return ""
}

// oneNumber tells whether oracle is a number with 17 digits and subject the
// same with no more than it needs.
func oneNumber(oracle, subject []byte) bool {
	a, errA := strconv.ParseFloat(string(oracle), 64)
	b, errB := strconv.ParseFloat(string(subject), 64)
	return errA == nil && errB == nil && math.Float64bits(a) == math.Float64bits(b) && string(oracle) == fmt.Sprintf("%.17g", a)
}

// nearDistance is by how much of itself a stored distance may differ: two last
// digits, because C's library does not always round sines to the nearest.
const nearDistance = 4.5e-16

// NearDoubles compares lists of members and distances.
func NearDoubles(oracle, subject Reply) string { return nearDoubles(oracle.Value, subject.Value) }

func nearDoubles(a, b Value) string {
	if sameDoubles(a, b) == "" {
		return ""
	}
	if a.Kind != b.Kind || len(a.Elems) != len(b.Elems) {
		return "types or lengths differ"
	}
	if len(a.Elems) == 0 {
		x, errX := strconv.ParseFloat(string(a.Str), 64)
		y, errY := strconv.ParseFloat(string(b.Str), 64)
		if errX != nil || errY != nil || math.Abs(x-y) > nearDistance*math.Abs(x) {
			return "replies differ"
		}
	}
	for i := range a.Elems {
		if d := nearDoubles(a.Elems[i], b.Elems[i]); d != "" {
			return fmt.Sprintf("element %d: %s", i+1, d)
		}
	}
	return ""
}

// sameForm compares types and lengths only: the content is chosen at random.
func sameForm(oracle, subject Reply) string {
	var same func(a, b Value) bool
	same = func(a, b Value) bool {
		if a.Kind != b.Kind || a.Null != b.Null || len(a.Elems) != len(b.Elems) {
			return false
		}
		for i := range a.Elems {
			if !same(a.Elems[i], b.Elems[i]) {
				return false
			}
		}
		return true
	}
	if !same(oracle.Value, subject.Value) {
		return "types or lengths differ"
	}
	return ""
}

// scannedPairs compares what a whole iteration in one reply has returned, in any
// order; parts of one are each server's own.
func scannedPairs(oracle, subject Reply) string {
	if d := sameShape(2)(oracle, subject); d != "" {
		return d
	}
	for _, v := range []Value{oracle.Value, subject.Value} {
		if string(v.Elems[0].Str) != "0" {
			return ""
		}
	}
	a, okA := numberedPairs(oracle.Value.Elems[1])
	b, okB := numberedPairs(subject.Value.Elems[1])
	if !okA || !okB || !slices.Equal(a, b) {
		return "the pairs differ"
	}
	return ""
}

// numberedPairs are the pairs of a list of members and scores, sorted.
func numberedPairs(v Value) (pairs []string, ok bool) {
	if len(v.Elems)%2 != 0 {
		return nil, false
	}
	for i := 0; i < len(v.Elems); i += 2 {
		score, err := strconv.ParseFloat(string(v.Elems[i+1].Str), 64)
		if err != nil {
			return nil, false
		}
		pairs = append(pairs, fmt.Sprintf("%q %v", v.Elems[i].Str, score))
	}
	slices.Sort(pairs)
	return pairs, true
}
