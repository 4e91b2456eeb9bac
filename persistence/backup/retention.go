package backup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Retention says which backups are kept: each that at least one rule keeps, and
// the newest in any case. The zero value keeps all.
type Retention struct {
	Last   int           // so many of the newest
	Within time.Duration // those that are not older than the newest by more
	Daily  int           // the newest of each of so many days (UTC) that have one
}

// ParseRetention reads rules, like "keep-last 24 keep-daily 30" or "keep-within
// 14d". Empty text keeps all.
func ParseRetention(text string) (r Retention, err error) {
	words := strings.Fields(text)
	if len(words)%2 != 0 {
		return r, fmt.Errorf("%q: each of keep-last, keep-daily and keep-within takes one value", text)
	}
	for i := 0; i < len(words); i += 2 {
		switch rule, value := words[i], words[i+1]; rule {
		case "keep-last":
			r.Last, err = parseCount(value)
		case "keep-daily":
			r.Daily, err = parseCount(value)
		case "keep-within":
			r.Within, err = ParseInterval(value)
		default:
			err = fmt.Errorf("%q is not a rule: there are keep-last, keep-daily and keep-within", rule)
		}
		if err != nil {
			return Retention{}, err
		}
	}
	return r, nil
}

func parseCount(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number of backups from 1 on", value)
	}
	return n, nil
}

// ParseInterval reads a positive time like 90m, 12h, 14d or 2w.
func ParseInterval(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(value, unit); ok {
			var n uint16
			if n, err = parseUint16(digits); err == nil {
				d = time.Duration(n) * length
			}
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time like 90m, 12h, 14d or 2w", value)
	}
	return d, nil
}

func parseUint16(digits string) (uint16, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	return uint16(n), err
}

// split tells the backups to keep from those to remove. Both are in the order of
// list. REQUIRES: list is in order of Taken.
func (r Retention) split(list []*Backup) (keep, remove []*Backup) {
	if r == (Retention{}) || len(list) == 0 {
		return list, nil
	}
	days := map[string]bool{}
	newest := list[len(list)-1].Taken
	for i, b := range slices.Backward(list) {
		day := b.Taken.UTC().Format(time.DateOnly)
		daily := !days[day] && len(days) < r.Daily
		days[day] = true
		if age := newest.Sub(b.Taken); i == len(list)-1 || len(list)-i <= r.Last || age <= r.Within && r.Within > 0 || daily {
			keep = append(keep, b)
		} else {
			remove = append(remove, b)
		}
	}
	slices.Reverse(keep)
	slices.Reverse(remove)
	return keep, remove
}
