package config

import "maps"

// Config holds the value of every directive. The table fills in the defaults
// that the comments name; Parse and Store.Set change fields only through it.
//
// INVARIANT: a Config that a Store has published is never modified; slices and
// maps are replaced as a whole.
type Config struct {
	// Network.

	Port             int      // TCP port for Redis clients, 0 = none; default 6379
	Bind             []string // addresses; a leading "-" forgives an address that is not there; default 127.0.0.1 -::1
	UnixSocket       string   // path of a unix socket, "" = none; default ""
	UnixSocketPerm   uint32   // permission bits of the socket, 0 = the umask decides; default 0
	TCPBacklog       int      // length of the accept queue; default 511
	TCPKeepAliveSecs int      // seconds between keepalive probes, 0 = off; default 300
	TimeoutSecs      int      // seconds after which an idle connection is closed, 0 = never; default 0
	MaxClients       int      // most connections at a time; default 10000
	ProtectedMode    bool     // refuse strangers while no password is set and no address was bound on purpose; default true
	IOThreads        int      // event loops, 0 = one a core; default 0
	NetDriver        string   // "auto", "epoll" or "goroutine"; default auto

	// Memcached's listener.

	MemcachedPort             int    // TCP port for memcached clients, 0 = none; default 11211
	MemcachedMaxItemSizeBytes int64  // largest item; default 1 MiB
	MemcachedIdleTimeoutSecs  int    // seconds after which an idle connection is closed, 0 = never; default 0
	MemcachedProtocol         string // "auto", "ascii" or "binary"; default auto
	MemcachedEnableShutdown   bool   // the command "shutdown" works; default false
	MemcachedDisableFlushAll  bool   // "flush_all" is refused; default false
	MemcachedDisableDumping   bool   // "lru_crawler metadump" and "mgdump" are refused; default false
	MemcachedDisableWatch     bool   // "watch" is refused; default false

	// Data.

	Databases int    // number of databases; default 16
	Dir       string // absolute path of the working directory; default where larder was started

	Save                  []SavePoint // when a snapshot is due; default 3600 1 300 100 60 10000
	Import                string      // source that an empty Dir is filled from at the start, "" = none; default ""
	DBFilename            string      // name of the snapshot in Dir; default dump.rdb
	RDBCompression        bool        // compress long strings in snapshots; default true
	RDBChecksum           bool        // write and check the checksum of snapshots; default true
	StopWritesOnSaveError bool        // refuse writes while due snapshots fail; default true
	AppendOnly            bool        // keep a log of writes; default false
	AppendFsync           string      // "everysec", "always" or "no"; default everysec
	AppendDirName         string      // directory of the log in Dir; default appendonlydir
	AppendFileName        string      // what the names of the log's files begin with; default appendonly.aof
	AppendLoadTruncated   bool        // start although the end of the log is torn; default true
	AppendRewritePercent  int         // growth at which the log is rewritten, 0 = never; default 100
	AppendRewriteMinBytes int64       // size up to which it is not; default 64 MiB

	// Backups.

	BackupTarget      string // folder or s3://BUCKET/PREFIX that backups go to, "" = none; default ""
	BackupSchedule    string // when the server makes one, "" = never; default ""
	BackupRetention   string // which ones are kept, "" = all; default ""
	BackupS3Endpoint  string // URL of an S3-compatible store, "" = the one of AWS; default ""
	BackupS3Region    string // region of the bucket, "" = from the environment; default ""
	BackupS3AccessKey string // "" = from the environment; default ""
	BackupS3SecretKey string // "" = from the environment; default ""

	// Memory.

	MaxMemoryBytes     int64           // limit for the data, 0 = none; default 0
	MaxMemoryPolicy    string          // what goes when the limit is reached; default allkeys-adaptive
	MaxMemorySamples   int             // candidates that a sampling policy looks at; default 5
	EvictionTenacity   int             // 0..100, how long a write may spend evicting; default 10
	MaxMemoryClients   MemoryOrPercent // limit for all clients' buffers together, 0 = none; default 0
	LFULogFactor       int             // how slowly the access counter saturates; default 10
	LFUDecayMinutes    int             // minutes after which the access counter is halved; default 1
	ActiveDefrag       bool            // compact sparse pages in the background; default false
	ActiveExpireEffort int             // 1..10, how eagerly expired keys are reclaimed; default 1
	Hz                 int             // 1..500, background rounds a second; default 10
	LazyfreeEviction   bool            // free evicted values in the background; default false
	LazyfreeExpire     bool            // free expired values in the background; default false
	LazyfreeServerDel  bool            // free overwritten values in the background; default false
	LazyfreeUserDel    bool            // DEL behaves as UNLINK; default false
	LazyfreeUserFlush  bool            // FLUSHALL and FLUSHDB are ASYNC unless told otherwise; default false

	// Limits of one client.

	OutputLimits      OutputBufferLimits // default: see the table
	QueryLimitBytes   int64              // most bytes of unparsed input; default 1 GiB
	MaxBulkBytes      int64              // longest argument; default 512 MiB
	NotifyKeyspace    string             // classes of keyspace events in canonical order, "" = off; default ""
	TrackingTableKeys int64              // keys that client tracking remembers, 0 = no limit; default 1000000

	// Watching the server.

	SlowlogMicros          int64     // microseconds from which a command is slow, -1 = off; default 10000
	SlowlogMaxLen          int64     // entries of the slow log; default 128
	LatencyMonitorMillis   int64     // milliseconds from which an event is recorded, 0 = off; default 0
	LatencyTracking        bool      // keep a latency histogram a command; default true
	LatencyInfoPercentiles []float64 // percentiles that INFO prints, each 0..100; default 50 99 99.9
	BusyReplyMillis        int64     // milliseconds from which a script is busy, 0 = never; default 5000
	LogLevel               string    // "debug", "verbose", "notice", "warning" or "nothing"; default notice
	LogFile                string    // path of the log, "" = standard output; default ""
	SyslogEnabled          bool      // log to the system logger; default false
	SyslogIdent            string    // name in the system log; default larder
	SyslogFacility         string    // "user" or "local0" .. "local7"; default local0
	PidFile                string    // path of the file that holds the process id, "" = none; default ""

	// Encodings: up to these sizes a container is one packed blob.

	ListMaxListpackSize    int   // > 0: items; -1..-5: 4, 8, 16, 32, 64 KiB; default -2
	ListCompressDepth      int   // nodes at each end that stay uncompressed, 0 = no compression; default 0
	HashMaxListpackEntries int64 // fields; default 512
	HashMaxListpackValue   int64 // bytes of a field or value; default 64
	SetMaxIntsetEntries    int64 // members that are all integers; default 512
	SetMaxListpackEntries  int64 // members; default 128
	SetMaxListpackValue    int64 // bytes of a member; default 64
	ZSetMaxListpackEntries int64 // members; default 128
	ZSetMaxListpackValue   int64 // bytes of a member; default 64
	StreamNodeMaxBytes     int64 // bytes of a stream node, 0 = no limit; default 4096
	StreamNodeMaxEntries   int64 // entries of a stream node, 0 = no limit; default 100
	HLLSparseMaxBytes      int64 // bytes of a sparse HyperLogLog; default 3000

	// Access.

	RequirePass            string // password of the default user, "" = none; default ""
	EnableDebugCommand     string // "no", "yes" or "local" (loopback and unix sockets only); default no
	EnableProtectedConfigs string // the same for CONFIG SET of dir and dbfilename; default no

	// Shutdown.

	ShutdownTimeoutSecs int    // seconds that clients and replicas get to drain; default 10
	ShutdownOnSIGINT    string // "default" or words of save, nosave, now, force; default default
	ShutdownOnSIGTERM   string // the same; default default

	// workDir is where larder was started: what a relative dir starts from.
	workDir string
	// inert holds the values of the directives that mean nothing here, by name:
	// CONFIG GET prints them and CONFIG REWRITE keeps them.
	inert map[string]string
	// explicit names the directives that somebody set.
	explicit map[string]bool
}

