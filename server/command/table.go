package command

// rows is the command table: one row a command, in Redis's groups. The letters
// of Flags:
//
//	w  write      changes data            r  readonly   only reads
//	m  denyoom    refused out of memory   f  fast       O(1) or O(log n)
//	a  admin                              p  pubsub
//	s  noscript                           b  blocking
//	l  loading    allowed while loading   t  stale      allowed on a stale replica
//	k  skip_monitor                       x  skip_slowlog
//	o  no_auth    allowed before AUTH     y  allow_busy
//	u  no_multi                           g  asking
//	R  may_replicate                      K  movablekeys
//	N  no_async_loading                   n  no_mandatory_keys
//	A  larder's own: every shard is locked
//	S  larder's own: runs on a worker while the session is parked
var rows = []Command{
	// Strings: string.go
	{Name: "get", Handler: get, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "string", Since: "1.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the value of a string."},
	{Name: "set", Handler: set, Arity: -3, Flags: "wm", Keys: "1 RW access update variable_flags", Group: "string", Since: "1.0.0", Complexity: "O(1)", Syntax: "key value", Summary: "Sets the value of a string, with conditions and an expiry."},

	// Keys of any type: generic.go
	{Name: "del", Handler: del, Arity: -2, Flags: "w", Keys: "1:-1 RM delete", Group: "generic", Since: "1.0.0", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Deletes keys."},

	// Connection: package server, because it concerns sessions
	{Name: "ping", Arity: -1, Flags: "f", Group: "connection", Since: "1.0.0", Complexity: "O(1)", Syntax: "[message]", Summary: "Answers PONG or the message."},
}
