package main

import (
	"fmt"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// A memcLoad is a row that the generators for memcached's protocols measure.
type memcLoad struct {
	name     string
	protocol load.Protocol
	pipeline int
	target   float64 // at most this × memcached
}

const binaryDeep = "binary, P=16"

func memcLoads() []memcLoad {
	return []memcLoad{
		{"text, P=1", load.NewText(valueBytes), 1, 1.0},
		{"text, P=16", load.NewText(valueBytes), 16, 0.13},
		{"binary, P=1", load.NewBinary(valueBytes, false), 1, 1.0},
		{binaryDeep, load.NewBinary(valueBytes, false), 16, 0.60},
		{binaryDeep + ", quiet gets", load.NewBinary(valueBytes, true), 16, 0.60},
	}
}

func memcachedSuite() suite {
	var rows []string
	for _, m := range memcLoads() {
		rows = append(rows, m.name)
	}
	return suite{"memcached", rows, runMemcached}
}

func runMemcached(l *lab, t *report.Table) error {
	t.Title = fmt.Sprintf("CPU time per operation, memcached protocols, %s keys", millions(l.keys))
	t.Unit, t.Columns = "µs", []string{"memcached", "larder"}
	t.Notes = []string{mainNote,
		"bench's own generator: 1:10 set:get, one write a batch of P requests, the next batch when all replies have come; other generators split batches differently, and memcached's figures at P=16 depend on that",
		"the score of both binary rows at P=16 is against the better of memcached's two figures"}
	g := l.startGroup(host.Params{Cores: serverCores}, l.memcached, l.larder)
	if err := l.fill(g, l.keys, memc, load.NewText(valueBytes)); err != nil {
		return err
	}
	var deep [][]float64 // memcached's binary figures at P=16
	for _, m := range memcLoads() {
		if !l.wants(t.Name, m.name) {
			continue
		}
		l.logf("%s: %s", t.Name, m.name)
		got, err := l.ownLoad(g, memc, m.protocol, m.pipeline)
		if err != nil {
			return err
		}
		row := report.Row{Name: m.name, Cells: got.cells(t.Columns), Chart: true, Score: got.against("memcached", report.AtMost, m.target)}
		if m.target == 0.60 {
			deep = append(deep, got.values["memcached"])
		}
		t.Rows = append(t.Rows, row)
		if len(deep) == 2 {
			scoreByBetter(t, deep)
		}
	}
	return nil
}

// scoreByBetter scores the last two rows against the better of two baselines,
// whichever of the two rows that one comes from.
func scoreByBetter(t *report.Table, baselines [][]float64) {
	better := stats.Summarize(baselines[0])
	if b := stats.Summarize(baselines[1]); b.N > 0 && (better.N == 0 || b.Median < better.Median) {
		better = b
	}
	if better.N == 0 {
		return
	}
	for i := len(t.Rows) - 2; i < len(t.Rows); i++ {
		own := t.Rows[i].Cells[1].Summary
		if own.N == 0 {
			continue
		}
		t.Rows[i].Score.Figure = stats.Summary{Median: own.Median / better.Median, Min: own.Min / better.Max, Max: own.Max / better.Min, N: own.N}
		t.Rows[i].Score.Of = "× memcached's better"
	}
}

// ownLoad measures CPU time per operation under bench's own closed loop.
func (l *lab) ownLoad(g *group, addr func(*host.Server) string, protocol load.Protocol, pipeline int) (samples, error) {
	var ops uint64
	seed := uint64(0)
	measure := func(s *host.Server, n uint64) (float64, error) {
		seed++
		return cpuPerOp(s, n, func() error {
			r, err := l.closed(addr(s), load.Closed{Protocol: protocol, Pipeline: pipeline, Ops: n, Next: load.Mix(l.keys, getsPerSet, seed)})
			if err == nil && r.Hits < r.Gets*99/100 {
				err = fmt.Errorf("only %d of %d gets found their key", r.Hits, r.Gets)
			}
			return err
		})
	}
	return l.alternate(g, func(s *host.Server) (float64, error) {
		if ops == 0 {
			perOp, err := measure(s, 10_000)
			if err != nil {
				return 0, err
			}
			ops = opsFor(l.cpuPerRun, perOp)
		}
		return measure(s, ops)
	})
}
