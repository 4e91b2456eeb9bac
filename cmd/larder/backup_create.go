package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"larder/persistence"
	"larder/persistence/backup"
	"larder/persistence/oplog"
	"larder/server"
	"larder/server/config"
)

// create implements larder backup create. The log in dir can be backed up while
// a server writes to it; of a server without a log, dir has what it saved last,
// and --from what it has now.
func (c *backupCall) create() error {
	var s *backup.Source
	var err error
	if c.opt.from != "" {
		s, err = c.sourceFrom()
	} else if err = checkDir(c.cfg.Dir); err == nil {
		s, err = sourceIn(c.cfg)
	}
	if err != nil {
		return err
	}
	made, err := c.repo.Create(c.ctx, s)
	if err = errors.Join(err, s.Close()); made != nil {
		fmt.Fprintf(c.out, "%s holds the state of %s: %d files, %d bytes, %d of them sent to %s\n",
			made.ID, timeText(made.Taken), len(made.Files), made.Bytes(), made.SentBytes, c.repo.Store)
	}
	return err
}

// sourceIn is what a server with the configuration would load.
func sourceIn(cfg *config.Config) (*backup.Source, error) {
	log := filesAt(server.LogPlace{Dir: logDirOf(cfg), Name: cfg.AppendFileName})
	_, err := oplog.DataSetAt(log)
	if cfg.AppendOnly && !errors.Is(err, fs.ErrNotExist) {
		return backup.LogSource(log, time.Now)
	}
	if !cfg.AppendOnly && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is a log in %s: add --appendonly yes to back it up, or move it away if it is of no use any more", log.Dir)
	}
	path := filepath.Join(cfg.Dir, cfg.DBFilename)
	s, err := backup.SnapshotSource(persistence.OS{}, path, cfg.DBFilename, time.Time{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is neither a log nor a snapshot (%s) in %s: name the server's dir, or add --from HOST:PORT to ask a server that runs", cfg.DBFilename, cfg.Dir)
	}
	return s, err
}

// sourceFrom is what a running server has. If it keeps a log that can be reached
// from here, that; otherwise a snapshot that it sends.
func (c *backupCall) sourceFrom() (s *backup.Source, err error) {
	r, err := dialServer(c.ctx, c.opt.from, os.Getenv("REDISCLI_AUTH"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	said, err := r.settings("appendonly", "dir", "appenddirname", "appendfilename")
	if err != nil {
		return nil, err
	}
	if said["appendonly"] == "yes" {
		log := filesAt(server.LogPlace{Dir: filepath.Join(said["dir"], said["appenddirname"]), Name: said["appendfilename"]})
		s, err := backup.LogSource(log, time.Now)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, oplog.ErrNoLog) {
			return s, err
		}
		fmt.Fprintf(os.Stderr, "the log in %s is not to be seen from here: the backup will hold a snapshot\n", log.Dir)
	}
	return temporarySource(c.cfg.DBFilename, r.snapshot)
}

// temporarySource is a snapshot that goes through a file that nobody else sees.
func temporarySource(name string, fill func(f *os.File) error) (*backup.Source, error) {
	f, err := os.CreateTemp("", "larder-backup-")
	if err != nil {
		return nil, fmt.Errorf("cannot keep the snapshot on its way: %w; TMPDIR names the directory for that", err)
	}
	began := time.Now()
	err = fill(f)
	var s *backup.Source
	if err == nil {
		s, err = backup.SnapshotSource(persistence.OS{}, f.Name(), name, began)
	}
	return s, errors.Join(err, f.Close(), os.Remove(f.Name())) // an open file stays until it is closed
}
