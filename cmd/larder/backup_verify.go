package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"larder/persistence"
	"larder/persistence/backup"
	"larder/server"
	"larder/server/config"
)

// verify implements larder backup verify. It goes on behind what is wrong.
func (c *backupCall) verify() error {
	list, damaged, err := c.repo.List(c.ctx)
	if c.opt.id != "" {
		var b *backup.Backup
		b, err = c.repo.Find(c.ctx, c.opt.id)
		list, damaged = []*backup.Backup{b}, nil
	}
	if err != nil {
		return err
	}
	if len(list)+len(damaged) == 0 {
		return fmt.Errorf("there is no backup at %s", c.repo.Store)
	}
	faults := damaged
	for _, b := range list {
		if err := c.verifyOne(b); err != nil {
			faults = append(faults, err)
			continue
		}
		how := "its checksums are right and it loads"
		if c.opt.noLoad {
			how = "its checksums are right"
		}
		fmt.Fprintf(c.out, "%s is in order: %s (%d files, %d bytes)\n", b.ID, how, len(b.Files), b.Bytes())
	}
	return errors.Join(faults...)
}

func (c *backupCall) verifyOne(b *backup.Backup) error {
	if c.opt.noLoad {
		return c.repo.Check(c.ctx, b)
	}
	dir, err := os.MkdirTemp("", "larder-verify-")
	if err != nil {
		return fmt.Errorf("cannot make room to load %s: %w; TMPDIR names the directory for that", b.ID, err)
	}
	place := backup.Place{FS: persistence.OS{}, Dir: dir, Snapshot: c.cfg.DBFilename, LogDir: c.cfg.AppendDirName, Log: b.Log}
	err = c.repo.Restore(c.ctx, b, place, time.Time{})
	if err == nil {
		if err = tryLoad(c.ctx, c.cfg, place, b.Kind); err != nil {
			err = fmt.Errorf("%w: %s does not load: %w", backup.ErrDamaged, b.ID, err)
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// tryLoad loads data into a server that is not started, and ends it again.
func tryLoad(ctx context.Context, like *config.Config, p backup.Place, kind backup.Kind) error {
	cfg := *like
	cfg.Dir, cfg.DBFilename, cfg.AppendDirName, cfg.AppendFileName = p.Dir, p.Snapshot, p.LogDir, p.Log
	cfg.AppendOnly, cfg.AppendRewritePercent, cfg.Save = kind == backup.KindLog, 0, nil
	cfg.MaxMemoryBytes, cfg.RDBChecksum, cfg.AppendLoadTruncated = 0, true, false
	seed, err := seedOfLog(&cfg)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{
		Config: config.NewStore(&cfg), Log: zap.NewNop(), OpenSnapshots: openSnapshots, Logs: logs{}, Seed: seed,
	})
	if err != nil {
		return err
	}
	defer srv.Shutdown(0)
	if err := srv.LoadSnapshot(ctx); err != nil {
		return err
	}
	return context.Cause(ctx)
}
