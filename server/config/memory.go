package config

import (
	"math"
	"strconv"
	"strings"
)

// units are Redis's: the ones that end in "b" are powers of 1024, the short
// ones are powers of 1000.
var units = map[string]int64{
	"": 1, "b": 1,
	"k": 1000, "kb": 1 << 10,
	"m": 1000 * 1000, "mb": 1 << 20,
	"g": 1000 * 1000 * 1000, "gb": 1 << 30,
}

// parseMemory reads digits and an optional unit in any case. What does not fit
// 63 bits is errOverflow, where Redis wraps around or saturates silently.
func parseMemory(word string) (int64, error) {
	end := strings.IndexFunc(word, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(word)
	}
	unit, known := units[strings.ToLower(word[end:])]
	if !known {
		return 0, errNotMemory
	}
	if end == 0 {
		return 0, errNotMemory
	}
	n, err := strconv.ParseInt(word[:end], 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, errOverflow
	}
	return n * unit, nil
}

// formatMemory writes bytes with the largest unit that divides them, as
// CONFIG REWRITE does.
func formatMemory(n int64) string {
	for _, name := range []string{"gb", "mb", "kb"} {
		if unit := units[name]; n >= unit && n%unit == 0 {
			return strconv.FormatInt(n/unit, 10) + name
		}
	}
	return strconv.FormatInt(n, 10)
}

func memoryAllowed(low, high int64) string {
	s := "bytes (units as 100mb)"
	if low > 0 {
		s += ", at least " + formatMemory(low)
	}
	if high < math.MaxInt64 {
		s += ", at most " + formatMemory(high)
	}
	return s
}
