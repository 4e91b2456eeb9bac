package compat

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

// geoFamily searches among places that are drawn so that no two are equally far
// from a third, because the order of equals is each server's own.
var geoFamily = family{
	name:  "geo",
	spoil: 6,
	rows: []string{
		"GEOADD gkey {NX|XX|CH} (lon lat place)*",
		"GEOADD gkey (lon lat place)*",
		"GEODIST gkey place place [unit]",
		"GEOHASH gkey place*",
		"GEOHASH gkey",
		"GEOPOS gkey place*",
		"GEOPOS gkey",
		"GEOSEARCH gkey (FROMMEMBER place|FROMLONLAT lon any) (BYRADIUS radius unit|BYBOX radius radius unit) (ASC|DESC) {COUNT few|WITHDIST|WITHCOORD|WITHHASH}",
		"GEOSEARCH gkey (FROMMEMBER place|FROMLONLAT lon any) (BYRADIUS radius unit|BYBOX radius radius unit) {ASC|DESC|COUNT few|COUNT few ANY|WITHDIST|WITHCOORD|WITHHASH}",
		"GEOSEARCH gkey {FROMMEMBER place|FROMLONLAT lon any|BYRADIUS radius unit|BYBOX radius radius unit|ASC|ANY|STOREDIST} BYRADIUS radius unit",
		"GEOSEARCHSTORE tkey gkey (FROMMEMBER place|FROMLONLAT lon any) (BYRADIUS radius unit|BYBOX radius radius unit) {ASC|DESC|COUNT few|COUNT few ANY|WITHDIST|STOREDIST}",
		"GEORADIUS gkey lon any radius unit {ASC|DESC|COUNT few|COUNT few ANY|WITHDIST|WITHCOORD|WITHHASH}",
		"GEORADIUS gkey lon any radius unit [ASC] (STORE tkey|STOREDIST tkey)",
		"GEORADIUS gkey lon any radius unit WITHDIST STORE tkey",
		"GEORADIUS_RO gkey lon any radius unit {ASC|DESC|COUNT few|STORE tkey|WITHDIST}",
		"GEORADIUSBYMEMBER gkey place radius unit {ASC|DESC|COUNT few|COUNT few ANY|WITHDIST|WITHCOORD|WITHHASH}",
		"GEORADIUSBYMEMBER gkey place radius unit DESC (STORE tkey|STOREDIST tkey)",
		"GEORADIUSBYMEMBER_RO gkey place radius unit {ASC|DESC|COUNT few|STORE tkey|WITHDIST}",
		"ZRANGE (gkey|tkey) 0 -1 WITHSCORES",
		"ZADD gkey (score place)",
		"ZREM gkey place",
		"SET gkey place",
		"DEL gkey",
	},
	classes: harness.Classes{
		"gkey":  harness.Choose("g1", "g1", "g1", "g2", "g3"),
		"tkey":  harness.Choose("g4", "g5"),
		"place": harness.Integer(0, 60),
		"lon":   harness.Mix(12, degrees(180), 6, degrees(3), 1, harness.Choose("180", "-180", "180.1", "0", "abc", "inf", "-0", "nan", "")),
		"lat":   harness.Mix(12, degrees(85), 6, degrees(3), 1, harness.Choose("86", "abc", "-inf", "")),
		"any":   harness.Mix(4, degrees(85), 2, harness.Arg(polar), 1, harness.Choose("85.05112878", "-85.05112878", "0")),
		"unit":  harness.Choose("m", "km", "KM", "ft", "mi", "km", "km", "lightyears", ""),
		"radius": harness.Mix(10, harness.Integer(1, 20_000), 4, harness.Integer(1, 300), 4, harness.Integer(1, 2_000_000),
			1, harness.Choose("0", "-1", "abc", "1e9", "0.5", "inf")),
		"few":   harness.Mix(8, harness.Integer(1, 6), 1, harness.Choose("0", "-1", "abc", "100")),
		"score": harness.Mix(3, harness.Integer(0, 1<<52), 1, harness.Choose("-5", "0.5", "1e18", "inf", "-inf")),
	},
	special: manyPlaces, specialPercent: 5,
	epilogue: commands("0> ZRANGE g1 0 -1 WITHSCORES", "0> ZRANGE g4 0 -1 WITHSCORES", "0> ZRANGE g5 0 -1 WITHSCORES"),
}

// degrees draws a coordinate with six decimals.
func degrees(limit float64) harness.Arg {
	return func(r *rand.Rand) []byte { return fmt.Appendf(nil, "%.6f", (2*r.Float64()-1)*limit) }
}

// polar draws a latitude where cells are narrow.
func polar(r *rand.Rand) []byte {
	return fmt.Appendf(nil, "%.6f", (60+25*r.Float64())*float64(1-2*r.IntN(2)))
}

// manyPlaces adds places all over the world, or near each other.
func manyPlaces(r *rand.Rand) []harness.Step {
	lon, lat, spread := (2*r.Float64()-1)*160, (2*r.Float64()-1)*70, []float64{0.01, 1, 20}[r.IntN(3)]
	world := r.IntN(4) == 0
	line := fmt.Sprintf("0> GEOADD g%d", 1+r.IntN(2))
	for range 20 {
		x, y := lon+spread*(r.Float64()-0.5), lat+spread*(r.Float64()-0.5)
		if world {
			x, y = (2*r.Float64()-1)*180, (2*r.Float64()-1)*85
		}
		line += fmt.Sprintf(" %.7f %.7f %d", x, y, r.IntN(61))
	}
	return commands(line)
}

func TestGeo(t *testing.T) {
	r := respPair(t)
	r.Equal = func(step harness.Step, oracle, subject harness.Reply) string {
		if step.Name() == "ZRANGE" { // after STOREDIST
			return harness.NearDoubles(oracle, subject)
		}
		return harness.Compare(step, oracle, subject)
	}
	geoFamily.check(t, r)
}
