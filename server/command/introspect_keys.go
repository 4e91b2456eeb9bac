package command

import "slices"

// commandGetKeys implements COMMAND GETKEYS command arg ….
func commandGetKeys(c *Ctx) {
	if keys, ok := requestKeys(c); ok {
		c.Out.Array(len(keys))
		for _, k := range keys {
			c.Out.Bulk(k.name)
		}
	}
}

// commandGetKeysAndFlags implements COMMAND GETKEYSANDFLAGS command arg ….
func commandGetKeysAndFlags(c *Ctx) {
	if keys, ok := requestKeys(c); ok {
		c.Out.Array(len(keys))
		for _, k := range keys {
			c.Out.Array(2)
			c.Out.Bulk(k.name)
			writeStatuses(c.Out, k.flags)
		}
	}
}

// flaggedKey is a key of a request with what its command does to it.
type flaggedKey struct {
	name  []byte
	flags []string
}

// requestKeys returns the keys of the request that the arguments from the
// third on are; when it reports false it has replied.
func requestKeys(c *Ctx) ([]flaggedKey, bool) {
	args := c.Args[2:]
	cmd := c.Table.Lookup(args[0])
	if cmd != nil && len(cmd.Sub) > 0 && len(args) > 1 {
		cmd = cmd.LookupSub(args[1])
	}
	switch {
	case cmd == nil:
		c.Out.Error("ERR Invalid command specified")
		return nil, false
	case len(cmd.Specs) == 0:
		c.Out.Error("ERR The command has no key arguments")
		return nil, false
	case !cmd.ArityOK(len(args)):
		c.Out.Error("ERR Invalid number of arguments specified for command")
		return nil, false
	}
	var keys []flaggedKey
	for i := range cmd.Specs {
		one := Command{Specs: cmd.Specs[i : i+1]}
		at, ok := one.AppendKeys(nil, args)
		if !ok {
			keys = nil
			break
		}
		if len(at) > 0 && len(keys) > 0 && slices.Contains(cmd.Specs[i].Flags, "incomplete") {
			// MIGRATE: they stand in for its key, which has to be empty then.
			if len(keys[0].name) > 0 {
				keys = nil
				break
			}
			keys = keys[:0]
		}
		flags := keyFlags(cmd, &cmd.Specs[i], args)
		for _, i := range at {
			keys = append(keys, flaggedKey{args[i], flags})
		}
	}
	if len(keys) == 0 && cmd.Is&NoMandatoryKeys == 0 {
		c.Out.Error("ERR Invalid arguments specified for command")
		return nil, false
	}
	return keys, true
}

// keyFlags are the flags of a spec for one request: those of some commands
// depend on their options.
func keyFlags(cmd *Command, k *KeySpec, args [][]byte) []string {
	if !slices.Contains(k.Flags, "variable_flags") {
		return k.Flags
	}
	switch cmd.Name {
	case "set":
		for _, a := range args[3:] {
			if IsWord(a, "GET") {
				return []string{"RW", "access", "update"}
			}
		}
		return []string{"OW", "update"}
	case "bitfield":
		for i := 2; i < len(args); i++ {
			if IsWord(args[i], "SET") || IsWord(args[i], "INCRBY") {
				return []string{"RW", "access", "update"}
			}
		}
		return []string{"RO", "access"}
	}
	return slices.DeleteFunc(slices.Clone(k.Flags), func(f string) bool { return f == "variable_flags" })
}
