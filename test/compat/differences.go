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
	{Kind: harness.Stream, Command: "resp reply off with protocol error", Reason: silentReason},
}
