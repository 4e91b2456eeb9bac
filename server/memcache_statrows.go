package server

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"larder/engine"
	"larder/protocol/memcache"
	"larder/server/command"
)

func decimal[T ~int | ~int64 | ~uint64](n T) string { return fmt.Sprint(n) }

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func zeroOrOne(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// zeros are statistics of parts that memcached has and larder has not. Tools
// that collect statistics expect the names.
func zeros(rows []statRow, names string) []statRow {
	for _, name := range strings.Fields(names) {
		rows = append(rows, statRow{name, "0"})
	}
	return rows
}

// shardTotals sums up what the shards have counted.
func (srv *Server) shardTotals() (items int, expired, evicted uint64) {
	for _, s := range srv.engine.Shards() {
		s.Lock()
		n, _ := s.Len(memcacheDB)
		items += n
		expired += s.Stats().Expired
		evicted += s.Stats().Evicted
		s.Unlock()
	}
	return items, expired, evicted
}

// memcacheGeneral is stats without a word behind it. Item counts are those of
// the database that memcached clients see, bytes those of all.
func (srv *Server) memcacheGeneral() []statRow {
	cfg := srv.cfg.Load()
	t := srv.memcacheTotals()
	items, expired, evicted := srv.shardTotals()
	user, system := cpuTimes()
	clients := srv.clients.count()
	gets := []memcache.Op{memcache.OpGet, memcache.OpGat}
	sets := []memcache.Op{memcache.OpSet, memcache.OpAdd, memcache.OpReplace, memcache.OpAppend, memcache.OpPrepend, memcache.OpCas}
	touches := []memcache.Op{memcache.OpTouch, memcache.OpGat}
	one := func(op memcache.Op, outcomes ...command.Outcome) string {
		return decimal(t.of([]memcache.Op{op}, outcomes...))
	}
	rows := []statRow{
		{"pid", decimal(os.Getpid())},
		{"uptime", decimal(int64(time.Since(srv.started).Seconds()))},
		{"time", decimal(time.Now().Unix())},
		{"version", memcachedVersion},
		{"libevent", "none"},
		{"pointer_size", decimal(strconv.IntSize)},
		{"rusage_user", user},
		{"rusage_system", system},
		{"max_connections", decimal(cfg.MaxClients)},
		{"curr_connections", decimal(clients)},
		{"total_connections", decimal(srv.accepted.Load())},
		{"rejected_connections", decimal(srv.rejected.Load())},
		{"connection_structures", decimal(clients)},
	}
	rows = zeros(rows, "response_obj_oom response_obj_count response_obj_bytes read_buf_count read_buf_bytes "+
		"read_buf_bytes_free read_buf_oom reserved_fds")
	rows = append(rows, []statRow{
		{"cmd_get", decimal(t.of(gets))},
		{"cmd_set", decimal(t.of(sets))},
		{"cmd_flush", decimal(t.flushes)},
		{"cmd_touch", decimal(t.of(touches))},
		{"cmd_meta", decimal(t.meta)},
		{"get_hits", decimal(t.of(gets, command.OutcomeHit))},
		{"get_misses", decimal(t.of(gets, command.OutcomeMiss))},
		{"get_expired", "0"},
		{"get_flushed", "0"},
		{"delete_misses", one(memcache.OpDelete, command.OutcomeMiss)},
		{"delete_hits", one(memcache.OpDelete, command.OutcomeHit)},
		{"incr_misses", one(memcache.OpIncr, command.OutcomeMiss)},
		{"incr_hits", one(memcache.OpIncr, command.OutcomeHit)},
		{"decr_misses", one(memcache.OpDecr, command.OutcomeMiss)},
		{"decr_hits", one(memcache.OpDecr, command.OutcomeHit)},
		{"cas_misses", one(memcache.OpCas, command.OutcomeMiss)},
		{"cas_hits", one(memcache.OpCas, command.OutcomeStored)},
		{"cas_badval", one(memcache.OpCas, command.OutcomeBadCAS)},
		{"touch_hits", decimal(t.of(touches, command.OutcomeHit))},
		{"touch_misses", decimal(t.of(touches, command.OutcomeMiss))},
		{"store_too_large", decimal(t.of(sets, command.OutcomeTooLarge))},
		{"store_no_memory", decimal(t.of(sets, command.OutcomeNoRoom))},
		{"auth_cmds", "0"},
		{"auth_errors", decimal(t.authErrors)},
		{"bytes_read", decimal(t.inBytes)},
		{"bytes_written", decimal(t.outBytes)},
		{"limit_maxbytes", decimal(cfg.MaxMemoryBytes)},
		{"accepting_conns", "1"},
	}...)
	rows = zeros(rows, "listen_disabled_num time_in_listen_disabled_us")
	rows = append(rows, statRow{"threads", decimal(loopsFor(cfg))})
	rows = zeros(rows, "conn_yields hash_power_level")
	rows = append(rows, statRow{"hash_bytes", decimal(srv.engine.MemoryStats().Index)})
	rows = zeros(rows, "hash_is_expanding slab_reassign_rescues slab_reassign_chunk_rescues slab_reassign_evictions_nomem "+
		"slab_reassign_inline_reclaim slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_running slabs_moved "+
		"lru_crawler_running lru_crawler_starts lru_maintainer_juggles malloc_fails log_worker_dropped log_worker_written")
	w := &srv.memcached.watchers
	rows = append(rows, []statRow{
		{"log_watcher_skipped", decimal(w.skipped.Load())},
		{"log_watcher_sent", decimal(w.sent.Load())},
		{"log_watchers", decimal(w.count())},
		{"unexpected_napi_ids", "0"},
		{"round_robin_fallback", "0"},
		{"bytes", decimal(srv.engine.Used())},
		{"curr_items", decimal(items)},
		{"total_items", decimal(t.of(sets, command.OutcomeStored))},
		{"slab_global_page_pool", "0"},
		{"expired_unfetched", "0"},
		{"evicted_unfetched", "0"},
		{"evicted_active", "0"},
		{"evictions", decimal(evicted)},
		{"reclaimed", decimal(expired)},
	}...)
	return zeros(rows, "crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold moves_to_warm "+
		"moves_within_lru direct_reclaims lru_bumps_dropped")
}

// memcacheItems is stats items: all items count as class 1, as there are no
// queues a size class.
func (srv *Server) memcacheItems() []statRow {
	items, expired, evicted := srv.shardTotals()
	if items == 0 {
		return nil
	}
	hits := uint64(0)
	for _, s := range srv.engine.Shards() {
		s.Lock()
		hits += s.Stats().Hits
		s.Unlock()
	}
	rows := []statRow{{"number", decimal(items)}}
	rows = zeros(rows, "number_hot number_warm")
	rows = append(rows, statRow{"number_cold", decimal(items)})
	rows = zeros(rows, "age_hot age_warm age")
	rows = append(rows, statRow{"mem_requested", decimal(srv.engine.Used())}, statRow{"evicted", decimal(evicted)})
	rows = zeros(rows, "evicted_nonzero evicted_time outofmemory tailrepairs")
	rows = append(rows, statRow{"reclaimed", decimal(expired)})
	rows = zeros(rows, "expired_unfetched evicted_unfetched evicted_active crawler_reclaimed crawler_items_checked "+
		"lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm")
	rows = append(rows, statRow{"hits_to_cold", decimal(hits)}, statRow{"hits_to_temp", "0"})
	for i := range rows {
		rows[i].name = "items:1:" + rows[i].name
	}
	return rows
}

// slabChunkBytes and slabPageBytes stand for memcached's sizes in stats slabs:
// the allocator's unit and its chunk.
const (
	slabChunkBytes = 8
	slabPageBytes  = 2 << 20
)

// memcacheSlabs is stats slabs, with all memory in class 1.
func (srv *Server) memcacheSlabs() []statRow {
	m := srv.engine.MemoryStats()
	t := srv.memcacheTotals()
	pages := (m.Region.Resident + slabPageBytes - 1) / slabPageBytes
	const perPage = slabPageBytes / slabChunkBytes
	used := m.Used / slabChunkBytes
	gets := []memcache.Op{memcache.OpGet, memcache.OpGat}
	var rows []statRow
	if m.Entries > 0 {
		rows = []statRow{
			{"1:chunk_size", decimal(slabChunkBytes)},
			{"1:chunks_per_page", decimal(perPage)},
			{"1:total_pages", decimal(pages)},
			{"1:total_chunks", decimal(pages * perPage)},
			{"1:used_chunks", decimal(used)},
			{"1:free_chunks", decimal(max(pages*perPage, used) - used)},
			{"1:free_chunks_end", "0"},
			{"1:get_hits", decimal(t.of(gets, command.OutcomeHit))},
			{"1:cmd_set", decimal(t.of([]memcache.Op{memcache.OpSet, memcache.OpAdd, memcache.OpReplace, memcache.OpAppend,
				memcache.OpPrepend, memcache.OpCas}, command.OutcomeStored))},
			{"1:delete_hits", decimal(t.of([]memcache.Op{memcache.OpDelete}, command.OutcomeHit))},
			{"1:incr_hits", decimal(t.of([]memcache.Op{memcache.OpIncr}, command.OutcomeHit))},
			{"1:decr_hits", decimal(t.of([]memcache.Op{memcache.OpDecr}, command.OutcomeHit))},
			{"1:cas_hits", decimal(t.of([]memcache.Op{memcache.OpCas}, command.OutcomeStored))},
			{"1:cas_badval", decimal(t.of([]memcache.Op{memcache.OpCas}, command.OutcomeBadCAS))},
			{"1:touch_hits", decimal(t.of([]memcache.Op{memcache.OpTouch, memcache.OpGat}, command.OutcomeHit))},
		}
	}
	return append(rows, statRow{"active_slabs", zeroOrOne(m.Entries > 0)}, statRow{"total_malloced", decimal(m.Region.Resident)})
}

// maxCachedump bounds the items of stats cachedump, as memcached's 2 MiB of
// reply do.
const maxCachedump = 10_000

// memcacheCachedump is stats cachedump CLASS LIMIT, 0 meaning no limit.
func (srv *Server) memcacheCachedump(w statWriter, words []string) {
	if w.r.Proto == memcache.Binary {
		w.unknown()
		return
	}
	if len(words) < 2 {
		w.s.out.Buf = memcache.AppendClientError(w.s.out.Buf, "bad command line")
		return
	}
	class, err1 := strconv.ParseUint(words[0], 10, 32)
	limit, err2 := strconv.ParseUint(words[1], 10, 32)
	if err1 != nil || err2 != nil {
		w.s.out.Buf = append(w.s.out.Buf, badFormat...)
		return
	}
	if class > maxSlabClass {
		w.s.out.Buf = memcache.AppendClientError(w.s.out.Buf, "Illegal slab id")
		return
	}
	left := maxCachedump
	if limit != 0 {
		left = min(left, int(limit))
	}
	if class != 1 {
		left = 0
	}
	e, nowMs := srv.engine, time.Now().UnixMilli()
	for at := engine.Cursor(0); left > 0; {
		index, _ := e.CursorShard(at)
		shard := e.Shards()[index]
		shard.Lock()
		at = e.Scan(memcacheDB, at, dumpSlots, nowMs, func(it engine.Item) {
			if left == 0 || it.Type() != engine.TypeString {
				return
			}
			left--
			deadline := int64(0)
			if d := it.Deadline(); d != engine.NoDeadline {
				deadline = d / 1000
			}
			w.s.out.Buf = fmt.Appendf(w.s.out.Buf, "ITEM %s [%d b; %d s]\r\n", it.Key(), it.Len(), deadline)
		})
		shard.Unlock()
		if at == 0 {
			break
		}
	}
	w.end()
}

// memcacheConns is stats conns. It locks each session for a moment. Listeners
// are numbered from 0, below all descriptors of connections.
func (srv *Server) memcacheConns() []statRow {
	var rows []statRow
	now := time.Now().UnixMilli()
	add := func(fd, addr, listen, state string, idleMs int64) {
		rows = append(rows, statRow{fd + ":addr", addr})
		if listen != "" {
			rows = append(rows, statRow{fd + ":listen_addr", listen})
		}
		rows = append(rows, statRow{fd + ":state", state}, statRow{fd + ":secs_since_last_cmd", decimal(idleMs / 1000)})
	}
	for i, l := range srv.listeners {
		if l.memcached {
			add(decimal(i), "tcp:"+l.net.Addr().String(), "", "conn_listening", now-srv.started.UnixMilli())
		}
	}
	for _, s := range srv.clients.all() {
		if !s.front.memcached() {
			continue
		}
		s.mu.Lock()
		state := "conn_read"
		switch {
		case s.parked:
			state = "conn_parse_cmd"
		case s.front.(*memcacheFront).watching != 0:
			state = "conn_watch"
		}
		idle := now - s.activeMs
		s.mu.Unlock()
		add(decimal(s.descriptor()), "tcp:"+s.peer.remote, "tcp:"+s.peer.local, state, idle)
	}
	return rows
}
