package server

import (
	"testing"
	"time"

	"larder/engine"
	"larder/server/command"
)

// TestWatchTable proves which events mark who watches a key: all that change
// it, whoever does so, and none else.
func TestWatchTable(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1")
	redis, mem := newTestClient(t, srv, &respFront{}), newTestClient(t, srv, newMemcacheFront(srv))
	for _, c := range []struct {
		what string
		do   func()
		want bool
	}{
		{"a read", func() { redis.do("GET k\r\n") }, false},
		{"another key", func() { redis.do("SET other 1\r\n") }, false},
		{"another database", func() { redis.do("SELECT 1\r\nSET k 1\r\nSELECT 0\r\n") }, false},
		{"a failed write", func() { redis.do("SET k 1 NX\r\n") }, false},
		{"a write", func() { redis.do("SET k 1\r\n") }, true},
		{"a memcached write", func() { mem.do("set k 0 0 1\r\n1\r\n") }, true},
		{"a memcached read", func() { mem.do("get k\r\n") }, false},
		{"a deadline", func() { redis.do("EXPIRE k 100\r\n") }, true},
		{"a flush of another database", func() { redis.do("SELECT 1\r\nFLUSHDB\r\nSELECT 0\r\n") }, false},
		{"a flush", func() { redis.do("FLUSHALL\r\n") }, true},
		{"memcached's flush", func() { mem.do("flush_all\r\n") }, true},
		{"a swap", func() { redis.do("SWAPDB 0 1\r\n") }, true},
		{"a swap of others", func() { redis.do("SWAPDB 1 2\r\n") }, false},
	} {
		redis.do("FLUSHALL\r\nSET k v\r\n")
		w := &watch{}
		k := srv.engine.Key([]byte("k"))
		k.Shard.Lock()
		srv.watches.add(srv, w, 0, k.Name, true)
		k.Shard.Unlock()
		if srv.listening.load()&command.ListenWatch == 0 {
			t.Error("nobody is said to watch")
		}
		c.do()
		if got := w.dirty.Load(); got != c.want {
			t.Errorf("%s: marked is %v, want %v", c.what, got, c.want)
		}
		srv.watches.remove(srv, w)
		if clients, keys := srv.watches.watching(); clients != 0 || keys != 0 || srv.listening.load() != 0 {
			t.Errorf("%s: %d clients and %d keys remain watched", c.what, clients, keys)
		}
	}
}

// TestWatchedKeyGoesAway proves that a key which nobody deletes marks its
// watch too when it goes.
func TestWatchedKeyGoesAway(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1", "--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru")
	client := newTestClient(t, srv, &respFront{})
	k := srv.engine.Key([]byte("k"))
	deadline := time.Now().Add(30 * time.Second)
	for _, c := range []struct {
		what  string
		setup string
		do    func(w *watch)
	}{
		{"expired and read", "SET k v PX 20\r\n", func(w *watch) {
			for !w.dirty.Load() && time.Now().Before(deadline) {
				client.do("GET k\r\n")
			}
		}},
		{"expired and swept", "SET k v PX 20\r\n", func(w *watch) {
			for !w.dirty.Load() && time.Now().Before(deadline) {
				var sweeper engine.Sweeper
				k.Shard.Lock()
				sweeper.Sweep(k.Shard, time.Now().UnixMilli())
				k.Shard.Unlock()
			}
		}},
		{"evicted", "SET k v\r\n", func(*watch) {
			for srv.engine.EvictOne(srv.memory.evictions) == engine.EvictedEntry {
			}
		}},
	} {
		client.do("FLUSHALL\r\n" + c.setup)
		w := &watch{}
		k.Shard.Lock()
		srv.watches.add(srv, w, 0, k.Name, true)
		k.Shard.Unlock()
		c.do(w)
		if !w.dirty.Load() {
			t.Errorf("a key that is %s does not mark its watch", c.what)
		}
		srv.watches.remove(srv, w)
	}
}
