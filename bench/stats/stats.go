// Package stats reduces the samples of alternating runs to what the tables
// print: a median, the range it was seen in, and ratios of two contenders.
package stats

import (
	"math"
	"slices"
)

// Summary describes the samples of one figure. The zero Summary has no samples.
type Summary struct {
	Median   float64
	Min, Max float64
	N        int // samples
}

// Summarize returns the median and range of the samples, which it leaves in
// their order. The median of an even number is the mean of the middle two.
func Summarize(samples []float64) Summary {
	if len(samples) == 0 {
		return Summary{}
	}
	sorted := slices.Clone(samples)
	slices.Sort(sorted)
	mid := len(sorted) / 2
	median := sorted[mid]
	if len(sorted)%2 == 0 {
		median = (sorted[mid-1] + sorted[mid]) / 2
	}
	return Summary{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted)}
}

// Ratio compares the samples of two contenders that ran in turns. Its median
// is the ratio of the two medians; its range comes from the pairs of the same
// round, because those two ran closest together and noise that lasts longer
// than a round cancels out.
//
// A zero denominator gives no ratio: the Summary has N == 0.
func Ratio(numerator, denominator []float64) Summary {
	top, bottom := Summarize(numerator), Summarize(denominator)
	if top.N == 0 || bottom.N == 0 || bottom.Median == 0 {
		return Summary{}
	}
	pairs := make([]float64, 0, len(numerator))
	for i := range min(len(numerator), len(denominator)) {
		if denominator[i] != 0 {
			pairs = append(pairs, numerator[i]/denominator[i])
		}
	}
	r := Summarize(pairs)
	r.Median = top.Median / bottom.Median
	r.Min = math.Min(r.Min, r.Median)
	r.Max = math.Max(r.Max, r.Median)
	return r
}

// GeoMean returns the geometric mean of positive values, 0 for none of them.
//
// REQUIRES: every value > 0.
func GeoMean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
