package command

// hllRows are the commands on HyperLogLogs: hll.go and hlldebug.go.
var hllRows = []Command{
	{Name: "pfadd", Handler: pfAdd, Arity: -2, Flags: "wmf", Keys: "1 RW insert", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(1) an element", Syntax: "key [element...]",
		Summary: "Adds elements to a HyperLogLog."},
	{Name: "pfcount", Handler: pfCount, Arity: -2, Flags: "r", Keys: "1:-1 RW access", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(1), and O(n) for n keys, each of which takes longer", Syntax: "key...",
		Summary: "Estimates how many different elements HyperLogLogs have seen."},
	{Name: "pfdebug", Handler: pfDebug, Arity: 3, Flags: "wma", Keys: "2 RW access", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(1)", Syntax: "subcommand key",
		Summary: "Shows a HyperLogLog from inside."},
	{Name: "pfmerge", Handler: pfMerge, Arity: -2, Flags: "wm", Keys: "1 RW access insert; 2:-1 RO access", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(n) for n keys", Syntax: "destkey [sourcekey...]",
		Summary: "Makes a HyperLogLog the union of several."},
	{Name: "pfselftest", Handler: pfSelfTest, Arity: 1, Flags: "a", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(1)",
		Summary:    "Tests the HyperLogLog's code."},
}
