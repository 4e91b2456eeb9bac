// Package clients runs the clients that applications use, unmodified, against
// the built server: one program a client, written the way the client's
// documentation writes, that checks every answer it gets.
//
//	go/goredis, go/rueidis, go/redigo   a module of their own, so that larder's
//	                                    stays small
//	node/node-redis.mjs, ioredis.mjs    npm packages, pinned by a lock file
//	python/redis-py.py                  the distribution's packages
//	c/hiredis.c
//	perl/Redis.pl
//	php/phpredis.php
//
// A program takes the names of sections ("strings", "streams", …) as arguments
// and the server's address from LARDER_ADDR. For each section it empties the
// server, runs the section and prints "ok NAME"; at the first difference it
// prints what it did, what it got and what it wanted, and exits with 1. A
// section that needs something newer than Redis 7.0 carries that version in
// sections_test.go.
//
// redis-cli is run in all its modes too; what it prints is checked.
//
// .ci/clients (make clients) installs what the programs need. With
// LARDER_BIN=oracle everything runs against redis-server instead, which is how
// the programs themselves are shown to be right.
package clients
