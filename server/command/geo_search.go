package command

import (
	"bytes"
	"cmp"
	"slices"

	"larder/engine"
	"larder/protocol/resp"
)

// Searches for places near another one: GEOSEARCH, GEOSEARCHSTORE and their
// older relatives GEORADIUS and GEORADIUSBYMEMBER. The area is covered by up to
// nine cells of the grid, each of which is a range of scores; what these ranges
// hold is looked at one by one.

// geoForm is what the name of a command says about its arguments.
type geoForm struct {
	search   bool // options say where and how far, as in GEOSEARCH
	store    bool // the first key takes the result, as in GEOSEARCHSTORE
	member   bool // the center is a member
	readOnly bool // STORE is no option
}

func geoSearch(c *Ctx)           { c.geoSearch(geoForm{search: true}) }
func geoSearchStore(c *Ctx)      { c.geoSearch(geoForm{search: true, store: true}) }
func geoRadius(c *Ctx)           { c.geoSearch(geoForm{}) }
func geoRadiusRO(c *Ctx)         { c.geoSearch(geoForm{readOnly: true}) }
func geoRadiusByMember(c *Ctx)   { c.geoSearch(geoForm{member: true}) }
func geoRadiusByMemberRO(c *Ctx) { c.geoSearch(geoForm{member: true, readOnly: true}) }

// geoQuery is a search that was parsed.
type geoQuery struct {
	geoForm
	source  int // index in c.Keys
	target  int // index in c.Keys of the key that takes the result, -1: none
	z       engine.ZSet
	found   bool
	shape   geoShape
	unit    float64 // meters
	placed  bool    // the center was given
	sized   bool    // the size of the area was given
	fromLon bool    // the center was given by FROMLONLAT

	dist, hash, coord bool
	storeDist         bool
	order             int   // 1 nearest first, -1 farthest first
	count             int64 // 0: all
	any               bool  // the first count that are found
}

// geoHit is a place that a search has found.
type geoHit struct {
	member []byte
	score  float64
	meters float64
	at     geoPoint
}

func (c *Ctx) geoSearch(form geoForm) {
	q := &geoQuery{geoForm: form, target: -1, unit: 1}
	first := 2 // argument behind the source key
	if form.store {
		q.source, q.target, first = 1, 0, 3
	}
	var ok bool
	if q.found, ok = c.zset(q.source, &q.z); !ok || !c.geoCenter(q, &first) || !c.parseGeo(q, first) || !c.checkGeo(q) {
		return
	}
	if !q.found {
		if q.target < 0 {
			c.Out.Array(0)
		} else {
			c.zstore(q.target, &zresult{}, "")
		}
		return
	}
	if c.heavyRead(q.source, q.work()) {
		return
	}
	q.shape.stored = q.target >= 0
	hits := q.run()
	if q.target >= 0 {
		c.geoStore(q, hits)
		return
	}
	c.geoReply(q, hits)
}

// geoCenter parses what stands at fixed places before the options, and moves
// first behind it; on failure it has replied.
func (c *Ctx) geoCenter(q *geoQuery, first *int) (ok bool) {
	if q.search {
		return true
	}
	q.placed, q.sized, q.shape.round = true, true, true
	if q.member {
		*first = 5
		if !q.found {
			return true // the options decide what the reply is
		}
		if !c.geoMember(q, 2) {
			return false
		}
	} else {
		*first = 6
		if q.shape.center, ok = c.geoPoint(2); !ok {
			return false
		}
	}
	return c.geoRadiusAt(q, *first-2)
}

// geoMember makes the place of the member at argument i the center; on failure
// it has replied.
func (c *Ctx) geoMember(q *geoQuery, i int) bool {
	score, ok := q.z.Score(c.Args[i])
	if !ok {
		c.Out.Error("ERR could not decode requested zset member")
		return false
	}
	q.shape.center = placeOf(score)
	return true
}

