package oplog

import "sync/atomic"

// When a log is worth to be rewritten, and what INFO tells about it.

// RewritePolicy says when the log has grown so much that a new base pays: the
// directives auto-aof-rewrite-percentage and auto-aof-rewrite-min-size.
type RewritePolicy struct {
	// Percent is by how much the log has to have grown since the last rewrite,
	// as a part of what it had then; 0 switches automatic rewriting off.
	Percent int
	// MinBytes is the size below which it is not worth it.
	MinBytes int64
}

// Due tells whether a log of size bytes (base and segments together), which had
// baseBytes after it was rewritten last, is to be rewritten.
func (p RewritePolicy) Due(size, baseBytes int64) bool {
	if p.Percent <= 0 || size <= p.MinBytes {
		return false
	}
	base := max(baseBytes, 1)
	// In parts of a hundred, without multiplying the size: growth >= base × percent / 100.
	growth := float64(size-base) / float64(base) * 100
	return growth >= float64(p.Percent)
}

// Stats is what a log tells of itself.
type Stats struct {
	// Bytes is the size of base and segments; BaseBytes that of the base alone.
	Bytes, BaseBytes int64
	// Segments is their number.
	Segments int
	// HeldBytes is what is kept in memory because it is not durable yet.
	HeldBytes int64
	// Last and Durable are LSNs.
	Last, Durable uint64
	// Syncs counts those that succeeded; SyncNs is how long the last one took.
	Syncs, SyncNs int64
	// Failures counts how often the disk has failed; Stalls, how often
	// SyncEverySec had no room because it was too slow.
	Failures, Stalls int64
	// Based tells that the log is in force; see Open.
	Based bool
}

// counters is what a log counts for Stats, and what it has told.
type counters struct {
	syncs, syncNs, failures, stalls atomic.Int64

	// What the manifest says, for Stats, which must not wait for I/O.
	baseBytes, endedBytes, segments atomic.Int64
	based                           atomic.Bool

	told uint64        // with OnDurable; under Log.telling
	owed atomic.Uint64 // has to be durable before the disk is said to work again
}

// Stats returns what the log knows of itself. It does not wait for the disk.
func (l *Log) Stats() Stats {
	c := &l.counts
	return Stats{
		Bytes: c.baseBytes.Load() + c.endedBytes.Load() + l.current.Load().end(), BaseBytes: c.baseBytes.Load(),
		Segments: int(c.segments.Load()), HeldBytes: l.records.bytes(), Last: l.Last(), Durable: l.Durable(),
		Syncs: c.syncs.Load(), SyncNs: c.syncNs.Load(), Failures: c.failures.Load(), Stalls: c.stalls.Load(),
		Based: c.based.Load(),
	}
}

// countFiles notes what the manifest says. REQUIRES: manifestMu is held.
func (l *Log) countFiles() {
	ended := int64(0)
	for _, line := range l.manifest.segments {
		if line.first != l.seg.head.first {
			ended += l.lengths[line.file]
		}
	}
	c := &l.counts
	c.endedBytes.Store(ended)
	c.baseBytes.Store(l.manifest.base.Bytes)
	c.segments.Store(int64(len(l.manifest.segments)))
	c.based.Store(l.based)
	l.current.Store(l.seg)
}
