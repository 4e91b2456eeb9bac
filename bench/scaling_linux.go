package main

import (
	"fmt"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// scalingLoads are the rows; larder alone is measured, against itself.
func scalingLoads() []memcLoad {
	return []memcLoad{
		{"EXISTS of 16 keys, P=16", load.NewExists(), 16, 1.8}, // first: it shows whether both loops work
		{"GET and SET, P=16", load.NewRESP(valueBytes, 0), 16, 1.8},
		{"GET and SET, P=64", load.NewRESP(valueBytes, 0), 64, 1.8},
	}
}

func scalingSuite() suite {
	var rows []string
	for _, m := range scalingLoads() {
		rows = append(rows, m.name)
	}
	return suite{"scaling", rows, runScaling}
}

// parallelCores is how many cores a server with two loops has to keep busy,
// beside the generator on the same two, for its loops to count as parallel.
const parallelCores = 1.1

func runScaling(l *lab, t *report.Table) error {
	t.Title, t.Unit, t.Columns = "Two event loops on two cores against one", "µs of CPU time per operation", []string{"one loop", "two loops"}
	t.Notes = []string{"one loop: server on core 0, generator on core 1; two loops: both on both cores, so wall-clock throughput would be shared with the generator",
		fmt.Sprintf("score = loops × CPU time per operation with one loop ÷ that with two = throughput of two busy cores ÷ that of one; a server that in no row keeps %.1f cores busy with two loops counts with the cores that it keeps busy instead of the 2", parallelCores)}
	one, two := host.Params{Cores: "0", Threads: 1}, host.Params{Cores: "0-1", Threads: 2}
	servers := make(map[string]*host.Server)
	g := &group{names: t.Columns, servers: servers, missing: make(map[string]string)}
	for name, p := range map[string]host.Params{"one loop": one, "two loops": two} {
		s, err := l.start(l.larder, p)
		if err != nil {
			return err
		}
		servers[name] = s
	}
	if err := l.fill(g, l.keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	parallel := 0.0 // most cores that two loops were seen to keep busy
	for _, m := range scalingLoads() {
		if !l.wants(t.Name, m.name) {
			continue
		}
		l.logf("%s: %s", t.Name, m.name)
		row, err := l.scalingRow(g, m, &parallel)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, row)
	}
	return nil
}

// scalingRow measures one load on both servers. parallel is the most cores
// that two loops kept busy in this row or one before.
func (l *lab) scalingRow(g *group, m memcLoad, parallel *float64) (report.Row, error) {
	row := report.Row{Name: m.name}
	defer func() { _ = host.PinSelf(loadCore) }()
	var busyCores, busiestShare []float64
	ops, seed := uint64(0), uint64(0)
	got, err := l.alternate(g, func(s *host.Server) (float64, error) {
		double := s == g.servers["two loops"]
		cores := []int{loadCore}
		if double {
			cores = []int{0, loadCore}
		}
		if err := host.PinSelf(cores...); err != nil {
			return 0, err
		}
		measure := func(n uint64) (float64, time.Duration, error) {
			seed++
			var took time.Duration
			perOp, err := cpuPerOp(s, n, func() error {
				r, err := l.closed(s.Addr, load.Closed{Protocol: m.protocol, Pipeline: m.pipeline, Ops: n, Next: load.Mix(l.keys, getsPerSet, seed)})
				took = r.Elapsed
				return err
			})
			return perOp, took, err
		}
		if ops == 0 {
			perOp, _, err := measure(10_000)
			if err != nil {
				return 0, err
			}
			ops = opsFor(l.cpuPerRun, perOp)
		}
		before, err := host.ThreadTimes(s.Pid())
		if err != nil {
			return 0, err
		}
		perOp, took, err := measure(ops)
		if err != nil {
			return 0, err
		}
		if double {
			after, err := host.ThreadTimes(s.Pid())
			if err != nil {
				return 0, err
			}
			busyCores = append(busyCores, perOp*float64(ops)/float64(took.Microseconds()))
			busiestShare = append(busiestShare, shareOfBusiest(before, after))
		}
		return perOp, nil
	})
	if err != nil {
		return row, err
	}
	row.Cells = []report.Cell{{Summary: stats.Summarize(got.values["one loop"]), Missing: got.missing["one loop"]},
		{Summary: stats.Summarize(got.values["two loops"]), Missing: got.missing["two loops"]}}
	row.Score = &report.Score{Relation: report.AtLeast, Target: m.target, Of: "× one loop"}
	if len(busyCores) == 0 || got.missing["one loop"] != "" {
		return row, nil
	}
	busy := stats.Summarize(busyCores).Median
	*parallel = max(*parallel, busy)
	loops := 2.0
	if *parallel < parallelCores {
		loops = *parallel
	}
	row.Score.Figure = stats.Ratio(got.values["one loop"], got.values["two loops"])
	row.Score.Figure.Median *= loops
	row.Score.Figure.Min *= loops
	row.Score.Figure.Max *= loops
	row.Note = fmt.Sprintf("with two loops the server kept %.2f cores busy beside the generator; its busiest thread had %.0f %% of the CPU time", busy, 100*stats.Summarize(busiestShare).Median)
	return row, nil
}

// shareOfBusiest returns the largest share of the CPU time between two
// readings that one thread has.
func shareOfBusiest(before, after map[int]time.Duration) float64 {
	var sum, most time.Duration
	for tid, t := range after {
		used := t - before[tid]
		sum += used
		most = max(most, used)
	}
	return float64(most) / float64(max(sum, 1))
}
