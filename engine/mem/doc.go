// Package mem is the memory below the cache: it hands out bytes that the garbage collector never sees.
//
// Keys, values and the index live in one reserved address range, so the collector's work does not grow with the
// data, and a reference is 40 bits instead of 64. The package knows sizes and nothing else: what the bytes mean,
// who owns an object and how its owner is repointed when it moves is the engine's business.
//
// # The address range
//
//	reserved once:  mmap(PROT_NONE, MAP_NORESERVE), 8 TiB or the largest half of it that the system grants
//
//	+------------------------+-----------+-----------+-----------+-----------+------ - -
//	| side table             | chunk 0   | chunk 1   | chunk 2   | chunk 3   |
//	| one record a chunk     | never     | 2 MiB     | 2 MiB     | 2 MiB     |
//	+------------------------+-----------+-----------+-----------+-----------+------ - -
//	                         ^ Base       readable and writable from their first use on
//
//	Ref   40 bits, offset from Base in units of 8 bytes; 0 is nil
//
//	 39                    18 17           11 10  7 6      0
//	+------------------------+---------------+-----+--------+
//	| chunk                  | block (16 KiB)| granule (1 KiB) . 8-byte unit
//	+------------------------+---------------+-----+--------+
//
// Chunk 0 stays PROT_NONE: following a nil Ref faults instead of reading somebody's data. Every other chunk that was
// ever used stays readable, also after its pages went back to the system, so a reader without a lock that follows a
// stale Ref reads rubbish but never faults.
//
// # Inside a chunk
//
// A chunk holds objects of one Kind: Movable ones (entries), Fixed ones (index segments) or Nodes (parts of
// containers). Each kind is moved in its own way, and only a kind whose objects all can be is compacted. It is divided into granules of 1 KiB, which are handed out as spans and runs:
//
//	span  16, 32 or 64 KiB, aligned to its size: objects of one size class (up to 8 KiB) of one heap
//	run   9 to 2048 granules: one object above 8 KiB
//
// Spans are placed from the bottom and runs from the top, so that odd-sized runs do not cut the aligned blocks to
// pieces. Objects above 2 MiB take whole chunks in a row; the rest of the last chunk is used like any other
// chunk's granules, but that chunk cannot be evacuated.
//
// # The side table
//
// Headers lie outside of the data: a power-of-two object stays aligned to its size (64 B objects to cache lines), a
// span of 2 KiB objects holds eight of them and not seven, and the headers of neighbouring spans share cache lines and
// pages instead of each claiming the same cache set. They are found by arithmetic alone: Ref -> chunk -> block.
//
//	chunk record, 5440 B (0.26 % of a chunk), host byte order
//	  spans   128 x 32 B   span header, one a 16 KiB block; a larger span uses the one of its first block
//	  used    2048 bits    granule is taken
//	  units   256 x 4 B    what starts in these 8 KiB; runs have at least 9 granules, so at most one does
//	  ...                  state, kind, free counts, links (see chunk.go)
//
//	span header, 32 B
//	  owner 4  heap id << 9 | 1 << 8 | kind * 72 + class; 0 = no span starts here
//	  evac  4  1 while the chunk is being evacuated
//	  live  4  objects handed out
//	  next  4  prev 4   neighbours in the heap's list of spans with room, as block numbers
//	  free  2  head of the list of freed objects, in 8-byte units from the span's start; 0xffff = none
//	  bump  2  first unit never handed out
//	  size  2  class size in units
//	  limit 2  end of the last object in units
//	  list  1  which list holds the span
//
// A freed object keeps the next free object's offset in its first two bytes, so Alloc touches the header and the
// object and nothing else.
//
// # Size classes
//
// 72 classes: steps of 8 bytes up to 256, then eight steps a doubling up to 1 KiB. From there to 8 KiB a class is the
// span's size divided by 16, 15 ... 8, so nothing is left over at a span's end, which even steps would waste up to
// 8.6 % for. Above 8 KiB sizes are rounded up to granules. At most max(7 bytes, 12.5 % of what is taken) are lost.
//
// # Heaps, locks, accounting
//
// A shard has a Heap of its own and uses it under its own lock; no other lock is taken as long as a span with room
// exists. Region.mu ranks below all shard locks and guards the pools of granules and chunks; under it nothing blocks
// but mprotect, and madvise in the rare cases that memory is short. An empty span goes back to the region at once.
// No spare is kept: with 32 heaps and 72 classes spares would strand up to 65 MiB exactly when the sizes in use
// change, and to take a span and give it back costs 0.15 µs.
//
// Used counts what was handed out, rounded to classes; Resident counts whole chunks that are in use or idle, and is
// what SetLimit bounds. The pages of the process that belong to the region are never more than Resident plus the side
// table. Trim gives idle chunks back.
//
// # Compaction
//
// BeginEvacuation closes the sparsest Movable chunk: nothing more is allocated in it. The engine visits its blocks,
// and under the owning shard's lock moves each live object (Alloc, copy, repoint, Free). EndEvacuation makes the
// emptied chunk idle, or opens it again if something stayed. A chunk is chosen only when its objects fit into room
// that already exists elsewhere, so an evacuation does not take a new chunk to free one. BeginReclaim closes the
// sparsest chunk without such conditions, for a caller that will evict what it cannot move.
//
// # Two implementations
//
// The build tag heapmem (and every system but Linux) replaces the address range by Go byte slices, one a chunk, found
// through a table of atomic pointers: slower, but the race detector and checkptr see every access. With the tag
// invariants freed memory is poisoned and checked, and double frees and refs inside an object panic.
package mem
