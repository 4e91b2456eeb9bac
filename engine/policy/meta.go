package policy

// Meta is the byte of an index slot that eviction shares with the engine:
//
//	bit 7     not used here
//	bits 6–4  level: long-term frequency or age, 0..7, see weigh.go
//	bit 3     window: the window's queue holds a handle to this entry
//	bit 2     deadline: the entry has a deadline (the engine's)
//	bits 1–0  freq: hits since the hand last came by, saturating at 3
type Meta uint8

// Parts of Meta.
const (
	Freq     Meta = 3
	Deadline Meta = 1 << 2
	Window   Meta = 1 << 3
	levels   Meta = 7 << 4

	maxFreq    = 3
	maxLevel   = 7
	levelShift = 4
)

// Hit notes a hit. It reports whether the slot has to be written, which for a
// popular key is almost never.
func (m Meta) Hit() (Meta, bool) {
	if m&Freq == Freq {
		return m, false
	}
	return m + 1, true
}

func (m Meta) freq() int  { return int(m & Freq) }
func (m Meta) level() int { return int(m & levels >> levelShift) }

// withLevel clears freq and sets the level. REQUIRES: 0 <= l <= maxLevel.
func (m Meta) withLevel(l int) Meta { return m&^(levels|Freq) | Meta(l)<<levelShift }
