package server

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// infoServer is the section about the process.
func infoServer(srv *Server, b *infoText) {
	cfg := srv.cfg.Load()
	revision, dirty := buildRevision()
	loops := loopsFor(cfg)
	now := time.Now()
	b.text("redis_version", RedisVersion)
	b.text("larder_version", Version)
	b.text("redis_git_sha1", revision[:8])
	b.text("redis_git_dirty", dirty)
	b.text("redis_build_id", revision[:16])
	b.text("redis_mode", "standalone")
	b.text("os", osName())
	b.int("arch_bits", strconv.IntSize)
	b.text("monotonic_clock", "Go runtime")
	b.text("multiplexing_api", srv.driverName())
	b.text("atomicvar_api", "sync/atomic")
	b.text("gcc_version", "0.0.0")
	b.text("go_version", runtime.Version())
	b.int("process_id", int64(os.Getpid()))
	b.text("process_supervised", "no")
	b.text("run_id", srv.runID)
	b.int("tcp_port", int64(cfg.Port))
	b.int("memcached_port", int64(cfg.MemcachedPort))
	b.int("server_time_usec", now.UnixMicro())
	up := int64(now.Sub(srv.started).Seconds())
	b.int("uptime_in_seconds", up)
	b.int("uptime_in_days", up/86400)
	b.int("hz", int64(cfg.Hz))
	b.int("configured_hz", int64(cfg.Hz))
	b.int("lru_clock", now.Unix()&(1<<24-1))
	path, err := os.Executable()
	if err != nil {
		path = "" // where the system cannot tell
	}
	b.text("executable", path)
	b.text("config_file", srv.configFile)
	b.int("io_threads_active", oneIf(loops > 1))
	b.int("event_loops", int64(loops))
	for i, l := range srv.listeners {
		b.text("listener"+strconv.Itoa(i), describeListener(l))
	}
}

// describeListener is a listener's line: name=tcp,bind=127.0.0.1,port=6379.
func describeListener(l *listener) string {
	if l.unix {
		return "name=unix,bind=" + l.net.Addr().String()
	}
	addr := l.net.Addr().String()
	colon := strings.LastIndexByte(addr, ':')
	name := "tcp"
	if l.memcached {
		name = "memcached"
	}
	return "name=" + name + ",bind=" + strings.Trim(addr[:colon], "[]") + ",port=" + addr[colon+1:]
}

// driverName is what waits for the sockets.
func (srv *Server) driverName() string {
	if _, is := srv.driver.(*goroutineDriver); is {
		return "goroutine"
	}
	return "epoll"
}

// buildRevision is the revision that the program was built from, as far as
// the build recorded it: hexadecimal digits, and "1" if it was changed.
func buildRevision() (revision, dirty string) {
	revision, dirty = strings.Repeat("0", 40), "0"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return revision, dirty
	}
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 16:
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "1"
		}
	}
	return revision, dirty
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// infoClients is the section about connections.
func infoClients(srv *Server, b *infoText) {
	var in, out, blocked, memcached, subscribers int
	sessions := srv.clients.all()
	for _, s := range sessions {
		s.mu.Lock()
		in, out = max(in, cap(s.in)), max(out, cap(s.out.Buf)+s.pushes.size())
		if s.paused {
			blocked++
		}
		s.mu.Unlock()
		if s.front.memcached() {
			memcached++
		}
		if s.subscriber.Load() {
			subscribers++
		}
	}
	b.int("connected_clients", int64(len(sessions)))
	b.int("memcached_clients", int64(memcached))
	b.int("cluster_connections", 0)
	b.int("maxclients", int64(srv.cfg.Load().MaxClients))
	b.int("client_recent_max_input_buffer", int64(in))
	b.int("client_recent_max_output_buffer", int64(out))
	waiters, timeouts, waitKeys, waitGone := srv.waiting.counts()
	b.int("blocked_clients", int64(blocked+waiters))
	watching, watched := srv.watches.watching()
	b.int("watching_clients", int64(watching))
	b.int("total_watched_keys", int64(watched))
	b.int("tracking_clients", int64(srv.tracking.count()))
	b.int("pubsub_clients", int64(subscribers))
	b.int("clients_in_timeout_table", int64(timeouts))
	b.int("total_blocking_keys", int64(waitKeys))
	b.int("total_blocking_keys_on_nokey", int64(waitGone))
}

// infoReplication is the section about replication, which this version does
// not do.
func infoReplication(srv *Server, b *infoText) {
	b.text("role", "master")
	b.int("connected_slaves", 0)
	b.text("master_failover_state", "no-failover")
	b.text("master_replid", *srv.replID.Load())
	b.text("master_replid2", strings.Repeat("0", 40))
	b.int("master_repl_offset", 0)
	b.int("second_repl_offset", -1)
	b.int("repl_backlog_active", 0)
	b.text("repl_backlog_size", srv.cfg.Load().Get("repl-backlog-size")[0].Value)
	b.zeros("repl_backlog_first_byte_offset", "repl_backlog_histlen")
}

// infoCPU is the section about processor time. There are no child processes.
func infoCPU(_ *Server, b *infoText) {
	user, system := cpuTimes()
	b.text("used_cpu_sys", system)
	b.text("used_cpu_user", user)
	b.fixed("used_cpu_sys_children", 0, 6)
	b.fixed("used_cpu_user_children", 0, 6)
}
