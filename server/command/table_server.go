package command

// serverRows are the commands that concern the server; package server runs most of them.
var serverRows = []Command{
	{Name: "dbsize", Handler: dbSize, Arity: 1, Flags: "rf", Group: "server", Since: "1.0.0", Complexity: "O(1)", Summary: "Returns the number of keys in the database.", Extra: "@keyspace tip:request_policy:all_shards tip:response_policy:agg_sum"},
	{Name: "flushall", Handler: flushAll, Arity: -1, Flags: "wA", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Syntax: "[ASYNC|SYNC]", Summary: "Deletes the keys of all databases.", Extra: "@keyspace @dangerous tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "flushdb", Handler: flushDB, Arity: -1, Flags: "wA", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Syntax: "[ASYNC|SYNC]", Summary: "Deletes the keys of the database.", Extra: "@keyspace @dangerous tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "swapdb", Handler: swapDB, Arity: 3, Flags: "wfA", Group: "server", Since: "4.0.0", Complexity: "O(1)", Syntax: "index1 index2", Summary: "Exchanges two databases.", Extra: "@keyspace @dangerous"},
	{Name: "bgrewriteaof", Arity: 1, Flags: "asN", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Summary: "Makes a new snapshot the base of the log, in the background."},
	{Name: "bgsave", Arity: -1, Flags: "asN", Group: "server", Since: "1.0.0", Complexity: "O(1), and O(n) in the number of keys in the background", Syntax: "[SCHEDULE]", Summary: "Writes a snapshot in the background."},
	{Name: "lastsave", Arity: 1, Flags: "ltf", Group: "server", Since: "1.0.0", Complexity: "O(1)", Summary: "Returns when the last snapshot was written.", Extra: "@admin @dangerous tip:nondeterministic_output"},
	{Name: "save", Arity: 1, Flags: "asNuS", Group: "server", Since: "1.0.0", Complexity: "O(n) in the number of keys", Summary: "Writes a snapshot while nothing changes."},
	{Name: "acl", Arity: -2, Group: "server", Since: "6.0.0", Complexity: "Depends on the subcommand.", Summary: "The commands about users and what they may do.", Sub: aclRows},
	{Name: "config", Arity: -2, Group: "server", Since: "2.0.0", Complexity: "Depends on the subcommand.", Summary: "The commands about the configuration.", Sub: configRows},
	{Name: "debug", Arity: -2, Flags: "asltS", Group: "server", Since: "1.0.0", Complexity: "Depends on the subcommand.", Syntax: "subcommand [arg...]", Summary: "What tests of servers and clients need."},
	{Name: "info", Arity: -1, Flags: "ltS", Group: "server", Since: "1.0.0", Complexity: "O(n) in the number of connections and commands", Syntax: "[section...]", Summary: "Returns figures about the server.", Extra: "@dangerous tip:nondeterministic_output tip:request_policy:all_shards tip:response_policy:special"},
	{Name: "latency", Arity: -2, Group: "server", Since: "2.8.13", Complexity: "Depends on the subcommand.", Summary: "The commands about what took long.", Sub: latencyRows},
	{Name: "lolwut", Arity: -1, Flags: "rf", Group: "server", Since: "5.0.0", Complexity: "O(1)", Syntax: "[VERSION version]", Summary: "Draws a picture and tells the version."},
	{Name: "memory", Arity: -2, Group: "server", Since: "4.0.0", Complexity: "Depends on the subcommand.", Summary: "The commands about memory.", Sub: memoryRows},
	{Name: "monitor", Arity: 1, Flags: "aslt", Group: "server", Since: "1.0.0", Complexity: "O(1)", Summary: "Shows the connection what all others run."},
	{Name: "psync", Arity: -3, Flags: "asNuS", Group: "server", Since: "2.8.0", Complexity: "O(n) in the number of keys", Syntax: "replicationid offset", Summary: "Sends a snapshot and ends the connection."},
	{Name: "replconf", Arity: -1, Flags: "aslty", Group: "server", Since: "3.0.0", Complexity: "O(1)", Summary: "Says what the connection wants of SYNC and PSYNC."},
	{Name: "role", Arity: 1, Flags: "sltf", Group: "server", Since: "2.8.12", Complexity: "O(1)", Summary: "Returns the server's role in replication.", Extra: "@admin @dangerous"},
	{Name: "shutdown", Arity: -1, Flags: "asltuyS", Group: "server", Since: "1.0.0", Complexity: "O(1)", Syntax: "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", Summary: "Ends the server."},
	{Name: "slowlog", Arity: -2, Group: "server", Since: "2.2.12", Complexity: "Depends on the subcommand.", Summary: "The commands about slow commands.", Sub: slowlogRows},
	{Name: "sync", Arity: 1, Flags: "asNuS", Group: "server", Since: "1.0.0", Complexity: "O(n) in the number of keys", Summary: "Sends a snapshot and ends the connection."},
	{Name: "time", Arity: 1, Flags: "ltf", Group: "server", Since: "2.6.0", Complexity: "O(1)", Summary: "Returns the server's time.", Extra: "tip:nondeterministic_output"},
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

var aclRows = []*Command{
	{Name: "cat", Arity: -2, Flags: "slt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Syntax: "[category]", Summary: "Lists the categories, or the commands of one."},
	{Name: "genpass", Arity: -2, Flags: "slt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Syntax: "[bits]", Summary: "Makes a random password."},
	{Name: "getuser", Arity: 3, Flags: "aslt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Syntax: "username", Summary: "Describes a user."},
	{Name: "help", Arity: 2, Flags: "lt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "list", Arity: 2, Flags: "aslt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Summary: "Describes all users as a configuration file would."},
	{Name: "users", Arity: 2, Flags: "aslt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Summary: "Lists the names of all users."},
	{Name: "whoami", Arity: 2, Flags: "slt", Group: "server", Since: "6.0.0", Complexity: "O(1)", Summary: "Returns the name of the connection's user."},
}

var configRows = []*Command{
	{Name: "get", Arity: -3, Flags: "aslt", Group: "server", Since: "2.0.0", Complexity: "O(n) in the number of directives", Syntax: "parameter...", Summary: "Returns the directives that patterns match."},
	{Name: "help", Arity: 2, Flags: "lt", Group: "server", Since: "5.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "resetstat", Arity: 2, Flags: "asltS", Group: "server", Since: "2.0.0", Complexity: "O(1)", Summary: "Sets the statistics back."},
	{Name: "rewrite", Arity: 2, Flags: "asltS", Group: "server", Since: "2.8.0", Complexity: "O(1)", Summary: "Writes the present values to the configuration file."},
	{Name: "set", Arity: -4, Flags: "asltS", Group: "server", Since: "2.0.0", Complexity: "O(n) in the number of directives", Syntax: "parameter value [parameter value ...]", Summary: "Sets directives, all or none.", Extra: "tip:request_policy:all_nodes tip:response_policy:all_succeeded"},
}

var latencyRows = []*Command{
	{Name: "doctor", Arity: 2, Flags: "aslt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Summary: "Says in words what was slow.", Extra: "tip:nondeterministic_output tip:request_policy:all_nodes tip:response_policy:special"},
	{Name: "graph", Arity: 3, Flags: "aslt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Syntax: "event", Summary: "Draws the history of an event.", Extra: "tip:nondeterministic_output tip:request_policy:all_nodes tip:response_policy:special"},
	{Name: "help", Arity: 2, Flags: "lt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "histogram", Arity: -2, Flags: "asltS", Group: "server", Since: "7.0.0", Complexity: "O(n) in the number of commands", Syntax: "[command...]", Summary: "Returns how long commands have taken.", Extra: "tip:nondeterministic_output tip:request_policy:all_nodes tip:response_policy:special"},
	{Name: "history", Arity: 3, Flags: "aslt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Syntax: "event", Summary: "Returns the history of an event.", Extra: "tip:nondeterministic_output tip:request_policy:all_nodes tip:response_policy:special"},
	{Name: "latest", Arity: 2, Flags: "aslt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Summary: "Returns the latest and the worst of each event.", Extra: "tip:nondeterministic_output tip:request_policy:all_nodes tip:response_policy:special"},
	{Name: "reset", Arity: -2, Flags: "aslt", Group: "server", Since: "2.8.13", Complexity: "O(1)", Syntax: "[event...]", Summary: "Forgets events.", Extra: "tip:request_policy:all_nodes tip:response_policy:all_succeeded"},
}

var memoryRows = []*Command{
	{Name: "doctor", Arity: 2, Flags: "S", Group: "server", Since: "4.0.0", Complexity: "O(n) in the number of connections", Summary: "Says in words what is unusual about the memory.", Extra: "tip:nondeterministic_output tip:request_policy:all_shards tip:response_policy:special"},
	{Name: "help", Arity: 2, Flags: "lt", Group: "server", Since: "4.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "malloc-stats", Arity: 2, Flags: "S", Group: "server", Since: "4.0.0", Complexity: "O(1)", Summary: "Returns the figures of the allocator.", Extra: "tip:nondeterministic_output tip:request_policy:all_shards tip:response_policy:special"},
	{Name: "purge", Arity: 2, Flags: "S", Group: "server", Since: "4.0.0", Complexity: "O(n) in the memory that is empty", Summary: "Gives empty memory back to the system.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "stats", Arity: 2, Flags: "S", Group: "server", Since: "4.0.0", Complexity: "O(n) in the number of connections", Summary: "Returns where the memory goes.", Extra: "tip:nondeterministic_output tip:request_policy:all_shards tip:response_policy:special"},
	{Name: "usage", Handler: memoryUsage, Arity: -3, Flags: "r", Keys: "2 RO", Group: "server", Since: "4.0.0", Complexity: "O(1)", Syntax: "key [SAMPLES count]", Summary: "Returns the bytes that a key and its value take."},
}

var slowlogRows = []*Command{
	{Name: "get", Arity: -2, Flags: "alt", Group: "server", Since: "2.2.12", Complexity: "O(n) in the number of entries", Syntax: "[count]", Summary: "Returns the newest entries.", Extra: "tip:request_policy:all_nodes tip:nondeterministic_output"},
	{Name: "help", Arity: 2, Flags: "lt", Group: "server", Since: "6.2.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "len", Arity: 2, Flags: "alt", Group: "server", Since: "2.2.12", Complexity: "O(1)", Summary: "Returns the number of entries.", Extra: "tip:request_policy:all_nodes tip:response_policy:agg_sum tip:nondeterministic_output"},
	{Name: "reset", Arity: 2, Flags: "alt", Group: "server", Since: "2.2.12", Complexity: "O(1)", Summary: "Forgets all entries.", Extra: "tip:request_policy:all_nodes tip:response_policy:all_succeeded"},
}
