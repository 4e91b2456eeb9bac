package command

import (
	"fmt"
	"slices"
	"strings"
)

// The Syntax of a row is its argument list as people write it:
//
//	key                a word in lower case is an argument
//	NX                 a word in upper case is a token that stands for itself
//	EX seconds         a token takes the argument behind it
//	[A]                A is optional
//	<A|B>, [A|B]       one of A and B; parts of an alternative are a block
//	key..., <A>...     what stands directly before "..." repeats
//	[key value ...]    apart from the last word, "..." repeats the whole block
//	key [key ...]      is the same as key...
//
// COMMAND DOCS shows it as a tree of arguments, from which redis-cli makes its
// hints.

// argument is a node of the tree.
type argument struct {
	name  string
	kind  string // as in COMMAND DOCS; one of the constants below, or integer, double, …
	token string
	// keySpec is the index of the key spec that finds a key.
	keySpec                           int
	optional, multiple, multipleToken bool
	parts                             []argument // of a block or oneof
}

const (
	kindKey   = "key"
	kindToken = "pure-token"
	kindBlock = "block"
	kindOneOf = "oneof"
)

// argumentKinds are the types of arguments whose names tell; others are
// strings.
var argumentKinds = map[string]string{
	"key": kindKey, "newkey": kindKey, "source": kindKey, "destination": kindKey, "key1": kindKey, "key2": kindKey,
	"destkey": kindKey, "dstkey": kindKey, "dst": kindKey, "src": kindKey, "srckey": kindKey, "sourcekey": kindKey, "destinationkey": kindKey, "numkey": kindKey,
	"pattern": "pattern",
	"seconds": "integer", "milliseconds": "integer", "count": "integer", "offset": "integer", "index": "integer",
	"index1": "integer", "index2": "integer", "cursor": "integer", "numkeys": "integer", "increment": "integer",
	"decrement": "integer", "start": "integer", "end": "integer", "stop": "integer", "db": "integer",
	"destination-db": "integer", "destination-index": "integer", "timeout": "integer", "bit": "integer", "protover": "integer",
	"client-id": "integer", "min-match-len": "integer", "numreplicas": "integer", "ttl": "integer", "frequency": "integer",
	"version": "integer", "len": "integer", "maxlen": "integer", "rank": "integer", "numlocal": "integer",
	"unix-time-seconds": "unix-time", "unix-time-milliseconds": "unix-time",
	"score": "double", "longitude": "double", "latitude": "double", "radius": "double", "width": "double", "height": "double",
}

// parseSyntax parses a row's Syntax.
func parseSyntax(s string) ([]argument, error) {
	p := syntaxParser{words: syntaxWords(s)}
	args, err := p.sequence()
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("%q does not belong here", p.words[p.at])
	}
	if err != nil {
		return nil, fmt.Errorf("syntax %q: %w", s, err)
	}
	return args, nil
}

// syntaxWords splits s into words, brackets, bars and "..."; one that stands
// apart from what is before it is " ...".
func syntaxWords(s string) []string {
	var words []string
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ':
			i++
		case strings.HasPrefix(s[i:], "..."):
			word := "..."
			if i > 0 && s[i-1] == ' ' {
				word = " ..."
			}
			words = append(words, word)
			i += 3
		case strings.IndexByte("[]<>|", s[i]) >= 0:
			words = append(words, s[i:i+1])
			i++
		default:
			end := i
			for end < len(s) && strings.IndexByte("[]<>| ", s[end]) < 0 && !strings.HasPrefix(s[end:], "...") {
				end++
			}
			words = append(words, s[i:end])
			i = end
		}
	}
	return words
}

type syntaxParser struct {
	words []string
	at    int
}

// peek returns the next word, "" at the end.
func (p *syntaxParser) peek() string {
	if p.at == len(p.words) {
		return ""
	}
	return p.words[p.at]
}

