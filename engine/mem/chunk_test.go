package mem

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRoom compares the bitmap searches and the summary kept beside the bitmap with a plain slice of booleans.
func TestRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c chunk
		c.reset(Movable)
		c.measure()
		var plain [granulesPerChunk]bool
		type row struct{ start, n int }
		var rows []row
		mark := func(v row, used bool) {
			c.mark(v.start, v.n, used)
			for i := v.start; i < v.start+v.n; i++ {
				plain[i] = used
			}
			if used {
				c.taken(v.start, v.n)
			} else {
				c.given(v.start, v.n)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"run": func(t *rapid.T) {
				n := rapid.IntRange(1, 300).Draw(t, "n")
				got, want := c.findRun(n), plainRun(&plain, n)
				if got != want {
					t.Fatalf("findRun(%d) = %d, want %d", n, got, want)
				}
				if got >= 0 {
					rows = append(rows, row{got, n})
					mark(rows[len(rows)-1], true)
				}
			},
			"span": func(t *rapid.T) {
				blocks := rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "blocks")
				n := blocks * granulesPerBlock
				got := c.findBlocks(blocks)
				if got < 0 {
					if plainBlocks(&plain) >= blocks {
						t.Fatalf("findBlocks(%d) found nothing", blocks)
					}
					return
				}
				if got%n != 0 || !allFree(&plain, got, n) {
					t.Fatalf("findBlocks(%d) = %d, which is not aligned or not free", blocks, got)
				}
				rows = append(rows, row{got, n})
				mark(rows[len(rows)-1], true)
			},
			"give": func(t *rapid.T) {
				if len(rows) == 0 {
					return
				}
				i := rapid.IntRange(0, len(rows)-1).Draw(t, "which")
				mark(rows[i], false)
				rows = append(rows[:i], rows[i+1:]...)
			},
			"": func(t *rapid.T) {
				if want := plainLongest(&plain); int(c.maxRun) != want {
					t.Fatalf("maxRun is %d, want %d", c.maxRun, want)
				}
				if want := plainBlocks(&plain); int(c.maxBlocks) != want {
					t.Fatalf("maxBlocks is %d, want %d", c.maxBlocks, want)
				}
			},
		})
	})
}

func allFree(plain *[granulesPerChunk]bool, start, n int) bool {
	for _, used := range plain[start : start+n] {
		if used {
			return false
		}
	}
	return true
}

func plainRun(plain *[granulesPerChunk]bool, n int) int {
	for start := granulesPerChunk - n; start >= 0; start-- {
		if allFree(plain, start, n) {
			return start
		}
	}
	return -1
}

func plainLongest(plain *[granulesPerChunk]bool) int {
	longest, row := 0, 0
	for _, used := range plain {
		row++
		if used {
			row = 0
		}
		longest = max(longest, row)
	}
	return longest
}

func plainBlocks(plain *[granulesPerChunk]bool) int {
	for _, blocks := range []int{4, 2, 1} {
		n := blocks * granulesPerBlock
		for start := 0; start < granulesPerChunk; start += n {
			if allFree(plain, start, n) {
				return blocks
			}
		}
	}
	return 0
}

// TestUnit: what a unit records comes out again, at the borders of all fields.
func TestUnit(t *testing.T) {
	for _, heap := range []uint16{0, 1, 0xffff} {
		for _, start := range []int{0, 7, 8, 1023, granulesPerChunk - 9} {
			for _, n := range []int{9, 16, granulesPerChunk - start} {
				u := makeUnit(heap, start, n, false)
				if u.heap() != heap || u.start(start/granulesPerUnit) != start || u.granules() != n || u&unitSpan != 0 {
					t.Errorf("makeUnit(%d, %d, %d): heap %d, start %d, granules %d", heap, start, n, u.heap(),
						u.start(start/granulesPerUnit), u.granules())
				}
			}
		}
	}
}
