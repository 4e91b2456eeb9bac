package command

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGeoCells proves that the cells that a search looks at hold all of its
// area, by places on its edge, but for areas that reach over a pole.
func TestGeoCells(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := geoShape{center: geoPoint{(2*r.Float64() - 1) * 150, (2*r.Float64() - 1) * 60}, round: r.IntN(2) == 0}
		size := math.Exp(r.Float64() * 14)
		s.radius, s.width, s.height = size, size*(0.1+2*r.Float64()), size*(0.1+2*r.Float64())
		b := s.bounds()
		p := geoPoint{b.low.lon + r.Float64()*(b.high.lon-b.low.lon), b.low.lat + r.Float64()*(b.high.lat-b.low.lat)}
		if math.Abs(p.lon) > geoLonMax || math.Abs(p.lat) > geoLatMax {
			continue
		}
		p = placeOf(geoScore(p))
		if _, ok := s.holds(p); !ok {
			continue
		}
		score, found := geoScore(p), 0
		for _, c := range s.cells() {
			if c == (geoCell{}) {
				continue
			}
			if low, high := c.scores(); low <= score && score < high {
				found++
			}
		}
		if found == 0 {
			t.Fatalf("%v is in %+v and in none of its cells", p, s)
		}
	}
}

func TestGeoScore(t *testing.T) {
	for _, c := range []struct {
		at    geoPoint
		score float64
		text  string
	}{
		// From the documentation of GEOADD and GEOHASH.
		{geoPoint{13.361389, 38.115556}, 3479099956230698, "sqc8b49rny0"},
		{geoPoint{15.087269, 37.502669}, 3479447370796909, "sqdtr74hyu0"},
	} {
		if got := geoScore(c.at); got != c.score {
			t.Errorf("%v has the score %.0f, want %.0f", c.at, got, c.score)
		}
		if got := geoText(placeOf(c.score)); string(got[:]) != c.text {
			t.Errorf("%v is %s, want %s", c.at, got, c.text)
		}
	}
	if d := placeOf(3479099956230698).distance(placeOf(3479447370796909)); math.Abs(d-166274.1516) > 0.0001 {
		t.Errorf("Palermo and Catania are %.4f m apart, want 166274.1516", d)
	}
	for _, odd := range []float64{-1, math.Inf(1), math.Inf(-1), 1 << 52, 1 << 63, 1 << 64, -1e300, 0.5} {
		if p := placeOf(odd); math.Abs(p.lon) > geoLonMax || math.Abs(p.lat) > geoLatMax {
			t.Errorf("the score %v is the place %v", odd, p)
		}
	}
}
