package server

import "testing"

func TestBucketBounds(t *testing.T) {
	for i := range histogramBuckets - 1 {
		end := bucketEnd(i)
		if got := bucketOf(end); got != i {
			t.Fatalf("the end %d of bucket %d is in bucket %d", end, i, got)
		}
		if got := bucketOf(end + 1); got != i+1 {
			t.Fatalf("%d, behind bucket %d, is in bucket %d", end+1, i, got)
		}
	}
	if got := bucketOf(1 << 62); got != histogramBuckets-1 {
		t.Errorf("a very long duration is in bucket %d", got)
	}
}

func TestPercentiles(t *testing.T) {
	var c latencyCounts
	if got := c.percentile(50); got != 0 {
		t.Errorf("nothing counted: %d", got)
	}
	for us := range uint64(1000) {
		c[bucketOf((us+1)*1000)]++
	}
	for _, p := range []float64{1, 10, 50, 90, 99, 99.9, 100} {
		exact := p * 10 * 1000
		if got := float64(c.percentile(p)); got < exact || got > exact*1.126 {
			t.Errorf("p%v is %v ns, the exact value is %v", p, got, exact)
		}
	}
}

func TestPowerBuckets(t *testing.T) {
	var c latencyCounts
	for _, ns := range []uint64{100, 1023, 1024, 2048, 40_000, 300_000} {
		c[bucketOf(ns)]++
	}
	want := []powerBucket{{1, 2}, {2, 3}, {4, 4}, {66, 5}, {528, 6}}
	got := c.powers()
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("bucket %d is %v, want %v", i, got[i], want[i])
		}
	}
}
