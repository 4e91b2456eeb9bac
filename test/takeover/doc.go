// Package takeover drives larder import from outside: real servers of Redis and
// memcached hold the data, the built binary takes it over, and a client that
// reads every key compares.
package takeover
