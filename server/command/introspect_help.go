package command

// commandHelp implements COMMAND HELP.
func commandHelp(c *Ctx) {
	lines := []string{
		"COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"(no subcommand)",
		"    Describe all commands.",
		"COUNT",
		"    Return the number of commands.",
		"DOCS [<command-name> ...]",
		"    Return the documentation of the named commands, or of all.",
		"GETKEYS <full-command>",
		"    Return the keys of a command with its arguments.",
		"GETKEYSANDFLAGS <full-command>",
		"    Return the keys of a command with its arguments, and what it does to each.",
		"INFO [<command-name> ...]",
		"    Describe the named commands, or all.",
		"LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
		"    Return the names of all commands, or of those that the filter keeps.",
		"HELP",
		"    Print this help.",
	}
	c.Out.Array(len(lines))
	for _, l := range lines {
		c.Out.Simple(l)
	}
}
