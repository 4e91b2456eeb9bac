package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"larder/persistence"
	"larder/persistence/importer"
	"larder/persistence/oplog"
)

// larder check [--repair] FILE reads a snapshot, or a log by its manifest or any
// of its segments, as a start would, and says whether it is in order. With
// --repair it ends a damaged log before the damage, keeps of a damaged snapshot
// what can be read, and says what is lost; what does not count any more is kept
// beside it.

// checkDatabases is how many databases a snapshot that is checked may have.
const checkDatabases = 1024

const checkUsage = "usage: larder check [--repair] FILE, where FILE is a snapshot, or a log's manifest or segment; no server may use it"

func checkCommand(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("larder check", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { _, _ = fmt.Fprintln(out, checkUsage) } // nobody is left to tell if this fails
	repair := flags.Bool("repair", false, "end a damaged log before the damage, keep of a damaged snapshot what can be read")
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
	}
	return snapshotCommand(ctx, path, *repair, out)
}

// snapshotCommand checks a snapshot file, and repairs it if that is wanted.
func snapshotCommand(ctx context.Context, path string, repair bool, out io.Writer) error {
	found, err := inspect(ctx, path)
	switch {
	case err != nil:
		return err
	case found.Err() == nil:
		_, err = fmt.Fprintf(out, "the snapshot is in order: %d keys\n", found.Keys)
		return err
	case !repair:
		return fmt.Errorf("%w\n%s: larder check --repair keeps what can be read", found.Err(), found.Lost())
	}
	kept, err := found.Repair(persistence.OS{})
	if err != nil {
		return fmt.Errorf("cannot repair %s: %w", path, err)
	}
	_, err = fmt.Fprintf(out, "%v\n%s\nwhat was there is kept in %s\n", found.Err(), found.Lost(), kept)
	return err
}

// inspect reads a snapshot file and makes all that is in it.
func inspect(ctx context.Context, path string) (*importer.Checked, error) {
	st, err := openStaging(checkDatabases)
	if err != nil {
		return nil, err
	}
	defer st.close()
	return importer.CheckSnapshot(ctx, persistence.OS{}, path, st.add)
}

// checkBase checks the snapshot that a log continues.
func checkBase(ctx context.Context) func(path string, b oplog.BaseFile) error {
	return func(path string, _ oplog.BaseFile) error {
		found, err := inspect(ctx, path)
		if err != nil {
			return err
		}
		return found.Err()
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
