package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Directives whose value has a grammar of its own.

var (
	errSave            = errors.New("Invalid save parameters")                                                    //lint:ignore ST1005 Redis's text
	errLimitArguments  = errors.New("Wrong number of arguments in buffer limit configuration.")                   //lint:ignore ST1005 Redis's text
	errLimitClass      = errors.New("Invalid client class specified in buffer limit configuration.")              //lint:ignore ST1005 Redis's text
	errLimitValue      = errors.New("Error in hard, soft or soft_seconds setting in buffer limit configuration.") //lint:ignore ST1005 Redis's text
	errPercentiles     = errors.New("Invalid latency-tracking-info-percentiles parameters")                       //lint:ignore ST1005 Redis's text
	errPercentileRange = errors.New("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
	errEventClass      = errors.New("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.") //lint:ignore ST1005 Redis's text
	errNoAddress       = errors.New("an address is missing: name at least one, for example 127.0.0.1, or * for all")
	errSaveAndNosave   = errors.New("shutdown options SAVE and NOSAVE can't be used simultaneously")
	errOOMScores       = errors.New("Invalid oom-score-adj-values, elements must be between -2000 and 2000.") //lint:ignore ST1005 Redis's text
)

// addresses takes 1 to maxBindAddresses addresses. Redis takes none too and then
// listens nowhere, which nobody means who forgot to fill in a variable.
func addresses() syntax {
	s := words("addresses or names; a leading - forgives an absent one", maxBindAddresses, "Too many bind addresses specified.")
	parseWords := s.parse
	s.parse = func(g given) (string, error) {
		text, err := parseWords(g)
		if err == nil && (text == "" || slices.Contains(strings.Fields(text), "-")) {
			return "", errNoAddress
		}
		return text, err
	}
	return s
}

// savePoints takes pairs of seconds and changes. Several lines in one load add
// up; an empty value drops what came before.
func savePoints() syntax {
	return syntax{
		many:    true,
		allowed: `pairs of seconds and changes, or "" for none`,
		parse: func(g given) (string, error) {
			if len(g.words) == 0 {
				return "", nil
			}
			if len(g.words)%2 != 0 {
				return "", errSave
			}
			for i, word := range g.words {
				n, err := parseInteger(word)
				if err != nil || n < int64(1-i%2) {
					return "", errSave
				}
			}
			text := strings.Join(g.words, " ")
			if g.again && g.current != "" {
				text = g.current + " " + text
			}
			return text, nil
		},
	}
}

type savePointsAt func(*Config) *[]SavePoint

func (at savePointsAt) load(c *Config) string {
	var parts []string
	for _, p := range *at(c) {
		parts = append(parts, fmt.Sprintf("%d %d", p.Seconds, p.Changes))
	}
	return strings.Join(parts, " ")
}

func (at savePointsAt) store(c *Config, text string) {
	words := strings.Fields(text)
	points := make([]SavePoint, 0, len(words)/2)
	for pair := range slices.Chunk(words, 2) {
		points = append(points, SavePoint{Seconds: mustInt(pair[0]), Changes: mustInt(pair[1])})
	}
	*at(c) = points
}

// limitClasses are the client classes in the order in which they are printed.
// Redis still prints the old name "slave" and takes both.
var limitClasses = []string{"normal", "slave", "pubsub"}

// outputLimits takes a class and its three limits, any number of times;
// classes that are not named keep theirs.
func outputLimits() syntax {
	return syntax{
		many:    true,
		allowed: "CLASS HARD SOFT SECONDS, repeated; the classes are normal, replica and pubsub",
		parse: func(g given) (string, error) {
			if len(g.words)%4 != 0 {
				return "", errLimitArguments
			}
			limits := parseLimits(g.current)
			for four := range slices.Chunk(g.words, 4) {
				class := strings.ToLower(four[0])
				if class == "replica" {
					class = "slave"
				}
				i := slices.Index(limitClasses, class)
				if i < 0 {
					return "", errLimitClass
				}
				limit, err := parseLimit(four[1:])
				if err != nil {
					return "", err
				}
				*limits.class(i) = limit
			}
			return limits.String(), nil
		},
	}
}

// parseLimit reads HARD SOFT SECONDS.
func parseLimit(words []string) (OutputBufferLimit, error) {
	hard, errHard := parseMemory(words[0])
	soft, errSoft := parseMemory(words[1])
	seconds, errSeconds := parseInteger(words[2])
	if errHard != nil || errSoft != nil || errSeconds != nil || seconds < 0 {
		return OutputBufferLimit{}, errLimitValue
	}
	return OutputBufferLimit{HardBytes: hard, SoftBytes: soft, SoftSeconds: seconds}, nil
}

// parseLimits reads what String has written.
func parseLimits(text string) OutputBufferLimits {
	var limits OutputBufferLimits
	for four := range slices.Chunk(strings.Fields(text), 4) {
		*limits.class(slices.Index(limitClasses, four[0])) = OutputBufferLimit{
			HardBytes: mustInt(four[1]), SoftBytes: mustInt(four[2]), SoftSeconds: mustInt(four[3]),
		}
	}
	return limits
}

func (l *OutputBufferLimits) class(i int) *OutputBufferLimit {
	return []*OutputBufferLimit{&l.Normal, &l.Replica, &l.Pubsub}[i]
}

// String writes the limits as CONFIG GET does.
func (l OutputBufferLimits) String() string {
	parts := make([]string, 0, len(limitClasses))
	for i, name := range limitClasses {
		limit := l.class(i)
		parts = append(parts, fmt.Sprintf("%s %d %d %d", name, limit.HardBytes, limit.SoftBytes, limit.SoftSeconds))
	}
	return strings.Join(parts, " ")
}

type limitsAt func(*Config) *OutputBufferLimits

func (at limitsAt) load(c *Config) string        { return at(c).String() }
func (at limitsAt) store(c *Config, text string) { *at(c) = parseLimits(text) }

// percentiles takes numbers in [0, 100].
func percentiles() syntax {
	return syntax{
		many:    true,
		allowed: `numbers from 0 to 100, or "" for none`,
		parse: func(g given) (string, error) {
			var parts []string
			for _, word := range g.words {
				f, err := strconv.ParseFloat(word, 64)
				if err != nil || f != f {
					return "", errPercentiles
				}
				if f < 0 || f > 100 {
					return "", errPercentileRange
				}
				parts = append(parts, formatFloat(f))
			}
			return strings.Join(parts, " "), nil
		},
	}
}

// Event classes of notify-keyspace-events in the order in which they are
// printed: the ones that "A" stands for, then the others. Redis 7.0 forgets to
// print "n" after "A".
const (
	eventClassesOfAll = "g$lshzxetd"
	eventClassesOther = "nKEm"
)

// keyspaceEvents takes a set of event classes.
func keyspaceEvents() syntax {
	return one("letters of "+eventClassesOfAll+eventClassesOther+", or A for "+eventClassesOfAll,
		func(word string) (string, error) {
			word = strings.ReplaceAll(word, "A", eventClassesOfAll)
			for _, r := range word {
				if !strings.ContainsRune(eventClassesOfAll+eventClassesOther, r) {
					return "", errEventClass
				}
			}
			var text strings.Builder
			for _, r := range eventClassesOfAll + eventClassesOther {
				if strings.ContainsRune(word, r) {
					text.WriteRune(r)
				}
			}
			if rest, all := strings.CutPrefix(text.String(), eventClassesOfAll); all {
				return "A" + rest, nil
			}
			return text.String(), nil
		})
}

// shutdownWords takes "default" or words that SHUTDOWN takes.
func shutdownWords() syntax {
	names := []string{"default", "save", "nosave", "now", "force"}
	return syntax{
		many:    true,
		allowed: "default, or words of save, nosave, now, force",
		parse: func(g given) (string, error) {
			if len(g.words) == 0 {
				return "", errOneOf(names)
			}
			var set [5]bool
			for _, word := range g.words {
				i := slices.Index(names, strings.ToLower(word))
				if i < 0 {
					return "", errOneOf(names)
				}
				set[i] = true
			}
			if set[1] && set[2] {
				return "", errSaveAndNosave
			}
			var parts []string
			for i, name := range names {
				if i > 0 && set[i] {
					parts = append(parts, name)
				}
			}
			if len(parts) == 0 {
				return "default", nil
			}
			return strings.Join(parts, " "), nil
		},
	}
}

// oomScores takes three numbers in [-2000, 2000] in any order.
func oomScores() syntax {
	return syntax{
		many:    true,
		allowed: "three numbers from -2000 to 2000",
		parse: func(g given) (string, error) {
			if len(g.words) != 3 {
				return "", errWrongNumber
			}
			for _, word := range g.words {
				n, err := parseInteger(word)
				if err != nil || n < -2000 || n > 2000 {
					return "", errOOMScores
				}
			}
			return strings.Join(g.words, " "), nil
		},
	}
}
