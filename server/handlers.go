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
	// acl.go
	"acl|cat":     aclCat,
	"acl|genpass": aclGenPass,
	"acl|getuser": aclGetUser,
	"acl|help":    aclHelp,
	"acl|list":    aclList,
	"acl|users":   aclUsers,
	"acl|whoami":  aclWhoAmI,
	// config_command.go
	"config|get":       configGet,
	"config|help":      configHelp,
	"config|resetstat": configResetStat,
	"config|rewrite":   configRewrite,
	"config|set":       configSet,
	// latency.go
	"latency|doctor":    latencyDoctor,
	"latency|graph":     latencyGraph,
	"latency|help":      latencyHelp,
	"latency|histogram": latencyHistogramCommand,
	"latency|history":   latencyHistory,
	"latency|latest":    latencyLatest,
	"latency|reset":     latencyReset,
	// memory_command.go
	"memory|doctor":       memoryDoctor,
	"memory|help":         memoryHelp,
	"memory|malloc-stats": memoryMallocStats,
	"memory|purge":        memoryPurge,
	"memory|stats":        memoryStats,
	// slowlog.go
	"slowlog|get":   slowlogGet,
	"slowlog|help":  slowlogHelp,
	"slowlog|len":   slowlogLen,
	"slowlog|reset": slowlogReset,
	// debug.go, info.go and others
	"debug":    debugCommand,
	"info":     info,
	"lolwut":   lolwut,
	"monitor":  monitorCommand,
	"role":     role,
	"shutdown": shutdownCommand,
	"time":     timeCommand,
}
