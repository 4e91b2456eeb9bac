package mem

// Size classes for objects of up to maxSmall bytes, see doc.go for how they were chosen.
const (
	classCount = 72
	maxSmall   = 8192
	// maxSlots bounds the objects of a span: 16 KiB of the smallest class.
	maxSlots = 1 << (blockShift - unitShift)
)

// class describes one size class.
type class struct {
	size   uint16 // bytes in units of 8
	limit  uint16 // end of the last object in a span, in units of 8
	slots  uint16 // objects a span
	blocks uint16 // span size in blocks of 16 KiB: 1, 2 or 4
}

// bytes is the size of an object of class c.
func (c *class) bytes() int { return int(c.size) << unitShift }

// The tables are computed once and never written again. classOf is indexed by the size in units of 8, rounded up.
var (
	classes = makeClasses()
	classOf = makeClassOf(&classes)
)

func makeClasses() (t [classCount]class) {
	i := 0
	add := func(bytes, spanBytes int) {
		slots := spanBytes / bytes
		t[i] = class{
			size:   uint16(bytes >> unitShift),
			limit:  uint16(slots * bytes >> unitShift),
			slots:  uint16(slots),
			blocks: uint16(spanBytes >> blockShift),
		}
		i++
	}
	for bytes := 8; bytes <= 256; bytes += 8 {
		add(bytes, 16<<10)
	}
	for low := 256; low < 1024; low *= 2 {
		for step := 1; step <= 8; step++ {
			add(low+step*low/8, 16<<10)
		}
	}
	for low := 1024; low < maxSmall; low *= 2 {
		for slots := 15; slots >= 8; slots-- {
			add(low*16/slots&^7, low*16)
		}
	}
	return t
}

func makeClassOf(t *[classCount]class) (of [maxSmall>>unitShift + 1]uint8) {
	c := 0
	for units := range of {
		if units > int(t[c].size) {
			c++
		}
		of[units] = uint8(c)
	}
	return of
}

// granulesFor is the number of granules that n bytes take.
func granulesFor(n int) int {
	return int((uint(n) + granuleBytes - 1) >> granuleShift)
}

// RoundUp returns the bytes that Alloc(n) takes, n >= 1.
func RoundUp(n int) int {
	if n <= maxSmall {
		return classes[classOf[(n+7)>>unitShift]].bytes()
	}
	return granulesFor(n) << granuleShift
}
