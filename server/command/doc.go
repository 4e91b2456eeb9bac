// Package command holds the command table and one file a command family.
//
// A command is a row in table.go, a handler in its family's file and, below
// it, a structure of package engine that has never heard of the command. A
// handler gets a Ctx and nothing else: what it replies and changes follows
// from the data, the request and the stamped time and seed alone, so the same
// handler serves live execution, replay of the log and followers.
//
// A handler that may have much to do asks for a worker first (Ctx.Heavy), and there
// works in slices (slices.go). What it replies and leaves behind is what it would
// be without pauses.
package command
