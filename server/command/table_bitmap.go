package command

// bitmapRows are the commands on strings of bits: bitmap.go, bitop.go and
// bitfield.go.
var bitmapRows = []Command{
	{Name: "bitcount", Handler: bitCount, Arity: -2, Flags: "r", Keys: "1 RO access", Group: "bitmap", Since: "2.6.0",
		Complexity: "O(n) in the length of the range", Syntax: "key [start end [BYTE|BIT]]",
		Summary: "Counts the ones in a string or in a part of it."},
	{Name: "bitfield", Handler: bitField, Arity: -2, Flags: "wm", Keys: "1 RW access update variable_flags", Group: "bitmap", Since: "3.2.0",
		Complexity: "O(1) an operation",
		Syntax:     "key [<GET encoding offset|[OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset value|INCRBY encoding offset increment>>...]",
		Summary:    "Reads and changes integers of any width inside a string."},
	{Name: "bitfield_ro", Handler: bitFieldRO, Arity: -2, Flags: "rf", Keys: "1 RO access", Group: "bitmap", Since: "6.0.0",
		Complexity: "O(1) an operation", Syntax: "key [<GET encoding offset>...]",
		Summary: "Reads integers of any width inside a string."},
	{Name: "bitop", Handler: bitOp, Arity: -4, Flags: "wm", Keys: "2 OW update; 3:-1 RO access", Group: "bitmap", Since: "2.6.0",
		Complexity: "O(n) in the length of the strings", Syntax: "<AND|OR|XOR|NOT> destkey key...",
		Summary: "Combines strings bit by bit and stores the result."},
	{Name: "bitpos", Handler: bitPos, Arity: -3, Flags: "r", Keys: "1 RO access", Group: "bitmap", Since: "2.8.7",
		Complexity: "O(n) in the length of the range", Syntax: "key bit [start [end [BYTE|BIT]]]",
		Summary: "Finds the first one or the first zero in a string."},
	{Name: "getbit", Handler: getBit, Arity: 3, Flags: "rf", Keys: "1 RO access", Group: "bitmap", Since: "2.2.0",
		Complexity: "O(1)", Syntax: "key offset",
		Summary: "Returns a bit of a string."},
	{Name: "setbit", Handler: setBit, Arity: 4, Flags: "wm", Keys: "1 RW access update", Group: "bitmap", Since: "2.2.0",
		Complexity: "O(1)", Syntax: "key offset value",
		Summary: "Sets a bit of a string and returns what it was."},
}
