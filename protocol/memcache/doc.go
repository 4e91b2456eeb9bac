// Package memcache turns bytes into memcached requests and replies into bytes.
// It knows no sockets, no clock and no store.
//
// Three protocols share one Request:
//
//	text    "set k 5 0 3\r\nabc\r\n"        one line, for storage commands a data block
//	meta    "ms k 3 T60 c\r\nabc\r\n"       the same framing; flags of one letter with a token
//	binary  24-byte header, extras, key, value
//
// Text and meta arrive on the same connection and are read by a TextParser;
// binary is read by a BinaryParser. The first byte that a client sends decides
// which (see IsBinary), and the decision holds for the whole connection.
//
// # Reading
//
//	buffer  [ request | request | beginning of a request ........ ]
//	Next      n, true   n, true   0, false → read more, at least up to Need()
//
// A parser consumes whole requests only. What it leaves must be at the front
// of the buffer that it is given next; the buffer itself may move in between.
// It remembers how far it has looked for the end of the line and how many bytes
// the request in front needs, so a sender of single bytes costs linear time and
// the session can grow its buffer once. A data block that is refused for its size
// is thrown away as it arrives and never kept.
//
// A request that cannot be carried out is delivered like any other, with Fault
// set: the session writes AppendFault and closes if Fault.Closes says so.
//
// # Fidelity
//
// Limits, error lines, what is swallowed and what closes were observed on
// memcached 1.6.18; flags and commands that came later follow memcached's public
// protocol description. Where this package differs on purpose, the code says so:
//
//   - a binary request of an unknown opcode has exactly its body skipped
//     (memcached skips the key twice and then misreads the next request);
//   - binary verbosity is a known command;
//   - a touch, gat or stat in binary with a value is not carried out before the
//     connection closes;
//   - an item that is too large is refused when its line has come, not when its
//     data block has;
//   - base64 with padding in the wrong place is refused, and a base64 key comes
//     back as it was sent, with b, whoever stored the item;
//   - exptimes are delivered as sent (memcached keeps their low 32 bits).
package memcache
