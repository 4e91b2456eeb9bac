package server

// sessionHandlers run the commands of the table that concern sessions and the
// server itself, by full name.
var sessionHandlers = map[string]sessionHandler{
	// connection.go
	"ping": ping,
}
