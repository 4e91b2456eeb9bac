package command

// matchGlob tells whether s matches a pattern as KEYS and SCAN take it: * any
// run of bytes, ? one byte, [ac-e] and [^ac-e] one byte of a set or not of it,
// \ takes the next byte as it is. A set that is not closed runs to the end of
// the pattern.
//
// Redis tries the rest of the pattern at each place after each star. Here only
// the last star is retried, which finds the same matches, because what follows
// a star is found the sooner the better; so the time is bounded by
// len(pattern) × len(s) whatever the pattern is.
//
// As in Redis nothing but the empty pattern matches the empty string.
func matchGlob(pattern, s []byte) bool {
	if len(s) == 0 {
		return len(pattern) == 0
	}
	p, n := 0, 0
	star, retry := -1, 0
	for n < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			star, retry = p, n
			p++
			continue
		}
		if width, ok := matchOne(pattern[p:], s[n]); ok {
			p += width
			n++
			continue
		}
		if star < 0 {
			return false
		}
		retry++
		p, n = star+1, retry
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// MatchGlob is matchGlob for the patterns that clients subscribe to.
func MatchGlob(pattern, s []byte) bool { return matchGlob(pattern, s) }

// matchOne matches c with the element that pattern starts with and returns
// the element's width.
func matchOne(pattern []byte, c byte) (width int, ok bool) {
	if len(pattern) == 0 {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchSet(pattern, c)
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	}
	return 1, pattern[0] == c
}

// matchSet matches c with the set that pattern starts with. A range takes the
// byte behind its "-" whatever that is, "]" included.
func matchSet(pattern []byte, c byte) (width int, ok bool) {
	i := 1
	negated := i < len(pattern) && pattern[i] == '^'
	if negated {
		i++
	}
	found := false
	for i < len(pattern) && pattern[i] != ']' {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			found = found || pattern[i+1] == c
			i += 2
		case i+2 < len(pattern) && pattern[i+1] == '-':
			low, high := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			found = found || low <= c && c <= high
			i += 3
		default:
			found = found || pattern[i] == c
			i++
		}
	}
	return min(i+1, len(pattern)), found != negated
}

// glob is a pattern that many names are compared with.
type glob struct {
	pattern []byte
	all     bool // matches everything, the empty name included
}

func newGlob(pattern []byte) glob { return glob{pattern, string(pattern) == "*"} }

func (g *glob) match(name []byte) bool { return g.all || matchGlob(g.pattern, name) }

// matchName compares the lower-case name of a command with a pattern in any
// case.
func matchName(pattern, name []byte) bool { return matchGlob(lowerCase(pattern), name) }
