package config

// Why a Redis directive changes nothing here.
const (
	noReplication = "this version does not replicate"
	noCluster     = "this version has no cluster mode"
	noTLS         = "this version does not speak TLS"
	ownLog        = "the log has a form of its own"
	noFork        = "larder never forks"
	noModules     = "larder loads no modules"
	noACL         = "this version has no users other than the default one"
	noTitle       = "larder leaves its process title alone"
	noCrashLog    = "the Go runtime reports crashes"
	ownMemory     = "larder manages its memory itself"
	ownPlacement  = "use taskset, numactl or the service manager"
	noSupervision = "larder does not talk to a service manager"

	ownCandidates   = "the policies choose their own candidates"
	ownEviction     = "how much a command evicts at a time is fixed"
	ownCounters     = "the policies keep their own measure of use"
	alwaysCompacts  = "larder always compacts"
	ownPace         = "background work sets its own pace"
	nothingLazy     = "freeing a value is one step, with nothing to put off"
	alwaysLazyFlush = "FLUSHALL and FLUSHDB always free in the background"
	noSyslog        = "larder logs to logfile or standard output"
	notCompressed   = "nodes of lists are not compressed"
)

// refuseUnless answers advice for every value other than off.
func refuseUnless(off, advice string) func(string) string {
	return func(value string) string {
		if value == off {
			return ""
		}
		return advice
	}
}

// inertRows are the directives of Redis 7.2 that have no meaning here. A file
// written for Redis loads, with one warning for each; the few whose silent loss
// would be dangerous are refused when they ask for more than their default.
var inertRows = concat(
	inertGroup("", []*directive{
		{name: "daemonize", is: yesNo(), def: "no", when: atStart, inert: "larder stays in the foreground",
			refuse: refuseUnless("no", "larder stays in the foreground: run it under systemd or in a container, or with nohup and &")},
		{name: "supervised", is: oneOf("upstart", "systemd", "auto", "no"), def: "no", when: atStart, inert: noSupervision},
		{name: "set-proc-title", is: yesNo(), def: "yes", when: atStart, inert: noTitle},
		{name: "proc-title-template", is: text(), def: "{title} {listen-addr} {server-mode}", inert: noTitle},
		{name: "always-show-logo", is: yesNo(), def: "no", when: atStart, inert: "larder has no logo"},
		{name: "crash-log-enabled", is: yesNo(), def: "yes", inert: noCrashLog},
		{name: "crash-memcheck-enabled", is: yesNo(), def: "yes", inert: noCrashLog},
		{name: "io-threads-do-reads", is: yesNo(), def: "no", when: atStart, inert: "event loops always read"},
		{name: "enable-module-command", is: oneOf("no", "yes", "local"), def: "no", when: atStart, inert: noModules},
		{name: "aclfile", is: path(), def: "", when: atStart, inert: noACL,
			refuse: refuseUnless("", noACL+": use requirepass")},
		{name: "acllog-max-len", is: integer(0, maxInt64), def: "128", inert: noACL},
		{name: "acl-pubsub-default", is: oneOf("allchannels", "resetchannels"), def: "resetchannels", inert: noACL},
		{name: "bind-source-addr", is: text(), def: "", inert: "larder opens no connections"},
		{name: "socket-mark-id", is: integer(0, maxUint32), def: "0", when: atStart, inert: "sockets are not marked"},
		{name: "ignore-warnings", is: text(), def: "", inert: "the warnings that it silences do not exist here"},
		{name: "locale-collate", is: text(), def: "", inert: "larder compares bytes"},
		{name: "propagation-error-behavior", is: oneOf("ignore", "panic", "panic-on-replicas"), def: "ignore", inert: noReplication},
		{name: "sanitize-dump-payload", is: oneOf("no", "yes", "clients"), def: "no", inert: "payloads are always checked"},
	}),
	inertGroup(ownMemory, []*directive{
		{name: "activerehashing", is: yesNo(), def: "yes"},
		{name: "dynamic-hz", is: yesNo(), def: "yes"},
		{name: "jemalloc-bg-thread", is: yesNo(), def: "yes"},
		{name: "disable-thp", is: yesNo(), def: "yes", when: atStart},
		{name: "active-defrag-cycle-min", is: integer(1, 99), def: "1"},
		{name: "active-defrag-cycle-max", is: integer(1, 99), def: "25"},
		{name: "active-defrag-ignore-bytes", is: memory(1, maxInt64), def: "100mb"},
		{name: "active-defrag-max-scan-fields", is: integer(1, maxInt64), def: "1000"},
		{name: "active-defrag-threshold-lower", is: integer(0, 1000), def: "10"},
		{name: "active-defrag-threshold-upper", is: integer(0, 1000), def: "100"},
	}),
	inertGroup(ownPlacement, []*directive{
		{name: "oom-score-adj", is: oneOf("no", "yes", "relative", "absolute"), def: "no"},
		{name: "oom-score-adj-values", is: oomScores(), def: "0 200 800"},
		{name: "server_cpulist", aliases: []string{"server-cpulist"}, is: text(), def: "", when: atStart},
		{name: "bio_cpulist", aliases: []string{"bio-cpulist"}, is: text(), def: "", when: atStart},
		{name: "aof_rewrite_cpulist", aliases: []string{"aof-rewrite-cpulist"}, is: text(), def: "", when: atStart},
		{name: "bgsave_cpulist", aliases: []string{"bgsave-cpulist"}, is: text(), def: "", when: atStart},
	}),
	inertGroup(ownLog, []*directive{
		{name: "aof-disable-auto-gc", is: yesNo(), def: "no"},
		{name: "aof-rewrite-incremental-fsync", is: yesNo(), def: "yes"},
		{name: "aof-timestamp-enabled", is: yesNo(), def: "no"},
		{name: "aof-use-rdb-preamble", is: yesNo(), def: "yes"},
	}),
	inertGroup("", []*directive{
		{name: "rdb-del-sync-files", is: yesNo(), def: "no", inert: "no files are left by replicas"},
		{name: "rdb-save-incremental-fsync", is: yesNo(), def: "yes", inert: "snapshots are always forced to disk in steps"},
	}),
	inertGroup(noFork, []*directive{
		{name: "no-appendfsync-on-rewrite", is: yesNo(), def: "no"},
	}),
	inertGroup(noReplication, replicationRows),
	inertGroup(noCluster, clusterRows),
	inertGroup(noTLS, tlsRows),
)

