package command

import "slices"

// commandList implements COMMAND LIST [FILTERBY <MODULE name|ACLCAT category|PATTERN pattern>].
func commandList(c *Ctx) {
	keep := func(*Command) bool { return true }
	switch {
	case len(c.Args) == 2:
	case len(c.Args) == 5 && c.Is(2, "FILTERBY") && c.Is(3, "MODULE"):
		keep = func(*Command) bool { return false } // there are no modules
	case len(c.Args) == 5 && c.Is(2, "FILTERBY") && c.Is(3, "ACLCAT"):
		keep = func(cmd *Command) bool {
			return slices.ContainsFunc(cmd.Categories(), func(name string) bool { return equalFold(c.Args[4], name) })
		}
	case len(c.Args) == 5 && c.Is(2, "FILTERBY") && c.Is(3, "PATTERN"):
		keep = func(cmd *Command) bool { return matchName(c.Args[4], []byte(cmd.FullName())) }
	default:
		c.Out.Error(ErrSyntax)
		return
	}
	var names []string
	for _, cmd := range c.Table.All {
		if keep(cmd) {
			names = append(names, cmd.FullName())
		}
	}
	c.Out.Array(len(names))
	for _, name := range names {
		c.Out.BulkString(name)
	}
}

// equalFold compares b with a lower-case word, ignoring b's case.
func equalFold(b []byte, word string) bool {
	return len(b) == len(word) && string(lowerCase(b)) == word
}

// lowerCase returns a copy of b in lower case.
func lowerCase(b []byte) []byte {
	out := slices.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c | 0x20
		}
	}
	return out
}
