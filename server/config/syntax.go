package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A syntax says what a directive takes.
type syntax struct {
	// parse turns what was given into the text that CONFIG GET prints. The
	// error's text is the one that CONFIG SET answers.
	parse func(given) (string, error)
	// allowed describes the values to people.
	allowed string
	// many: it takes any number of words; one word is split at its spaces.
	many bool
	// bytes: the text is a number of bytes, which a file may write with a unit.
	bytes bool
}

var (
	errWrongNumber = errors.New("wrong number of arguments")
	errNotYesNo    = errors.New("argument must be 'yes' or 'no'")
	errNotInteger  = errors.New("argument couldn't be parsed into an integer")
	errNotOctal    = errors.New("argument couldn't be parsed as an octal number")
	errNotMemory   = errors.New("argument must be a memory value")
	errOverflow    = errors.New("the number of bytes is too large")
	errNotPercent  = errors.New("argument must be a memory or percent value")
	errPercentHigh = errors.New("percentage argument must be less or equal to 100")
)

// one is the syntax of a directive that takes a single word.
func one(allowed string, parse func(word string) (string, error)) syntax {
	return syntax{
		allowed: allowed,
		parse:   func(g given) (string, error) { return parse(g.words[0]) },
	}
}

// yesNo takes yes or no in any case.
func yesNo() syntax {
	return one("yes or no", func(word string) (string, error) {
		switch word = strings.ToLower(word); word {
		case "yes", "no":
			return word, nil
		}
		return "", errNotYesNo
	})
}

// integer takes a decimal number in [low, high].
func integer(low, high int64) syntax {
	return one(fmt.Sprintf("%d to %s", low, bound(high)), func(word string) (string, error) {
		n, err := parseInteger(word)
		if err != nil {
			return "", err
		}
		if n < low || n > high {
			return "", errBetween(low, high)
		}
		return word, nil
	})
}

// clamped takes any number in [0, 2^31) and moves it into [low, high].
func clamped(low, high int64) syntax {
	wide := integer(0, 1<<31-1)
	return syntax{
		allowed: fmt.Sprintf("%d to %d; what lies outside is moved to the nearer end", low, high),
		parse: func(g given) (string, error) {
			text, err := wide.parse(g)
			if err != nil {
				return "", err
			}
			n, err := strconv.ParseInt(text, 10, 64)
			return strconv.FormatInt(min(max(n, low), high), 10), err
		},
	}
}

// octal takes permission bits.
func octal() syntax {
	return one("000 to 777, octal", func(word string) (string, error) {
		bits, err := strconv.ParseUint(word, 8, 32)
		if err != nil {
			return "", errNotOctal
		}
		if bits > 0o777 {
			return "", errors.New("argument must be between 0 and 777 inclusive")
		}
		return strconv.FormatUint(bits, 8), nil
	})
}

// memory takes a number of bytes in [low, high], with or without a unit.
func memory(low, high int64) syntax {
	s := one(memoryAllowed(low, high), func(word string) (string, error) {
		n, err := parseMemory(word)
		if err == errOverflow || err == nil && (n < low || n > high) {
			return "", errBetween(low, high)
		}
		return strconv.FormatInt(n, 10), err
	})
	s.bytes = true
	return s
}

// memoryOrPercent takes a number of bytes or a whole percentage.
func memoryOrPercent() syntax {
	s := one("bytes (units as 100mb) or 0% to 100% of maxmemory", func(word string) (string, error) {
		percent, isPercent := strings.CutSuffix(word, "%")
		if !isPercent {
			n, err := parseMemory(word)
			if err != nil {
				return "", errNotPercent
			}
			return strconv.FormatInt(n, 10), nil
		}
		n, err := parseInteger(percent)
		if err != nil || n < 0 {
			return "", errNotPercent
		}
		if n > 100 {
			return "", errPercentHigh
		}
		if n == 0 {
			return "0", nil
		}
		return word, nil
	})
	s.bytes = true
	return s
}

// oneOf takes one of the names, in any case.
func oneOf(names ...string) syntax {
	return one(strings.Join(names, ", "), func(word string) (string, error) {
		for _, name := range names {
			if strings.EqualFold(word, name) {
				return name, nil
			}
		}
		return "", errOneOf(names)
	})
}

// text takes anything, the empty string included.
func text() syntax {
	return one("text", func(word string) (string, error) { return word, nil })
}

// path takes anything; only the description differs from text.
func path() syntax {
	return one("a path", func(word string) (string, error) { return word, nil })
}

// fileName takes a name without folders.
func fileName(directive string) syntax {
	return one("a file name, no path", func(word string) (string, error) {
		if strings.ContainsRune(word, '/') {
			return "", errors.New(directive + " can't be a path, just a filename")
		}
		return word, nil
	})
}

// words takes up to most words.
func words(allowed string, most int, tooMany string) syntax {
	return syntax{many: true, allowed: allowed, parse: func(g given) (string, error) {
		if len(g.words) > most {
			return "", errors.New(tooMany)
		}
		kept := slices.DeleteFunc(slices.Clone(g.words), func(word string) bool { return word == "" })
		return strings.Join(kept, " "), nil
	}}
}

// parseInteger accepts what Redis calls an integer: decimal digits without
// leading zeros, spaces or a plus sign.
func parseInteger(word string) (int64, error) {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != word {
		return 0, errNotInteger
	}
	return n, nil
}

func errBetween(low, high int64) error {
	return fmt.Errorf("argument must be between %d and %d inclusive", low, high)
}

func errOneOf(names []string) error {
	return errors.New("argument(s) must be one of the following: " + strings.Join(names, ", "))
}

// bound writes the upper end of a range for people.
func bound(high int64) string {
	switch high {
	case 1<<63 - 1:
		return "2^63-1"
	case 1<<31 - 1:
		return "2^31-1"
	case 1<<32 - 1:
		return "2^32-1"
	}
	return strconv.FormatInt(high, 10)
}
