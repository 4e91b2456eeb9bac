package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"larder/persistence"
	"larder/persistence/oplog"
)

// larder check [--repair] FILE reads a snapshot, or a log by its manifest or any
// of its segments, as a start would, and says whether it is in order. With
// --repair it ends a damaged log before the damage and says what is lost; what
// does not count any more is kept beside it.

// checkDatabases is how many databases a snapshot that is checked may have.
const checkDatabases = 1024

const checkUsage = "usage: larder check [--repair] FILE, where FILE is a snapshot, or a log's manifest or segment; no server may use it"

func checkCommand(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("larder check", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { _, _ = fmt.Fprintln(out, checkUsage) } // nobody is left to tell if this fails
	repair := flags.Bool("repair", false, "end a damaged log before the damage")
	rest, err := parseArgs(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case len(rest) != 1:
		return errors.New(checkUsage)
	}
	path, err := filepath.Abs(rest[0])
	if err != nil {
		return err
	}
	files, err := oplog.FilesOf(persistence.OS{}, path)
	switch {
	case err == nil && *repair:
		return repairLog(ctx, files, out)
	case err == nil:
		return checkLog(ctx, files, out)
	case *repair:
		return fmt.Errorf("only logs can be repaired: %w", err)
	}
	keys, err := checkSnapshot(ctx, path)
	if err == nil {
		_, err = fmt.Fprintf(out, "the snapshot is in order: %d keys\n", keys)
	}
	return err
}

// checkSnapshot loads a snapshot and throws it away.
func checkSnapshot(ctx context.Context, path string) (keys int64, err error) {
	st, err := openStaging(checkDatabases)
	if err != nil {
		return 0, err
	}
	defer st.close()
	var p persistence.Progress
	err = st.files.LoadFile(ctx, path, persistence.LoadOptions{
		NowMs: beforeAll, Library: func(string) error { return nil }, Room: func(int) bool { return true },
	}, &p)
	return p.Keys.Load(), err
}

// checkBase checks the snapshot that a log continues.
func checkBase(ctx context.Context) func(path string, b oplog.BaseFile) error {
	return func(path string, _ oplog.BaseFile) error {
		_, err := checkSnapshot(ctx, path)
		return err
	}
}

func checkLog(ctx context.Context, files oplog.Files, out io.Writer) error {
	found, err := oplog.Check(files, checkBase(ctx))
	if errors.Is(err, persistence.ErrCorrupt) {
		return fmt.Errorf("%w\nlarder check --repair ends the log before that, and says what is lost", err)
	}
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(out, "the log is in order: %d records behind its base, up to record %d\n", found.Records, found.Next-1); err == nil && found.Warning() != "" {
		_, err = fmt.Fprintln(out, found.Warning())
	}
	return err
}

func repairLog(ctx context.Context, files oplog.Files, out io.Writer) error {
	done, err := oplog.Repair(files, checkBase(ctx))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, done)
	return err
}
