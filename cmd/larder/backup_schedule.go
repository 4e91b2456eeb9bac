package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"larder/persistence"
	"larder/persistence/backup"
	"larder/persistence/oplog"
	"larder/server"
	"larder/server/config"
)

// backupSchedulerOf is what makes the backups that the configuration asks for,
// nil if it asks for none.
func backupSchedulerOf(cfg *config.Config) (*backup.Scheduler, error) {
	if cfg.BackupSchedule == "" {
		return nil, nil
	}
	s := &backup.Scheduler{}
	var err error
	if s.Schedule, err = backup.ParseSchedule(cfg.BackupSchedule); err != nil {
		return nil, fmt.Errorf("backup-schedule: %w", err)
	}
	if s.Keep, err = backup.ParseRetention(cfg.BackupRetention); err != nil {
		return nil, fmt.Errorf("backup-retention: %w", err)
	}
	s.Repository, err = repositoryOf(cfg)
	return s, err
}

// runBackups makes backups of a server in the background until stop is called.
func runBackups(s *backup.Scheduler, srv *server.Server, store *config.Store, files *persistence.Snapshots, log *zap.Logger) (stop func()) {
	if s == nil {
		return func() {}
	}
	s.Source = func(ctx context.Context) (*backup.Source, error) {
		cfg := store.Load()
		if cfg.AppendOnly {
			src, err := backup.LogSource(filesAt(server.LogPlace{Dir: logDirOf(cfg), Name: cfg.AppendFileName}), time.Now)
			if !errors.Is(err, oplog.ErrNoLog) && !errors.Is(err, fs.ErrNotExist) {
				return src, err
			} // the log is not in force before its first snapshot is written
		}
		return temporarySource(cfg.DBFilename, func(f *os.File) error {
			return files.Write(ctx, f, persistence.Info(srv.SnapshotInfo()), &persistence.Progress{})
		})
	}
	s.Made = func(c *backup.Created, p *backup.Pruned) {
		fields := []zap.Field{zap.String("id", c.ID), zap.Int64("bytes", c.Bytes()), zap.Int64("sent", c.SentBytes), zap.Stringer("target", s.Repository.Store)}
		if p != nil {
			fields = append(fields, zap.Int("removed", len(p.Backups)))
		}
		log.Info("a backup is made", fields...)
	}
	s.Failed = func(err error) {
		log.Error("cannot make a backup, or remove old ones: the next try is when backup-schedule says", zap.Error(err))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	return func() { cancel(); running.Wait() }
}
