package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"larder/engine"
	"larder/persistence"
	"larder/persistence/oplog"
	"larder/server"
	"larder/server/config"
)

// logs lets the server keep its log of changes by package oplog.
type logs struct{}

// policies are the values of appendfsync.
var policies = map[string]oplog.SyncPolicy{"always": oplog.SyncAlways, "everysec": oplog.SyncEverySec, "no": oplog.SyncNo}

func filesAt(p server.LogPlace) oplog.Files {
	return oplog.Files{FS: persistence.OS{}, Dir: p.Dir, Name: p.Name}
}

// seedOfLog returns the seed of the data set whose log the configuration asks
// for, 0 if there is none. The ID of a data set begins with its seed.
func seedOfLog(cfg *config.Config) (engine.Seed, error) {
	if !cfg.AppendOnly {
		return 0, nil
	}
	id, err := oplog.DataSetAt(filesAt(server.LogPlace{Dir: filepath.Join(cfg.Dir, cfg.AppendDirName), Name: cfg.AppendFileName}))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return engine.Seed(binary.LittleEndian.Uint64(id[:])), err
}

// Recover implements server.LogStore.
func (logs) Recover(p server.LogPlace, base func(file string) error, apply func(rec *server.Record) error) (*server.RecoveredLog, error) {
	files := filesAt(p)
	if err := files.FS.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	var rec server.Record
	from, err := oplog.Recover(files, func(path string, _ oplog.BaseFile) error { return base(path) }, func(b *oplog.Batch) error {
		defer b.Release()
		for {
			more, err := b.Next(&rec)
			if err != nil || !more {
				return err
			}
			if err := apply(&rec); err != nil {
				return fmt.Errorf("record %d of the log in %s: %w", b.LSN(), p.Dir, err)
			}
		}
	})
	if errors.Is(err, oplog.ErrNoLog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &server.RecoveredLog{Records: from.Records, Bytes: from.Bytes, Warning: from.Warning(), State: from}, nil
}

// Open implements server.LogStore.
func (logs) Open(p server.LogPlace, from *server.RecoveredLog, seed engine.Seed, told func()) (server.ChangeLog, error) {
	files := filesAt(p)
	if err := files.FS.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	o := oplog.Options{
		FS: files.FS, Dir: files.Dir, Name: files.Name, Policy: policies[p.Sync],
		OnDurable: func(uint64) { told() }, OnState: func(error) { told() },
	}
	var state *oplog.Recovered
	if from != nil {
		state, _ = from.State.(*oplog.Recovered)
	} else {
		_, _ = rand.Read(o.DataSet[8:]) // never fails
		binary.LittleEndian.PutUint64(o.DataSet[:], uint64(seed))
	}
	l, err := oplog.Open(o, state, false)
	if err != nil {
		return nil, err
	}
	return &changeLog{Log: l, fs: files.FS}, nil
}

// changeLog is an open log.
type changeLog struct {
	*oplog.Log
	fs persistence.FS
}

// Waits implements server.Committer.
func (l *changeLog) Waits() bool { return l.Policy() == oplog.SyncAlways }

// Rebase implements server.ChangeLog.
func (l *changeLog) Rebase(ctx context.Context, lsn uint64, file string) error {
	base := l.BaseName(lsn)
	if err := l.fs.Rename(file, base); err != nil {
		return err
	}
	if err := l.fs.SyncDir(filepath.Dir(base)); err != nil {
		return err
	}
	return l.Log.Rebase(ctx, lsn)
}

// SetSync implements server.ChangeLog.
func (l *changeLog) SetSync(policy string) { l.SetPolicy(policies[policy]) }

// Grown implements server.ChangeLog.
func (l *changeLog) Grown(percent int, bytes int64) bool {
	s := l.Log.Stats()
	return oplog.RewritePolicy{Percent: percent, MinBytes: bytes}.Due(s.Bytes, s.BaseBytes)
}

// Stats implements server.ChangeLog.
func (l *changeLog) Stats() server.LogStats {
	s := l.Log.Stats()
	return server.LogStats{Bytes: s.Bytes, BaseBytes: s.BaseBytes, HeldBytes: s.HeldBytes, Stalls: s.Stalls, Syncing: s.Durable < s.Last}
}
