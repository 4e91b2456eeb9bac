package command

// genericRows are the commands on keys of any type.
var genericRows = []Command{
	{Name: "del", Handler: del, Arity: -2, Flags: "w", Keys: "1:-1 RM delete", Group: "generic", Since: "1.0.0", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Deletes keys."},
}
