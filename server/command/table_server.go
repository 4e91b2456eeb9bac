package command

// serverRows are the commands that concern the server; package server runs most of them.
var serverRows = []Command{
	{Name: "dbsize", Handler: dbSize, Arity: 1, Flags: "rf", Group: "server", Since: "1.0.0", Complexity: "O(1)", Summary: "Returns the number of keys in the database.", Extra: "@keyspace tip:request_policy:all_shards tip:response_policy:agg_sum"},
	{Name: "flushall", Handler: flushAll, Arity: -1, Flags: "wA", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Syntax: "[ASYNC|SYNC]", Summary: "Deletes the keys of all databases.", Extra: "@keyspace @dangerous tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "flushdb", Handler: flushDB, Arity: -1, Flags: "wA", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Syntax: "[ASYNC|SYNC]", Summary: "Deletes the keys of the database.", Extra: "@keyspace @dangerous tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "swapdb", Handler: swapDB, Arity: 3, Flags: "wfA", Group: "server", Since: "4.0.0", Complexity: "O(1)", Syntax: "index1 index2", Summary: "Exchanges two databases.", Extra: "@keyspace @dangerous"},
	{Name: "command", Handler: commandInfoAll, Arity: -1, Flags: "ltS", Group: "server", Since: "2.8.13", Complexity: "O(n) in the number of commands", Summary: "Describes all commands.", Sub: commandRows, Extra: "@connection tip:nondeterministic_output_order"},
}

var commandRows = []*Command{
	{Name: "count", Handler: commandCount, Arity: 2, Flags: "lt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Summary: "Returns the number of commands.", Extra: "@connection"},
	{Name: "docs", Handler: commandDocs, Arity: -2, Flags: "ltS", Group: "server", Since: "7.0.0", Complexity: "O(n) in the number of commands asked for", Syntax: "[command-name...]", Summary: "Returns the documentation of commands.", Extra: "@connection tip:nondeterministic_output_order"},
	{Name: "getkeys", Handler: commandGetKeys, Arity: -4, Flags: "lt", Group: "server", Since: "2.8.13", Complexity: "O(n) in the number of arguments", Syntax: "command [arg...]", Summary: "Returns the keys of a request.", Extra: "@connection"},
	{Name: "getkeysandflags", Handler: commandGetKeysAndFlags, Arity: -4, Flags: "lt", Group: "server", Since: "7.0.0", Complexity: "O(n) in the number of arguments", Syntax: "command [arg...]", Summary: "Returns the keys of a request and what it does to each.", Extra: "@connection"},
	{Name: "help", Handler: commandHelp, Arity: 2, Flags: "lt", Group: "server", Since: "5.0.0", Complexity: "O(1)", Summary: "Lists the subcommands.", Extra: "@connection"},
	{Name: "info", Handler: commandInfo, Arity: -2, Flags: "ltS", Group: "server", Since: "2.8.13", Complexity: "O(n) in the number of commands asked for", Syntax: "[command-name...]", Summary: "Describes commands to clients.", Extra: "@connection tip:nondeterministic_output_order"},
	{Name: "list", Handler: commandList, Arity: -2, Flags: "ltS", Group: "server", Since: "7.0.0", Complexity: "O(n) in the number of commands", Syntax: "[FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]", Summary: "Returns the names of commands.", Extra: "@connection tip:nondeterministic_output_order"},
}
