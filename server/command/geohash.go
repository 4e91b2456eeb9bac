package command

import "math"

// Geohashes. A place is a number of 52 bits: the longitude and the latitude, as
// 26 bits of their ranges each, interleaved, the longitude first. So a prefix of
// the number names a rectangle, places that are near each other mostly have
// numbers that are, and a sorted set whose scores they are can be searched by
// area: 52 bits fit a double exactly. The scheme is Gustavo Niemeyer's
// (geohash.org); the range of latitudes is that of the Web Mercator projection
// (EPSG:3857), as in Redis.

const (
	geoSteps  = 26 // bits of a coordinate
	geoLonMax = 180.0
	geoLatMax = 85.05112878
	// earthMeters is the radius of the sphere that distances are computed on.
	earthMeters = 6372797.560856
	// mercatorMax is half the length of the projection's equator, in meters.
	mercatorMax = 20037726.37
	// radian is a quotient of doubles, not of the numbers themselves.
	radian = float64(math.Pi) / 180
)

// geoPoint is a place, in degrees.
type geoPoint struct{ lon, lat float64 }

// geoCell is a rectangle of the grid that halves the ranges step times. The
// zero value is none.
type geoCell struct {
	bits uint64
	step uint8
}

// cellAt is the cell of a place, latMax being the limit of latitudes.
func cellAt(p geoPoint, latMax float64, step uint8) geoCell {
	n := float64(uint64(1) << step)
	x := (p.lon + geoLonMax) / (2 * geoLonMax) * n
	y := (p.lat + latMax) / (2 * latMax) * n
	return cellOf(uint32(x), uint32(y), step)
}

func cellOf(x, y uint32, step uint8) geoCell {
	return geoCell{spread(y) | spread(x)<<1, step}
}

// xy returns the column and the row of a cell.
func (c geoCell) xy() (x, y uint32) { return gather(c.bits >> 1), gather(c.bits) }

