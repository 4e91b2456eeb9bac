package server

// sessionHandlers run the commands of the table that concern sessions and the
// server itself, by full name.
var sessionHandlers = map[string]sessionHandler{
	// connection.go
	"ping":   ping,
	"echo":   echo,
	"select": selectDB,
	"quit":   quit,
	"reset":  reset,
	// auth.go, hello.go
	"auth":  auth,
	"hello": hello,
	// client.go and its neighbours
	"client|caching":      clientCaching,
	"client|getname":      clientGetName,
	"client|getredir":     clientGetRedir,
	"client|help":         clientHelp,
	"client|id":           clientID,
	"client|info":         clientInfo,
	"client|kill":         clientKill,
	"client|list":         clientList,
	"client|no-evict":     clientNoEvict,
	"client|no-touch":     clientNoTouch,
	"client|pause":        clientPause,
	"client|reply":        clientReply,
	"client|setinfo":      clientSetInfo,
	"client|setname":      clientSetName,
	"client|tracking":     clientTracking,
	"client|trackinginfo": clientTrackingInfo,
	"client|unblock":      clientUnblock,
	"client|unpause":      clientUnpause,
}
