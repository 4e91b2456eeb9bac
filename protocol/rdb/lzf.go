package rdb

import (
	"errors"
	"math"
	"slices"
)

// LZF, the compression of liblzf (Marc Lehmann): fast and simple. A compressed
// string is a sequence of
//
//	000nnnnn                    n+1 bytes follow as they are
//	lllooooo oooooooo           l+2 bytes as o+1 bytes before, l from 1 to 6
//	111ooooo llllllll oooooooo  l+9 bytes as o+1 bytes before
//
// The compressor looks for the last place where the next three bytes had the
// same hash. Which matches it takes, and that it looks at the last two bytes of
// a match again but not at those before, is not part of the format; but
// clients compare what DUMP answers, so it is done as Redis does it.

const (
	lzfHashBits   = 16
	lzfMostLit    = 1 << 5
	lzfMostOffset = 1 << 13
	lzfMostMatch  = 1<<8 + 1<<3
	// lzfUnrolled is how many bytes of a match are compared before its longest
	// length is considered, if that is larger than this.
	lzfUnrolled = 16
	// lzfMostGain is the most bytes that one compressed byte can stand for:
	// three stand for lzfMostMatch.
	lzfMostGain = lzfMostMatch / 3
)

// lzfTable holds for each hash the last place whose three bytes had it. Places
// count from base on, which passes all former ones with each string, so that
// the table, large as it is, need not be cleared. The first place of a string
// is never matched.
type lzfTable struct {
	slots [1 << lzfHashBits]uint32
	base  uint32
}

// begin makes all places those of a string of n bytes that comes now.
func (table *lzfTable) begin(n int) (base uint32) {
	if uint64(table.base)+uint64(n) > math.MaxUint32 {
		*table = lzfTable{}
	}
	base = table.base
	table.base += uint32(n)
	return base
}

func lzfSlot(b []byte) uint32 {
	_ = b[2]
	h := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	return (h>>(24-lzfHashBits) - h*5) & (1<<lzfHashBits - 1)
}

// lzfWriter appends literals and matches up to a limit.
type lzfWriter struct {
	dst  []byte
	most int // bytes
	lit  int // literals in the run that is open
	run  int // where that run's head stands in dst
}

// open starts a run of literals. Its head is there already, and is taken back
// when the run stays empty.
func (w *lzfWriter) open() {
	w.lit, w.run = 0, len(w.dst)
	w.dst = append(w.dst, 0)
}

// shut ends the run of literals.
func (w *lzfWriter) shut() {
	if w.lit == 0 {
		w.dst = w.dst[:w.run]
	} else {
		w.dst[w.run] = byte(w.lit - 1)
	}
}

func (w *lzfWriter) literal(c byte) {
	w.dst = append(w.dst, c)
	if w.lit++; w.lit == lzfMostLit {
		w.shut()
		w.open()
	}
}

// match writes n+2 bytes of off+1 bytes before.
func (w *lzfWriter) match(off, n int) {
	w.shut()
	if n < 7 {
		w.dst = append(w.dst, byte(off>>8)+byte(n<<5))
	} else {
		w.dst = append(w.dst, byte(off>>8)+7<<5, byte(n-7))
	}
	w.dst = append(w.dst, byte(off))
	w.open()
}

// hasRoom tells whether a match surely fits.
func (w *lzfWriter) hasRoom() bool {
	size := len(w.dst)
	if w.lit == 0 {
		size--
	}
	return size+4 < w.most
}

// compress appends src, compressed to at most most bytes, to dst. ok is false
// if it does not get so short.
func (table *lzfTable) compress(dst, src []byte, most int) (_ []byte, ok bool) {
	if len(src) < 3 || most <= 0 || len(src) > math.MaxUint32 {
		return dst, false
	}
	places := table.begin(len(src))
	w := lzfWriter{dst: dst, most: len(dst) + most}
	w.open()
	at, end := 0, len(src)-2
	for at < end {
		slot := &table.slots[lzfSlot(src[at:])]
		ref := int(*slot) - int(places)
		*slot = places + uint32(at)
		if ref <= 0 || at-ref > lzfMostOffset ||
			src[ref] != src[at] || src[ref+1] != src[at+1] || src[ref+2] != src[at+2] {
			if len(w.dst) >= w.most {
				return dst, false
			}
			w.literal(src[at])
			at++
			continue
		}
		if !w.hasRoom() {
			return dst, false
		}
		n := matchLength(src, ref, at)
		w.match(at-ref-1, n-2)
		if at += n; at >= end {
			break
		}
		table.slots[lzfSlot(src[at-2:])] = places + uint32(at-2)
		table.slots[lzfSlot(src[at-1:])] = places + uint32(at-1)
	}
	if len(w.dst)+3 > w.most {
		return dst, false
	}
	for ; at < len(src); at++ {
		w.literal(src[at])
	}
	w.shut()
	return w.dst, true
}

// matchLength is how many bytes at the places ref and at are taken as equal;
// three are.
func matchLength(src []byte, ref, at int) int {
	n := 2
	most := min(len(src)-at-n, lzfMostMatch)
	if most > lzfUnrolled {
		for range lzfUnrolled {
			if n++; src[ref+n] != src[at+n] {
				return n
			}
		}
	}
	for n++; n < most && src[ref+n] == src[at+n]; n++ {
	}
	return n
}

var errLZF = errors.New("compressed string is damaged")

// decompress appends the size bytes that src stands for to dst.
func decompress(dst, src []byte, size int) ([]byte, error) {
	if size < 0 || size/lzfMostGain > len(src) {
		return dst, errLZF // before memory is taken for it
	}
	base := len(dst)
	dst = slices.Grow(dst, size)
	for len(src) > 0 {
		head := int(src[0])
		src = src[1:]
		if head < lzfMostLit {
			if head++; head > len(src) {
				return dst, errLZF
			}
			dst = append(dst, src[:head]...)
			src = src[head:]
		} else {
			n := head >> 5
			if n == 7 && len(src) > 0 {
				n += int(src[0])
				src = src[1:]
			}
			if len(src) == 0 {
				return dst, errLZF
			}
			from := len(dst) - (head&0x1f<<8 | int(src[0])) - 1
			src = src[1:]
			if from < base {
				return dst, errLZF
			}
			for n += 2; n > 0; { // source and destination may overlap
				part := min(n, len(dst)-from)
				dst = append(dst, dst[from:from+part]...)
				n -= part
			}
		}
		if len(dst)-base > size {
			return dst, errLZF
		}
	}
	if len(dst)-base != size {
		return dst, errLZF
	}
	return dst, nil
}
