package server

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"larder/engine"
	"larder/engine/mem"
	"larder/server/command"
	"larder/server/config"
)

// Server is a running cache: listeners, event loops and the engine behind
// them.
type Server struct {
	cfg       *config.Store
	log       *zap.Logger
	engine    *engine.Engine
	table     *command.Table
	bound     []*bound // by Command.ID
	settings  atomic.Pointer[command.Settings]
	memory    memoryKeeper
	expiry    expirer
	reclaim   reclaimer
	scripting scripting

	clients   registry
	crowd     clientEvicter
	executors executorPool
	workers   workers
	monitors  monitorSet
	pubsub    pubsub
	tracking  trackers
	listening listeners
	commits   commits
	watches   watchTable
	waiting   waitRoom
	waits     shardWaits
	memcached memcachedService
	pause     pauseGate // CLIENT PAUSE
	brake     pauseGate // see brake.go
	saver     saver
	rewriter  rewriter
	slowlog   slowlog
	latency   latencyMonitor
	sampler   sampler
	listeners []*listener
	driver    connDriver

	running bool // Start has succeeded
	// loading tells that commands wait for the data set.
	loading      atomic.Bool
	load         atomic.Pointer[loadJob] // that runs, nil if none
	runID        string
	replID       atomic.Pointer[string] // names the history of the data; DEBUG CHANGE-REPL-ID draws a new one
	started      time.Time
	configFile   string             // path that CONFIG REWRITE writes, "" = none
	setLogLevel  func(level string) // nil: the level cannot be changed
	shutdown     chan struct{}
	shutdownOnce sync.Once
	counters
}

// Options are what New needs.
type Options struct {
	Config     *config.Store
	ConfigFile string // path of the configuration file, "" = none was given
	Log        *zap.Logger
	// Seed is what keys are hashed with, if the data set has one already; 0: one
	// is drawn.
	Seed engine.Seed
	// SetLogLevel makes Log follow the directive loglevel; nil if it cannot.
	SetLogLevel func(level string)
	// OpenSnapshots makes what keeps snapshots; nil: none are kept.
	OpenSnapshots OpenSnapshots
	// Logs keeps logs of changes; nil: there are none. It needs OpenSnapshots.
	Logs LogStore
}

// New prepares a server; Start makes it listen.
func New(o Options) (*Server, error) {
	cfg := o.Config.Load()
	srv := &Server{cfg: o.Config, log: o.Log, started: time.Now(), configFile: o.ConfigFile, setLogLevel: o.SetLogLevel, shutdown: make(chan struct{})}
	srv.executors.srv = srv
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails
	srv.runID = hex.EncodeToString(id[:])
	srv.newReplID()
	var err error
	if srv.table, err = command.NewTable(); err != nil {
		return nil, err
	}
	if err := srv.bind(); err != nil {
		return nil, err
	}
	srv.applySettings(cfg)
	for o.Seed == 0 {
		o.Seed = engine.Seed(srv.entropy())
	}
	if srv.engine, err = engine.New(engine.Options{
		Shards:    shardsFor(loopsFor(cfg)),
		Databases: cfg.Databases,
		Seed:      o.Seed,
		Memory:    mem.Options{HugePages: true},
	}); err != nil {
		return nil, err
	}
	srv.engine.SetObserver(keyObserver{srv})
	srv.commits.init()
	srv.tracking.init(srv)
	srv.applyNotify(cfg.NotifyKeyspace)
	srv.waiting.init(srv)
	srv.memory.init(srv)
	srv.expiry.init(srv)
	srv.reclaim.init(srv)
	srv.scripting.init(srv)
	srv.waits.init(srv)
	var store SnapshotStore
	if o.OpenSnapshots != nil {
		store = o.OpenSnapshots(srv.engine, &command.Values{Engine: srv.engine, Settings: srv.settings.Load})
	}
	srv.saver.init(srv, store)
	srv.rewriter.init(srv, o.Logs)
	return srv, nil
}

// Start opens the listeners and begins to serve. If there is a snapshot to load,
// clients are told to wait until LoadSnapshot has returned.
func (srv *Server) Start() error {
	srv.raiseFileLimit()
	cfg := srv.cfg.Load()
	var err error
	if srv.driver, err = newDriver(srv, cfg); err != nil {
		return err
	}
	srv.loading.Store(srv.hasSnapshot())
	srv.driver.start()
	if err := srv.listen(cfg); err != nil {
		srv.Shutdown(0)
		return err
	}
	srv.expiry.start()
	srv.reclaim.start()
	srv.memory.start()
	srv.sampler.start(srv)
	srv.crowd.start(srv)
	srv.saver.start()
	srv.running = true
	return nil
}

// Shutdown stops in the reverse order of the data's way: first the listeners,
// so that nothing new comes; then the loops, each of which finishes the round
// it is in and writes the replies; then the workers and the background work;
// the engine last, when nothing can touch it any more. Replies that clients do
// not take within drain are lost, and so are commands that run longer than
// that: the data is then left to the end of the process. Scripts that have
// written nothing are ended, see endScripts. If PrepareShutdown has written a
// snapshot and something has changed since, another one is written when nothing
// can change any more.
func (srv *Server) Shutdown(drain time.Duration) {
	deadline := time.Now().Add(drain)
	for _, l := range srv.listeners {
		l.close()
	}
	srv.endScripts(false)
	srv.pause.stop(srv.saver.final.Load())
	srv.brake.stop(srv.saver.final.Load())
	srv.waiting.stop()
	if srv.driver != nil {
		srv.driver.stop(drain)
	}
	srv.endUnwritten()
	srv.pubsub.stop()
	srv.memcached.flush.stop()
	if !srv.workers.wait(max(time.Until(deadline), minWorkerWait)) {
		srv.log.Warn("a command still runs after shutdown-timeout: ending without it") // it may hold locks that the others need
		return
	}
	if srv.running {
		srv.saver.stop()
		srv.crowd.stop()
		srv.sampler.stop()
		srv.memory.stop()
		srv.expiry.stop()
		srv.reclaim.stop()
		srv.saver.saveLast()
	}
	srv.rewriter.stop()
	if err := srv.engine.Close(); err != nil {
		srv.log.Warn("cannot give memory back", zap.Error(err))
	}
}

// minWorkerWait is how long Shutdown waits at least for what runs beside the
// loops: freeing flushed data takes a while even when no client waits for it.
const minWorkerWait = time.Second

// entropy returns 64 random bits.
func (srv *Server) entropy() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// shardsFor is the number of shards: the next power of two of at least 16 a
// loop.
func shardsFor(loops int) int {
	n := 1
	for n < 16*loops {
		n *= 2
	}
	return n
}

func errNoHandler(name string) error {
	return fmt.Errorf("command table: %s needs a handler in package command or in sessionHandlers, and not both", name)
}
