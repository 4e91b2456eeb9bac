package server

import (
	"fmt"
	"strconv"
	"strings"
)

// infoStats is the section about what has happened.
func infoStats(srv *Server, b *infoText) {
	t, r := srv.statistics(false), srv.sampler.rates()
	hits, misses, expired, evicted := srv.keyspaceTotals()
	b.uint("total_connections_received", srv.accepted.Load())
	b.uint("total_commands_processed", t.processed)
	b.int("instantaneous_ops_per_sec", int64(r.commands+0.5))
	b.uint("total_net_input_bytes", t.inBytes)
	b.uint("total_net_output_bytes", t.outBytes)
	b.zeros("total_net_repl_input_bytes", "total_net_repl_output_bytes")
	b.fixed("instantaneous_input_kbps", r.inBytes/1024, 2)
	b.fixed("instantaneous_output_kbps", r.outBytes/1024, 2)
	b.fixed("instantaneous_input_repl_kbps", 0, 2)
	b.fixed("instantaneous_output_repl_kbps", 0, 2)
	b.uint("rejected_connections", srv.rejected.Load())
	b.zeros("sync_full", "sync_partial_ok", "sync_partial_err")
	b.uint("expired_keys", expired)
	b.fixed("expired_stale_perc", 0, 2)
	b.zeros("expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds")
	b.uint("evicted_keys", evicted)
	b.uint("evicted_clients", srv.clientsEvicted.Load())
	b.zeros("total_eviction_exceeded_time", "current_eviction_exceeded_time")
	b.uint("keyspace_hits", hits)
	b.uint("keyspace_misses", misses)
	b.int("pubsub_channels", int64(srv.pubsub.count(kindChannel)))
	b.int("pubsub_patterns", int64(srv.pubsub.count(kindPattern)))
	b.int("pubsubshard_channels", int64(srv.pubsub.count(kindShard)))
	b.zeros("latest_fork_usec", "total_forks", "migrate_cached_sockets",
		"slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
		"total_active_defrag_time", "current_active_defrag_time")
	b.int("tracking_total_keys", srv.tracking.keys.Load())
	b.int("tracking_total_items", srv.tracking.ids.Load())
	b.int("tracking_total_prefixes", srv.tracking.prefixes.Load())
	b.int("unexpected_error_replies", 0)
	b.uint("total_error_replies", t.errorReplies)
	b.int("dump_payload_sanitizations", 0)
	b.uint("total_reads_processed", t.reads)
	b.uint("total_writes_processed", t.writes)
	// Where there are several loops, each is an I/O thread.
	threaded := uint64(oneIf(loopsFor(srv.cfg.Load()) > 1))
	b.uint("io_threaded_reads_processed", t.reads*threaded)
	b.uint("io_threaded_writes_processed", t.writes*threaded)
	b.zeros("reply_buffer_shrinks", "reply_buffer_expands")
	b.uint("client_query_buffer_limit_disconnections", srv.queryLimitClosed.Load())
	b.uint("client_output_buffer_limit_disconnections", srv.outputLimitClosed.Load())
	b.uint("acl_access_denied_auth", srv.authDenied.Load())
	b.zeros("acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel")
}

// keyspaceTotals adds up what the shards have counted.
func (srv *Server) keyspaceTotals() (hits, misses, expired, evicted uint64) {
	for _, s := range srv.engine.Shards() {
		s.Lock()
		st := s.Stats()
		hits, misses, expired, evicted = hits+st.Hits, misses+st.Misses, expired+st.Expired, evicted+st.Evicted
		s.Unlock()
	}
	return hits, misses, expired, evicted
}

// infoCommandStats is the section about what each command has cost.
func infoCommandStats(srv *Server, b *infoText) {
	for id, c := range srv.statistics(true).commands {
		if c.calls == 0 && c.rejected == 0 {
			continue
		}
		perCall := 0.0
		if c.calls > 0 {
			perCall = float64(c.ns) / 1000 / float64(c.calls)
		}
		b.text("cmdstat_"+srv.table.All[id].FullName(), fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			c.calls, c.ns/1000, perCall, c.rejected, c.failed))
	}
}

// infoErrorStats is the section about error replies.
func infoErrorStats(srv *Server, b *infoText) {
	for _, e := range srv.errorCodes.sorted() {
		b.text("errorstat_"+e.code, "count="+strconv.FormatUint(e.count, 10))
	}
}

// infoLatencyStats is the section about how long commands took.
func infoLatencyStats(srv *Server, b *infoText) {
	percentiles := srv.cfg.Load().LatencyInfoPercentiles
	for id, c := range srv.statistics(true).commands {
		if c.latency == nil {
			continue
		}
		var parts []string
		for _, p := range percentiles {
			us := float64(c.latency.percentile(p)) / 1000
			parts = append(parts, "p"+strconv.FormatFloat(p, 'g', -1, 64)+"="+strconv.FormatFloat(us, 'f', 3, 64))
		}
		b.text("latency_percentiles_usec_"+srv.table.All[id].FullName(), strings.Join(parts, ","))
	}
}
