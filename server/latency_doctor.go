package server

import (
	"fmt"
	"strings"
)

// latencyDoctor implements LATENCY DOCTOR: what was slow, in words.
func latencyDoctor(q *call) {
	cfg := q.srv.cfg.Load()
	if cfg.LatencyMonitorMillis <= 0 {
		q.out.Verbatim("txt", "Latency monitoring is off. Switch it on with CONFIG SET latency-monitor-threshold <milliseconds>; "+
			"what takes at least that long is recorded from then on.\n")
		return
	}
	names := q.srv.latency.names()
	if len(names) == 0 {
		q.out.Verbatim("txt", fmt.Sprintf("Nothing has taken %d ms or more since the monitor was switched on or reset.\n", cfg.LatencyMonitorMillis))
		return
	}
	var b strings.Builder
	for i, name := range names {
		h := q.srv.latency.history(name)
		if len(h) == 0 {
			continue
		}
		var sum, worst int64
		for _, s := range h {
			sum += s.ms
			worst = max(worst, s.ms)
		}
		fmt.Fprintf(&b, "%d. %s: %d slow seconds recorded, %d ms on average, %d ms at worst.\n", i+1, name, len(h), sum/int64(len(h)), worst)
	}
	b.WriteString("\nWhat may help:\n")
	if cfg.SlowlogMicros < 0 || cfg.SlowlogMicros > cfg.LatencyMonitorMillis*1000 {
		fmt.Fprintf(&b, "- The slow log does not show these commands: CONFIG SET slowlog-log-slower-than %d.\n", cfg.LatencyMonitorMillis*1000)
	} else {
		b.WriteString("- SLOWLOG GET shows which commands were slow, and with which arguments.\n")
	}
	if q.srv.engine.Limit() > 0 && q.srv.engine.Excess() > 0 {
		b.WriteString("- The memory limit is reached, so that writes evict: see INFO memory and maxmemory.\n")
	}
	b.WriteString("- Commands that work through much data run beside the others here, but compete for the cores: see INFO commandstats.\n")
	q.out.Verbatim("txt", b.String())
}
