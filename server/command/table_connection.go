package command

// connectionRows are the commands that concern a connection; package server runs them.
var connectionRows = []Command{
	{Name: "ping", Arity: -1, Flags: "f", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "[message]", Summary: "Answers PONG or the message."},
}
