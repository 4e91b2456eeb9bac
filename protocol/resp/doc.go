// Package resp turns bytes into the requests of RESP2 and RESP3 clients and
// replies into bytes. It knows neither sockets nor commands.
//
// A request is an array of bulk strings,
//
//	*2\r\n $3\r\nGET\r\n $1\r\na\r\n
//
// or an inline line of words, `GET a\r\n`, for people at a terminal. Parser
// accepts both and is resumable: a request that arrives one byte at a time
// costs linear time, because what has been parsed is kept as offsets.
//
// Replies are appended to a caller's buffer by Writer, which knows how each
// RESP3 type degrades for a RESP2 client.
//
// The parser is our own and not redcon's, for two reasons: the error texts
// and limits have to be those of Redis, and redcon starts again at the first
// byte of a request each time more bytes arrive (BenchmarkParse compares the
// speed of the two). The appenders for integers, bulk strings and arrays are
// redcon's.
package resp
