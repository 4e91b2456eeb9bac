package compat

import "larder/test/compat/harness"

// differences is the table of what larder intends to answer otherwise than
// redis-server 7.0 and memcached 1.6.18. Command and reply patterns are
// regular expressions over a transcript's lines, anchored at both ends; titles
// and reasons are what docs/compatibility.md shows.
var differences = []harness.Difference{
	{
		Kind: harness.Replies, Command: "CONFIG SET (PORT|BIND) .*", Oracle: ".*", Larder: "-ERR .*can't set immutable config",
		Example: "0> CONFIG SET port abc",
		Title:   "`CONFIG SET port` and `bind` are refused",
		Reason:  "Listeners are opened at the start only.",
	},
	{
		Kind: harness.Replies, Command: `CONFIG SET MAXMEMORY ""`, Oracle: `\+OK`, Larder: "-ERR .*argument must be a memory value",
		Example:  "0> CONFIG SET maxmemory \"\"",
		Diverges: true,
		Title:    "`CONFIG SET maxmemory \"\"` is refused",
		Reason:   "Redis takes nothing for 0, which would lift the limit because of a variable that is not set.",
	},
	{
		Kind: harness.Replies, Command: `CONFIG SET .*MAXMEMORY-POLICY.*`, Oracle: "-ERR .*volatile-ttl, .*noeviction", Larder: "-ERR .*noeviction, allkeys-adaptive",
		Example: "0> CONFIG SET maxmemory-policy nosuch",
		Title:   "`CONFIG SET maxmemory-policy` knows one policy more, `allkeys-adaptive`",
		Reason:  "It is larder's own, and the default.",
	},
	{
		Kind: harness.Replies, Command: `(EVAL|SCRIPT LOAD) .*`, Oracle: "-ERR Error compiling script .*", Larder: "-ERR Error compiling script .*",
		Example: `0> EVAL "syntax error here" 0`,
		Title:   "Errors of a script's syntax have other words",
		Reason:  "They are those of larder's interpreter, which is not Lua in C. The line is the same.",
	},
	{
		Kind: harness.Replies, Command: `EVAL .*`, Oracle: "-ERR user_script:.*: attempt to .*", Larder: "-ERR user_script:.*",
		Example: `0> EVAL "local a = nil return a.b" 0`,
		Title:   "Errors of operations on wrong types in a script have other words",
		Reason:  "They are those of larder's interpreter. Errors of commands and of the library redis are the same.",
	},
	{
		Kind: harness.Replies, Command: `EVAL .*\.\. .*`, Oracle: `\$.*`, Larder: `\$.*`,
		Example:  `0> EVAL "return 1/3 .. ''" 0`,
		Diverges: true,
		Title:    "A number that a script joins with `..` to a string has up to 17 digits",
		Reason:   "Lua in C prints 14. `tostring`, `cjson` and arguments of commands print numbers as Redis does.",
	},
	{
		Kind: harness.Replies, Command: "COMMAND DOCS .*", Oracle: ".*summary.*", Larder: ".*summary.*",
		Example: "0> COMMAND DOCS GET",
		Title:   "`COMMAND DOCS` has other summaries and complexities",
		Reason:  "They are larder's own words about larder's own structures. Names, arguments and history are compared.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT IDLETIME .*", Oracle: `:\d+`, Larder: "-ERR idle time not tracked: .*",
		Example: "0> SET a b\n0> OBJECT IDLETIME a",
		Title:   "`OBJECT IDLETIME` is an error",
		Reason:  "No access times are kept, and a made-up 0 would mislead who cleans up by it.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT REFCOUNT .*", Oracle: ":2147483647", Larder: ":1",
		Example: "0> SET a 1\n0> OBJECT REFCOUNT a",
		Title:   "`OBJECT REFCOUNT` of a small integer is 1, not 2147483647",
		Reason:  "Redis shares the objects of small integers; larder shares no values.",
	},
	{
		Kind: harness.Replies, Command: "LREM .* -9223372036854775808 .*", Oracle: ".*", Larder: "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
		Example:  "0> LREM a -9223372036854775808 b",
		Diverges: true,
		Title:    "`LREM` with a count of -2^63 is an error",
		Reason:   "Since Redis 7.2.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT ENCODING .*", Oracle: `\$9\\r\\nquicklist`, Larder: `\$8\\r\\nlistpack`,
		Example: "0> RPUSH a b\n0> OBJECT ENCODING a",
		Title:   "`OBJECT ENCODING` of a short list is `listpack`",
		Reason:  "Since Redis 7.2. `list-max-listpack-size` says what is short.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT ENCODING .*", Oracle: `\$9\\r\\nhashtable`, Larder: `\$8\\r\\nlistpack`,
		Example: "0> SADD a x\n0> OBJECT ENCODING a",
		Title:   "`OBJECT ENCODING` of a small set of strings is `listpack`",
		Reason:  "Since Redis 7.2. `set-max-listpack-entries` and `set-max-listpack-value` say what is small.",
	},
	{
		Kind: harness.Replies, Command: "Z(REV)?RANK( .*){3}", Oracle: "-ERR wrong number of arguments for '.*' command", Larder: `-ERR syntax error|-WRONGTYPE .*|\*.*|_|\$-1`,
		Example: "0> ZADD z 1 a\n0> ZRANK z a WITHSCORE",
		Title:   "`ZRANK` and `ZREVRANK` take `WITHSCORE`",
		Reason:  "Since Redis 7.2.",
	},
	{
		Kind: harness.Replies, Command: "DEBUG OBJECT .* .*", Oracle: "-ERR unknown subcommand or wrong number of arguments for 'OBJECT'.*", Larder: `-ERR no such key|\+Value at:.*`,
		Example: "0> DEBUG OBJECT nosuch fast",
		Title:   "`DEBUG OBJECT key fast` is accepted",
		Reason:  "Since Redis 7.2.",
	},
	{
		Kind: harness.Replies, Command: `"mg .* b( |\\r).*`, Oracle: "(HD|VA .*)( .*)?", Larder: "(HD|VA .*)( .*)?",
		Example: `t0> "set a 0 0 1\r\n1\r\n"` + "\n" + `t0> "mg YQ== b k v\r\n"`,
		Title:   "`mg` with `b` and `k` answers with the key in base64, for any item",
		Reason:  "memcached remembers for each item whether its key came as base64 when it was stored, and answers in that form; larder answers in the form of the request, which is what the client compares it with.",
	},
	{
		Kind: harness.Replies, Command: `"mg .* k.*`, Oracle: `(HD|VA \d+) (.* )?k\S+ b.*`, Larder: `(HD|VA \d+) .*k.*`,
		Example: `t0> "ms azox 1 b\r\n1\r\n"` + "\n" + `t0> "mg k:1 k\r\n"`,
		Title:   "`mg` with `k` and without `b` answers with the plain key, for any item",
		Reason:  "The same.",
	},
	{
		Kind: harness.Replies, Command: `"me .*`, Oracle: "ME .*", Larder: "ME .*",
		Example: `t0> "ms azox 1 b\r\n1\r\n"` + "\n" + `t0> "me k:1\r\n"`,
		Title:   "`me` answers with the key as it was sent, and with other values of `size`, `cls` and `la`",
		Reason:  "The key for the same reason. `size` is that of larder's entry, which is smaller; `la` is the time since the item was stored, because no access times are kept.",
	},
	{
		Kind: harness.Replies, Command: `"mg .*T-.*`, Oracle: `.* t42949\d+.*`, Larder: `.* t0.*`,
		Example: `t0> "set a 0 0 1\r\n1\r\n"` + "\n" + `t0> "mg a T-1 t\r\n"`,
		Title:   "`mg` with `T-1 t` answers `t0`, not `t4294967295`",
		Reason:  "Of a time to live that is over memcached prints the negative number as a large one.",
	},
	{
		Kind: harness.Replies, Command: "XINFO (CONSUMERS .*|STREAM .* FULL.*)", Oracle: ".*(idle|seen-time).*", Larder: ".*(inactive|active-time).*",
		Example: "0> XGROUP CREATE s g 0 MKSTREAM\n0> XGROUP CREATECONSUMER s g c\n0> XINFO CONSUMERS s g",
		Title:   "`XINFO CONSUMERS` and `XINFO STREAM FULL` say when a consumer last got an entry",
		Reason:  "Since Redis 7.2.",
	},
	{
		Kind: harness.Replies, Command: "XGROUP CREATECONSUMER .*", Oracle: ":1", Larder: ":0",
		Example: "0> XGROUP CREATE s g 0 MKSTREAM\n0> XREADGROUP GROUP g c STREAMS s >\n0> XGROUP CREATECONSUMER s g c",
		Title:   "`XREADGROUP`, `XCLAIM` and `XAUTOCLAIM` make the consumer also if it gets nothing",
		Reason:  "Since Redis 7.2.",
	},
	{
		Kind: harness.Replies, Command: "XREAD(GROUP)? .*", Oracle: "-ERR Unbalanced XREAD list of streams: .*", Larder: "-ERR Unbalanced 'xread(group)?' list of streams: .*",
		Example: "0> XREADGROUP GROUP g c STREAMS a b 0",
		Title:   "`XREAD` and `XREADGROUP` with a missing ID name the command in the error",
		Reason:  "As since Redis 7.2.",
	},

	{
		Kind: harness.Stream, Command: "resp (inline nul byte|nul instead of dollar|tls hello)",
		Title:  "Zero bytes in a line",
		Reason: "Redis looks for the end of a line as C does, so that a zero byte hides the rest of what was sent and the connection hangs; larder reads the line to its end and answers.",
	},
	{
		Kind: harness.Stream, Command: "password HELLO( 3)?",
		Title:  "`HELLO 3` before the password is given",
		Reason: "The error's text is that of Redis 7.2, which says where in the command the protocol version stands.",
	},
	{
		Kind: harness.Stream, Command: "resp reply off with protocol error",
		Title:  "A malformed request after `CLIENT REPLY OFF`",
		Reason: "Redis marks the connection for closing after a reply that it never sends, so that it stays open and deaf; larder closes it.",
	},
	{
		Kind: harness.Stream, Command: "busy (ping|other commands|queued|transaction of other commands|function kill)",
		Title:  "While a script is busy, only commands that need what it uses answer `BUSY`",
		Reason: "Scripts run beside the event loops. One that has run for `busy-reply-threshold` keeps the keys that it uses, and those that happen to lie in the same parts of the database, from others; all else goes on.",
	},
	{
		Kind: harness.Stream, Command: "busy watch",
		Title:  "`WATCH` of a key that a busy script uses answers `BUSY`",
		Reason: "It looks whether the key is there, which the script may be about to change.",
	},
	{
		Kind: harness.Stream, Command: "memcached binary long key",
		Title:  "A key that is too long in memcached's binary protocol",
		Reason: "memcached answers only if the key fits into its read buffer; larder always does before it closes.",
	},
	{
		Kind: harness.Stream, Command: "memcached text meta opaque too long for a new item",
		Title:  "`mg` with an opaque that is too long",
		Reason: "memcached looks at the opaque when it writes the reply, and has made or touched the item by then; what larder refuses has changed nothing.",
	},

	{
		Kind: harness.Stream, Command: "memcached text meta arithmetic with a new time and more digits",
		Title:  "`ma` with `T` on a number that gets one more digit",
		Reason: "memcached then sets the time to live on the item that it has just replaced, so that it is lost; larder keeps it.",
	},

	{
		Kind: harness.Missing, Command: `COMMAND LIST acl\|(deluser|dryrun|load|log|save|setuser)`,
		Title:  "`ACL DELUSER`, `DRYRUN`, `LOAD`, `LOG`, `SAVE`, `SETUSER`",
		Reason: "There is one user, default, with the password of requirepass.",
	},
	{
		Kind: harness.Missing, Command: `COMMAND LIST module(\|.*)?`,
		Title:  "`MODULE` and its subcommands",
		Reason: "larder loads no C modules.",
	},
	{
		Kind: harness.Missing, Command: "COMMAND LIST (replicaof|slaveof|failover)",
		Title:  "`REPLICAOF`, `SLAVEOF`, `FAILOVER`",
		Reason: "Come with replication.",
	},
	{
		Kind: harness.Missing, Command: "INFO used_cpu_(sys|user)_main_thread",
		Title:  "`INFO`: `used_cpu_sys_main_thread`, `used_cpu_user_main_thread`",
		Reason: "There is no main thread: the event loops move between threads.",
	},

	{
		Kind: harness.Added, Command: `COMMAND LIST client\|(no-touch|setinfo)`,
		Title:  "`CLIENT NO-TOUCH`, `CLIENT SETINFO`",
		Reason: "Since Redis 7.2; clients send them when they connect.",
	},
	{
		Kind: harness.Added, Command: "COMMAND LIST waitaof",
		Title:  "`WAITAOF`",
		Reason: "Since Redis 7.2.",
	},
	{
		Kind: harness.Added, Command: "COMMAND LIST (hp?expire(at|time)?|hp?ttl|hpersist)",
		Title:  "`HEXPIRE`, `HPEXPIRE`, `HEXPIREAT`, `HPEXPIREAT`, `HEXPIRETIME`, `HPEXPIRETIME`, `HTTL`, `HPTTL`, `HPERSIST`",
		Reason: "Since Redis 7.4.",
	},
	{
		Kind: harness.Added, Command: "COMMAND LIST (hgetdel|hgetex|hsetex)",
		Title:  "`HGETDEL`, `HGETEX`, `HSETEX`",
		Reason: "Since Redis 8.0.",
	},
	{
		Kind: harness.Added, Command: "COMMAND LIST (delifeq|msetex)",
		Title:  "`DELIFEQ`, `MSETEX`",
		Reason: "Since Valkey 9.0 and Redis 8.4.",
	},
	{
		Kind: harness.Added, Command: "INFO (larder_version|go_version|memcached_port|memcached_clients|event_loops|used_memory_index|used_memory_go_heap)",
		Title:  "`INFO`: `larder_version`, `go_version`, `memcached_port`, `memcached_clients`, `event_loops`, `used_memory_index`, `used_memory_go_heap`",
		Reason: "What Redis has no name for.",
	},
	{
		Kind: harness.Added, Command: "INFO (total_watched_keys|watching_clients|pubsub_clients)",
		Title:  "`INFO`: `total_watched_keys`, `watching_clients`, `pubsub_clients`",
		Reason: "Since Redis 7.4.",
	},
	{
		Kind: harness.Added, Command: "INFO (listener[0-9]+|total_blocking_keys(_on_nokey)?|client_(query|output)_buffer_limit_disconnections|acl_access_denied_(auth|cmd|key|channel))",
		Title:  "`INFO`: `listener0` and following, `total_blocking_keys`, `client_query_buffer_limit_disconnections`, `acl_access_denied_auth` and their kind",
		Reason: "Since Redis 7.2.",
	},
	{
		Kind: harness.Described, Command: "z(rev)?rank arity",
		Title:  "`ZRANK` and `ZREVRANK` have arity -3, not 3",
		Reason: "`WITHSCORE`, since Redis 7.2.",
	},
}
