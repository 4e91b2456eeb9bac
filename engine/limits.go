package engine

// Limits are the thresholds at which a small container becomes a large one, or
// a leaf is full. They must be the same on all nodes of a group: the encoding
// is a part of the state.
type Limits struct {
	HashItems, HashItemBytes int // hash-max-listpack-entries, -value
	SetInts                  int // set-max-intset-entries
	SetItems, SetItemBytes   int // set-max-listpack-entries, -value
	ZSetItems, ZSetItemBytes int // zset-max-listpack-entries, -value
	ListSize                 int // list-max-listpack-size: items, or -1 to -5 for 4 to 64 KiB
	StreamNodeBytes          int // stream-node-max-bytes, 0 = no limit
	StreamNodeItems          int // stream-node-max-entries, 0 = no limit
}

// DefaultLimits returns Redis's defaults.
func DefaultLimits() Limits {
	return Limits{
		HashItems: 512, HashItemBytes: 64,
		SetInts: 512, SetItems: 128, SetItemBytes: 64,
		ZSetItems: 128, ZSetItemBytes: 64,
		ListSize:        -2,
		StreamNodeBytes: 4096, StreamNodeItems: 100,
	}
}
