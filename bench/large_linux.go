package main

import (
	"fmt"
	"strconv"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
)

// largeTests are commands on containers of a million members: what must not
// depend on how many there are.
func largeTests(members int) []otherTest {
	middle, behind := strconv.Itoa(members/2), strconv.Itoa(members/2+9)
	return []otherTest{
		{name: "HGET", command: []string{"HGET", "myhash", "element:__rand_int__"}},
		{name: "HSET", command: []string{"HSET", "myhash", "element:__rand_int__", listValue}},
		{name: "SISMEMBER", command: []string{"SISMEMBER", "myset", "element:__rand_int__"}},
		{name: "ZADD", command: []string{"ZADD", "myzset", "__rand_int__", "element:__rand_int__"}},
		{name: "ZRANK", command: []string{"ZRANK", "myzset", "element:__rand_int__"}},
		{name: "ZRANGE by index, 10 in the middle", command: []string{"ZRANGE", "myzset", middle, behind}},
		{name: "LINDEX in the middle", command: []string{"LINDEX", "mylist", middle}, maxOps: 20_000},
	}
}

// largePipeline is the depth at which they are measured: at 1 the sockets
// would be most of the figure.
const largePipeline = 16

func largeSuite() suite {
	var rows []string
	for _, t := range largeTests(0) {
		rows = append(rows, t.name)
	}
	return suite{"large", rows, runLarge}
}

func runLarge(l *lab, t *report.Table) error {
	t.Title = fmt.Sprintf("CPU time per operation, containers of %s members, P=%d", millions(uint64(l.members)), largePipeline)
	t.Unit, t.Columns = "µs", []string{"redis", "larder"}
	t.Notes = []string{mainNote}
	g := l.startGroup(host.Params{Cores: serverCores}, l.redis, l.larder)
	for _, name := range g.names {
		if s := g.servers[name]; s != nil {
			_ = l.fillLarge(s) // a refusal shows again below, in the rows
		}
	}
	for _, test := range largeTests(l.members) {
		if !l.wants(t.Name, test.name) {
			continue
		}
		l.logf("%s: %s", t.Name, test.name)
		run := load.RedisBenchmark{Command: test.command, Pipeline: largePipeline, Conns: conns, Keys: uint64(l.members), Value: valueBytes}
		ops, err := l.pilot(g, run, l.cpuPerTest)
		if err != nil {
			return err
		}
		if test.maxOps > 0 {
			ops = min(ops, test.maxOps)
		}
		got, err := l.alternate(g, func(s *host.Server) (float64, error) { return l.redisBenchmark(s, run, ops) })
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, report.Row{Name: test.name, Cells: got.cells(t.Columns), Score: got.against("redis", report.AtMost, 1.0)})
	}
	return nil
}

// fillLarge makes the four containers.
func (l *lab) fillLarge(s *host.Server) error {
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, fill := range []struct {
		key, add string
		member   func(n uint64) []string
	}{
		{"myhash", "HSET", func(n uint64) []string { return []string{element(n), listValue} }},
		{"myset", "SADD", func(n uint64) []string { return []string{element(n)} }},
		{"myzset", "ZADD", func(n uint64) []string { return []string{strconv.FormatUint(n, 10), element(n)} }},
		{"mylist", "RPUSH", func(uint64) []string { return []string{listValue} }},
	} {
		n, command := members(fill.key, fill.add, fill.member)(uint64(l.members))
		if err := c.Pipeline(l.ctx, n, command); err != nil {
			return fmt.Errorf("%s: %w", fill.add, err)
		}
	}
	return nil
}
