package server

import (
	"runtime/metrics"

	"larder/engine"
)

// memoryFigures say where the memory goes, in bytes.
type memoryFigures struct {
	engine    engine.MemoryStats
	used      uint64 // handed out for data and index: what maxmemory bounds
	peak      uint64 // most that used has been
	limit     uint64 // maxmemory, 0 = none
	policy    string
	overhead  uint64 // index, tables of the allocator and policy, clients
	dataset   uint64 // used without the index
	clients   uint64 // buffers of clients
	goHeap    uint64 // the Go runtime's heap: sessions, buffers, code's own data
	rss       uint64 // of the process, as the system sees it
	allocated uint64 // handed out by the allocator
	active    uint64 // in spans and runs that hold something
	resident  uint64 // held from the system
}

// memoryFigures locks shards and sessions, one at a time.
func (srv *Server) memoryFigures() memoryFigures {
	st := srv.engine.MemoryStats()
	m := memoryFigures{engine: st, used: st.Used, limit: srv.engine.Limit(), policy: srv.cfg.Load().MaxMemoryPolicy,
		goHeap: goHeapBytes(), rss: residentBytes()}
	for _, s := range srv.clients.all() {
		s.mu.Lock()
		m.clients += uint64(s.memoryBytes())
		s.mu.Unlock()
	}
	srv.sampler.notePeak(m.used)
	m.peak = srv.sampler.peak.Load()
	m.overhead = st.Index + st.Overhead + m.clients
	m.dataset = m.used - min(m.used, st.Index)
	// The region's figures are read while shards go on, so they need not fit
	// each other to the byte.
	m.allocated = st.Used
	m.resident = max(st.Region.Resident+st.Region.Metadata, m.allocated)
	m.active = min(max(st.Used+st.Region.SpanFree, m.allocated), m.resident)
	return m
}

// goHeapBytes is what live and dead objects of the Go runtime take.
func goHeapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// infoMemory is the section about memory.
func infoMemory(srv *Server, b *infoText) {
	m := srv.memoryFigures()
	b.bytes("used_memory", m.used)
	b.bytes("used_memory_rss", m.rss)
	b.bytes("used_memory_peak", m.peak)
	b.text("used_memory_peak_perc", percentText(m.used, m.peak))
	b.uint("used_memory_overhead", m.overhead)
	b.int("used_memory_startup", 0)
	b.uint("used_memory_dataset", m.dataset)
	b.text("used_memory_dataset_perc", percentText(m.dataset, m.used))
	b.uint("used_memory_index", m.engine.Index)
	b.uint("used_memory_go_heap", m.goHeap)
	b.uint("allocator_allocated", m.allocated)
	b.uint("allocator_active", m.active)
	b.uint("allocator_resident", m.resident)
	b.bytes("total_system_memory", systemBytes())
	b.bytes("used_memory_lua", 0)
	b.int("used_memory_vm_eval", 0)
	scripts := srv.scripting.figures()
	b.int("used_memory_scripts_eval", scripts.bytes)
	b.int("number_of_cached_scripts", scripts.cached)
	b.int("number_of_functions", scripts.functions)
	b.int("number_of_libraries", scripts.libs)
	b.int("used_memory_vm_functions", 0)
	b.bytes("used_memory_vm_total", 0)
	b.int("used_memory_functions", scripts.libBytes)
	b.bytes("used_memory_scripts", uint64(scripts.bytes+scripts.libBytes))
	b.bytes("maxmemory", m.limit)
	b.text("maxmemory_policy", m.policy)
	b.fixed("allocator_frag_ratio", quotient(m.active, m.allocated), 2)
	b.uint("allocator_frag_bytes", m.active-m.allocated)
	b.fixed("allocator_rss_ratio", quotient(m.resident, m.active), 2)
	b.uint("allocator_rss_bytes", m.resident-m.active)
	b.fixed("rss_overhead_ratio", quotient(m.rss, m.resident), 2)
	b.int("rss_overhead_bytes", int64(m.rss)-int64(m.resident))
	b.fixed("mem_fragmentation_ratio", quotient(m.rss, m.used), 2)
	b.int("mem_fragmentation_bytes", int64(m.rss)-int64(m.used))
	b.uint("mem_not_counted_for_evict", m.engine.Overhead)
	b.zeros("mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves")
	b.uint("mem_clients_normal", m.clients)
	b.zeros("mem_cluster_links", "mem_aof_buffer")
	b.text("mem_allocator", "larder")
	b.int("active_defrag_running", oneIf(m.engine.Region.ChunksEvacuating > 0))
	b.zeros("lazyfree_pending_objects", "lazyfreed_objects")
}

func percentText(a, b uint64) string {
	var t infoText
	t.fixed("", percent(a, b), 2)
	s := t.String()
	return s[1:len(s)-2] + "%"
}
