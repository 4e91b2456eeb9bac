package server

import (
	"strings"
	"testing"
)

// While data is loaded, and while snapshots that save asks for fail, clients of
// both protocols hear of it, and get what needs no data.
func TestHindered(t *testing.T) {
	const misconf = "-MISCONF Redis is configured to save RDB snapshots"
	loading, failing := func(srv *Server) { srv.loading.Store(true) }, func(srv *Server) { srv.saver.failing.Store(true) }
	get := "\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00k"
	temporary := "\x81\x00\x00\x00\x00\x00\x00\x86\x00\x00\x00\x11\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00Temporary failure"
	tests := []struct {
		name    string
		hinder  func(srv *Server)
		save    string
		front   func(srv *Server) front
		request string
		reply   string // how it begins
	}{
		{"loading, read", loading, "", redis, "GET k\r\n", "-" + errLoading + "\r\n"},
		{"loading, INFO", loading, "", redis, "INFO server\r\n", "$"},
		{"loading, memcached read", loading, "", memcached, "get k\r\n", "SERVER_ERROR " + memcachedLoading + "\r\n"},
		{"loading, memcached write", loading, "", memcached, "set k 0 0 1\r\nv\r\n", "SERVER_ERROR " + memcachedLoading + "\r\n"},
		{"loading, memcached version", loading, "", memcached, "version\r\n", "VERSION "},
		{"loading, memcached binary", loading, "", memcached, get, temporary},
		{"failing, write", failing, "1 1", redis, "SET k v\r\n", misconf},
		{"failing, transaction", failing, "1 1", redis, "MULTI\r\nGET k\r\nSET k v\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n" + misconf},
		{"failing, PING", failing, "1 1", redis, "PING\r\n", misconf},
		{"failing, read", failing, "1 1", redis, "GET k\r\n", "$-1\r\n"},
		{"failing, memcached write", failing, "1 1", memcached, "set k 0 0 1\r\nv\r\n", "SERVER_ERROR " + memcachedMisconf + "\r\n"},
		{"failing, memcached read", failing, "1 1", memcached, "get k\r\n", "END\r\n"},
		{"failing without save points", failing, "", redis, "SET k v\r\n", "+OK\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := newTestServer(t, "--save", tt.save)
			client := newTestClient(t, srv, tt.front(srv))
			tt.hinder(srv)
			if got := client.do(tt.request); !strings.HasPrefix(got, tt.reply) {
				t.Errorf("%q answers %q, want %q", tt.request, got, tt.reply)
			}
		})
	}
}

func redis(*Server) front         { return &respFront{} }
func memcached(srv *Server) front { return newMemcacheFront(srv) }

// Without a store there are no snapshots, and commands say so.
func TestNoSnapshots(t *testing.T) {
	srv := newTestServer(t, "--save", "1 1", "--enable-debug-command", "yes")
	client := newTestClient(t, srv, redis(srv))
	for _, command := range []string{"SAVE", "BGSAVE", "BGSAVE SCHEDULE", "DEBUG RELOAD", "SHUTDOWN SAVE", "SYNC"} {
		if got := client.do(command + "\r\n"); got != "-ERR this server keeps no snapshots\r\n" {
			t.Errorf("%s answers %q", command, got)
		}
	}
	for command, reply := range map[string]string{
		"BGSAVE NOW":        "-ERR syntax error\r\n",
		"BGSAVE SCHEDULE x": "-ERR syntax error\r\n",
		"SAVE x":            "-ERR wrong number of arguments for 'save' command\r\n",
	} {
		if got := client.do(command + "\r\n"); got != reply {
			t.Errorf("%s answers %q, want %q", command, got, reply)
		}
	}
}
