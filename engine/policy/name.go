package policy

// Name is a maxmemory policy.
type Name uint8

// The maxmemory policies. The volatile ones evict only keys with a deadline.
const (
	NoEviction      Name = iota
	AllKeysLRU           // the least recently used
	AllKeysLFU           // the least frequently used, old hits fading
	AllKeysRandom        // any
	VolatileLRU          // as AllKeysLRU
	VolatileLFU          // as AllKeysLFU
	VolatileRandom       // any
	VolatileTTL          // the nearest deadline
	AllKeysAdaptive      // the package's own: frequency, recency and history
)

var names = [...]string{
	NoEviction:      "noeviction",
	AllKeysLRU:      "allkeys-lru",
	AllKeysLFU:      "allkeys-lfu",
	AllKeysRandom:   "allkeys-random",
	VolatileLRU:     "volatile-lru",
	VolatileLFU:     "volatile-lfu",
	VolatileRandom:  "volatile-random",
	VolatileTTL:     "volatile-ttl",
	AllKeysAdaptive: "allkeys-adaptive",
}

// String is the directive's value.
func (n Name) String() string { return names[n] }

// ParseName returns the policy called s; case matters.
func ParseName(s string) (Name, bool) {
	for i, n := range names {
		if n == s {
			return Name(i), true
		}
	}
	return 0, false
}

// Names lists all policies as the directive spells them.
func Names() []string { return append([]string(nil), names[:]...) }

// Volatile tells whether only keys with a deadline may be evicted.
func (n Name) Volatile() bool {
	return n == VolatileLRU || n == VolatileLFU || n == VolatileRandom || n == VolatileTTL
}

// NeedsDeadline tells whether Weigh wants the deadline of entries that have
// one. For other policies the engine need not touch the entry and passes 0.
func (n Name) NeedsDeadline() bool { return n == VolatileTTL }
