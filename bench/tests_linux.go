package main

import (
	"fmt"
	"strconv"
	"strings"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// An otherTest is a test of redis-benchmark other than SET and GET. Those
// that take from a container find it filled: redis-benchmark alone would
// measure how fast an empty list answers.
type otherTest struct {
	name    string
	test    string   // of redis-benchmark, "" when command is given
	command []string // for redis-benchmark: it would fill lists inside the measured run
	// prepare returns commands that set the scene for a run of ops operations.
	prepare func(ops uint64) (n int, command func(i int) []string)
	maxOps  uint64 // 0: no bound of its own
}

// perCommand is how many members a preparing command adds.
const perCommand = 100

// members prepares a container with at least ops members.
func members(key, add string, member func(n uint64) []string) func(uint64) (int, func(int) []string) {
	return func(ops uint64) (int, func(int) []string) {
		return int(ops/perCommand) + 1, func(i int) []string {
			args := []string{add, key}
			for j := range uint64(perCommand) {
				args = append(args, member(uint64(i)*perCommand+j)...)
			}
			return args
		}
	}
}

func element(n uint64) string { return "element:" + fmt.Sprintf("%012d", n) }

var listValue = strings.Repeat("x", valueBytes)

func otherTests() []otherTest {
	list := members("mylist", "RPUSH", func(uint64) []string { return []string{listValue} })
	set := members("myset", "SADD", func(n uint64) []string { return []string{element(n)} })
	zset := members("myzset", "ZADD", func(n uint64) []string { return []string{strconv.FormatUint(n, 10), element(n)} })
	tests := []otherTest{
		{name: "PING inline", test: "ping_inline"}, {name: "PING", test: "ping_mbulk"}, {name: "INCR", test: "incr"},
		{name: "LPUSH", test: "lpush"}, {name: "RPUSH", test: "rpush"},
		{name: "LPOP", test: "lpop", prepare: list}, {name: "RPOP", test: "rpop", prepare: list},
		{name: "SADD", test: "sadd"}, {name: "HSET", test: "hset"}, {name: "SPOP", test: "spop", prepare: set},
		{name: "ZADD", test: "zadd"}, {name: "ZPOPMIN", test: "zpopmin", prepare: zset},
	}
	for _, n := range []int{100, 300, 500, 600} {
		tests = append(tests, otherTest{name: fmt.Sprintf("LRANGE %d", n), command: []string{"LRANGE", "mylist", "0", strconv.Itoa(n - 1)},
			prepare: func(uint64) (int, func(int) []string) { return list(1000) }, maxOps: 100_000})
	}
	return append(tests, otherTest{name: "MSET (10 keys)", test: "mset"})
}

// containers are the keys that the tests use.
var containers = []string{"mylist", "myset", "myhash", "myzset"}

func otherTestsSuite() suite {
	var rows []string
	for _, p := range []int{1, 16} {
		for _, t := range otherTests() {
			rows = append(rows, fmt.Sprintf("%s, P=%d", t.name, p))
		}
	}
	return suite{"tests", rows, runOtherTests}
}

func runOtherTests(l *lab, t *report.Table) error {
	t.Title, t.Unit, t.Columns = "CPU time per operation, the other tests of redis-benchmark", "µs", []string{"redis", "larder"}
	t.Notes = []string{mainNote, "lists, sets and sorted sets are filled before the tests that take from them; a command that a server refuses is not available and counts nowhere"}
	g := l.startGroup(host.Params{Cores: serverCores}, l.redis, l.larder)
	for _, pipeline := range []int{1, 16} {
		if l.quick && pipeline == 1 {
			continue
		}
		var gains []float64
		measured := 0
		for _, test := range otherTests() {
			name := fmt.Sprintf("%s, P=%d", test.name, pipeline)
			if !l.wants(t.Name, name) {
				continue
			}
			l.logf("%s: %s", t.Name, name)
			row, gain, err := l.otherTest(g, test, pipeline)
			if err != nil {
				return err
			}
			row.Name = name
			t.Rows = append(t.Rows, row)
			measured++
			if gain > 0 {
				gains = append(gains, gain)
			}
		}
		t.Rows = append(t.Rows, geometricMean(pipeline, gains, measured, len(t.Columns))...)
	}
	return nil
}

// otherTest measures one row. gain is redis's CPU time ÷ larder's, 0 when one
// of them has none.
func (l *lab) otherTest(g *group, test otherTest, pipeline int) (row report.Row, gain float64, err error) {
	run := load.RedisBenchmark{Test: test.test, Command: test.command, Pipeline: pipeline, Conns: conns, Keys: l.keys, Value: valueBytes}
	const pilotOps = 10_000
	for _, name := range g.names {
		if s := g.servers[name]; s != nil {
			_ = l.prepare(s, test, pilotOps) // a refusal shows again below, in its row
		}
	}
	ops, err := l.pilot(g, run, l.cpuPerTest)
	if err != nil {
		return row, 0, err
	}
	if test.maxOps > 0 {
		ops = min(ops, test.maxOps)
	}
	rounds := l.plan.rounds
	if pipeline == 1 { // sockets are most of each figure, and they vary little
		rounds = max(min(rounds, 2), rounds-1)
	}
	got, err := l.alternateTimes(rounds, g, func(s *host.Server) (float64, error) {
		if err := l.prepare(s, test, ops); err != nil {
			return 0, err
		}
		return l.redisBenchmark(s, run, ops)
	})
	if err != nil {
		return row, 0, err
	}
	row.Cells = got.cells([]string{"redis", "larder"})
	row.Score = got.against("redis", report.AtMost, 1.0)
	if r := stats.Ratio(got.values["redis"], got.values["larder"]); r.N > 0 {
		gain = r.Median
	}
	return row, gain, nil
}

// prepare empties the containers and fills the one that the test takes from.
func (l *lab) prepare(s *host.Server, test otherTest, ops uint64) error {
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do(append([]string{"DEL"}, containers...)...); err != nil {
		return err
	}
	if test.prepare == nil {
		return nil
	}
	n, command := test.prepare(ops)
	return c.Pipeline(l.ctx, n, command)
}

// geometricMean is the row below the tests of one pipeline depth. It has a
// score only if every test of this run has one: a mean over the commands that
// happen to be there would not be comparable.
func geometricMean(pipeline int, gains []float64, tests, columns int) []report.Row {
	if tests == 0 {
		return nil
	}
	row := report.Row{Name: fmt.Sprintf("geometric mean, P=%d", pipeline), Cells: make([]report.Cell, columns),
		Note:  fmt.Sprintf("throughput per CPU second, larder ÷ redis; %d of %d tests have a figure, their mean is %.2f", len(gains), tests, stats.GeoMean(gains)),
		Score: &report.Score{Relation: report.AtLeast, Target: 1, Of: "× redis's throughput"}}
	if pipeline == 16 {
		row.Score.Target = 1.6
	}
	if len(gains) == tests {
		row.Score.Figure = stats.Summarize([]float64{stats.GeoMean(gains)})
	}
	return []report.Row{row}
}
