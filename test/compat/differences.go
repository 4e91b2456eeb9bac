package compat

import "larder/test/compat/harness"

const (
	zeroByteReason = "Redis looks for the end of a line as C does, so that a zero byte hides the rest of what was sent and the connection hangs; larder reads the line to its end."
	silentReason   = "With replies off Redis marks a connection for closing after a reply that it never sends, so that the connection stays open and deaf; larder closes it."
)

// differences is the table of what larder intends to answer otherwise than
// redis-server 7.0 and memcached 1.6.18. Command and reply patterns are
// regular expressions over a transcript's lines, anchored at both ends.
var differences = []harness.Difference{
	{Kind: harness.Stream, Command: "resp (inline nul byte|nul instead of dollar|tls hello)", Reason: zeroByteReason},
	{Kind: harness.Stream, Command: "password HELLO( 3)?", Reason: "The text of the error is that of Redis 7.2, which names the place of the protocol version."},
	{Kind: harness.Stream, Command: "memcached binary long key", Reason: "memcached answers a key that is too long only if it fits into its read buffer; larder always does before it closes."},
	{Kind: harness.Stream, Command: "memcached text meta opaque too long for a new item", Reason: "memcached looks at the opaque of mg when it writes the reply, and has made or touched the item by then; what larder refuses has changed nothing."},
	{Kind: harness.Stream, Command: "resp reply off with protocol error", Reason: silentReason},

	{Kind: harness.Added, Command: `COMMAND LIST client\|(no-touch|setinfo)`, Reason: "Since Redis 7.2; clients send them when they connect."},
	{Kind: harness.Added, Command: "COMMAND LIST (delifeq|msetex)", Reason: "Since Valkey 9.0 and Redis 8.4."},

	{Kind: harness.Missing, Command: `COMMAND LIST acl\|(deluser|dryrun|load|log|save|setuser)`, Reason: "There is one user, default, with the password of requirepass."},
	{Kind: harness.Missing, Command: `COMMAND LIST module(\|.*)?`, Reason: "larder loads no C modules."},
	{Kind: harness.Missing, Command: "COMMAND LIST (save|bgsave|bgrewriteaof|lastsave)", Reason: "Come with persistence."},
	{Kind: harness.Missing, Command: "COMMAND LIST (dump|restore|restore-asking|migrate)", Reason: "Come with persistence, whose encoding they use."},
	{Kind: harness.Missing, Command: "COMMAND LIST (psync|sync|replconf|replicaof|slaveof|failover|wait)", Reason: "Come with replication."},
	{Kind: harness.Missing, Command: "COMMAND LIST (sort|sort_ro)", Reason: "Come with lists, sets and sorted sets, which they sort."},

	{Kind: harness.Missing, Command: "INFO used_cpu_(sys|user)_main_thread", Reason: "There is no main thread: the event loops move between threads."},
	{
		Kind: harness.Added, Command: "INFO (larder_version|go_version|memcached_port|memcached_clients|event_loops|used_memory_index|used_memory_go_heap)",
		Reason: "What Redis has no name for.",
	},
	{
		Kind: harness.Added, Command: "INFO (listener[0-9]+|total_blocking_keys(_on_nokey)?|client_(query|output)_buffer_limit_disconnections|acl_access_denied_(auth|cmd|key|channel))",
		Reason: "Since Redis 7.2.",
	},

	{
		Kind: harness.Replies, Command: `CONFIG SET .*MAXMEMORY-POLICY.*`, Oracle: "-ERR .*volatile-ttl, .*noeviction", Larder: "-ERR .*noeviction, allkeys-adaptive",
		Example: "0> CONFIG SET maxmemory-policy nosuch",
		Reason:  "larder has one more policy, its default.",
	},

	{
		Kind: harness.Replies, Command: "CONFIG SET (PORT|BIND) .*", Oracle: ".*", Larder: "-ERR .*can't set immutable config",
		Example: "0> CONFIG SET port abc",
		Reason:  "Listeners are opened at the start only.",
	},
	{
		Kind: harness.Replies, Command: `CONFIG SET MAXMEMORY ""`, Oracle: `\+OK`, Larder: "-ERR .*argument must be a memory value",
		Example: "0> CONFIG SET maxmemory \"\"",
		Reason:  "Redis takes nothing for 0, which would lift the limit because of a variable that is not set.",
	},
	{
		Kind: harness.Replies, Command: "COMMAND DOCS .*", Oracle: ".*summary.*", Larder: ".*summary.*",
		Example: "0> COMMAND DOCS GET",
		Reason:  "Summaries and complexities are larder's own words.",
	},

	{
		Kind: harness.Replies, Command: `"me .*`, Oracle: "ME .*", Larder: "ME .*",
		Example: `t0> "ms azox 1 b\r\n1\r\n"` + "\n" + `t0> "me k:1\r\n"`,
		Reason:  "A key comes back as it was sent, in base64 or not. size is that of larder's entry, which is smaller, and la the time since the item was stored, because no access times are kept.",
	},
	{
		Kind: harness.Replies, Command: `"mg .* k.*`, Oracle: `(HD|VA \d+) (.* )?k\S+ b.*`, Larder: `(HD|VA \d+) .*k.*`,
		Example: `t0> "ms azox 1 b\r\n1\r\n"` + "\n" + `t0> "mg k:1 k\r\n"`,
		Reason:  "The same: an item whose key came as base64 when it was stored.",
	},
	{
		Kind: harness.Replies, Command: `"mg .*T-.*`, Oracle: `.* t42949\d+.*`, Larder: `.* t0.*`,
		Example: `t0> "set a 0 0 1\r\n1\r\n"` + "\n" + `t0> "mg a T-1 t\r\n"`,
		Reason:  "Of a time to live that is over memcached prints the negative number as a large one.",
	},
	{
		Kind: harness.Replies, Command: `"mg .* b( |\\r).*`, Oracle: "(HD|VA .*)( .*)?", Larder: "(HD|VA .*)( .*)?",
		Example: `t0> "set a 0 0 1\r\n1\r\n"` + "\n" + `t0> "mg YQ== b k v\r\n"`,
		Reason:  "memcached remembers for each item whether its key came as base64 and answers in that form; larder answers in the form of the request, which is what the client compares it with.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT IDLETIME .*", Oracle: `:\d+`, Larder: "-ERR idle time not tracked: .*",
		Example: "0> SET a b\n0> OBJECT IDLETIME a",
		Reason:  "No access times are kept, and a made-up 0 would mislead who cleans up by it.",
	},
	{
		Kind: harness.Replies, Command: "OBJECT REFCOUNT .*", Oracle: ":2147483647", Larder: ":1",
		Example: "0> SET a 1\n0> OBJECT REFCOUNT a",
		Reason:  "Redis shares the objects of small integers; larder shares no values.",
	},
}
