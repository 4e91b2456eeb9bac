package resp

import "bytes"

// nextInline parses a request typed as one line of words. Words may be quoted
// as in redis-cli: "..." with escapes (\n \r \t \b \a \xHH), '...' with \' only.
func (p *Parser) nextInline(buf []byte, args [][]byte) ([][]byte, int, error) {
	// pos is how far the line has been searched for its end already.
	nl := bytes.IndexByte(buf[p.pos:], '\n')
	// The limit holds for the line itself: whether it is refused must not
	// depend on how the network cuts it up.
	if nl < 0 && len(buf) > MaxInlineBytes || p.pos+nl > MaxInlineBytes {
		return args, 0, errTooBigInline
	}
	if nl < 0 {
		p.pos, p.need = len(buf), len(buf)+1
		return args, 0, nil
	}
	nl += p.pos
	p.pos, p.need = 0, 0
	end := nl
	if end > 0 && buf[end-1] == '\r' {
		end--
	}
	// Redis ends the line at the first NUL, as C strings do.
	text := buf[:end]
	if z := bytes.IndexByte(text, 0); z >= 0 {
		text = text[:z]
	}
	args, scratch, ok := SplitWords(text, args, p.inline[:0])
	p.inline = scratch
	if !ok {
		return args, 0, errUnbalanced
	}
	return args, nl + 1, nil
}

// SplitWords splits a line into words by Redis's quoting rules and appends
// them to words. Quoted words are unescaped into scratch, which is returned
// for reuse. ok is false when a quote is not closed or is followed directly
// by another character.
func SplitWords(text []byte, words [][]byte, scratch []byte) (_ [][]byte, _ []byte, ok bool) {
	// scratch must not move while words point into it.
	if cap(scratch) < len(text) {
		scratch = make([]byte, 0, len(text))
	}
	for i := 0; ; {
		for i < len(text) && isSpace(text[i]) {
			i++
		}
		if i >= len(text) {
			return words, scratch, true
		}
		from := len(scratch)
		scratch, i, ok = word(text, i, scratch)
		if !ok {
			return words, scratch, false
		}
		words = append(words, scratch[from:len(scratch):len(scratch)])
	}
}

// word unescapes the word at text[i:] into dst and returns the offset behind it.
func word(text []byte, i int, dst []byte) (_ []byte, next int, ok bool) {
	for i < len(text) {
		switch c := text[i]; {
		case isSpace(c):
			return dst, i, true
		case c == '"':
			dst, i, ok = doubleQuoted(text, i+1, dst)
		case c == '\'':
			dst, i, ok = singleQuoted(text, i+1, dst)
		default:
			dst, i, ok = append(dst, c), i+1, true
			continue
		}
		// A closing quote ends the word: it must be followed by a space.
		if !ok || (i < len(text) && !isSpace(text[i])) {
			return dst, i, false
		}
		return dst, i, true
	}
	return dst, i, true
}

func doubleQuoted(text []byte, i int, dst []byte) ([]byte, int, bool) {
	for i < len(text) {
		c := text[i]
		switch {
		case c == '"':
			return dst, i + 1, true
		case c == '\\' && i+3 < len(text) && text[i+1] == 'x' && hexDigit(text[i+2]) >= 0 && hexDigit(text[i+3]) >= 0:
			dst = append(dst, byte(hexDigit(text[i+2])<<4|hexDigit(text[i+3])))
			i += 4
		case c == '\\' && i+1 < len(text):
			dst = append(dst, unescape(text[i+1]))
			i += 2
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst, i, false
}

func singleQuoted(text []byte, i int, dst []byte) ([]byte, int, bool) {
	for i < len(text) {
		c := text[i]
		switch {
		case c == '\'':
			return dst, i + 1, true
		case c == '\\' && i+1 < len(text) && text[i+1] == '\'':
			dst = append(dst, '\'')
			i += 2
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst, i, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }
