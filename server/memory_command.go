package server

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// memoryPurge implements MEMORY PURGE: what is empty goes back to the system.
func memoryPurge(q *call) {
	q.srv.engine.TrimMemory(time.Since(processStart), 0)
	debug.FreeOSMemory()
	q.out.OK()
}

// memoryMallocStats implements MEMORY MALLOC-STATS: the figures of the
// allocator in its own words.
func memoryMallocStats(q *call) {
	st := q.srv.engine.MemoryStats()
	r := st.Region
	var b strings.Builder
	for _, line := range []struct {
		name  string
		bytes uint64
	}{
		{"address space reserved", r.Reserved}, {"held from the system", r.Resident}, {"limit on that, 0 = none", r.Limit},
		{"handed out", r.Used}, {"of it the index", st.Index}, {"free objects in spans", r.SpanFree},
		{"free runs in chunks", r.RunFree}, {"side table", r.Metadata}, {"eviction policy", st.Policy},
	} {
		fmt.Fprintf(&b, "%-28s %14d bytes\n", line.name, line.bytes)
	}
	for _, line := range []struct {
		name  string
		count uint64
	}{
		{"chunks, movable objects", r.ChunksMovable}, {"chunks, fixed objects", r.ChunksFixed}, {"chunks, nodes of containers", r.ChunksNode}, {"chunks, large objects", r.ChunksLarge},
		{"chunks, idle", r.ChunksIdle}, {"chunks, being emptied", r.ChunksEvacuating}, {"chunks emptied so far", r.Evacuated},
		{"requests denied so far", r.Denied},
	} {
		fmt.Fprintf(&b, "%-28s %14d\n", line.name, line.count)
	}
	q.out.Verbatim("txt", b.String())
}

// memoryDoctor implements MEMORY DOCTOR: what is unusual about the memory, in
// words.
func memoryDoctor(q *call) {
	m := q.srv.memoryFigures()
	var found []string
	add := func(format string, args ...any) { found = append(found, "- "+fmt.Sprintf(format, args...)) }
	if m.limit > 0 && m.used > m.limit {
		add("The data (%s) exceeds maxmemory (%s). With the policy %s and no more keys to evict, writes are refused.",
			human(m.used), human(m.limit), m.policy)
	}
	if m.engine.Region.Denied > 0 {
		add("%d allocations were denied so far. Raise maxmemory, or free memory on this machine.", m.engine.Region.Denied)
	}
	if m.used > 64<<20 && m.peak > m.used+m.used/2 {
		add("The peak (%s) was more than half above the present use (%s). MEMORY PURGE gives back what is empty.",
			human(m.peak), human(m.used))
	}
	if waste := m.engine.Region.Resident - min(m.engine.Region.Resident, m.used); m.used > 64<<20 && waste > m.used/4 {
		add("%s are held from the system without being used. Compaction is under way when this shrinks from call to call.", human(waste))
	}
	if m.clients > 64<<20 && m.clients > m.used/4 {
		add("The buffers of clients take %s. CLIENT LIST shows whose (tot-mem); client-output-buffer-limit bounds them.", human(m.clients))
	}
	text := "Nothing is unusual about the memory of this server.\n"
	if len(found) > 0 {
		text = strings.Join(found, "\n") + "\n"
	}
	q.out.Verbatim("txt", text)
}

// memoryStats implements MEMORY STATS.
func memoryStats(q *call) {
	m := q.srv.memoryFigures()
	spaces := q.srv.keyspace(0)
	type figure struct {
		name  string
		value uint64
	}
	before := []figure{
		{"peak.allocated", m.peak}, {"total.allocated", m.used}, {"startup.allocated", 0},
		{"replication.backlog", 0}, {"clients.slaves", 0}, {"clients.normal", m.clients}, {"cluster.links", 0},
		{"aof.buffer", 0}, {"lua.caches", 0}, {"functions.caches", 0},
	}
	keys := uint64(m.engine.Entries)
	perKey := uint64(0)
	if keys > 0 {
		perKey = m.used / keys
	}
	after := []figure{{"overhead.total", m.overhead}, {"keys.count", keys}, {"keys.bytes-per-key", perKey}, {"dataset.bytes", m.dataset}}
	q.out.Map(len(before) + len(spaces) + len(after) + 14)
	write := func(list []figure) {
		for _, f := range list {
			q.out.BulkString(f.name)
			q.out.Int(int64(f.value))
		}
	}
	ratio := func(name string, v float64) {
		q.out.BulkString(name)
		q.out.Double(v)
	}
	write(before)
	for _, sp := range spaces {
		// The index is shared by all databases: each bears its part of it.
		q.out.BulkString(fmt.Sprintf("db.%d", sp.db))
		q.out.Map(3)
		share := uint64(float64(m.engine.Index) * float64(sp.keys) / float64(max(keys, 1)))
		write([]figure{{"overhead.hashtable.main", share}, {"overhead.hashtable.expires", 0}, {"overhead.hashtable.slot-to-keys", 0}})
	}
	write(after)
	ratio("dataset.percentage", percent(m.dataset, m.used))
	ratio("peak.percentage", percent(m.used, m.peak))
	write([]figure{{"allocator.allocated", m.allocated}, {"allocator.active", m.active}, {"allocator.resident", m.resident}})
	ratio("allocator-fragmentation.ratio", quotient(m.active, m.allocated))
	write([]figure{{"allocator-fragmentation.bytes", m.active - m.allocated}})
	ratio("allocator-rss.ratio", quotient(m.resident, m.active))
	write([]figure{{"allocator-rss.bytes", m.resident - m.active}})
	ratio("rss-overhead.ratio", quotient(m.rss, m.resident))
	q.out.BulkString("rss-overhead.bytes")
	q.out.Int(int64(m.rss) - int64(m.resident))
	ratio("fragmentation", quotient(m.rss, m.used))
	q.out.BulkString("fragmentation.bytes")
	q.out.Int(int64(m.rss) - int64(m.used))
	write([]figure{{"go.heap.bytes", m.goHeap}})
}

func memoryHelp(q *call) {
	q.help(
		"DOCTOR",
		"    Say in words what is unusual about the memory.",
		"MALLOC-STATS",
		"    Return the figures of the allocator.",
		"PURGE",
		"    Give empty memory back to the system.",
		"STATS",
		"    Return where the memory goes.",
		"USAGE <key> [SAMPLES <count>]",
		"    Return the bytes that a key and its value take. SAMPLES is accepted and not",
		"    needed: the sizes are known exactly.",
	)
}
