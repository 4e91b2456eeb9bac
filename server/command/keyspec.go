package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// KeySpec says where some of a command's keys stand and what is done to them.
// A spec is written in the table as
//
//	FIRST[:LAST[:STEP]] FLAG …        keys at fixed places; LAST < 0 counts from
//	                                  the end, -1 is the last argument
//	num N[:FIRST[:STEP]] FLAG …       argument N holds the number of keys, the first
//	                                  one stands at N+FIRST (default 1)
//	after WORD FROM LAST[:STEP[:LIMIT]] FLAG …  keys that follow an option word which
//	                                  is searched from argument FROM on, backwards from
//	                                  the end if that is negative; with LAST -1
//	                                  and LIMIT 2, the first half of what follows.
//	                                  "past=GROUP" before the flags steps over an
//	                                  option GROUP with its two arguments, which may
//	                                  be called like WORD
//
// and several specs are separated by ";". Flags are Redis's: RO RW OW RM and
// access update insert delete not_key incomplete variable_flags.
type KeySpec struct {
	First, Last, Step int
	NumAt             int    // > 0: the argument with the number of keys
	Word              string // != "": the option word the keys follow
	From              int    // where the search for Word starts
	Past              string // != "": an option of two arguments that the search steps over
	Unknown           bool   // an option's key, or no Word: keys that are not in the request
	Limit             int    // > 1: only one of so many arguments up to Last is a key
	Flags             []string
}

// NotKey tells that the spec marks an argument that only looks like a key.
func (k *KeySpec) NotKey() bool {
	for _, f := range k.Flags {
		if f == "not_key" {
			return true
		}
	}
	return false
}

func parseKeySpecs(s string) ([]KeySpec, error) {
	var specs []KeySpec
	for _, part := range strings.Split(s, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		spec, err := parseKeySpec(words)
		if err != nil {
			return nil, fmt.Errorf("key spec %q: %w", part, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func parseKeySpec(words []string) (KeySpec, error) {
	k := KeySpec{Step: 1}
	switch {
	case words[0] == "num" && len(words) > 1:
		n, err := numbers(words[1], []int{0, 1, 1})
		if err != nil {
			return k, err
		}
		k.NumAt, k.First, k.Step = n[0], n[1], n[2]
		k.Flags = words[2:]
	case words[0] == "unknown":
		k.Unknown, k.Flags = true, words[1:]
	case words[0] == "option" && len(words) > 1:
		k.Unknown, k.Word, k.Flags = true, words[1], words[2:]
	case words[0] == "after" && len(words) > 3:
		from, err := strconv.Atoi(words[2])
		if err != nil {
			return k, err
		}
		n, err := numbers(words[3], []int{0, 1, 0})
		if err != nil {
			return k, err
		}
		k.Word, k.From, k.First, k.Last, k.Step, k.Limit = words[1], from, 1, n[0], n[1], n[2]
		words = words[4:]
		if len(words) > 0 {
			if past, ok := strings.CutPrefix(words[0], "past="); ok {
				k.Past, words = past, words[1:]
			}
		}
		k.Flags = words
	default:
		n, err := numbers(words[0], []int{0, 0, 1})
		if err != nil {
			return k, err
		}
		if !strings.Contains(words[0], ":") {
			n[1] = n[0]
		}
		k.First, k.Last, k.Step = n[0], n[1], n[2]
		k.Flags = words[1:]
	}
	return k, nil
}

// numbers parses "a:b:c" over the given defaults.
func numbers(s string, def []int) ([]int, error) {
	parts := strings.Split(s, ":")
	if len(parts) > len(def) {
		return nil, errors.New("too many numbers")
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, err
		}
		def[i] = n
	}
	return def, nil
}

// AppendKeys appends the indexes of a request's keys to dst. The request's
// arity fits the command. ok is false when the number of keys that the
// request states cannot be.
func (c *Command) AppendKeys(dst []int, args [][]byte) (_ []int, ok bool) {
	for i := range c.Specs {
		k := &c.Specs[i]
		if k.NotKey() {
			continue
		}
		first, last := k.First, k.Last
		switch {
		case k.Unknown:
			if first = k.option(args); first < 0 {
				continue
			}
			last = first
		case k.NumAt > 0:
			if k.NumAt >= len(args) {
				return dst, false
			}
			n, err := strconv.Atoi(string(args[k.NumAt]))
			if err != nil || n < 0 || n > len(args) {
				return dst, false
			}
			first += k.NumAt
			last = first + (n-1)*k.Step
			if last >= len(args) {
				return dst, false
			}
		case k.Word != "":
			at := k.find(args)
			if at < 0 {
				continue
			}
			first, last = at+1, at+1+k.Last
			if k.Last < 0 {
				last = len(args) + k.Last
			}
			if k.Limit > 1 {
				last = first + (last-first+1)/k.Limit - 1
			}
		case last < 0:
			last += len(args)
		}
		for j := first; j <= last && j < len(args); j += k.Step {
			dst = append(dst, j)
		}
	}
	return dst, true
}

// option returns the index of the argument behind the last option Word, -1 if
// there is none. The arguments of SORT's other options are not looked at.
func (k *KeySpec) option(args [][]byte) (at int) {
	at = -1
	for i := 2; i < len(args); i++ {
		switch {
		case IsWord(args[i], "LIMIT"):
			i += 2
		case IsWord(args[i], "BY"), IsWord(args[i], "GET"):
			i++
		case k.Word != "" && IsWord(args[i], k.Word) && i+1 < len(args):
			at = i + 1
		}
	}
	return at
}

// find returns the index of the option word, -1 if it is missing.
func (k *KeySpec) find(args [][]byte) int {
	for i := len(args) + k.From; k.From < 0 && i > 0; i-- {
		if strings.EqualFold(string(args[i]), k.Word) {
			return i
		}
	}
	for i := 1; k.From >= 0 && i < len(args); i++ {
		switch {
		case k.Past != "" && strings.EqualFold(string(args[i]), k.Past):
			i += 2
		case i >= k.From && strings.EqualFold(string(args[i]), k.Word):
			return i
		}
	}
	return -1
}
