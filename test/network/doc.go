// Package network tests the built binary from outside, over TCP and unix
// sockets, in bad weather: malformed and oversized requests, clients that never
// read, half-closed sockets, thousands of idle connections, storms of
// connections, limits, and shutting down in the middle of all that.
package network
