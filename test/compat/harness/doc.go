// Package harness runs one history of commands against two servers and says
// where their replies part.
//
//	generator ─► History ─► Runner ─► oracle  session ─► reply ─┐
//	                          │                                 ├─► comparator ─► Mismatch
//	                          └─────► subject session ─► reply ─┘                    │
//	transcript ◄───────────────────────── shrinker ◄─────────────────────────────────┘
//
// A History is a list of steps: a RESP command on a numbered connection, a
// memcached text exchange, a binary frame, or a harness step such as "wait
// until the key is gone" or "scan to the end". Both servers start each
// history empty. Replies are kept as the bytes that arrived, so that the
// comparison is of the wire and not of a client library's view of it.
//
// The oracle is the real redis-server or memcached. The subject is larder.
package harness
