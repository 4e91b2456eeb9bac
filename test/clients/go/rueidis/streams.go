package main

import (
	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

func streams() {
	for _, id := range []string{"1-1", "2-1", "3-1"} {
		want("XADD", b().Xadd().Key("races").Id(id).FieldValue().FieldValue("rider", "r"+id).Build(), id)
	}
	fails("XADD of an old ID", b().Xadd().Key("races").Id("1-1").FieldValue().FieldValue("a", "b").Build(),
		"The ID specified in XADD is equal or smaller than the target stream top item")
	want("XLEN", b().Xlen().Key("races").Build(), 3)
	check.Same("XRANGE", check.Must(do(b().Xrange().Key("races").Start("-").End("+").Count(1).Build()).AsXRange()),
		[]rueidis.XRangeEntry{{ID: "1-1", FieldValues: map[string]string{"rider": "r1-1"}}})
	check.Same("XREVRANGE", ids(check.Must(do(b().Xrevrange().Key("races").End("+").Start("(1-1").Build()).AsXRange())), []string{"3-1", "2-1"})
	read := check.Must(do(b().Xread().Count(10).Streams().Key("races").Id("1-1").Build()).AsXRead())
	check.Same("XREAD", ids(read["races"]), []string{"2-1", "3-1"})

	want("XGROUP CREATE", b().XgroupCreate().Key("races").Group("g").Id("0").Mkstream().Build(), "OK")
	fails("XGROUP CREATE again", b().XgroupCreate().Key("races").Group("g").Id("0").Build(), "BUSYGROUP")
	group := func(consumer, from string) []string {
		got := check.Must(do(b().Xreadgroup().Group("g", consumer).Count(2).Streams().Key("races").Id(from).Build()).AsXRead())
		return ids(got["races"])
	}
	check.Same("XREADGROUP >", group("alice", ">"), []string{"1-1", "2-1"})
	check.Same("XREADGROUP > of another", group("bob", ">"), []string{"3-1"})
	check.Same("XREADGROUP 0", group("alice", "0"), []string{"1-1", "2-1"})
	want("XACK", b().Xack().Key("races").Group("g").Id("1-1", "9-9").Build(), 1)
	pending := check.Must(do(b().Xpending().Key("races").Group("g").Build()).ToAny())
	check.Same("XPENDING", pending, any([]any{int64(2), "2-1", "3-1", []any{[]any{"alice", "1"}, []any{"bob", "1"}}}))
	claimed := check.Must(do(b().Xclaim().Key("races").Group("g").Consumer("carol").MinIdleTime("0").Id("2-1").Build()).AsXRange())
	check.Same("XCLAIM", ids(claimed), []string{"2-1"})
	auto := check.Must(do(b().Xautoclaim().Key("races").Group("g").Consumer("carol").MinIdleTime("0").Start("0").Justid().Build()).ToAny())
	check.Same("XAUTOCLAIM JUSTID", auto, any([]any{"0-0", []any{"2-1", "3-1"}, []any{}}))
	groups := check.Must(do(b().XinfoGroups().Key("races").Build()).ToArray())
	info := check.Must(groups[0].AsMap())
	lag := info["lag"]
	check.Same("lag", check.Must(lag.AsInt64()), 0)
	want("XGROUP DELCONSUMER", b().XgroupDelconsumer().Key("races").Group("g").Consumername("carol").Build(), 2)
	want("XDEL", b().Xdel().Key("races").Id("2-1").Build(), 1)
	want("XTRIM", b().Xtrim().Key("races").Maxlen().Threshold("1").Build(), 1)
	stream := check.Must(do(b().XinfoStream().Key("races").Build()).AsMap())
	deleted := stream["max-deleted-entry-id"]
	check.Same("max-deleted-entry-id", check.Must(deleted.ToString()), "2-1")
}

func ids(entries []rueidis.XRangeEntry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.ID)
	}
	return list
}