// spread puts a zero bit before each bit of v.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// gather undoes spread, whatever the bits between are.
func gather(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

// scores is the range of the scores in a cell: from the first to before end.
func (c geoCell) scores() (first, end float64) {
	shift := 2 * (geoSteps - c.step)
	return float64(c.bits << shift), float64((c.bits + 1) << shift)
}

// geoBox is a rectangle, in degrees.
type geoBox struct{ low, high geoPoint }

// box is the rectangle of a cell.
func (c geoCell) box() geoBox {
	x, y := c.xy()
	n := float64(uint64(1) << c.step)
	at := func(i uint32, limit float64) float64 { return float64(float64(i)/n*(2*limit)) - limit }
	return geoBox{geoPoint{at(x, geoLonMax), at(y, geoLatMax)}, geoPoint{at(x+1, geoLonMax), at(y+1, geoLatMax)}}
}

// neighbor is the cell some columns and rows further, around the world. A place
// at the very end of a range has a column or row that is not on the grid: it
// stays so in the other direction, as in Redis.
func (c geoCell) neighbor(dx, dy int) geoCell {
	x, y := c.xy()
	mask := uint32(1)<<c.step - 1
	if dx != 0 {
		x = (x + uint32(dx)) & mask
	}
	if dy != 0 {
		y = (y + uint32(dy)) & mask
	}
	return cellOf(x, y, c.step)
}

// geoScore is the score of a place.
func geoScore(p geoPoint) float64 {
	return float64(cellAt(p, geoLatMax, geoSteps).bits)
}

// placeOf is the middle of the cell that a score names.
func placeOf(score float64) geoPoint {
	b := geoCell{scoreBits(score), geoSteps}.box()
	return geoPoint{
		min(max((b.low.lon+b.high.lon)/2, -geoLonMax), geoLonMax),
		min(max((b.low.lat+b.high.lat)/2, -geoLatMax), geoLatMax),
	}
}

// scoreBits is the whole part of a score as a number of 64 bits. A score that is
// no geohash becomes what it does in Redis on x86, where C leaves it open.
func scoreBits(score float64) uint64 {
	const half = 1 << 63
	switch {
	case score < -half:
		return half
	case score < half:
		return uint64(int64(score))
	case score < 2*half:
		return uint64(int64(score-half)) ^ half
	}
	return 0
}

// geoLetters are the digits of a geohash as it is written.
const geoLetters = "0123456789bcdefghjkmnpqrstuvwxyz"

// geoText is the usual geohash of a place, with latitudes up to 90 degrees. Its
// last digit would need 55 bits and is 0.
func geoText(p geoPoint) (text [11]byte) {
	bits := cellAt(p, 90, geoSteps).bits
	for i := range 10 {
		text[i] = geoLetters[bits>>(2*geoSteps-5*(i+1))&31]
	}
	text[10] = geoLetters[0]
	return text
}

// distance is the length in meters of the shortest way over the sphere (the
// haversine formula), for replies.
func (p geoPoint) distance(q geoPoint) float64 {
	return p.haversine(q, math.Sin, math.Cos, math.Asin)
}

// storedDistance is distance for what a command keeps: it is the same on all
// machines, and takes some ten times as long.
func (p geoPoint) storedDistance(q geoPoint) float64 {
	return p.haversine(q, sine, cosine, arcsine)
}

func (p geoPoint) haversine(q geoPoint, sin, cos, asin func(float64) float64) float64 {
	v := sin((float64(q.lon*radian) - float64(p.lon*radian)) / 2)
	if v == 0 {
		return latDistance(p.lat, q.lat)
	}
	lat1, lat2 := p.lat*radian, q.lat*radian
	u := sin((lat2 - lat1) / 2)
	// The conversions keep compilers from fusing products and sums, which would
	// give other last digits on other machines.
	a := float64(u*u) + float64(float64(cos(lat1)*cos(lat2)*v)*v)
	return 2 * earthMeters * asin(math.Sqrt(a))
}

// latDistance is the distance of two latitudes in meters.
func latDistance(a, b float64) float64 {
	return earthMeters * math.Abs(float64(b*radian)-float64(a*radian))
}

// geoShape is the area of a search around a place: a circle or a rectangle
// whose sides lie along the meridians and parallels.
type geoShape struct {
	center        geoPoint
	round         bool
	radius        float64 // meters
	width, height float64 // meters
	stored        bool    // the result is kept
}

// distance is that of two places as the search needs it.
func (s *geoShape) distance(p, q geoPoint) float64 {
	if s.stored {
		return p.storedDistance(q)
	}
	return p.distance(q)
}

// holds tells whether a place is inside, and its distance from the center.
func (s *geoShape) holds(p geoPoint) (meters float64, ok bool) {
	if s.round {
		meters = s.distance(s.center, p)
		return meters, meters <= s.radius
	}
	if latDistance(p.lat, s.center.lat) > s.height/2 {
		return 0, false
	}
	if s.distance(p, geoPoint{s.center.lon, p.lat}) > s.width/2 {
		return 0, false
	}
	return s.distance(s.center, p), true
}

// bounds is a box around the area. It is bent: the side that is nearer to a
// pole spans more degrees.
func (s *geoShape) bounds() geoBox {
	height, width := s.height/2, s.width/2
	if s.round {
		height, width = s.radius, s.radius
	}
	dLat := height / earthMeters / radian
	near := s.center.lat + dLat
	if s.center.lat < 0 {
		near = s.center.lat - dLat
	}
	dLon := width / earthMeters / math.Cos(near*radian) / radian
	return geoBox{geoPoint{s.center.lon - dLon, s.center.lat - dLat}, geoPoint{s.center.lon + dLon, s.center.lat + dLat}}
}

// reach is the distance of the farthest place from the center, in meters.
func (s *geoShape) reach() float64 {
	if s.round {
		return s.radius
	}
	w, h := s.width/2, s.height/2
	return math.Sqrt(float64(w*w) + float64(h*h))
}

// stepFor is the finest grid of which a cell and its neighbors hold a circle.
func stepFor(meters, lat float64) uint8 {
	if meters == 0 {
		return geoSteps
	}
	step := 1
	for ; meters < mercatorMax; meters *= 2 {
		step++
	}
	step -= 2
	if math.Abs(lat) > 66 { // cells are narrow there
		step--
		if math.Abs(lat) > 80 {
			step--
		}
	}
	return uint8(min(max(step, 1), geoSteps))
}

// directions are the neighbors of a cell in the order in which they are
// searched, which is the order of results that are not sorted.
var directions = [9]struct{ dx, dy int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}

// cells are those that hold the area: that of the center and the neighbors that
// the bounds reach; the others are none.
func (s *geoShape) cells() (cells [9]geoCell) {
	bounds := s.bounds()
	step := stepFor(s.reach(), s.center.lat)
	own := cellAt(s.center, geoLatMax, step)
	if step > 1 && !own.around(bounds) {
		step--
		own = cellAt(s.center, geoLatMax, step)
	}
	box := own.box()
	for i, d := range directions {
		if step >= 2 && (d.dy < 0 && box.low.lat < bounds.low.lat || d.dy > 0 && box.high.lat > bounds.high.lat ||
			d.dx < 0 && box.low.lon < bounds.low.lon || d.dx > 0 && box.high.lon > bounds.high.lon) {
			continue
		}
		cells[i] = own.neighbor(d.dx, d.dy)
	}
	return cells
}

// around tells whether the cells around a cell reach as far as a box does.
func (c geoCell) around(b geoBox) bool {
	return c.neighbor(0, 1).box().high.lat >= b.high.lat && c.neighbor(0, -1).box().low.lat <= b.low.lat &&
		c.neighbor(1, 0).box().high.lon >= b.high.lon && c.neighbor(-1, 0).box().low.lon <= b.low.lon
}
