package command

// connectionRows are the commands that concern a connection; package server runs them.
var connectionRows = []Command{
	{Name: "ping", Arity: -1, Flags: "f", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "[message]", Summary: "Answers PONG or the message.", Extra: "tip:request_policy:all_shards tip:response_policy:all_succeeded"},
	{Name: "echo", Arity: 2, Flags: "ltf", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "message", Summary: "Answers the message."},
	{Name: "select", Arity: 2, Flags: "ltf", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "index", Summary: "Changes the database of the connection."},
	{Name: "quit", Arity: -1, Flags: "sltfoy", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Summary: "Closes the connection after the replies are sent."},
	{Name: "reset", Arity: 1, Flags: "sltfoy", Group: "connection", Since: "6.2.0", Complexity: "O(1)", Summary: "Puts the connection in the state of a new one."},
	{Name: "auth", Arity: -2, Flags: "sltfoy", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "[username] password", Summary: "Authenticates the connection."},
	{Name: "hello", Arity: -1, Flags: "sltfoy", Group: "connection", Since: "6.0.0", Complexity: "O(1)", Syntax: "[protover [AUTH username password] [SETNAME clientname]]", Summary: "Chooses the protocol version and tells about the server."},
	{Name: "client", Arity: -2, Group: "connection", Since: "2.4.0", Complexity: "Depends on the subcommand.", Summary: "The commands about client connections.", Sub: clientRows},
}

var clientRows = []*Command{
	{Name: "caching", Arity: 3, Flags: "slt", Group: "connection", Since: "6.0.0", Complexity: "O(1)", Syntax: "<YES|NO>", Summary: "Says whether the keys of the next command are to be tracked."},
	{Name: "getname", Arity: 2, Flags: "slt", Group: "connection", Since: "2.6.9", Complexity: "O(1)", Summary: "Returns the name of the connection."},
	{Name: "getredir", Arity: 2, Flags: "slt", Group: "connection", Since: "6.0.0", Complexity: "O(1)", Summary: "Returns the client that gets the connection's invalidation messages."},
	{Name: "help", Arity: 2, Flags: "lt", Group: "connection", Since: "5.0.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "id", Arity: 2, Flags: "slt", Group: "connection", Since: "5.0.0", Complexity: "O(1)", Summary: "Returns the connection's id, which no other connection ever has."},
	{Name: "info", Arity: 2, Flags: "slt", Group: "connection", Since: "6.2.0", Complexity: "O(1)", Summary: "Describes the connection.", Extra: "tip:nondeterministic_output"},
	{Name: "kill", Arity: -3, Flags: "asltS", Group: "connection", Since: "2.4.0", Complexity: "O(n) in the number of connections", Syntax: "<ip:port|<[ID client-id]|[TYPE <NORMAL|MASTER|SLAVE|REPLICA|PUBSUB>]|[USER username]|[ADDR ip:port]|[LADDR ip:port]|[SKIPME <YES|NO>]>...>", Summary: "Closes the connections that all filters match."},
	{Name: "list", Arity: -2, Flags: "asltS", Group: "connection", Since: "2.4.0", Complexity: "O(n) in the number of connections", Syntax: "[TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID client-id...]", Summary: "Describes the open connections.", Extra: "tip:nondeterministic_output"},
	{Name: "no-evict", Arity: 3, Flags: "aslt", Group: "connection", Since: "7.0.0", Complexity: "O(1)", Syntax: "<ON|OFF>", Summary: "Excludes the connection from being closed for memory."},
	{Name: "no-touch", Arity: 3, Flags: "slt", Group: "connection", Since: "7.2.0", Complexity: "O(1)", Syntax: "<ON|OFF>", Summary: "Says whether the connection's reads count as use of the keys."},
	{Name: "pause", Arity: -3, Flags: "aslt", Group: "connection", Since: "2.9.50", Complexity: "O(1)", Syntax: "timeout [WRITE|ALL]", Summary: "Makes all clients' commands, or those that write, wait for a time."},
	{Name: "reply", Arity: 3, Flags: "slt", Group: "connection", Since: "3.2.0", Complexity: "O(1)", Syntax: "<ON|OFF|SKIP>", Summary: "Says whether the connection wants replies."},
	{Name: "setinfo", Arity: 4, Flags: "slt", Group: "connection", Since: "7.2.0", Complexity: "O(1)", Syntax: "<LIB-NAME libname|LIB-VER libver>", Summary: "Sets what describes the client's library."},
	{Name: "setname", Arity: 3, Flags: "slt", Group: "connection", Since: "2.6.9", Complexity: "O(1)", Syntax: "connection-name", Summary: "Names the connection."},
	{Name: "tracking", Arity: -3, Flags: "slt", Group: "connection", Since: "6.0.0", Complexity: "O(1)", Syntax: "<ON|OFF> [REDIRECT client-id] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]", Summary: "Switches the tracking of keys for client-side caching."},
	{Name: "trackinginfo", Arity: 2, Flags: "slt", Group: "connection", Since: "6.2.0", Complexity: "O(1)", Summary: "Describes the connection's tracking of keys."},
	{Name: "unblock", Arity: -3, Flags: "asltS", Group: "connection", Since: "5.0.0", Complexity: "O(1)", Syntax: "client-id [TIMEOUT|ERROR]", Summary: "Ends a blocking command of another connection."},
	{Name: "unpause", Arity: 2, Flags: "asltS", Group: "connection", Since: "6.2.0", Complexity: "O(n) in the number of waiting clients", Summary: "Ends CLIENT PAUSE."},
}
