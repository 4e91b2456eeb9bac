package config

import "math"

const (
	maxInt32  = math.MaxInt32
	maxUint32 = math.MaxUint32
	maxInt64  = math.MaxInt64
)

// maxBindAddresses bounds how many addresses larder listens on.
const maxBindAddresses = 16

var networkRows = []*directive{
	{name: "port", is: integer(0, 65535), def: "6379", when: atStart,
		keep: intAt(func(c *Config) *int { return &c.Port }),
		help: "TCP port for Redis clients, 0 = none"},
	{name: "bind", is: addresses(),
		def: "127.0.0.1 -::1", when: atStart,
		keep: listAt(func(c *Config) *[]string { return &c.Bind }),
		help: "addresses that all TCP ports listen on"},
	{name: "unixsocket", is: path(), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.UnixSocket }),
		help: "path of a unix socket for Redis clients"},
	{name: "unixsocketperm", is: octal(), def: "0", when: atStart,
		keep: octalAt(func(c *Config) *uint32 { return &c.UnixSocketPerm }),
		help: "permission bits of the unix socket, 0 = as the umask says"},
	{name: "tcp-backlog", is: integer(0, maxInt32), def: "511", when: atStart,
		keep: intAt(func(c *Config) *int { return &c.TCPBacklog }),
		help: "length of the queue of connections not yet accepted"},
	{name: "tcp-keepalive", is: integer(0, maxInt32), def: "300",
		keep: intAt(func(c *Config) *int { return &c.TCPKeepAliveSecs }),
		help: "seconds between keepalive probes, 0 = off"},
	{name: "timeout", is: integer(0, maxInt32), def: "0",
		keep: intAt(func(c *Config) *int { return &c.TimeoutSecs }),
		help: "seconds after which an idle connection is closed, 0 = never"},
	{name: "maxclients", is: integer(1, maxUint32), def: "10000",
		keep: intAt(func(c *Config) *int { return &c.MaxClients }),
		help: "most connections at a time"},
	{name: "protected-mode", is: yesNo(), def: "yes",
		keep: boolAt(func(c *Config) *bool { return &c.ProtectedMode }),
		help: "serve only this machine while there is no password"},
	{name: "io-threads", is: integer(0, 128), def: "0", when: atStart,
		keep: intAt(func(c *Config) *int { return &c.IOThreads }),
		help: "event loops, 0 = one a core"},
	{name: "net-driver", is: oneOf("auto", "epoll", "goroutine"), def: "auto", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.NetDriver }),
		help: "how sockets are served; auto is epoll on Linux and a goroutine a connection elsewhere"},
}

var memcachedRows = []*directive{
	{name: "memcached-port", is: integer(0, 65535), def: "11211", when: atStart,
		keep: intAt(func(c *Config) *int { return &c.MemcachedPort }),
		help: "TCP port for memcached clients, 0 = none"},
	{name: "memcached-max-item-size", is: memory(1<<10, 1<<30), def: "1mb", when: atStart,
		keep: int64At(func(c *Config) *int64 { return &c.MemcachedMaxItemSizeBytes }),
		help: "largest item that memcached clients may store"},
	{name: "memcached-idle-timeout", is: integer(0, maxInt32), def: "0",
		keep: intAt(func(c *Config) *int { return &c.MemcachedIdleTimeoutSecs }),
		help: "seconds after which an idle memcached connection is closed, 0 = never"},
	{name: "memcached-protocol", is: oneOf("auto", "ascii", "binary"), def: "auto", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.MemcachedProtocol }),
		help: "what the memcached port speaks; auto tells by the first byte"},
	{name: "memcached-enable-shutdown", is: yesNo(), def: "no", when: atStart,
		keep: boolAt(func(c *Config) *bool { return &c.MemcachedEnableShutdown }),
		help: "let memcached clients shut the server down"},
	{name: "memcached-disable-flush-all", is: yesNo(), def: "no", when: atStart,
		keep: boolAt(func(c *Config) *bool { return &c.MemcachedDisableFlushAll }),
		help: "refuse flush_all"},
	{name: "memcached-disable-dumping", is: yesNo(), def: "no", when: atStart,
		keep: boolAt(func(c *Config) *bool { return &c.MemcachedDisableDumping }),
		help: "refuse to list the keys (lru_crawler metadump and mgdump)"},
	{name: "memcached-disable-watch", is: yesNo(), def: "no", when: atStart,
		keep: boolAt(func(c *Config) *bool { return &c.MemcachedDisableWatch }),
		help: "refuse watch"},
}

var accessRows = []*directive{
	{name: "requirepass", is: text(), def: "", secret: true,
		keep: textAt(func(c *Config) *string { return &c.RequirePass }),
		help: "password of the default user"},
	{name: "enable-debug-command", is: oneOf("no", "yes", "local"), def: "no", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.EnableDebugCommand }),
		help: "who may use DEBUG; local: connections from this machine"},
	{name: "enable-protected-configs", is: oneOf("no", "yes", "local"), def: "no", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.EnableProtectedConfigs }),
		help: "who may change dir and dbfilename with CONFIG SET"},
}

var shutdownRows = []*directive{
	{name: "shutdown-timeout", is: integer(0, maxInt32), def: "10",
		keep: intAt(func(c *Config) *int { return &c.ShutdownTimeoutSecs }),
		help: "seconds that a shutdown waits for connections to drain"},
	{name: "shutdown-on-sigint", is: shutdownWords(), def: "default",
		keep: textAt(func(c *Config) *string { return &c.ShutdownOnSIGINT }),
		help: "options of the shutdown that SIGINT starts"},
	{name: "shutdown-on-sigterm", is: shutdownWords(), def: "default",
		keep: textAt(func(c *Config) *string { return &c.ShutdownOnSIGTERM }),
		help: "options of the shutdown that SIGTERM starts"},
}
