package config

import "strings"

// Faults are all the errors of one load, in the order of the text. As an error
// they print one line each.
type Faults []Fault

// A Fault is one error of a load.
type Fault struct {
	Where   string // "larder.conf:12" or "command line"
	Message string // what was wrong and what to do
}

func (f Fault) Error() string { return f.Where + ": " + f.Message }

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// nearest returns the directive whose name is the fewest edits away from name,
// or "" when none is close enough to be what was meant.
func nearest(name string) string {
	name = strings.ToLower(name)
	best, bestDistance := "", max(2, len(name)/3)+1
	consider := func(candidate string) {
		if d := editDistance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	consider("include")
	for _, d := range directives {
		consider(d.name)
		for _, alias := range d.aliases {
			consider(alias)
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			replace := previous[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			current[j] = min(previous[j]+1, current[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
