// Package engine holds the data of the cache: databases of keys, spread over
// shards, in memory that the garbage collector never sees. It knows no wire
// words, does no I/O and has no clock: times come in with each call, in
// milliseconds since 1970.
//
// # What lies where
//
//	Engine
//	 └─ Shard × (16 a loop, a power of two)      one lock, one heap
//	     └─ space × databases                    created with its first key
//	         └─ table: directory of 2^depth words (Go heap, no pointers)
//	             └─ segment 256 B … 32 KiB       header, then buckets of 64 B
//	                 └─ bucket: 7 slots of 8 B   {ref 40 | position 16 | meta 8}
//	                     └─ entry                key, options, value: one object
//
//	hash of a key, 64 bits (xxhash, seeded once per data set)
//	 63           40 39    24 23            8 7     0
//	+---------------+--------+---------------+-------+
//	| directory ... | shard  | position      | tag   |
//	+---------------+--------+---------------+-------+
//
// A lookup reads a word of the directory (which stays in the processor's
// cache), the home bucket (one cache line; its header compares seven tags at
// once) and the entry. The position bits in the slot make a false match a
// matter of 1 in 2^24, and let a segment be resized without a look at any
// entry. See bucket.go, segment.go, table.go and entry.go for the bytes.
//
// Growing replaces one segment: by a larger one of fifteen sizes, and from the
// largest by two. The load stays between 77 and 87 %, a key costs 10.5 to 12
// bytes of index, and no operation moves more than 3,100 slots.
//
// Segments are Fixed memory, entries are Movable (package mem): a chunk of 2 MiB
// holds one or the other. Sparse chunks are emptied by the Compactor, which finds
// an entry's slot by the key in it, and a segment by its prefix.
//
// # Containers
//
// A small list, set, sorted set or hash is one packed run in its key's entry
// (packed.go). A large one is a root and nodes in memory of a kind of its own,
// which nothing moves (container.go):
//
//	entry ─► root ─┬─► nested table    hash, set, sorted set: member to score
//	               └─► counted B+tree  list, sorted set by score, stream by ID
//
// There is no third structure (nested.go, tree.go). What is removed and large is
// freed in the background (Shard.Reclaim).
//
// # Locks
//
// In this order; a lock is taken only while none below it in the list is held:
//
//  1. Shard.mu       all of a shard: index, entries, heap, counters. Several
//     shards are locked in ascending order of Index.
//  2. policy.Policy.mu, then the locks of its groups and its tuner
//  3. Snapshot.mu    records that wait to be fetched; nothing is locked under it
//  4. mem.Region.mu  chunks and free granules; not taken as long as a span with
//     room exists
//
// No I/O happens under any of them. Package server's locks rank above Shard.mu,
// except where they say that they are leaves. The one reader without a lock is
// prefetching, see prefetch.go.
//
// # Time
//
// A key is absent from its deadline on, for every command; when its memory
// comes back (expiry.go) is nobody's business. There is no timer a key: a
// segment knows when the next look at it is worth while.
//
// # Memory
//
// A shard's heap knows what it has handed out, the engine sums it up in steps
// (memory.go). Beyond the limit the caller evicts (evict.go, package policy)
// before it runs a command that writes. Every function that allocates returns
// ErrNoRoom before it has changed anything, so a command can be run again.
//
// # Snapshots
//
// A cut gives all shards another epoch. From then on the walker, and whoever is
// about to change something, record what is of before the cut, bucket by bucket
// and leaf by leaf, each once: snapshot.go has the picture, snapshot_shard.go the
// index, snapshot_owed.go large containers. Every function that changes an entry,
// a slot or a node calls one named preserve first.
package engine
