package config

import (
	"errors"
	"strconv"
	"strings"
)

var errUnbalanced = errors.New("unbalanced quotes: a quoted word ends with the quote that it began with, followed by a space or the end of the line")

// splitWords splits a line by the rules of redis.conf:
//
//	word      runs to the next space
//	"..."     \n \r \t \b \a and \xHH are escapes, \ before anything else stands for it
//	'...'     taken as it is, but \' is a quote
//
// A quote may open within a word; what follows a closing quote has to be a
// space or the end.
func splitWords(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r\n\v\f\x00")
		if line == "" {
			return words, nil
		}
		word, rest, err := nextWord(line)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
		line = rest
	}
}

// nextWord reads one word. REQUIRES: line is not empty and starts with no space.
func nextWord(line string) (word, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\r', '\n', 0:
			return b.String(), line[i:], nil
		case '"', '\'':
			n := readQuoted(&b, line[i:])
			if n < 0 || i+n < len(line) && !isSpace(line[i+n]) {
				return "", "", errUnbalanced
			}
			return b.String(), line[i+n:], nil
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", nil
}

// readQuoted appends what stands between the quote that s starts with and its
// partner, and returns the length of the whole, or -1 when there is no partner.
func readQuoted(b *strings.Builder, s string) int {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			return i + 1
		case c == '\\' && quote == '\'' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == '\\' && quote == '"' && i+1 < len(s):
			i += readEscape(b, s[i+1:])
		default:
			b.WriteByte(c)
		}
	}
	return -1
}

// readEscape appends what the characters after a backslash stand for and
// returns how many of them belong to it. REQUIRES: s is not empty.
func readEscape(b *strings.Builder, s string) int {
	if s[0] == 'x' && len(s) >= 3 {
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			b.WriteByte(byte(n))
			return 3
		}
	}
	if i := strings.IndexByte("nrtba", s[0]); i >= 0 {
		b.WriteByte("\n\r\t\b\a"[i])
	} else {
		b.WriteByte(s[0])
	}
	return 1
}

func isSpace(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r' || c == 0
}

// quoteWord writes a word so that splitWords reads it back; plain words stay
// bare.
func quoteWord(word string) string {
	plain := word != "" && word[0] != '#'
	for i := 0; i < len(word) && plain; i++ {
		c := word[i]
		plain = c > ' ' && c < 0x7f && c != '"' && c != '\''
	}
	if plain {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(word); i++ {
		switch c := word[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if c < ' ' || c >= 0x7f {
				const digits = "0123456789abcdef"
				b.WriteString(`\x`)
				b.WriteByte(digits[c>>4])
				b.WriteByte(digits[c&15])
			} else {
				b.WriteByte(c)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
