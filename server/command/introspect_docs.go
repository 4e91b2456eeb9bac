package command

import "larder/protocol/resp"

// commandDocs implements COMMAND DOCS [name …]; names that do not exist are
// left out.
func commandDocs(c *Ctx) {
	found := c.Table.Top
	if len(c.Args) > 2 {
		found = nil
		for _, name := range c.Args[2:] {
			if cmd := c.Table.LookupFull(string(name)); cmd != nil {
				found = append(found, cmd)
			}
		}
	}
	c.Out.Map(len(found))
	for _, cmd := range found {
		c.Out.BulkString(cmd.FullName())
		writeDocs(c.Out, cmd)
	}
}

func writeDocs(w *resp.Writer, c *Command) {
	args, err := parseSyntax(c.Syntax)
	if err != nil {
		args = nil // the test of the table fails
	}
	assignKeySpecs(args, len(c.Specs))
	n := 3
	for _, has := range []bool{c.Complexity != "", len(args) > 0, len(c.Sub) > 0} {
		if has {
			n++
		}
	}
	w.Map(n)
	writePair(w, "summary", c.Summary)
	writePair(w, "since", c.Since)
	writePair(w, "group", c.Group)
	if c.Complexity != "" {
		writePair(w, "complexity", c.Complexity)
	}
	if len(args) > 0 {
		w.BulkString("arguments")
		writeArguments(w, args)
	}
	if len(c.Sub) > 0 {
		w.BulkString("subcommands")
		w.Map(len(c.Sub))
		for _, sub := range c.Sub {
			w.BulkString(sub.FullName())
			writeDocs(w, sub)
		}
	}
}

func writePair(w *resp.Writer, name, value string) {
	w.BulkString(name)
	w.BulkString(value)
}

func writeArguments(w *resp.Writer, args []argument) {
	w.Array(len(args))
	for i := range args {
		writeArgument(w, &args[i])
	}
}

func writeArgument(w *resp.Writer, a *argument) {
	var flags []string
	if a.optional {
		flags = append(flags, "optional")
	}
	if a.multiple {
		flags = append(flags, "multiple")
	}
	if a.multipleToken {
		flags = append(flags, "multiple_token")
	}
	n := 2
	for _, has := range []bool{a.kind == kindKey, a.token != "", len(flags) > 0, len(a.parts) > 0} {
		if has {
			n++
		}
	}
	w.Map(n)
	writePair(w, "name", a.name)
	writePair(w, "type", a.kind)
	if a.kind == kindKey {
		w.BulkString("key_spec_index")
		w.Int(int64(a.keySpec))
	}
	if a.token != "" {
		writePair(w, "token", a.token)
	}
	if len(flags) > 0 {
		w.BulkString("flags")
		writeStatuses(w, flags)
	}
	if len(a.parts) > 0 {
		w.BulkString("arguments")
		writeArguments(w, a.parts)
	}
}