// A SavePoint makes a snapshot due when at least Changes writes have happened
// and Seconds have passed since the last one.
type SavePoint struct {
	Seconds int64 // > 0
	Changes int64 // >= 0
}

// OutputBufferLimits bounds what larder holds for a client that reads slowly.
type OutputBufferLimits struct {
	Normal  OutputBufferLimit
	Replica OutputBufferLimit
	Pubsub  OutputBufferLimit
}

// An OutputBufferLimit closes a connection whose output exceeds HardBytes at
// any time, or SoftBytes for SoftSeconds in a row. 0 means no limit.
type OutputBufferLimit struct {
	HardBytes   int64
	SoftBytes   int64
	SoftSeconds int64
}

// MemoryOrPercent is a number of bytes or, when Percent is not 0, a share of
// maxmemory in percent (1..100).
type MemoryOrPercent struct {
	Bytes   int64
	Percent int
}

// Default is the configuration of a larder that was told nothing. workDir is
// the absolute path that relative values of dir start from.
func Default(workDir string) *Config {
	c := &Config{Dir: workDir, workDir: workDir, inert: map[string]string{}, explicit: map[string]bool{}}
	for _, d := range directives {
		if err := d.assign(c, given{words: defaultWords(d)}); err != nil {
			panic("config: the default of " + d.name + " is not valid: " + err.Error())
		}
	}
	return c
}

// clone returns a copy whose fields may be replaced without c noticing.
func (c *Config) clone() *Config {
	next := *c
	next.inert = maps.Clone(c.inert)
	next.explicit = maps.Clone(c.explicit)
	return &next
}
