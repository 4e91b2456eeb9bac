package server

import (
	"context"
	"io"
	"sync/atomic"

	"larder/engine"
	"larder/server/command"
)

// Snapshots, as far as the server needs them: it decides when one is written
// and tells how that goes (saver.go), and loads one at the start (loading.go).
// How a file looks and how it gets to the disk, whoever implements
// SnapshotStore knows.

// SnapshotStore writes and loads snapshots of the data set.
type SnapshotStore interface {
	// Save writes a snapshot to a file, whose old content stays if that fails.
	// It ends early with the context's cause.
	Save(ctx context.Context, file string, info SnapshotInfo, p *SnapshotProgress) error
	// Write writes a snapshot to w.
	Write(ctx context.Context, w io.Writer, info SnapshotInfo, p *SnapshotProgress) error
	// Load loads a file. One that is not there is fs.ErrNotExist.
	Load(ctx context.Context, file string, o SnapshotLoad, p *SnapshotProgress) error
}

// OpenSnapshots makes the store of a server's data set.
type OpenSnapshots func(e *engine.Engine, v *command.Values) SnapshotStore

// SnapshotInfo is what a snapshot tells besides the keys.
type SnapshotInfo struct {
	Server      string // version of who writes it
	CreatedSecs int64  // seconds since 1970
	UsedBytes   uint64 // memory in use
	LogBase     bool   // it is the base of a log
	// Libraries are the codes of the libraries of functions.
	Libraries []string
	// Plain leaves strings uncompressed, Unsummed the checksum away.
	Plain, Unsummed bool
	// Frequencies tells how often each key was used.
	Frequencies bool
	// NoKeys leaves the keys away.
	NoKeys bool
	// AtCut, if it is not nil, is called at the moment whose state is written,
	// while nothing can change.
	AtCut func()
}

// SnapshotLoad says how a snapshot is loaded.
type SnapshotLoad struct {
	NowMs    int64 // keys whose deadline has passed by then are left out
	Replace  bool  // keys of the file take the place of those that are there
	Unsummed bool  // the checksum is not checked
	// Library takes the code of a library of functions.
	Library func(code string) error
	// Aux, if it is not nil, is told what the file says besides its keys.
	Aux func(name, value string)
	// Room makes room for a value of n bytes, or with n = 0 keeps to the limit.
	// It reports false when nothing can be done.
	Room func(n int) bool
	// Loaders is how many goroutines insert, 0 = one a processor.
	Loaders int
}

// SnapshotProgress tells how far writing or loading has come.
type SnapshotProgress struct {
	Keys      atomic.Int64 // written or loaded
	KeysTotal atomic.Int64 // as far as it is known in advance, 0 = it is not
	Bytes     atomic.Int64 // written or read
	// BytesTotal is the length of a file that is read, 0 = unknown.
	BytesTotal atomic.Int64
	Expired    atomic.Int64 // keys that were not loaded because they have expired
}

// snapshotInfo is what a snapshot of now tells.
func (srv *Server) snapshotInfo(createdSecs int64) SnapshotInfo {
	cfg := srv.cfg.Load()
	info := SnapshotInfo{
		Server: RedisVersion, CreatedSecs: createdSecs, UsedBytes: srv.engine.Used(),
		Plain: !cfg.RDBCompression, Unsummed: !cfg.RDBChecksum, Frequencies: countsUse(cfg.MaxMemoryPolicy),
	}
	for _, lib := range srv.scripting.libraries() {
		info.Libraries = append(info.Libraries, lib.Code)
	}
	return info
}

// countsUse tells whether a policy goes by how often keys are used, so that
// snapshots tell that of each key.
func countsUse(policy string) bool { return policy == "allkeys-lfu" || policy == "volatile-lfu" }