var replicationRows = []*directive{
	{name: "replicaof", aliases: []string{"slaveof"}, is: words("HOST PORT", 2, "wrong number of arguments"), def: "", when: atStart,
		refuse: refuseUnless("", noReplication+": remove the directive to run a server of its own")},
	{name: "masterauth", is: text(), def: "", secret: true},
	{name: "masteruser", is: text(), def: "", secret: true},
	{name: "min-replicas-to-write", aliases: []string{"min-slaves-to-write"}, is: integer(0, maxInt32), def: "0"},
	{name: "min-replicas-max-lag", aliases: []string{"min-slaves-max-lag"}, is: integer(0, maxInt32), def: "10"},
	{name: "repl-backlog-size", is: memory(1, maxInt64), def: "1mb"},
	{name: "repl-backlog-ttl", is: integer(0, maxInt64), def: "3600"},
	{name: "repl-disable-tcp-nodelay", is: yesNo(), def: "no"},
	{name: "repl-diskless-load", is: oneOf("disabled", "on-empty-db", "swapdb"), def: "disabled"},
	{name: "repl-diskless-sync", is: yesNo(), def: "yes"},
	{name: "repl-diskless-sync-delay", is: integer(0, maxInt32), def: "5"},
	{name: "repl-diskless-sync-max-replicas", is: integer(0, maxInt32), def: "0"},
	{name: "repl-ping-replica-period", aliases: []string{"repl-ping-slave-period"}, is: integer(1, maxInt32), def: "10"},
	{name: "repl-timeout", is: integer(1, maxInt32), def: "60"},
	{name: "replica-announce-ip", aliases: []string{"slave-announce-ip"}, is: text(), def: ""},
	{name: "replica-announce-port", aliases: []string{"slave-announce-port"}, is: integer(0, 65535), def: "0"},
	{name: "replica-announced", is: yesNo(), def: "yes"},
	{name: "replica-ignore-disk-write-errors", is: yesNo(), def: "no"},
	{name: "replica-ignore-maxmemory", aliases: []string{"slave-ignore-maxmemory"}, is: yesNo(), def: "yes"},
	{name: "replica-lazy-flush", aliases: []string{"slave-lazy-flush"}, is: yesNo(), def: "no"},
	{name: "replica-priority", aliases: []string{"slave-priority"}, is: integer(0, maxInt32), def: "100"},
	{name: "replica-read-only", aliases: []string{"slave-read-only"}, is: yesNo(), def: "yes"},
	{name: "replica-serve-stale-data", aliases: []string{"slave-serve-stale-data"}, is: yesNo(), def: "yes"},
}