// geoRadiusAt parses a radius and its unit from argument i on; on failure it
// has replied.
func (c *Ctx) geoRadiusAt(q *geoQuery, i int) (ok bool) {
	r, ok := c.double(i, "ERR need numeric radius")
	if !ok {
		return false
	}
	if r < 0 {
		c.Out.Error("ERR radius cannot be negative")
		return false
	}
	if q.unit, ok = c.geoUnit(i + 1); !ok {
		return false
	}
	q.shape.round, q.shape.radius = true, r*q.unit
	return true
}

// geoBoxAt parses a width, a height and their unit from argument i on; on
// failure it has replied.
func (c *Ctx) geoBoxAt(q *geoQuery, i int) (ok bool) {
	w, ok := c.double(i, "ERR need numeric width")
	if !ok {
		return false
	}
	h, ok := c.double(i+1, "ERR need numeric height")
	if !ok {
		return false
	}
	if w < 0 || h < 0 {
		c.Out.Error("ERR height or width cannot be negative")
		return false
	}
	if q.unit, ok = c.geoUnit(i + 2); !ok {
		return false
	}
	q.shape.round, q.shape.width, q.shape.height = false, w*q.unit, h*q.unit
	return true
}

// parseGeo reads the options from argument i on; on failure it has replied.
func (c *Ctx) parseGeo(q *geoQuery, i int) bool {
	for ; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case c.Is(i, "WITHDIST"):
			q.dist = true
		case c.Is(i, "WITHHASH"):
			q.hash = true
		case c.Is(i, "WITHCOORD"):
			q.coord = true
		case c.Is(i, "ANY"):
			q.any = true
		case c.Is(i, "ASC"):
			q.order = 1
		case c.Is(i, "DESC"):
			q.order = -1
		case c.Is(i, "COUNT") && left > 0:
			i++
			var ok bool
			if q.count, ok = resp.ParseInt(c.Args[i]); !ok {
				c.Out.Error(ErrNotInt)
				return false
			}
			if q.count <= 0 {
				c.Out.Error("ERR COUNT must be > 0")
				return false
			}
		default:
			n, ok := c.parseGeoArea(q, i, left)
			if !ok {
				return false
			}
			i += n
		}
	}
	return true
}

// parseGeoArea reads the option at argument i that says where to search, how
// far, or where the result goes, and returns how many arguments belong to it;
// on failure it has replied.
func (c *Ctx) parseGeoArea(q *geoQuery, i, left int) (n int, ok bool) {
	switch {
	case !q.search && !q.readOnly && left > 0 && (c.Is(i, "STORE") || c.Is(i, "STOREDIST")):
		q.storeDist = c.Is(i, "STOREDIST")
		return 1, c.geoTarget(q, i+1)
	case q.store && c.Is(i, "STOREDIST"):
		q.storeDist = true
		return 0, true
	case q.search && left > 0 && c.Is(i, "FROMMEMBER") && !q.fromLon:
		q.placed = true
		return 1, !q.found || c.geoMember(q, i+1)
	case q.search && left > 1 && c.Is(i, "FROMLONLAT") && (!q.placed || q.fromLon):
		q.placed, q.fromLon = true, true
		q.shape.center, ok = c.geoPoint(i + 1)
		return 2, ok
	case q.search && left > 1 && c.Is(i, "BYRADIUS") && (!q.sized || q.shape.round):
		q.sized = true
		return 2, c.geoRadiusAt(q, i+1)
	case q.search && left > 2 && c.Is(i, "BYBOX") && (!q.sized || !q.shape.round):
		q.sized = true
		return 3, c.geoBoxAt(q, i+1)
	}
	c.Out.Error(ErrSyntax)
	return 0, false
}

