package command

// pubsubRows are the commands about channels; package server runs them.
var pubsubRows = []Command{
	{Name: "subscribe", Arity: -2, Flags: "pslt", Group: "pubsub", Since: "2.0.0", Complexity: "O(n) in the number of channels", Syntax: "channel...", Summary: "Listens to channels."},
	{Name: "unsubscribe", Arity: -1, Flags: "pslt", Group: "pubsub", Since: "2.0.0", Complexity: "O(n) in the number of channels", Syntax: "[channel...]", Summary: "Stops listening to the channels, or to all."},
	{Name: "psubscribe", Arity: -2, Flags: "pslt", Group: "pubsub", Since: "2.0.0", Complexity: "O(n) in the number of patterns", Syntax: "pattern...", Summary: "Listens to all channels that match one of the patterns."},
	{Name: "punsubscribe", Arity: -1, Flags: "pslt", Group: "pubsub", Since: "2.0.0", Complexity: "O(n) in the number of patterns", Syntax: "[pattern...]", Summary: "Stops listening by the patterns, or by all."},
	{Name: "ssubscribe", Arity: -2, Flags: "pslt", Keys: "1:-1 not_key", Group: "pubsub", Since: "7.0.0", Complexity: "O(n) in the number of channels", Syntax: "shardchannel...", Summary: "Listens to shard channels."},
	{Name: "sunsubscribe", Arity: -1, Flags: "pslt", Keys: "1:-1 not_key", Group: "pubsub", Since: "7.0.0", Complexity: "O(n) in the number of channels", Syntax: "[shardchannel...]", Summary: "Stops listening to the shard channels, or to all."},
	{Name: "publish", Arity: 3, Flags: "pltf", Group: "pubsub", Since: "2.0.0", Complexity: "O(n) in the number of receivers and of all patterns", Syntax: "channel message", Summary: "Sends a message to who listens to the channel; counts the receivers."},
	{Name: "spublish", Arity: 3, Flags: "pltf", Keys: "1 not_key", Group: "pubsub", Since: "7.0.0", Complexity: "O(n) in the number of receivers", Syntax: "shardchannel message", Summary: "Sends a message to who listens to the shard channel; counts the receivers."},
	{Name: "pubsub", Arity: -2, Group: "pubsub", Since: "2.8.0", Complexity: "Depends on the subcommand.", Summary: "The commands that tell about channels.", Sub: []*Command{
		{Name: "channels", Arity: -2, Flags: "pltS", Group: "pubsub", Since: "2.8.0", Complexity: "O(n log n) in the number of channels", Syntax: "[pattern]", Summary: "Lists the channels that somebody listens to."},
		{Name: "help", Arity: 2, Flags: "lt", Group: "pubsub", Since: "6.2.0", Complexity: "O(1)", Summary: "Lists the subcommands."},
		{Name: "numpat", Arity: 2, Flags: "plt", Group: "pubsub", Since: "2.8.0", Complexity: "O(1)", Summary: "Counts the patterns that somebody listens by."},
		{Name: "numsub", Arity: -2, Flags: "plt", Group: "pubsub", Since: "2.8.0", Complexity: "O(n) in the number of channels", Syntax: "[channel...]", Summary: "Counts the listeners of channels."},
		{Name: "shardchannels", Arity: -2, Flags: "pltS", Group: "pubsub", Since: "7.0.0", Complexity: "O(n log n) in the number of channels", Syntax: "[pattern]", Summary: "Lists the shard channels that somebody listens to."},
		{Name: "shardnumsub", Arity: -2, Flags: "plt", Group: "pubsub", Since: "7.0.0", Complexity: "O(n) in the number of channels", Syntax: "[shardchannel...]", Summary: "Counts the listeners of shard channels."},
	}},
}
