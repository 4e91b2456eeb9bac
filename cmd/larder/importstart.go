package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"go.uber.org/zap"

	"larder/server/config"
)

// importAtStart does what the directive import asks for, before the server is
// there: it leaves a snapshot, which the server then loads as any other. Where
// data is already, nothing is imported, so that the same command line can start
// the server again.
func importAtStart(cfg *config.Config, log *zap.Logger) error {
	if cfg.Import == "" {
		return nil
	}
	file := filepath.Join(cfg.Dir, cfg.DBFilename)
	for _, name := range []string{file, filepath.Join(cfg.Dir, cfg.AppendDirName)} {
		switch _, err := os.Stat(name); {
		case err == nil:
			log.Info("there is data already: nothing is imported", zap.String("file", name), zap.String("source", cfg.Import))
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("import: %w", err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	log.Info("importing", zap.String("source", cfg.Import))
	job := importJob{source: cfg.Import, truncated: "yes", databases: cfg.Databases, out: newProgressLine(os.Stdout)}
	if !cfg.AppendLoadTruncated {
		job.truncated = "no"
	}
	if err := job.save(ctx, file); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}
