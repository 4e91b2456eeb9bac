// Command larder is an in-memory cache server for Redis and memcached clients.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"go.uber.org/zap"

	"larder/engine"
	"larder/persistence"
	"larder/server"
	"larder/server/command"
	"larder/server/config"
)

// gcPercent is by how much the Go heap may grow between collections. The data
// lie outside of it and hot paths allocate nothing, so that collections are rare
// anyway; what matters is that garbage counts within maxmemory's tenth too.
const gcPercent = 30

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// A cache must outlive the terminal that it was started from and the reader
	// of its log. Unless ignored, SIGHUP ends the process, and so does the first
	// line written to a standard output or error that nobody reads any more.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parse reads a command line of directives, and the files that it names.
func parse(args []string) (config.Result, error) {
	dir, err := os.Getwd()
	if err != nil {
		return config.Result{}, fmt.Errorf("larder: cannot tell the working directory: %w", err)
	}
	return config.Parse(args, config.Environment{
		WorkDir: dir, Stdin: os.Stdin, ReadFile: os.ReadFile, Glob: filepath.Glob,
	})
}

// run wires the server top-down: configuration, log, server. It returns when
// a signal or the command SHUTDOWN asks for the end. A subcommand is run instead
// if the arguments begin with its name.
func run(args []string) error {
	if sub, ok := findSubcommand(args); ok {
		return sub.do(args[1:])
	}
	parsed, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case parsed.Help:
		fmt.Print(config.HelpText())
		return nil
	case parsed.Version:
		fmt.Print(config.VersionText(server.Version, runtime.Version()))
		return nil
	}
	if err := checkDir(parsed.Config.Dir); err != nil {
		return err
	}
	log, setLevel, err := newLogger(parsed.Config)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // a terminal cannot be synced
	for _, w := range parsed.Warnings {
		log.Warn(w)
	}
	if err := importAtStart(parsed.Config, log); err != nil {
		return err
	}
	return serve(parsed, log, setLevel)
}

// serve runs the server until it is asked to end.
func serve(parsed config.Result, log *zap.Logger, setLevel func(string)) error {
	stopProfile, err := startProfile()
	if err != nil {
		return err
	}
	defer stopProfile()
	store := config.NewStore(parsed.Config)
	seed, err := seedOfLog(parsed.Config)
	if err != nil {
		return fmt.Errorf("cannot read the log: %w", err)
	}
	backups, err := backupSchedulerOf(parsed.Config)
	if err != nil {
		return err
	}
	var files *persistence.Snapshots // of the server
	srv, err := server.New(server.Options{
		Config: store, ConfigFile: parsed.File, Log: log, SetLogLevel: setLevel,
		Logs: logs{}, Seed: seed,
		OpenSnapshots: func(e *engine.Engine, v *command.Values) server.SnapshotStore {
			s := &snapshots{persistence.Snapshots{Engine: e, Values: v}}
			files = &s.Snapshots
			return s
		},
	})
	if err != nil {
		return err
	}
	// From here on, so that a signal during the start ends in order, too.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ends...)
	if err := srv.Start(); err != nil {
		return err
	}
	// Only who has the ports may write the file: a second server that fails to
	// start must not take the name of the first out of it.
	if path := store.Load().PidFile; path != "" {
		if err := writePidFile(path); err != nil {
			srv.Shutdown(0)
			return err
		}
		defer removePidFile(path, log)
	}
	gaveUp, err := load(srv, signals)
	if err != nil {
		srv.Shutdown(0)
		return fmt.Errorf("cannot load the data set: %w", err)
	}
	if !gaveUp {
		log.Info("ready", zap.String("version", server.Version), zap.Int("pid", os.Getpid()))
		stopBackups := runBackups(backups, srv, store, files, log)
		waitForEnd(srv, store, signals, log)
		stopBackups()
	}
	srv.Shutdown(time.Duration(store.Load().ShutdownTimeoutSecs) * time.Second)
	log.Info("bye")
	return nil
}
