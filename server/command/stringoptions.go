package command

import (
	"bytes"
	"math"

	"larder/engine"
	"larder/protocol/resp"
)

// stringOptions are the options of SET, GETEX and MSETEX.
type stringOptions struct {
	nx, xx  bool
	get     bool
	keepTTL bool
	persist bool
	ifEq    []byte // not nil if given
	expiry  expiry
}

// looks tells whether the effect depends on what the key holds.
func (o *stringOptions) looks() bool {
	return o.nx || o.xx || o.get || o.keepTTL || o.ifEq != nil
}

// expiry is a deadline as it stands in a request.
type expiry struct {
	at       int  // the argument with the number, 0 = none is given
	seconds  bool // the unit is s, otherwise ms
	absolute bool // it counts from 1970, otherwise from now
}

// optionUser says whose options are parsed.
type optionUser uint8

const (
	forSet    optionUser = 1 << iota // SET
	forGetEx                         // GETEX
	forMSetEx                        // MSETEX
)

// stringOptions parses the arguments from the given one on. If they do not
// fit, it has replied. Options may come in any order; one that is given twice
// counts once, the last expiry of a kind wins, and different ways to treat the
// deadline exclude each other.
func (c *Ctx) stringOptions(from int, user optionUser) (o stringOptions, ok bool) {
	for i := from; i < len(c.Args); i++ {
		used := c.condition(&o, i, user)
		if used == 0 {
			used = c.expiryOption(&o, i, user)
		}
		if used == 0 {
			c.Out.Error(ErrSyntax)
			return o, false
		}
		i += used - 1
	}
	return o, true
}

// condition parses an option that says whether to set and what to reply. It
// returns the number of its arguments, 0 if there is none of this kind.
func (c *Ctx) condition(o *stringOptions, i int, user optionUser) int {
	switch {
	case c.Is(i, "NX") && user&(forSet|forMSetEx) != 0 && !o.xx && o.ifEq == nil:
		o.nx = true
	case c.Is(i, "XX") && user&(forSet|forMSetEx) != 0 && !o.nx && o.ifEq == nil:
		o.xx = true
	case c.Is(i, "GET") && user == forSet:
		o.get = true
	case c.Is(i, "IFEQ") && user == forSet && !o.nx && !o.xx && o.ifEq == nil && i+1 < len(c.Args):
		o.ifEq = c.Args[i+1]
		return 2
	default:
		return 0
	}
	return 1
}

// expiryOption parses an option about the deadline. It returns the number of
// its arguments, 0 if there is none of this kind.
func (c *Ctx) expiryOption(o *stringOptions, i int, user optionUser) int {
	switch {
	case c.Is(i, "KEEPTTL") && user&(forSet|forMSetEx) != 0 && o.expiry.at == 0:
		o.keepTTL = true
		return 1
	case c.Is(i, "PERSIST") && user == forGetEx && o.expiry.at == 0:
		o.persist = true
		return 1
	}
	x, ok := expiryWord(c.Args[i])
	x.at = i + 1
	old := o.expiry
	switch {
	case !ok, x.at == len(c.Args), o.keepTTL, o.persist:
		return 0
	case old.at != 0 && (old.seconds != x.seconds || old.absolute != x.absolute):
		return 0
	}
	o.expiry = x
	return 2
}

// expiryWord parses the word before a deadline.
func expiryWord(word []byte) (x expiry, ok bool) {
	switch {
	case IsWord(word, "EX"):
		return expiry{seconds: true}, true
	case IsWord(word, "PX"):
		return expiry{}, true
	case IsWord(word, "EXAT"):
		return expiry{seconds: true, absolute: true}, true
	case IsWord(word, "PXAT"):
		return expiry{absolute: true}, true
	}
	return expiry{}, false
}

// deadline returns the deadline in ms since 1970, NoDeadline if none is given.
// If the number cannot be one, it has replied.
func (c *Ctx) deadline(x expiry) (ms int64, ok bool) {
	if x.at == 0 {
		return engine.NoDeadline, true
	}
	n, ok := resp.ParseInt(c.Args[x.at])
	if !ok {
		c.Out.Error(ErrNotInt)
		return 0, false
	}
	ms = n
	ok = n > 0
	if x.seconds {
		ok = ok && n <= math.MaxInt64/1000
		ms = n * 1000
	}
	if !x.absolute {
		ok = ok && ms <= math.MaxInt64-c.NowMs
		ms += c.NowMs
	}
	if !ok {
		c.Out.Error("ERR invalid expire time in '" + string(bytes.ToLower(c.Args[0])) + "' command")
		return 0, false
	}
	return min(ms, engine.NoDeadline-1), true
}
