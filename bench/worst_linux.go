package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// A worstCase is a command that takes long, which one connection sends again
// and again while others GET.
type worstCase struct {
	name string
	// repeat is what it sends each time, with nothing in between.
	repeat [][]string
	// once says that it cannot be repeated: it is sent once, and the GETs of the
	// time around it count.
	once bool
	// holds says that it keeps what it needs for as long as it runs: who asks for
	// the same waits. It has no target.
	holds bool
}

// worstCases are commands on containers of so many members, or on as many keys.
// Those that change a container change a copy of it.
func worstCases(members int) []worstCase {
	half, last := strconv.Itoa(members/2), strconv.Itoa(members-1)
	loop := strconv.Itoa(20 * members)
	return []worstCase{
		{name: "nothing else"},
		{name: "KEYS *", repeat: [][]string{{"KEYS", "*"}}},
		{name: "SMEMBERS", repeat: [][]string{{"SMEMBERS", "myset"}}},
		{name: "ZRANGE WITHSCORES", repeat: [][]string{{"ZRANGE", "myzset", "0", last, "WITHSCORES"}}},
		{name: "SUNIONSTORE", repeat: [][]string{{"SUNIONSTORE", "copy", "myset", "myset2"}}},
		{name: "ZINTERSTORE", repeat: [][]string{{"ZINTERSTORE", "copy", "2", "myzset", "myzset"}}},
		{name: "COPY, UNLINK of a hash", repeat: [][]string{{"COPY", "myhash", "copy", "REPLACE"}, {"UNLINK", "copy"}}},
		{name: "COPY, PEXPIRE of a set", repeat: [][]string{{"COPY", "myset", "copy", "REPLACE"}, {"PEXPIRE", "copy", "1"}}},
		{name: "COPY, RENAME of a list", repeat: [][]string{{"COPY", "mylist", "copy", "REPLACE"}, {"RENAME", "copy", "moved"}}},
		{name: "COPY, ZREMRANGEBYRANK of half", repeat: [][]string{{"COPY", "myzset", "copy", "REPLACE"}, {"ZREMRANGEBYRANK", "copy", "0", half}}},
		{name: "SORT", repeat: [][]string{{"SORT", "myzset", "ALPHA", "DESC", "LIMIT", "0", "10"}}},
		{name: "script that only computes", repeat: [][]string{{"EVAL", "local x = 0 for i = 1, " + loop + " do x = x + i end return x", "0"}}},
		{name: "script on one key", repeat: [][]string{{"EVAL", "for i = 1, " + half + " do redis.call('HGET', KEYS[1], i) end", "1", "myhash"}}, holds: true},
		{name: "FLUSHALL", repeat: [][]string{{"FLUSHALL"}}, once: true},
	}
}

const (
	// worstConns and worstRate are the load beside the bad command: much less
	// than the server takes, so that nobody waits for anything but that.
	worstConns = 8
	worstRate  = 6000
	// worstMs is what p99.9 must not exceed.
	worstMs = 2
)

func worstSuite() suite {
	var rows []string
	for _, w := range worstCases(0) {
		rows = append(rows, w.name)
	}
	return suite{"worst", rows, runWorst}
}

// worstFigures are the columns of each server.
var worstFigures = []string{"p50", "p99", "p99.9", "max"}