var clusterRows = []*directive{
	{name: "cluster-enabled", is: yesNo(), def: "no", when: atStart,
		refuse: refuseUnless("no", noCluster+": remove the directive to run a single server")},
	{name: "cluster-config-file", is: path(), def: "nodes.conf", when: atStart},
	{name: "cluster-node-timeout", is: integer(0, maxInt64), def: "15000"},
	{name: "cluster-port", is: integer(0, 65535), def: "0", when: atStart},
	{name: "cluster-announce-ip", is: text(), def: ""},
	{name: "cluster-announce-hostname", is: text(), def: ""},
	{name: "cluster-announce-human-nodename", is: text(), def: ""},
	{name: "cluster-announce-port", is: integer(0, 65535), def: "0"},
	{name: "cluster-announce-tls-port", is: integer(0, 65535), def: "0"},
	{name: "cluster-announce-bus-port", is: integer(0, 65535), def: "0"},
	{name: "cluster-preferred-endpoint-type", is: oneOf("ip", "hostname", "unknown-endpoint"), def: "ip"},
	{name: "cluster-allow-pubsubshard-when-down", is: yesNo(), def: "yes"},
	{name: "cluster-allow-reads-when-down", is: yesNo(), def: "no"},
	{name: "cluster-allow-replica-migration", is: yesNo(), def: "yes"},
	{name: "cluster-link-sendbuf-limit", is: memory(0, maxInt64), def: "0"},
	{name: "cluster-migration-barrier", is: integer(0, maxInt32), def: "1"},
	{name: "cluster-replica-no-failover", aliases: []string{"cluster-slave-no-failover"}, is: yesNo(), def: "no"},
	{name: "cluster-replica-validity-factor", aliases: []string{"cluster-slave-validity-factor"}, is: integer(0, maxInt32), def: "10"},
	{name: "cluster-require-full-coverage", is: yesNo(), def: "yes"},
}

var tlsRows = []*directive{
	{name: "tls-port", is: integer(0, 65535), def: "0",
		refuse: refuseUnless("0", noTLS+": put a TLS proxy in front of it and bind larder to loopback")},
	{name: "tls-auth-clients", is: oneOf("no", "yes", "optional"), def: "yes"},
	{name: "tls-ca-cert-dir", is: path(), def: ""},
	{name: "tls-ca-cert-file", is: path(), def: ""},
	{name: "tls-cert-file", is: path(), def: ""},
	{name: "tls-ciphers", is: text(), def: ""},
	{name: "tls-ciphersuites", is: text(), def: ""},
	{name: "tls-client-cert-file", is: path(), def: ""},
	{name: "tls-client-key-file", is: path(), def: ""},
	{name: "tls-client-key-file-pass", is: text(), def: "", secret: true},
	{name: "tls-cluster", is: yesNo(), def: "no"},
	{name: "tls-dh-params-file", is: path(), def: ""},
	{name: "tls-key-file", is: path(), def: ""},
	{name: "tls-key-file-pass", is: text(), def: "", secret: true},
	{name: "tls-prefer-server-ciphers", is: yesNo(), def: "no"},
	{name: "tls-protocols", is: text(), def: ""},
	{name: "tls-replication", is: yesNo(), def: "no"},
	{name: "tls-session-cache-size", is: integer(0, maxInt32), def: "20480"},
	{name: "tls-session-cache-timeout", is: integer(0, maxInt32), def: "300"},
	{name: "tls-session-caching", is: yesNo(), def: "yes"},
}

// inertGroup gives a reason to the rows that have none of their own, and the
// reason as help text to all.
func inertGroup(reason string, rows []*directive) []*directive {
	for _, d := range rows {
		if d.inert == "" {
			d.inert = reason
		}
		d.help = d.inert
	}
	return rows
}

func concat(groups ...[]*directive) []*directive {
	var all []*directive
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}
