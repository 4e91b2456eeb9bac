package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"larder/server/config"
)

// configGet implements CONFIG GET pattern ….
func configGet(q *call) {
	patterns := make([]string, 0, len(q.args)-2)
	for _, a := range q.args[2:] {
		patterns = append(patterns, string(a))
	}
	found := q.srv.cfg.Load().Get(patterns...)
	q.out.Map(len(found))
	for _, s := range found {
		q.out.BulkString(s.Name)
		q.out.BulkString(s.Value)
	}
}

// configSet implements CONFIG SET name value …: all of them or none.
func configSet(q *call) {
	if len(q.args)%2 != 0 {
		q.out.Error("ERR syntax error")
		return
	}
	pairs := make([]string, 0, len(q.args)-2)
	for _, a := range q.args[2:] {
		pairs = append(pairs, string(a))
	}
	_, err := q.srv.cfg.Set(pairs, config.SetOptions{Local: q.s.peer.secure, Apply: q.srv.applyConfig})
	if err != nil {
		q.out.Error("ERR " + err.Error())
		return
	}
	q.out.OK()
}

// applyConfig makes the running server follow a new configuration; what reads
// the configuration each time it needs it has no place here.
func (srv *Server) applyConfig(old, next *config.Config, _ []string) (culprit string, err error) {
	if next.MaxClients > old.MaxClients {
		want := uint64(next.MaxClients) + reservedFiles
		if got, _ := growFileLimit(want); got < want {
			return "maxclients", fmt.Errorf("The operating system is not able to handle the specified number of clients, try with %d", //lint:ignore ST1005 Redis's text
				max(1, int64(got)-reservedFiles))
		}
	}
	srv.applySettings(next)
	srv.memory.apply(next)
	srv.rewriter.configure(old, next)
	srv.applyNotify(next.NotifyKeyspace)
	if next.TrackingTableKeys != old.TrackingTableKeys {
		srv.workers.start(func() { srv.tracking.limit(next.TrackingTableKeys) }) // it locks shards, which the caller may have
	}
	srv.slowlog.trim(int(next.SlowlogMaxLen))
	if srv.setLogLevel != nil {
		srv.setLogLevel(next.LogLevel)
	}
	return "", nil
}

// configResetStat implements CONFIG RESETSTAT.
func configResetStat(q *call) {
	q.srv.resetStatistics()
	q.out.OK()
}

// configRewrite implements CONFIG REWRITE.
func configRewrite(q *call) {
	path := q.srv.configFile
	if path == "" {
		q.out.Error("ERR The server is running without a config file")
		return
	}
	if err := rewriteFile(path, q.srv.cfg.Load()); err != nil {
		q.srv.log.Warn("CONFIG REWRITE failed", zap.Error(err))
		q.out.Error("ERR Rewriting config file: " + err.Error())
		return
	}
	q.srv.log.Info("CONFIG REWRITE: the configuration file was rewritten", zap.String("file", path))
	q.out.OK()
}

// rewriteFile replaces the file at path, which may be missing, by one that
// yields cfg: at each moment, a crash included, there is the old one or the
// new one.
func rewriteFile(path string, cfg *config.Config) error {
	old, err := os.ReadFile(path)
	mode := os.FileMode(0o644)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone when all went well
	_, err = f.Write(cfg.Rewrite(old))
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in the directory durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func configHelp(q *call) {
	q.help(
		"GET <pattern> [<pattern> ...]",
		"    Return the directives that the patterns match, with their values.",
		"SET <directive> <value> [<directive> <value> ...]",
		"    Set directives: all of them or, if one cannot be set, none.",
		"RESETSTAT",
		"    Set the statistics of INFO back.",
		"REWRITE",
		"    Write the present values to the configuration file.",
	)
}