// sequence parses items up to a bar, a closing bracket or the end.
func (p *syntaxParser) sequence() ([]argument, error) {
	var args []argument
	for {
		switch w := p.peek(); w {
		case "", "|", "]", ">":
			return args, nil
		case "...", " ...":
			p.at++
			if len(args) == 0 {
				return nil, fmt.Errorf("nothing stands before %q", strings.TrimSpace(w))
			}
			if w == " ..." && len(args) > 1 {
				args = []argument{block(args)}
			}
			last := &args[len(args)-1]
			last.multiple = true
			last.multipleToken = last.token != "" && last.optional
		default:
			a, err := p.item()
			if err != nil {
				return nil, err
			}
			args = collapse(append(args, a))
		}
	}
}

// item parses one argument, token or bracket.
func (p *syntaxParser) item() (argument, error) {
	w := p.peek()
	p.at++
	switch {
	case w == "[" || w == "<":
		return p.bracket(w)
	case !isToken(w):
		return argument{name: w, kind: kindOf(w)}, nil
	}
	if next := p.peek(); next == "<" || next != "" && !isToken(next) {
		a, err := p.item()
		a.token = w
		return a, err
	}
	return argument{name: strings.ToLower(w), kind: kindToken, token: w}, nil
}

// bracket parses the alternatives up to the closing bracket.
func (p *syntaxParser) bracket(open string) (argument, error) {
	closing := map[string]string{"[": "]", "<": ">"}[open]
	var choices []argument
	for {
		seq, err := p.sequence()
		if err != nil {
			return argument{}, err
		}
		if len(seq) == 0 {
			return argument{}, fmt.Errorf("nothing stands in a part of %q", open+closing)
		}
		choices = append(choices, block(seq))
		w := p.peek()
		p.at++
		if w == closing {
			break
		}
		if w != "|" {
			return argument{}, fmt.Errorf("%q is not closed", open)
		}
	}
	a := choices[0]
	if len(choices) > 1 {
		a = argument{name: joinNames(choices), kind: kindOneOf, parts: choices}
	}
	a.optional = a.optional || open == "["
	return a, nil
}

// block makes one argument of a sequence; the token that it starts with
// becomes the block's.
func block(seq []argument) argument {
	if len(seq) == 1 {
		return seq[0]
	}
	b := argument{name: joinNames(seq), kind: kindBlock, parts: slices.Clone(seq)}
	if first := &b.parts[0]; first.token != "" && first.kind != kindToken && !slices.ContainsFunc(seq[1:], hasToken) {
		b.token, first.token = first.token, ""
	}
	return b
}

func hasToken(a argument) bool { return a.token != "" }

// collapse turns "key [key ...]", at the end of args, into "key...".
func collapse(args []argument) []argument {
	last := args[len(args)-1]
	if !last.optional || !last.multiple || last.token != "" {
		return args
	}
	parts := last.parts
	if last.kind != kindBlock {
		last.optional, last.multiple = false, false
		parts = []argument{last}
	}
	rest := args[:len(args)-1]
	if len(rest) < len(parts) || !slices.EqualFunc(rest[len(rest)-len(parts):], parts, sameArgument) {
		return args
	}
	repeated := block(parts)
	repeated.multiple = true
	return append(slices.Clone(rest[:len(rest)-len(parts)]), repeated)
}

func sameArgument(a, b argument) bool {
	return a.name == b.name && a.kind == b.kind && a.token == b.token
}

func joinNames(args []argument) string {
	var names []string
	for _, a := range args {
		names = append(names, a.name)
	}
	return strings.Join(names, "_")
}

// isToken tells whether a word stands for itself.
func isToken(w string) bool { return w == strings.ToUpper(w) }

func kindOf(name string) string {
	if kind, known := argumentKinds[name]; known {
		return kind
	}
	return "string"
}

// assignKeySpecs numbers the keys of the tree by the key specs that find them;
// in a command without specs nothing is a key.
func assignKeySpecs(args []argument, specs int) {
	next := 0
	var walk func([]argument)
	walk = func(args []argument) {
		for i := range args {
			if args[i].kind == kindKey {
				if specs == 0 {
					args[i].kind = "string"
				}
				args[i].keySpec = min(next, max(specs-1, 0))
				next++
			}
			walk(args[i].parts)
		}
	}
	walk(args)
}
