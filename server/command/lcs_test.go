package command

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainLCS is the textbook algorithm with Redis's way back through the table.
func plainLCS(a, b []byte) (text []byte, runs []lcsMatch) {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				table[i][j] = table[i-1][j-1] + 1
			} else {
				table[i][j] = max(table[i-1][j], table[i][j-1])
			}
		}
	}
	for i, j := len(a), len(b); i > 0 && j > 0; {
		switch {
		case a[i-1] == b[j-1]:
			i, j = i-1, j-1
			text = append(text, a[i])
			if n := len(runs); n > 0 && runs[n-1].aFrom == i+1 && runs[n-1].bFrom == j+1 {
				runs[n-1].aFrom, runs[n-1].bFrom = i, j
			} else {
				runs = append(runs, lcsMatch{i, i + 1, j, j + 1})
			}
		case table[i-1][j] > table[i][j-1]:
			i--
		default:
			j--
		}
	}
	slices.Reverse(text)
	return text, runs
}

// TestLCSAgainstTextbook compares random pairs, also across the borders of
// words, with the plain algorithm: the same sequence by the same runs.
func TestLCSAgainstTextbook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() []byte {
		b := make([]byte, r.IntN([]int{4, 70, 200}[r.IntN(3)]))
		for i := range b {
			b[i] = "abcd"[r.IntN(2+r.IntN(3))]
		}
		return b
	}
	for range 3000 {
		a, b := word(), word()
		want, wantRuns := plainLCS(a, b)
		table := newLCSTable(a, b, true)
		var runs []lcsMatch
		table.trace(func(m lcsMatch) { runs = append(runs, m) })
		if got := table.sequence(); string(got) != string(want) || !slices.Equal(runs, wantRuns) {
			t.Fatalf("LCS of %q and %q is %q by %v, want %q by %v", a, b, got, runs, want, wantRuns)
		}
		if n := newLCSTable(a, b, false).length(); n != len(want) {
			t.Fatalf("length of the LCS of %q and %q is %d, want %d", a, b, n, len(want))
		}
	}
}

func BenchmarkLCS(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		x, y := make([]byte, n), make([]byte, n)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			x[i], y[i] = "acgt"[r.IntN(4)], "acgt"[r.IntN(4)]
		}
		b.Run(fmt.Sprintf("len/%d", n), func(b *testing.B) {
			for b.Loop() {
				newLCSTable(x, y, false).length()
			}
		})
		b.Run(fmt.Sprintf("text/%d", n), func(b *testing.B) {
			for b.Loop() {
				newLCSTable(x, y, true).sequence()
			}
		})
	}
}