// geoTarget makes the key at argument i the one that takes the result. Only
// keys that the dispatcher has found are locked: of several STORE options it
// takes the first.
func (c *Ctx) geoTarget(q *geoQuery, i int) bool {
	for k := 1; k < len(c.Keys); k++ {
		if bytes.Equal(c.Keys[k].Name, c.Args[i]) {
			q.target = k
			return true
		}
	}
	c.Out.Error(ErrSyntax)
	return false
}

// checkGeo tells whether the options go together; if not it has replied.
func (c *Ctx) checkGeo(q *geoQuery) bool {
	name := string(c.Args[0])
	switch {
	case q.target >= 0 && (q.dist || q.hash || q.coord):
		what := "STORE option in GEORADIUS"
		if q.store {
			what = "GEOSEARCHSTORE"
		}
		c.Out.Error("ERR " + what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case !q.placed:
		c.Out.Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name)
	case !q.sized:
		c.Out.Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + name)
	case q.any && q.count == 0:
		c.Out.Error("ERR the ANY argument requires COUNT argument")
	default:
		return true
	}
	return false
}

// ranges calls f with the ranks in each cell to search, in order, until it
// returns false. The neighbors of a cell so large that they are one and the
// same are searched once.
func (q *geoQuery) ranges(f func(first, end int) bool) {
	cells := q.shape.cells()
	last := 0
	for i, cell := range cells {
		if cell == (geoCell{}) || last != 0 && cell == cells[last] {
			continue
		}
		last = i
		low, high := cell.scores()
		if !f(q.z.RankOfScore(low, false), q.z.RankOfScore(high, false)) {
			return
		}
	}
}

// work is what the search weighs for Heavy.
func (q *geoQuery) work() (n int) {
	q.ranges(func(first, end int) bool {
		n += (end - first) * zmemberBytes
		return true
	})
	return n
}

// run returns what is found, in the order and number that were asked for.
func (q *geoQuery) run() (hits []geoHit) {
	var keep zresult
	q.ranges(func(first, end int) bool {
		var cur engine.ZCursor
		q.z.Seek(&cur, first, false)
		for ; first < end; first++ {
			if q.any && int64(len(hits)) >= q.count {
				return false
			}
			cur.Next()
			at := placeOf(cur.Score())
			if meters, ok := q.shape.holds(at); ok {
				hits = append(hits, geoHit{keep.copy(cur.Member()), cur.Score(), meters, at})
			}
		}
		return true
	})
	order := q.order
	if order == 0 && q.count > 0 && !q.any {
		order = 1
	}
	if order != 0 {
		slices.SortStableFunc(hits, func(a, b geoHit) int { return order * cmp.Compare(a.meters, b.meters) })
	}
	if q.count > 0 && int64(len(hits)) > q.count {
		hits = hits[:q.count]
	}
	return hits
}

// geoReply replies what was found.
func (c *Ctx) geoReply(q *geoQuery, hits []geoHit) {
	fields := 1
	for _, with := range []bool{q.dist, q.hash, q.coord} {
		if with {
			fields++
		}
	}
	c.Out.Array(len(hits))
	for _, h := range hits {
		if fields > 1 {
			c.Out.Array(fields)
		}
		c.Out.Bulk(h.member)
		if q.dist {
			c.geoDistance(h.meters / q.unit)
		}
		if q.hash {
			c.Out.Int(int64(h.score))
		}
		if q.coord {
			c.geoPlace(h.at)
		}
	}
}

// geoStore makes what was found the sorted set at the target key.
func (c *Ctx) geoStore(q *geoQuery, hits []geoHit) {
	r := &zresult{}
	for _, h := range hits {
		score := h.score
		if q.storeDist {
			score = h.meters / q.unit
		}
		r.members = append(r.members, engine.ZMember{Member: h.member, Score: score})
	}
	r.sort()
	event := "georadiusstore"
	if q.search {
		event = "geosearchstore"
	}
	c.zstore(q.target, r, event)
	if n := len(hits); n > 0 && !c.NoRoom {
		c.Dirty += n - 1
	}
}
