package command

import (
	"math/bits"

	"larder/engine"
	"larder/protocol/resp"
)

// LCS finds a longest common subsequence of two strings. The textbook table
// L[i][j], the length for the first i bytes of a and j of b, is kept as the
// differences along its rows only, which are 0 or 1: one bit a cell, computed
// 64 at a time (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
// Tracing the sequence back needs nothing but those bits.

// lcsTable is the table: row i describes L[i+1][…].
type lcsTable struct {
	a, b  []byte
	words int      // words a row
	rows  []uint64 // bit j of row i is 0 where L[i+1][j+1] = L[i+1][j] + 1
}

// newLCSTable computes the table. If keep is false only the last row is kept.
func newLCSTable(a, b []byte, keep bool) *lcsTable {
	t := &lcsTable{a: a, b: b, words: (len(b) + 63) / 64}
	rows := 1
	if keep {
		rows = max(1, len(a))
	}
	t.rows = make([]uint64, rows*t.words)
	last := t.rows[:t.words]
	for i := range last {
		last[i] = ^uint64(0)
	}
	masks := t.masks()
	for i, c := range a {
		row := last
		if keep {
			row = t.rows[i*t.words : (i+1)*t.words]
		}
		lcsRow(row, last, masks[c])
		last = row
	}
	return t
}

// masks returns for each byte of a where it stands in b.
func (t *lcsTable) masks() (m [256][]uint64) {
	for _, c := range t.a {
		if m[c] == nil {
			m[c] = make([]uint64, t.words)
		}
	}
	for j, c := range t.b {
		if m[c] != nil {
			m[c][j/64] |= 1 << (j % 64)
		}
	}
	return m
}

// lcsRow computes a row from the one before it, which may be the same memory.
func lcsRow(row, before, mask []uint64) {
	var carry uint64
	for k, v := range before {
		u := v & mask[k]
		var sum uint64
		sum, carry = bits.Add64(v, u, carry)
		row[k] = sum | v&^mask[k]
	}
}

// length is L[len(a)][len(b)].
func (t *lcsTable) length() int {
	n := 0
	for k, w := range t.rows[len(t.rows)-t.words:] {
		if rest := len(t.b) - 64*k; rest < 64 {
			w |= ^uint64(0) << rest // what is behind b
		}
		n += bits.OnesCount64(^w)
	}
	return n
}

// rises tells whether L[i][j] > L[i][j-1]. REQUIRES: i, j > 0.
func (t *lcsTable) rises(i, j int) bool {
	j--
	return t.rows[(i-1)*t.words+j/64]>>(j%64)&1 == 0
}

// lcsMatch is a run of equal bytes: a[aFrom:aTo] = b[bFrom:bTo].
type lcsMatch struct{ aFrom, aTo, bFrom, bTo int }

// trace walks back from the end and calls f with each run of the sequence, the
// last one first. Of several longest sequences it finds Redis's: it leaves out
// a byte of b unless that shortens the sequence.
func (t *lcsTable) trace(f func(lcsMatch)) {
	i, j := len(t.a), len(t.b)
	var run lcsMatch
	for i > 0 && j > 0 {
		switch {
		case t.a[i-1] == t.b[j-1]:
			if run.aFrom != i || run.bFrom != j || run.aTo == 0 {
				if run.aTo != 0 {
					f(run)
				}
				run = lcsMatch{i, i, j, j}
			}
			i, j = i-1, j-1
			run.aFrom, run.bFrom = i, j
		case t.rises(i, j):
			i--
		default:
			j--
		}
	}
	if run.aTo != 0 {
		f(run)
	}
}

// lcsOptions are the options of LCS.
type lcsOptions struct {
	length, idx, withLen bool
	minLen               int64
}

func (c *Ctx) lcsOptions() (o lcsOptions, ok bool) {
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "IDX"):
			o.idx = true
		case c.Is(i, "LEN"):
			o.length = true
		case c.Is(i, "WITHMATCHLEN"):
			o.withLen = true
		case c.Is(i, "MINMATCHLEN") && i+1 < len(c.Args):
			i++
			if o.minLen, ok = resp.ParseInt(c.Args[i]); !ok {
				c.Out.Error(ErrNotInt)
				return o, false
			}
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	if o.idx && o.length {
		c.Out.Error("ERR If you want both the length and indexes, please just use IDX.")
		return o, false
	}
	return o, true
}

func lcs(c *Ctx) {
	var text [2][]byte
	var digits [2][20]byte
	for i := range text {
		it, found := c.Find(i)
		if !found {
			continue
		}
		if it.Type() != engine.TypeString {
			c.Out.Error("ERR The specified keys must contain string values")
			return
		}
		text[i] = it.Bytes(digits[i][:0])
	}
	o, ok := c.lcsOptions()
	if !ok {
		return
	}
	// Redis keeps 4 bytes a cell and refuses what is larger than a string may
	// be; the same bound keeps the work here to some 2 million words.
	cells := uint64(len(text[0])+1) * uint64(len(text[1])+1)
	if cells > uint64(c.Config.MaxStringBytes)/4 {
		c.Out.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	if c.Heavy(int(cells / 8)) {
		c.uncount(0, 1)
		return
	}
	t := newLCSTable(text[0], text[1], !o.length)
	switch {
	case o.length:
		c.Out.Int(int64(t.length()))
	case o.idx:
		c.lcsIndexes(t, &o)
	default:
		c.Out.Bulk(t.sequence())
	}
}

// sequence returns the subsequence itself.
func (t *lcsTable) sequence() []byte {
	out := make([]byte, t.length())
	end := len(out)
	t.trace(func(m lcsMatch) {
		end -= m.aTo - m.aFrom
		copy(out[end:], t.a[m.aFrom:m.aTo])
	})
	return out
}

// lcsIndexes replies where the runs stand and the length of the sequence.
func (c *Ctx) lcsIndexes(t *lcsTable, o *lcsOptions) {
	var runs []lcsMatch
	t.trace(func(m lcsMatch) {
		if int64(m.aTo-m.aFrom) >= o.minLen {
			runs = append(runs, m)
		}
	})
	c.Out.Map(2)
	c.Out.BulkString("matches")
	c.Out.Array(len(runs))
	for _, m := range runs {
		if o.withLen {
			c.Out.Array(3)
		} else {
			c.Out.Array(2)
		}
		c.Out.Array(2)
		c.Out.Int(int64(m.aFrom))
		c.Out.Int(int64(m.aTo - 1))
		c.Out.Array(2)
		c.Out.Int(int64(m.bFrom))
		c.Out.Int(int64(m.bTo - 1))
		if o.withLen {
			c.Out.Int(int64(m.aTo - m.aFrom))
		}
	}
	c.Out.BulkString("len")
	c.Out.Int(int64(t.length()))
}
