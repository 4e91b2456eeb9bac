package command

// stringRows are the string commands: string.go and its neighbours.
var stringRows = []Command{
	{Name: "get", Handler: get, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "string", Since: "1.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the value of a string."},
	{Name: "set", Handler: set, Arity: -3, Flags: "wm", Keys: "1 RW access update variable_flags", Group: "string", Since: "1.0.0", Complexity: "O(1)", Syntax: "key value", Summary: "Sets the value of a string, with conditions and an expiry."},
}
