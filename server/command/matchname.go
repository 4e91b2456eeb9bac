package command

// matchName tells whether the lower-case name of a command matches a pattern:
// * any run, ? one byte, [a-c] and [^a-c] a set, \ takes the next byte as it
// is; case is ignored. Only the last star is ever retried, so its time is
// bounded by the product of the lengths.
func matchName(pattern, name []byte) bool {
	pattern = lowerCase(pattern)
	p, n, star, retry := 0, 0, -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, retry = p, n
			p++
			continue
		}
		if width := matchByte(pattern[p:], name[n]); width > 0 {
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

// matchByte returns the width of the element that p starts with if c matches
// it, 0 otherwise.
func matchByte(p []byte, c byte) (width int) {
	switch {
	case len(p) == 0:
		return 0
	case p[0] == '?':
		return 1
	case p[0] == '[':
		return matchSet(p, c)
	case p[0] == '\\' && len(p) > 1:
		if p[1] == c {
			return 2
		}
		return 0
	case p[0] == c:
		return 1
	}
	return 0
}

// matchSet is matchByte for a set; one that is not closed runs to the end.
func matchSet(p []byte, c byte) (width int) {
	i, found := 1, false
	negated := len(p) > 1 && p[1] == '^'
	if negated {
		i++
	}
	for i < len(p) && p[i] != ']' {
		switch {
		case p[i] == '\\' && i+1 < len(p):
			found = found || p[i+1] == c
			i += 2
		case i+2 < len(p) && p[i+1] == '-':
			low, high := min(p[i], p[i+2]), max(p[i], p[i+2])
			found = found || low <= c && c <= high
			i += 3
		default:
			found = found || p[i] == c
			i++
		}
	}
	if found == negated {
		return 0
	}
	return min(i+1, len(p))
}
