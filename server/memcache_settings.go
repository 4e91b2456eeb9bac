package server

import (
	"strings"

	"larder/engine/policy"
)

// fixedSettings are what stats settings says about parts that memcached has
// and larder has not, or that cannot be set.
const fixedSettings = `umask 700
growth_factor 1.12
chunk_size 8
stat_key_prefix :
reqs_per_event 16
cas_enabled yes
auth_enabled_sasl no
auth_enabled_ascii no
maxconns_fast yes
hashpower_init 0
slab_reassign no
slab_automove 0
slab_automove_ratio 0.00
slab_automove_window 0
slab_chunk_max 0
lru_crawler yes
lru_crawler_sleep 0
lru_crawler_tocrawl 0
tail_repair_time 0
hash_algorithm xxh64
lru_maintainer_thread no
lru_segmented no
hot_lru_pct 0
warm_lru_pct 0
hot_max_factor 0.00
warm_max_factor 0.00
temp_lru no
temporary_ttl 0
watcher_logbuf_size 262144
worker_logbuf_size 0
read_buf_mem_limit 0
track_sizes no
inline_ascii_response yes
ext_item_size 0
ext_item_age 0
ext_low_ttl 0
ext_recache_rate 0
ext_wbuf_size 0
ext_compact_under 0
ext_drop_under 0
ext_max_sleep 0
ext_max_frag 0.00
slab_automove_freeratio 0.000
ext_drop_unread no
ssl_enabled no
ssl_chain_cert (null)
ssl_key (null)
ssl_verify_mode 0
ssl_keyformat 0
ssl_ciphers NULL
ssl_ca_cert NULL
ssl_wbuf_size 0
ssl_session_cache no
ssl_kernel_tls no
ssl_min_version none
num_napi_ids (null)
memory_file (null)`

// bindingProtocols are memcached's words for those of memcached-protocol.
var bindingProtocols = map[string]string{"auto": "auto-negotiate", "ascii": "ascii", "binary": "binary"}

// memcacheSettings is stats settings.
func (srv *Server) memcacheSettings() []statRow {
	cfg := srv.cfg.Load()
	evictions := "on"
	if srv.engine.Policy() == policy.NoEviction {
		evictions = "off"
	}
	rows := []statRow{
		{"maxbytes", decimal(cfg.MaxMemoryBytes)},
		{"maxconns", decimal(cfg.MaxClients)},
		{"tcpport", decimal(cfg.MemcachedPort)},
		{"udpport", "0"},
		{"inter", strings.Join(cfg.Bind, " ")},
		{"verbosity", "0"},
		{"oldest", "0"},
		{"evictions", evictions},
		{"domain_socket", "NULL"},
		{"shutdown_command", yesOrNo(cfg.MemcachedEnableShutdown)},
		{"num_threads", decimal(loopsFor(cfg))},
		{"num_threads_per_udp", decimal(loopsFor(cfg))},
		{"detail_enabled", yesOrNo(srv.memcached.observed.Load()&observeDetail != 0)},
		{"tcp_backlog", decimal(cfg.TCPBacklog)},
		{"binding_protocol", bindingProtocols[cfg.MemcachedProtocol]},
		{"item_size_max", decimal(cfg.MemcachedMaxItemSizeBytes)},
		{"flush_enabled", yesOrNo(!cfg.MemcachedDisableFlushAll)},
		{"dump_enabled", yesOrNo(!cfg.MemcachedDisableDumping)},
		{"idle_timeout", decimal(cfg.MemcachedIdleTimeoutSecs)},
	}
	for _, line := range strings.Split(fixedSettings, "\n") {
		name, value, _ := strings.Cut(line, " ")
		rows = append(rows, statRow{name, value})
	}
	return rows
}
