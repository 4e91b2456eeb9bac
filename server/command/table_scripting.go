package command

// scriptingRows are the commands about scripts and functions; package server
// runs them.
var scriptingRows = []Command{
	{Name: "eval", Arity: -3, Flags: "stknKS", Keys: "num 2 RW access update", Group: "scripting", Since: "2.6.0", Complexity: "Depends on the script.", Syntax: "script numkeys [key...] [arg...]", Summary: "Runs a script."},
	{Name: "eval_ro", Arity: -3, Flags: "rstknKS", Keys: "num 2 RO access", Group: "scripting", Since: "7.0.0", Complexity: "Depends on the script.", Syntax: "script numkeys [key...] [arg...]", Summary: "Runs a script that may only read."},
	{Name: "evalsha", Arity: -3, Flags: "stknKS", Keys: "num 2 RW access update", Group: "scripting", Since: "2.6.0", Complexity: "Depends on the script.", Syntax: "sha1 numkeys [key...] [arg...]", Summary: "Runs a script by its SHA-1."},
	{Name: "evalsha_ro", Arity: -3, Flags: "rstknKS", Keys: "num 2 RO access", Group: "scripting", Since: "7.0.0", Complexity: "Depends on the script.", Syntax: "sha1 numkeys [key...] [arg...]", Summary: "Runs a script that may only read by its SHA-1."},
	{Name: "fcall", Arity: -3, Flags: "stknKS", Keys: "num 2 RW access update", Group: "scripting", Since: "7.0.0", Complexity: "Depends on the function.", Syntax: "function numkeys [key...] [arg...]", Summary: "Runs a function."},
	{Name: "fcall_ro", Arity: -3, Flags: "rstknKS", Keys: "num 2 RO access", Group: "scripting", Since: "7.0.0", Complexity: "Depends on the function.", Syntax: "function numkeys [key...] [arg...]", Summary: "Runs a function that may only read."},
	{Name: "function", Arity: -2, Group: "scripting", Since: "7.0.0", Complexity: "Depends on the subcommand.", Summary: "The commands about libraries of functions.", Sub: functionRows},
	{Name: "script", Arity: -2, Group: "scripting", Since: "2.6.0", Complexity: "Depends on the subcommand.", Summary: "The commands about the cache of scripts.", Sub: scriptRows},
}

var functionRows = []*Command{
	{Name: "delete", Arity: 3, Flags: "ws", Group: "scripting", Since: "7.0.0", Complexity: "O(1)", Syntax: "library-name", Summary: "Deletes a library.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "dump", Arity: 2, Flags: "s", Group: "scripting", Since: "7.0.0", Complexity: "O(n) in the number of functions", Summary: "Returns all libraries in the form of FUNCTION RESTORE."},
	{Name: "flush", Arity: -2, Flags: "ws", Group: "scripting", Since: "7.0.0", Complexity: "O(n) in the number of functions", Syntax: "[ASYNC|SYNC]", Summary: "Deletes all libraries.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "help", Arity: 2, Flags: "lt", Group: "scripting", Since: "7.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "kill", Arity: 2, Flags: "sy", Group: "scripting", Since: "7.0.0", Complexity: "O(1)", Summary: "Ends the functions that run.", Extra: "tip:request_policy:all_shards tip:response_policy:one_succeeded"},
	{Name: "list", Arity: -2, Flags: "s", Group: "scripting", Since: "7.0.0", Complexity: "O(n) in the number of functions", Syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]", Summary: "Describes the libraries.", Extra: "tip:nondeterministic_output_order"},
	{Name: "load", Arity: -3, Flags: "wmsS", Group: "scripting", Since: "7.0.0", Complexity: "O(1), plus compiling the code", Syntax: "[REPLACE] function-code", Summary: "Adds a library.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "restore", Arity: -3, Flags: "wmsS", Group: "scripting", Since: "7.0.0", Complexity: "O(n) in the number of functions", Syntax: "serialized-value [FLUSH|APPEND|REPLACE]", Summary: "Adds the libraries of FUNCTION DUMP.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "stats", Arity: 2, Flags: "sy", Group: "scripting", Since: "7.0.0", Complexity: "O(1)", Summary: "Tells which function runs.", Extra: "tip:nondeterministic_output tip:request_policy:all_shards tip:response_policy:special"},
}

var scriptRows = []*Command{
	{Name: "debug", Arity: 3, Flags: "s", Group: "scripting", Since: "3.2.0", Complexity: "O(1)", Syntax: "<YES|SYNC|NO>", Summary: "Sets the debugger's mode."},
	{Name: "exists", Arity: -3, Flags: "s", Group: "scripting", Since: "2.6.0", Complexity: "O(n) in the number of digests", Syntax: "sha1...", Summary: "Tells which scripts are kept.", Extra: "tip:request_policy:all_shards tip:response_policy:agg_logical_and"},
	{Name: "flush", Arity: -2, Flags: "s", Group: "scripting", Since: "2.6.0", Complexity: "O(n) in the number of scripts", Syntax: "[ASYNC|SYNC]", Summary: "Forgets all scripts.", Extra: "tip:request_policy:all_nodes tip:response_policy:all_succeeded"},
	{Name: "help", Arity: 2, Flags: "lt", Group: "scripting", Since: "5.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "kill", Arity: 2, Flags: "sy", Group: "scripting", Since: "2.6.0", Complexity: "O(1)", Summary: "Ends the scripts that run.", Extra: "tip:request_policy:all_shards tip:response_policy:one_succeeded"},
	{Name: "load", Arity: 3, Flags: "stS", Group: "scripting", Since: "2.6.0", Complexity: "O(n) in the length of the script", Syntax: "script", Summary: "Keeps a script without running it.", Extra: "tip:request_policy:all_nodes tip:response_policy:all_succeeded"},
}
