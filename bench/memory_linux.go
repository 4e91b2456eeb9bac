package main

import (
	"fmt"
	"strconv"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
)

// A memoryLoad is a row of the memory table: what is stored, and what counts
// as one item.
type memoryLoad struct {
	name string
	// store fills the server and returns the number of items.
	store  func(l *lab, s *host.Server) (items uint64, err error)
	target float64 // bytes an item at most when absolute, × redis at most otherwise
	// absolute rows are strings, which memcached can hold as well.
	absolute bool
}

// stringsOf stores plain strings through whichever protocol the server has.
func stringsOf(valueBytes int) func(*lab, *host.Server) (uint64, error) {
	return func(l *lab, s *host.Server) (uint64, error) {
		addr, protocol := s.Addr, load.Protocol(load.NewRESP(valueBytes, 0))
		if addr == "" {
			addr, protocol = s.MemcAddr, load.NewText(valueBytes)
		}
		_, err := l.closed(addr, load.Closed{Protocol: protocol, Pipeline: 64, Ops: l.memoryKeys, Next: load.FillKeys()})
		return l.memoryKeys, err
	}
}

// commands stores what the commands say.
func commands(items func(l *lab) (n, commands int), command func(i int) []string) func(*lab, *host.Server) (uint64, error) {
	return func(l *lab, s *host.Server) (uint64, error) {
		c, err := load.DialClient(s.Addr)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		n, calls := items(l)
		return uint64(n), c.Pipeline(l.ctx, calls, command)
	}
}

func memoryLoads() []memoryLoad {
	small := func(l *lab) (int, int) { return l.collections, l.collections }
	large := func(l *lab) (int, int) { return l.members, l.members / perCommand }
	ten := func(command, prefix string, member func(j int) []string) func(int) []string {
		return func(i int) []string {
			args := []string{command, fmt.Sprintf("%s:%012d", prefix, i)}
			for j := range 10 {
				args = append(args, member(j)...)
			}
			return args
		}
	}
	hundred := func(command string, member func(n uint64) []string) func(int) []string {
		_, commands := members("large", command, member)(perCommand)
		return commands
	}
	return []memoryLoad{
		{"16-byte key, 8-byte value", stringsOf(8), 50, true},
		{"16-byte key, 64-byte value", stringsOf(64), 104, true},
		{"hash of 10 fields", commands(small, ten("HSET", "hsh", func(j int) []string { return []string{"field:" + strconv.Itoa(j), "value:" + strconv.Itoa(j)} })), 0.7, false},
		{"list of 10", commands(small, ten("RPUSH", "lst", func(j int) []string { return []string{"element:" + strconv.Itoa(j)} })), 0.7, false},
		{"sorted set of 10", commands(small, ten("ZADD", "zst", func(j int) []string { return []string{strconv.Itoa(j), "element:" + strconv.Itoa(j)} })), 0.7, false},
		{"member of a large sorted set", commands(large, hundred("ZADD", func(n uint64) []string { return []string{strconv.FormatUint(n, 10), element(n)} })), 0.6, false},
		{"field of a large hash", commands(large, hundred("HSET", func(n uint64) []string { return []string{element(n), strconv.FormatUint(n, 10)} })), 0.6, false},
	}
}

func memorySuite() suite {
	var rows []string
	for _, m := range memoryLoads() {
		rows = append(rows, m.name)
	}
	return suite{"memory", rows, runMemory}
}

func runMemory(l *lab, t *report.Table) error {
	t.Title, t.Unit, t.Columns = "Memory per item", "B, growth of resident memory ÷ items", []string{"redis", "memcached", "larder"}
	t.Notes = []string{fmt.Sprintf("%s strings (keys and values included), %d small collections, %s members of a large one; a fresh server for each figure", millions(l.memoryKeys), l.collections, millions(uint64(l.members)))}
	specs := map[string]host.Spec{"redis": l.redis, "memcached": l.memcached, "larder": l.larder}
	for _, m := range memoryLoads() {
		if !l.wants(t.Name, m.name) {
			continue
		}
		l.logf("%s: %s", t.Name, m.name)
		got := samples{values: make(map[string][]float64), missing: make(map[string]string)}
		for _, name := range t.Columns {
			if name == "memcached" && !m.absolute {
				continue
			}
			v, err := l.bytesPerItem(specs[name], m)
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			if err != nil {
				got.missing[name] = err.Error()
				continue
			}
			got.values[name] = []float64{v}
		}
		row := report.Row{Name: m.name, Cells: got.cells(t.Columns), Score: got.against("redis", report.AtMost, m.target), Chart: m.absolute}
		if m.absolute {
			row.Score.Figure, row.Score.Of = row.Cells[2].Summary, "B"
		}
		t.Rows = append(t.Rows, row)
	}
	return nil
}

// bytesPerItem starts a server, stores the items and divides.
func (l *lab) bytesPerItem(spec host.Spec, m memoryLoad) (float64, error) {
	s, err := l.start(spec, host.Params{Cores: serverCores})
	if err != nil {
		return 0, err
	}
	defer l.stop(s)
	before, err := l.settledRSS(s)
	if err != nil {
		return 0, err
	}
	items, err := m.store(l, s)
	if err != nil {
		return 0, err
	}
	after, err := l.settledRSS(s)
	if err != nil {
		return 0, err
	}
	return float64(after-before) / float64(items), nil
}

// settledRSS waits until the resident memory of a server stays within 64 KB
// for a while, at most five seconds: a server may give back buffers and
// garbage after the last reply.
func (l *lab) settledRSS(s *host.Server) (int64, error) {
	const limit, tolerance = 5 * time.Second, 64 << 10
	last, err := s.RSS()
	if err != nil {
		return 0, err
	}
	begin, since := time.Now(), time.Now()
	for time.Since(since) < l.settle && time.Since(begin) < limit {
		select {
		case <-l.ctx.Done():
			return 0, l.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		now, err := s.RSS()
		if err != nil {
			return 0, err
		}
		if now-last > tolerance || last-now > tolerance {
			last, since = now, time.Now()
		}
	}
	return s.RSS()
}
