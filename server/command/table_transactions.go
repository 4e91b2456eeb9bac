package command

// transactionRows are the commands that make several others one; package
// server runs them.
var transactionRows = []Command{
	{Name: "multi", Arity: 1, Flags: "sltfy", Group: "transactions", Since: "1.2.0", Complexity: "O(1)", Summary: "Begins to queue commands for EXEC."},
	{Name: "exec", Arity: 1, Flags: "sltx", Group: "transactions", Since: "1.2.0", Complexity: "Depends on the queued commands.", Summary: "Runs the queued commands, with nothing in between."},
	{Name: "discard", Arity: 1, Flags: "sltfy", Group: "transactions", Since: "2.0.0", Complexity: "O(n) in the number of queued commands", Summary: "Forgets the queued commands and the watched keys."},
	{Name: "watch", Arity: -2, Flags: "sltfy", Keys: "1:-1 RO", Group: "transactions", Since: "2.2.0", Complexity: "O(1) for each key", Syntax: "key...", Summary: "Makes the next EXEC do nothing if one of the keys has changed until then."},
	{Name: "unwatch", Arity: 1, Flags: "sltfy", Group: "transactions", Since: "2.2.0", Complexity: "O(n) in the number of watched keys", Summary: "Forgets the watched keys."},
}
