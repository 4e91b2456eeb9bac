package server

import (
	"time"

	"larder/engine"
	"larder/server/command"
)

// executor runs commands for one goroutine at a time: an event loop has one,
// and the goroutine driver and the workers borrow theirs from a pool. It owns
// the clock reading, the scratch space and the statistics of what it runs, so
// that nothing on the hot path is shared or allocated.
type executor struct {
	srv     *Server
	buffers bufferPool
	nowMs   int64 // wall clock of this wake-up, ms since 1970
	nowNs   int64 // monotonic clock at the last reading
	seeds   uint64

	ctx     command.Ctx
	nested  command.Ctx     // of the commands of a transaction or script
	entered *waiter         // the last command that has begun to wait
	turn    *waiter         // whose command is being run for it; see serve.go
	mine    bool            // the turn is this executor's
	ready   []waitKey       // keys to serve when the command has ended
	served  []*session      // who has been answered by serve, to be woken at its end
	reply   []byte          // room for the reply of who is served
	by      *session        // whose command runs, as far as others want to know
	unsaid  []command.Event // changes by nested commands, which announceRest tells
	within  *nesting        // what the command that runs is a part of, nil if of nothing
	record  Record          // scratch, see commit.go
	changes []Change        // scratch
	words   [][]byte        // scratch
	lsn     uint64          // of the last record made, 0 if it is taken care of
	q       call
	keyAt   []int
	keys    []engine.Key
	locked  []*engine.Shard
	wait    *shardWait    // of a command on a worker that has not begun, nil if it is not given up any more
	given   *engine.Shard // locked for the next memcached request; see lockFor
	// lockRound holds, by shard, the round in which it was last to be locked.
	lockRound []uint64
	round     uint64
	cutting   bool  // a long reply is cut in pieces: it goes to a session
	sliceFrom int64 // monotonic ns at which a command on a worker last had the shards to itself
	args      [][]byte
	batch     []request
	stats     execStats
	untimed   []*commandStats // have run since the clock was last read
	scratch   []byte
	mem       *memcacheBatch // nil until a memcached client came
}

// request is one parsed request of a batch.
type request struct {
	cmd  *bound // nil: unknown
	from int    // its arguments are executor.args[from:to]
	to   int
	end  int    // offset behind it in the input
	size int    // its length in bytes
	hash uint64 // of its first key, if hashed
	ok   bool   // hash is set
}

func newExecutor(srv *Server) *executor {
	ex := &executor{srv: srv, seeds: srv.entropy()}
	ex.lockRound = make([]uint64, len(srv.engine.Shards()))
	ex.stats.init(len(srv.table.All))
	ex.ctx = command.Ctx{Engine: srv.engine, Table: srv.table, Log: srv.commits.logged, Await: ex.await}
	ex.nested = command.Ctx{Engine: srv.engine, Table: srv.table, Log: srv.commits.logged}
	ex.tick()
	return ex
}

var processStart = time.Now()

// monotonicNs is the time since the process started.
func monotonicNs() int64 { return int64(time.Since(processStart)) }

// tick reads the clocks at the start of a wake-up.
func (ex *executor) tick() {
	now := time.Now()
	ex.nowMs = now.UnixMilli()
	ex.nowNs = int64(now.Sub(processStart))
	ex.ctx.Config = ex.srv.settings.Load()
}

// seed returns the next stamp for a command's random choices (splitmix64).
func (ex *executor) seed() uint64 {
	ex.seeds += seedStep
	return mix(ex.seeds)
}

// seedStep is between two states of the generator.
const seedStep = 0x9e3779b97f4a7c15

// mix makes a random number of a state.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
