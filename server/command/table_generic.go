package command

// genericRows are the commands on keys of any type: generic.go, expire.go,
// rename.go, scan.go, object.go and wait.go.
var genericRows = []Command{
	{Name: "copy", Handler: copyKey, Arity: -3, Flags: "wm", Keys: "1 RO access; 2 OW update", Group: "generic", Since: "6.2.0", Complexity: "O(n) in the size of the value", Syntax: "source destination [DB destination-db] [REPLACE]", Summary: "Copies a value to another key."},
	{Name: "del", Handler: del, Arity: -2, Flags: "w", Keys: "1:-1 RM delete", Group: "generic", Since: "1.0.0", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Deletes keys.", Extra: tipsOverKeys},
	{Name: "dump", Handler: dump, Arity: 2, Flags: "r", Keys: "1 RO access", Group: "generic", Since: "2.6.0", Complexity: "O(n) in the size of the value", Syntax: "key", Summary: "Returns a value in the form that RESTORE takes.", Extra: "tip:nondeterministic_output"},
	{Name: "exists", Handler: exists, Arity: -2, Flags: "rf", Keys: "1:-1 RO", Group: "generic", Since: "1.0.0", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Counts how many of the keys exist.", Extra: tipsOverKeys},
	{Name: "expire", Handler: expire, Arity: -3, Flags: "wf", Keys: "1 RW update", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key seconds [NX|XX|GT|LT]", Summary: "Makes a key expire some seconds from now."},
	{Name: "expireat", Handler: expireAt, Arity: -3, Flags: "wf", Keys: "1 RW update", Group: "generic", Since: "1.2.0", Complexity: "O(1)", Syntax: "key unix-time-seconds [NX|XX|GT|LT]", Summary: "Makes a key expire at a time in seconds."},
	{Name: "expiretime", Handler: expireTime, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "generic", Since: "7.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the time at which a key expires, in seconds."},
	{Name: "keys", Handler: keys, Arity: 2, Flags: "rS", Group: "generic", Since: "1.0.0", Complexity: "O(n) in the number of keys of the database", Syntax: "pattern", Summary: "Returns all keys that match a pattern.", Extra: "@dangerous tip:request_policy:all_shards tip:nondeterministic_output_order"},
	{Name: "migrate", Arity: -6, Flags: "wKS", Keys: "3 RW access delete; after KEYS -2 -1 RW access delete incomplete", Group: "generic", Since: "2.6.0", Complexity: "O(n) in the size of the values", Syntax: "host port key destination-db timeout [COPY] [REPLACE] [AUTH password] [AUTH2 username password] [KEYS key...]", Summary: "Moves keys to another server.", Extra: "@dangerous tip:nondeterministic_output"},
	{Name: "move", Handler: move, Arity: 3, Flags: "wf", Keys: "1 RW access update", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key db", Summary: "Moves a key to another database."},
	{Name: "object", Arity: -2, Group: "generic", Since: "2.2.3", Complexity: "Depends on the subcommand.", Summary: "The commands about how values are kept.", Sub: objectRows},
	{Name: "persist", Handler: persist, Arity: 2, Flags: "wf", Keys: "1 RW update", Group: "generic", Since: "2.2.0", Complexity: "O(1)", Syntax: "key", Summary: "Makes a key stay that was to expire."},
	{Name: "pexpire", Handler: pexpire, Arity: -3, Flags: "wf", Keys: "1 RW update", Group: "generic", Since: "2.6.0", Complexity: "O(1)", Syntax: "key milliseconds [NX|XX|GT|LT]", Summary: "Makes a key expire some milliseconds from now."},
	{Name: "pexpireat", Handler: pexpireAt, Arity: -3, Flags: "wf", Keys: "1 RW update", Group: "generic", Since: "2.6.0", Complexity: "O(1)", Syntax: "key unix-time-milliseconds [NX|XX|GT|LT]", Summary: "Makes a key expire at a time in milliseconds."},
	{Name: "pexpiretime", Handler: pexpireTime, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "generic", Since: "7.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the time at which a key expires, in milliseconds."},
	{Name: "pttl", Handler: pttl, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "generic", Since: "2.6.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the time until a key expires, in milliseconds.", Extra: "tip:nondeterministic_output"},
	{Name: "randomkey", Handler: randomKey, Arity: 1, Flags: "r", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Summary: "Returns a random key of the database.", Extra: "tip:request_policy:all_shards tip:nondeterministic_output"},
	{Name: "rename", Handler: rename, Arity: 3, Flags: "w", Keys: "1 RW access delete; 2 OW update", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key newkey", Summary: "Renames a key, replacing the new name's value."},
	{Name: "renamenx", Handler: renameNX, Arity: 3, Flags: "wf", Keys: "1 RW access delete; 2 OW insert", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key newkey", Summary: "Renames a key unless the new name exists."},
	{Name: "restore", Handler: restore, Arity: -4, Flags: "wm", Keys: "1 OW update", Group: "generic", Since: "2.6.0", Complexity: "O(n) in the size of the value", Syntax: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]", Summary: "Creates a key from what DUMP has returned.", Extra: "@dangerous"},
	{Name: "restore-asking", Handler: restore, Arity: -4, Flags: "wmg", Keys: "1 OW update", Group: "server", Since: "3.0.0", Complexity: "O(n) in the size of the value", Syntax: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]", Summary: "RESTORE for slots on their way to another node.", Extra: "@dangerous @keyspace"},
	{Name: "scan", Handler: scan, Arity: -2, Flags: "r", Group: "generic", Since: "2.8.0", Complexity: "O(1) a call, O(n) for a whole iteration", Syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]", Summary: "Iterates over the keys of the database.", Extra: "tip:nondeterministic_output tip:request_policy:special"},
	{Name: "touch", Handler: touch, Arity: -2, Flags: "rf", Keys: "1:-1 RO", Group: "generic", Since: "3.2.1", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Counts how many of the keys exist and notes that they are in use.", Extra: tipsOverKeys},
	{Name: "ttl", Handler: ttl, Arity: 2, Flags: "rf", Keys: "1 RO access", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the time until a key expires, in seconds.", Extra: "tip:nondeterministic_output"},
	{Name: "type", Handler: typeOf, Arity: 2, Flags: "rf", Keys: "1 RO", Group: "generic", Since: "1.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the type of a value."},
	{Name: "unlink", Handler: del, Arity: -2, Flags: "wf", Keys: "1:-1 RM delete", Group: "generic", Since: "4.0.0", Complexity: "O(n) in the number of keys", Syntax: "key...", Summary: "Deletes keys and frees their values in the background.", Extra: tipsOverKeys},
	{Name: "wait", Handler: wait, Arity: 3, Flags: "s", Group: "generic", Since: "3.0.0", Complexity: "O(1)", Syntax: "numreplicas timeout", Summary: "Returns how many replicas have the connection's writes.", Extra: "@connection -@keyspace tip:request_policy:all_shards tip:response_policy:agg_min"},
	{Name: "waitaof", Handler: waitAOF, Arity: 4, Flags: "b", Group: "generic", Since: "7.2.0", Complexity: "O(1)", Syntax: "numlocal numreplicas timeout", Summary: "Returns whether the log, and how many replicas' logs, have the connection's writes.", Extra: "@connection -@keyspace tip:request_policy:all_shards tip:response_policy:agg_min"},
}

// tipsOverKeys are the hints of commands that a proxy may split by key, adding
// up the replies.
const tipsOverKeys = "tip:request_policy:multi_shard tip:response_policy:agg_sum"

var objectRows = []*Command{
	{Name: "encoding", Handler: objectEncoding, Arity: 3, Flags: "r", Keys: "2 RO", Group: "generic", Since: "2.2.3", Complexity: "O(1)", Syntax: "key", Summary: "Returns how a value is kept, in Redis's words.", Extra: "tip:nondeterministic_output"},
	{Name: "freq", Handler: objectFreq, Arity: 3, Flags: "r", Keys: "2 RO", Group: "generic", Since: "4.0.0", Complexity: "O(1)", Syntax: "key", Summary: "Returns the count of a key's recent hits.", Extra: "tip:nondeterministic_output"},
	{Name: "help", Handler: objectHelp, Arity: 2, Flags: "lt", Group: "generic", Since: "6.2.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
	{Name: "idletime", Handler: objectIdleTime, Arity: 3, Flags: "r", Keys: "2 RO", Group: "generic", Since: "2.2.3", Complexity: "O(1)", Syntax: "key", Summary: "Fails: no access times are kept.", Extra: "tip:nondeterministic_output"},
	{Name: "refcount", Handler: objectRefCount, Arity: 3, Flags: "r", Keys: "2 RO", Group: "generic", Since: "2.2.3", Complexity: "O(1)", Syntax: "key", Summary: "Returns 1: values are not shared.", Extra: "tip:nondeterministic_output"},
}
