package config

// matchGlob reports whether a name matches a pattern of CONFIG GET, ignoring
// ASCII case: * any run, ? one byte, [a-c] and [^a-c] a set, \ takes the next
// byte as it is. Its time is bounded by len(pattern) × len(name): only the
// last star is ever retried.
func matchGlob(pattern, name string) bool {
	p, n := 0, 0
	star, retry := -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, retry = p, n
			p++
			continue
		}
		if width, ok := matchOne(pattern[p:], lower(name[n])); ok {
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

// matchOne matches c with the element that pattern starts with and returns the
// element's width.
func matchOne(pattern string, c byte) (width int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchSet(pattern, c)
	case '\\':
		if len(pattern) > 1 {
			return 2, lower(pattern[1]) == c
		}
	}
	return 1, lower(pattern[0]) == c
}

// matchSet matches c with a set. A set that is not closed runs to the end of
// the pattern.
func matchSet(pattern string, c byte) (width int, ok bool) {
	i := 1
	negated := i < len(pattern) && pattern[i] == '^'
	if negated {
		i++
	}
	found := false
	for i < len(pattern) && pattern[i] != ']' {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			found = found || lower(pattern[i+1]) == c
			i += 2
		case i+2 < len(pattern) && pattern[i+1] == '-':
			low, high := lower(pattern[i]), lower(pattern[i+2])
			found = found || min(low, high) <= c && c <= max(low, high)
			i += 3
		default:
			found = found || lower(pattern[i]) == c
			i++
		}
	}
	return min(i+1, len(pattern)), found != negated
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
