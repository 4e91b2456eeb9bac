package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"larder/bench/host"
	"larder/bench/report"
	"larder/bench/stats"
)

// tinyPlan measures next to nothing, but everything.
var tinyPlan = plan{rounds: 1, cpuPerRun: time.Millisecond, cpuPerTest: time.Millisecond, keys: 5000, manyKeys: 6000,
	memoryKeys: 50_000, collections: 1000, members: 10_000, settle: 20 * time.Millisecond, latencyRun: 50 * time.Millisecond, expiringKeys: 1000,
	worstRun: 50 * time.Millisecond, reclaimTime: 200 * time.Millisecond, idleConns: 60}

// newTestLab returns a lab in which a server of the distribution stands in
// for larder.
func newTestLab(t *testing.T, larder host.Spec, only string) *lab {
	t.Helper()
	o, err := parseOptions(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	larder.Name = "larder"
	o.larder = larder
	o.only = regexp.MustCompile(only)
	o.policies = []string{"allkeys-lfu"}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	l := &lab{options: o, plan: tinyPlan, ctx: ctx, progress: io.Discard}
	t.Cleanup(func() {
		l.stopAll()
		cancel()
	})
	return l
}

var (
	redisAsLarder     = host.Spec{Path: "redis-server", Args: redisArgs}
	memcachedAsLarder = host.Spec{Path: "memcached", Args: memcachedArgs}
)

// measured fails unless every row has a figure for each of the contenders.
func measured(t *testing.T, table report.Table, contenders ...string) {
	t.Helper()
	for _, r := range table.Rows {
		for i, c := range r.Cells {
			for _, name := range contenders {
				if table.Columns[i] == name && (c.Missing != "" || c.Summary.N == 0) {
					t.Errorf("%s, %s, %s: no figure: %s", table.Name, r.Name, name, c.Missing)
				}
			}
		}
		if r.Score != nil && r.Verdict() == report.NotAvailable {
			t.Errorf("%s, %s: has a target but no score", table.Name, r.Name)
		}
	}
}

func TestTablesAgainstRealServers(t *testing.T) {
	for _, c := range []struct {
		only   string
		larder host.Spec
		rows   int
		names  []string
	}{
		{"throughput/.*P=16", redisAsLarder, 2, []string{"redis", "larder"}},
		{"manykeys", redisAsLarder, 2, []string{"redis", "larder"}},
		{"tests/(LPOP|LRANGE 100|ZPOPMIN), P=16", redisAsLarder, 4, []string{}},
		{"^large/", redisAsLarder, 7, []string{"redis", "larder"}},
		{"memcached", memcachedAsLarder, 5, []string{"memcached", "larder"}},
		{"memory/(16-byte key, 64|.*hash)", redisAsLarder, 3, []string{"redis", "larder"}},
		{"latency/.*rest", redisAsLarder, 4, []string{"redis", "larder"}},
		{"^worst/(nothing|KEYS|COPY, UNLINK|FLUSH)", redisAsLarder, 4, []string{"redis p50", "redis p99.9", "larder p99", "larder p99.9", "larder max"}},
		{"scaling", redisAsLarder, 3, []string{"one loop", "two loops"}},
		{"idle", redisAsLarder, 5, []string{"redis", "larder"}},
	} {
		l := newTestLab(t, c.larder, c.only)
		tables, failures := l.runAll(io.Discard)
		if len(failures) > 0 || len(tables) != 1 {
			t.Errorf("%s: %d tables, failures %v", c.only, len(tables), failures)
			continue
		}
		if len(tables[0].Rows) != c.rows {
			t.Errorf("%s: %d rows, want %d", c.only, len(tables[0].Rows), c.rows)
		}
		measured(t, tables[0], c.names...)
		if len(l.running) > 0 {
			t.Errorf("%s: servers are left running", c.only)
		}
	}
}

// A server that refuses a command or speaks no Redis protocol is reported as
// not available, and no row of it counts as reached.
func TestWhatIsMissingIsNotCounted(t *testing.T) {
	without := redisAsLarder
	without.Args += " --rename-command LPUSH '' --rename-command INCR ''"
	l := newTestLab(t, without, "tests/(INCR|LPUSH|RPUSH), P=16")
	tables, _ := l.runAll(io.Discard)
	if len(tables) != 1 || len(tables[0].Rows) != 4 {
		t.Fatalf("got %+v", tables)
	}
	for _, r := range tables[0].Rows[:3] {
		refused := r.Name != "RPUSH, P=16"
		if (r.Cells[1].Missing != "") != refused || (r.Verdict() == report.NotAvailable) != refused {
			t.Errorf("%s: verdict %q, missing %q", r.Name, r.Verdict(), r.Cells[1].Missing)
		}
	}
	if mean := tables[0].Rows[3]; !strings.Contains(mean.Note, "1 of 3") || mean.Verdict() != report.NotAvailable {
		t.Errorf("mean: %+v", mean)
	}

	l = newTestLab(t, host.Spec{Path: "no-such-server", Args: larderArgs}, "throughput/GET, P=1$")
	tables, _ = l.runAll(io.Discard)
	if len(tables) != 1 || report.Tally(tables)[report.NotAvailable] != 1 || tables[0].Rows[0].Cells[0].Summary.N != 1 {
		t.Errorf("got %+v", tables)
	}
}

// writeTrace writes a trace of uniformly random keys.
func writeTrace(t *testing.T, dir, name string, requests, keys int) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, name+".txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	rng := rand.New(rand.NewPCG(1, 2))
	for range requests {
		fmt.Fprintln(z, 100000+rng.IntN(keys))
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestHitRatioTable(t *testing.T) {
	l := newTestLab(t, redisAsLarder, "hitratio/(loop|gli, 500)")
	l.traces = t.TempDir()
	writeTrace(t, l.traces, "loop", 6000, 1000)
	writeTrace(t, l.traces, "gli", 1000, 520) // too few keys for any capacity
	tables, failures := l.runAll(io.Discard)
	if len(failures) > 0 || len(tables) != 1 || len(tables[0].Rows) != 2 || len(tables[0].Columns) != 2 {
		t.Fatalf("got %+v, %v", tables, failures)
	}
	loop, gli := tables[0].Rows[0], tables[0].Rows[1]
	if c := loop.Cells[0]; c.Missing == "" && (c.Summary.Median < 38 || c.Summary.Median > 52) {
		t.Errorf("loop: %+v", c)
	}
	if loop.Score.Figure != loop.Cells[1].Summary {
		t.Errorf("the score is not that of the first policy: %+v", loop)
	}
	if !strings.Contains(gli.Cells[1].Missing, "too few") || gli.Verdict() != report.NotAvailable {
		t.Errorf("gli: %+v", gli)
	}
}

func TestExpiryTable(t *testing.T) {
	l := newTestLab(t, redisAsLarder, "expiry")
	rate := 2000.0
	r, took, err := l.expire(l.redis, &rate, time.Millisecond)
	if err != nil || took <= 0 {
		t.Fatal(took, err)
	}
	if r.Before.Count() == 0 || r.After.Count() < 350 || r.After.Count() > 450 {
		t.Errorf("%d requests before the deadline, %d after it; want some and 400", r.Before.Count(), r.After.Count())
	}
}

func TestExpiryNoticesALateFill(t *testing.T) {
	l := newTestLab(t, redisAsLarder, "expiry")
	rate := 2000.0
	if _, _, err := l.expire(l.redis, &rate, -3*time.Second); !errors.Is(err, errLate) {
		t.Errorf("got %v", err)
	}
}

func TestBetterBaselineScoresBothRows(t *testing.T) {
	row := func(larder float64) report.Row {
		return report.Row{Cells: []report.Cell{{}, {Summary: stats.Summarize([]float64{larder})}}, Score: new(report.Score)}
	}
	table := report.Table{Rows: []report.Row{row(1), row(2)}}
	scoreByBetter(&table, [][]float64{{8}, {4}})
	if a, b := table.Rows[0].Score.Figure.Median, table.Rows[1].Score.Figure.Median; a != 0.25 || b != 0.5 {
		t.Errorf("scores %v and %v, want 0.25 and 0.5", a, b)
	}
}

func TestShareOfBusiest(t *testing.T) {
	got := shareOfBusiest(map[int]time.Duration{1: 10, 2: 10}, map[int]time.Duration{1: 40, 2: 20, 3: 60})
	if got != 0.6 {
		t.Errorf("got %v, want 0.6", got)
	}
}

func TestRunWritesItsFiles(t *testing.T) {
	out := t.TempDir()
	var stdout, stderr strings.Builder
	code := run(context.Background(), []string{"-quick", "-server", "redis-server", "-server-args", redisArgs, "-out", out, "-only", "memory/list of 10"}, &stdout, &stderr)
	if code != 0 || !strings.Contains(stdout.String(), "list of 10") {
		t.Fatalf("status %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	for _, name := range []string{"bench.txt", "bench.csv", "bench.svg"} {
		if text, err := os.ReadFile(filepath.Join(out, name)); err != nil || len(text) < 100 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
	for _, bad := range [][]string{{"-only", "("}, {"-rounds", "-1"}, {"leftover"}, {"-nonsense"}} {
		if code := run(context.Background(), bad, io.Discard, io.Discard); code != 2 {
			t.Errorf("%q: status %d, want 2", bad, code)
		}
	}
}

func TestInterruptEndsEverything(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l := newTestLab(t, redisAsLarder, "throughput/SET, P=1$")
	l.ctx, l.plan.cpuPerRun = ctx, time.Minute
	timer := time.AfterFunc(300*time.Millisecond, cancel)
	defer timer.Stop()
	begin := time.Now()
	_, failures := l.runAll(io.Discard)
	if len(failures) != 1 || !errors.Is(failures[0], context.Canceled) || len(l.running) != 0 {
		t.Errorf("failures %v, %d servers left", failures, len(l.running))
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("ending took %v", took)
	}
}
