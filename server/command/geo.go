package command

import (
	"fmt"
	"strconv"

	"larder/engine"
)

// Places: sorted sets whose scores are geohashes (geohash.go). Nothing tells
// them from other sorted sets; every command on those works on them too.

const errGeoUnit = "ERR unsupported unit provided. please use M, KM, FT, MI"

// geoUnit returns the meters of the unit that the i-th argument names; on
// failure it has replied.
func (c *Ctx) geoUnit(i int) (meters float64, ok bool) {
	switch {
	case c.Is(i, "M"):
		return 1, true
	case c.Is(i, "KM"):
		return 1000, true
	case c.Is(i, "FT"):
		return 0.3048, true
	case c.Is(i, "MI"):
		return 1609.34, true
	}
	c.Out.Error(errGeoUnit)
	return 0, false
}

// geoPoint parses the longitude at argument i and the latitude behind it; on
// failure it has replied.
func (c *Ctx) geoPoint(i int) (p geoPoint, ok bool) {
	if p.lon, ok = c.double(i, ErrNotFloat); !ok {
		return p, false
	}
	if p.lat, ok = c.double(i+1, ErrNotFloat); !ok {
		return p, false
	}
	if p.lon < -geoLonMax || p.lon > geoLonMax || p.lat < -geoLatMax || p.lat > geoLatMax {
		c.Out.Error("ERR invalid longitude,latitude pair " + cFixed(p.lon) + "," + cFixed(p.lat))
		return p, false
	}
	return p, true
}

// cFixed prints a number as C's %f does.
func cFixed(f float64) string {
	switch s := fmt.Sprintf("%f", f); s {
	case "+Inf":
		return "inf"
	case "-Inf":
		return "-inf"
	default:
		return s
	}
}

// geoAdd is GEOADD key [NX|XX] [CH] <longitude latitude member>...
func geoAdd(c *Ctx) {
	var o zaddOptions
	first := 2
words:
	for ; first < len(c.Args); first++ {
		switch {
		case c.Is(first, "NX"):
			o.nx = true
		case c.Is(first, "XX"):
			o.xx = true
		case c.Is(first, "CH"):
			o.ch = true
		default:
			break words
		}
	}
	n := len(c.Args) - first
	if n == 0 || n%3 != 0 || o.nx && o.xx {
		c.Out.Error(ErrSyntax)
		return
	}
	for i := first; i < len(c.Args); i += 3 {
		if _, ok := c.geoPoint(i); !ok {
			return
		}
	}
	c.zaddPairs(o, n/3, func(i int) (float64, []byte) {
		i = first + 3*i
		p, _ := c.geoPoint(i)
		return geoScore(p), c.Args[i+2]
	})
}

// geoDist is GEODIST key member1 member2 [unit].
func geoDist(c *Ctx) {
	unit := 1.0
	switch {
	case len(c.Args) > 5:
		c.Out.Error(ErrSyntax)
		return
	case len(c.Args) == 5:
		var ok bool
		if unit, ok = c.geoUnit(4); !ok {
			return
		}
	}
	var z engine.ZSet
	if _, ok := c.zset(0, &z); !ok {
		return
	}
	from, ok1 := z.Score(c.Args[2])
	to, ok2 := z.Score(c.Args[3])
	if !ok1 || !ok2 {
		c.Out.Null()
		return
	}
	c.geoDistance(placeOf(from).distance(placeOf(to)) / unit)
}

// geoDistance writes a distance with four decimals.
func (c *Ctx) geoDistance(d float64) {
	var text [64]byte
	c.Out.Bulk(strconv.AppendFloat(text[:0], d, 'f', 4, 64))
}

// geoHash is GEOHASH key [member...].
func geoHash(c *Ctx) {
	var z engine.ZSet
	if _, ok := c.zset(0, &z); !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		score, ok := z.Score(member)
		if !ok {
			c.Out.Null()
			continue
		}
		text := geoText(placeOf(score))
		c.Out.Bulk(text[:])
	}
}

// geoPos is GEOPOS key [member...].
func geoPos(c *Ctx) {
	var z engine.ZSet
	if _, ok := c.zset(0, &z); !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		score, ok := z.Score(member)
		if !ok {
			c.Out.NullArray()
			continue
		}
		c.geoPlace(placeOf(score))
	}
}

// geoPlace writes the coordinates of a place.
func (c *Ctx) geoPlace(p geoPoint) {
	c.Out.Array(2)
	c.geoDegrees(p.lon)
	c.geoDegrees(p.lat)
}

// geoDegrees writes a coordinate with up to 17 decimals.
func (c *Ctx) geoDegrees(f float64) {
	var buf [64]byte
	text := strconv.AppendFloat(buf[:0], f, 'f', 17, 64)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	if string(text) == "-0" {
		text = text[1:]
	}
	c.Out.DoubleText(text)
}