func runWorst(l *lab, t *report.Table) error {
	t.Title, t.Unit = fmt.Sprintf("Latency of GETs beside a command on %s members or keys", millions(uint64(l.members))), "ms"
	for _, server := range []string{"redis", "larder"} {
		for _, f := range worstFigures {
			t.Columns = append(t.Columns, server+" "+f)
		}
	}
	t.Notes = []string{fmt.Sprintf("servers and generator share both cores, larder has two event loops; %d connections send %d GETs/s in an open loop, one more sends the command again and again", worstConns, worstRate),
		"a script holds the keys that it has named, and all others of their shards, until it ends: it has no target"}
	// Three goroutines: who sends the bad command must not wait for the other.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer func() { _ = host.PinSelf(loadCore) }()
	if err := host.PinSelf(0, loadCore); err != nil {
		return err
	}
	rows := make(map[string][]report.Cell)
	for _, spec := range []host.Spec{l.redis, l.larder} {
		if err := l.worstOf(spec, t.Name, rows); err != nil {
			return err
		}
	}
	for _, w := range worstCases(l.members) {
		if !l.wants(t.Name, w.name) {
			continue
		}
		row := report.Row{Name: w.name, Cells: rows[w.name]}
		if w.repeat != nil && !w.holds {
			row.Score = &report.Score{Relation: report.AtMost, Target: worstMs, Of: "ms"}
			row.Score.Figure = row.Cells[len(worstFigures)+2].Summary
		}
		t.Rows = append(t.Rows, row)
	}
	return nil
}

// worstOf measures one server and appends its cells to those of the rows.
func (l *lab) worstOf(spec host.Spec, table string, rows map[string][]report.Cell) error {
	g := l.startGroup(host.Params{Cores: "0-1", Threads: 2}, spec)
	defer l.stopAll()
	if err := l.fill(g, uint64(l.members), resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	err := l.each(g, l.fillWorst)
	if err != nil {
		return err
	}
	for _, w := range worstCases(l.members) {
		if !l.wants(table, w.name) {
			continue
		}
		l.logf("%s: %s, %s", table, w.name, spec.Name)
		h, missing := new(stats.Histogram), g.missing[spec.Name]
		if s := g.servers[spec.Name]; s != nil {
			seen, err := l.beside(s, w)
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			if err != nil {
				missing = err.Error()
			} else {
				h = &seen.After
			}
		}
		for _, q := range []float64{0.5, 0.99, 0.999, 1} {
			c := report.Cell{Missing: missing}
			if missing == "" {
				c.Summary = stats.Summarize([]float64{micros(h.Quantile(q)) / 1000})
			}
			rows[w.name] = append(rows[w.name], c)
		}
	}
	return nil
}

// fillWorst makes the four containers, and a second set and sorted set that
// overlap with the first.
func (l *lab) fillWorst(s *host.Server) error {
	if err := l.fillLarge(s); err != nil {
		return err
	}
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	second := uint64(l.members / 10)
	from := uint64(l.members) - second/2
	n, command := members("myset2", "SADD", func(n uint64) []string { return []string{element(from + n)} })(second)
	if err := c.Pipeline(l.ctx, n, command); err != nil {
		return err
	}
	n, command = members("myzset2", "ZADD", func(n uint64) []string { return []string{strconv.FormatUint(n, 10), element(from + n)} })(second)
	return c.Pipeline(l.ctx, n, command)
}

// beside measures GETs while the bad command is sent.
func (l *lab) beside(s *host.Server, w worstCase) (*load.Latencies, error) {
	pool, err := load.Dial(s.Addr, worstConns)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	d, err := load.DialDrain(s.Addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(l.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.send(ctx, d) }()
	const calm = 20 * time.Millisecond // until the command is under way
	seen, err := pool.Open(l.ctx, load.Open{Protocol: load.NewRESP(valueBytes, 0), Rate: worstRate, Duration: l.worstRun + calm, Split: calm, Rest: true,
		Next: load.Mix(uint64(l.members), 1<<40, 1)})
	cancel()
	if badErr := <-ended; err == nil && !errors.Is(badErr, context.Canceled) {
		err = badErr
	}
	d.Close()
	return seen, err
}

// send sends the case's commands until ctx ends.
func (w *worstCase) send(ctx context.Context, d *load.Drain) error {
	for ctx.Err() == nil && len(w.repeat) > 0 {
		for _, args := range w.repeat {
			if err := d.Do(args...); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
		}
		if w.once {
			return nil
		}
	}
	return nil
}
