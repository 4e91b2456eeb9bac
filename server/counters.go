package server

import (
	"math"
	"sync/atomic"

	"larder/engine"
	"larder/server/command"
	"larder/server/config"
)

// counters are the server-wide figures that change rarely enough to be shared.
type counters struct {
	accepted          atomic.Uint64 // connections
	rejected          atomic.Uint64 // connections refused
	outputLimitClosed atomic.Uint64
	queryLimitClosed  atomic.Uint64
	clientsEvicted    atomic.Uint64          // closed for maxmemory-clients
	slowNs            atomic.Int64           // a command that takes longer is noted; see applySettings
	notifying         atomic.Uint32          // command.EventClass of notify-keyspace-events
	latencyTracking   atomic.Bool            // keep a histogram a command; see applySettings
	statsBase         atomic.Pointer[totals] // what the counters stood at when CONFIG RESETSTAT was sent, nil = never
	authDenied        atomic.Uint64          // failed AUTH
	errorCodes        errorCodes
}

// applySettings publishes what the hot path needs of the configuration.
func (srv *Server) applySettings(cfg *config.Config) {
	srv.settings.Store(&command.Settings{
		MaxStringBytes: int(cfg.MaxBulkBytes), MaxItemBytes: int(cfg.MemcachedMaxItemSizeBytes),
		Limits: limitsOf(cfg), HLLSparseBytes: int(cfg.HLLSparseMaxBytes),
	})
	slow := int64(math.MaxInt64)
	if cfg.SlowlogMicros >= 0 {
		slow = cfg.SlowlogMicros * 1000
	}
	if ms := cfg.LatencyMonitorMillis; ms > 0 {
		slow = min(slow, ms*1e6)
	}
	srv.slowNs.Store(slow)
	srv.latencyTracking.Store(cfg.LatencyTracking)
}

func limitsOf(cfg *config.Config) engine.Limits {
	return engine.Limits{
		HashItems: int(cfg.HashMaxListpackEntries), HashItemBytes: int(cfg.HashMaxListpackValue),
		SetInts:  int(cfg.SetMaxIntsetEntries),
		SetItems: int(cfg.SetMaxListpackEntries), SetItemBytes: int(cfg.SetMaxListpackValue),
		ZSetItems: int(cfg.ZSetMaxListpackEntries), ZSetItemBytes: int(cfg.ZSetMaxListpackValue),
		ListSize:        cfg.ListMaxListpackSize,
		StreamNodeBytes: int(cfg.StreamNodeMaxBytes), StreamNodeItems: int(cfg.StreamNodeMaxEntries),
	}
}
