package harness

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Arg makes one argument of a class.
type Arg func(r *rand.Rand) []byte

// Classes maps the class names that a grammar uses to their makers.
type Classes map[string]Arg

// Grammar makes commands from a one-line syntax:
//
//	WORD          that word, at times in lower or mixed case
//	name          an argument of the class with that name
//	[a | b c]     one of the alternatives, or nothing
//	( a | b )     one of the alternatives
//	{a | b c}     none, one, two or three of the alternatives in any order,
//	              conflicting ones included
//	x*            x one to four times (x may be a group)
//
// so that a command's row in a table of tests reads like its row in the
// documentation.
type Grammar struct {
	text string
	root node
}

type node interface {
	make(r *rand.Rand, c Classes, out [][]byte) [][]byte
}

type literal string
type class string
type sequence []node
type choice struct {
	alts     []sequence
	optional bool
}
type options []sequence
type repeat struct{ of node }

// ParseGrammar parses one command's syntax.
// It panics when the syntax is wrong or names an unknown class: the tables
// are part of the program.
func ParseGrammar(text string, classes Classes) *Grammar {
	p := &grammarParser{words: tokenize(text), classes: classes, text: text}
	seqs := p.alternatives("")
	if len(seqs) != 1 {
		panic("grammar: alternatives outside of a group in " + text)
	}
	return &Grammar{text: text, root: seqs[0]}
}

// Make returns one command of the grammar.
func (g *Grammar) Make(r *rand.Rand, c Classes) [][]byte { return g.root.make(r, c, nil) }

func tokenize(text string) []string {
	for _, sign := range []string{"[", "]", "(", ")", "{", "}", "|", "*"} {
		text = strings.ReplaceAll(text, sign, " "+sign+" ")
	}
	return strings.Fields(text)
}

type grammarParser struct {
	words   []string
	at      int
	classes Classes
	text    string
}

func (p *grammarParser) alternatives(closing string) []sequence {
	alts := []sequence{nil}
	for p.at < len(p.words) {
		w := p.words[p.at]
		p.at++
		last := &alts[len(alts)-1]
		switch w {
		case closing:
			return alts
		case "|":
			alts = append(alts, nil)
		case "[":
			*last = append(*last, choice{p.alternatives("]"), true})
		case "(":
			*last = append(*last, choice{p.alternatives(")"), false})
		case "{":
			*last = append(*last, options(p.alternatives("}")))
		case "*":
			s := *last
			s[len(s)-1] = repeat{s[len(s)-1]}
		default:
			*last = append(*last, p.word(w))
		}
	}
	if closing != "" {
		panic(fmt.Sprintf("grammar: %q is missing in %q", closing, p.text))
	}
	return alts
}

func (p *grammarParser) word(w string) node {
	if w == strings.ToUpper(w) {
		return literal(w)
	}
	if p.classes[w] == nil {
		panic(fmt.Sprintf("grammar: no class %q in %q", w, p.text))
	}
	return class(w)
}

func (l literal) make(r *rand.Rand, _ Classes, out [][]byte) [][]byte {
	return append(out, []byte(randomCase(r, string(l))))
}

// randomCase leaves nine of ten words in upper case.
func randomCase(r *rand.Rand, w string) string {
	switch r.IntN(20) {
	case 0:
		return strings.ToLower(w)
	case 1:
		b := []byte(w)
		for i := range b {
			if r.IntN(2) == 0 {
				b[i] = strings.ToLower(w)[i]
			}
		}
		return string(b)
	}
	return w
}

func (c class) make(r *rand.Rand, classes Classes, out [][]byte) [][]byte {
	return append(out, classes[string(c)](r))
}

func (s sequence) make(r *rand.Rand, c Classes, out [][]byte) [][]byte {
	for _, n := range s {
		out = n.make(r, c, out)
	}
	return out
}

func (n choice) make(r *rand.Rand, c Classes, out [][]byte) [][]byte {
	if n.optional && r.IntN(2) == 0 {
		return out
	}
	return n.alts[r.IntN(len(n.alts))].make(r, c, out)
}

func (n options) make(r *rand.Rand, c Classes, out [][]byte) [][]byte {
	count := Weighted(r, 30, 42, 20, 8)
	for range count {
		out = n[r.IntN(len(n))].make(r, c, out)
	}
	return out
}

func (n repeat) make(r *rand.Rand, c Classes, out [][]byte) [][]byte {
	for range 1 + Weighted(r, 50, 25, 15, 10) {
		out = n.of.make(r, c, out)
	}
	return out
}

// Weighted returns an index with probability in proportion to its weight.
func Weighted(r *rand.Rand, weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	panic("unreachable: the weights sum up to n's bound")
}

// Spoil turns a command into a wrong or odd one: an argument missing, extra,
// doubled, swapped or replaced by junk. The command's first keep words stay.
func Spoil(r *rand.Rand, args [][]byte, keep int) [][]byte {
	out := append([][]byte{}, args...)
	if len(out) <= keep {
		return append(out, Junk(r))
	}
	at := keep + r.IntN(len(out)-keep)
	switch r.IntN(6) {
	case 0:
		return out[:len(out)-1]
	case 1:
		return append(out[:at], out[at+1:]...)
	case 2:
		return append(out, Junk(r))
	case 3:
		return append(out, out[at])
	case 4:
		other := keep + r.IntN(len(out)-keep)
		out[at], out[other] = out[other], out[at]
		return out
	}
	out[at] = Junk(r)
	return out
}

var junk = []string{
	"", " ", "x", "-", "+", "0", "-1", "1.5", "nan", "inf", "0x10", " 1", "1 ", "+1", "01", "1e3",
	"NX", "XX", "GET", "EX", "PX", "KEEPTTL", "COUNT", "MATCH", "BYTE", "\x00", "\xff\xfe", "%s", "é",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551616", "1000000000000000000000000000000000000000000",
}

// Junk returns an argument that is wrong nearly everywhere.
func Junk(r *rand.Rand) []byte { return []byte(junk[r.IntN(len(junk))]) }
