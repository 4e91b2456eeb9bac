package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"larder/persistence"
	"larder/persistence/backup"
	"larder/server/config"
)

// backupHelp is what larder backup prints to who does not know it.
const backupHelp = `usage: larder backup create|list|verify|restore|prune [OPTION ...] [CONFIG-FILE] [--DIRECTIVE VALUE ...]

  create   back up the data in dir, or those of a server that runs:
             --from HOST:PORT          ask this server (password: REDISCLI_AUTH)
  list     list the backups, oldest first
  verify   read a backup, compare all checksums, and load it:
             --backup ID               this one instead of all
             --no-load                 compare checksums only
  restore  bring a backup back to dir, which must not have data:
             --backup ID               this one instead of the newest
             --until TIME              as it was then, like 2026-11-22T10:00:00Z
  prune    remove the backups that backup-retention does not keep, and what
           interrupted ones have left:
             --interrupted-after TIME  so long nobody can still be at work (24h)

The directives are those of the server. These count here: backup-target,
backup-retention, backup-s3-*, dir, dbfilename, appendonly, appenddirname,
appendfilename. docs/backup.md has examples.
`

// backupOptions are the options of larder backup that are no directives.
type backupOptions struct {
	from, id, until  string
	interruptedAfter string
	noLoad           bool
}

// A backupCall is one run of larder backup.
type backupCall struct {
	ctx  context.Context
	out  io.Writer
	opt  backupOptions
	cfg  *config.Config
	repo *backup.Repository
}

// backupVerbs are what larder backup can do, and the options that each takes.
var backupVerbs = map[string]struct {
	run     func(*backupCall) error
	options string
}{
	"create":  {(*backupCall).create, "--from"},
	"list":    {(*backupCall).list, ""},
	"verify":  {(*backupCall).verify, "--backup --no-load"},
	"restore": {(*backupCall).restore, "--backup --until"},
	"prune":   {(*backupCall).prune, "--interrupted-after"},
}

// runBackup runs larder backup.
func runBackup(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		_, err := io.WriteString(out, backupHelp)
		return err
	}
	verb, known := backupVerbs[args[0]]
	if !known {
		return fmt.Errorf("larder backup: %q is none of create, list, verify, restore and prune", args[0])
	}
	c := &backupCall{ctx: ctx, out: out}
	rest, err := c.opt.take(args[1:], strings.Fields(verb.options))
	if err != nil {
		return fmt.Errorf("larder backup %s: %w", args[0], err)
	}
	parsed, err := parse(rest)
	if err != nil {
		return err
	}
	c.cfg = parsed.Config
	if c.repo, err = repositoryOf(c.cfg); err != nil {
		return err
	}
	if err := verb.run(c); err != nil {
		return fmt.Errorf("larder backup %s: %w", args[0], err)
	}
	return nil
}

// take takes the options out of the arguments and returns the others.
func (o *backupOptions) take(args, allowed []string) (rest []string, err error) {
	values := map[string]*string{"--from": &o.from, "--backup": &o.id, "--until": &o.until, "--interrupted-after": &o.interruptedAfter}
	for i := 0; i < len(args); i++ {
		value, known := values[args[i]]
		known = known || args[i] == "--no-load"
		switch {
		case !known:
			rest = append(rest, args[i])
			continue
		case !slices.Contains(allowed, args[i]):
			return nil, fmt.Errorf("%s has no meaning here; see larder backup --help", args[i])
		case value == nil:
			o.noLoad = true
			continue
		case i+1 == len(args):
			return nil, fmt.Errorf("%s takes a value; see larder backup --help", args[i])
		}
		i++
		*value = args[i]
	}
	return rest, nil
}

// repositoryOf is where the configuration keeps backups.
func repositoryOf(cfg *config.Config) (*backup.Repository, error) {
	if cfg.BackupTarget == "" {
		return nil, errors.New("backup-target: no target is given: add --backup-target with a folder or s3://BUCKET/PREFIX")
	}
	store, err := backup.Open(backup.Target{
		Place: cfg.BackupTarget, FS: persistence.OS{}, Getenv: os.Getenv,
		Endpoint: cfg.BackupS3Endpoint, Region: cfg.BackupS3Region, AccessKey: cfg.BackupS3AccessKey, SecretKey: cfg.BackupS3SecretKey,
	})
	if err != nil {
		return nil, fmt.Errorf("backup-target: %w", err)
	}
	return &backup.Repository{Store: store}, nil
}

// placeOf is where the server of a configuration has its data.
func placeOf(cfg *config.Config) backup.Place {
	return backup.Place{FS: persistence.OS{}, Dir: cfg.Dir, Snapshot: cfg.DBFilename, LogDir: cfg.AppendDirName, Log: cfg.AppendFileName}
}

// list implements larder backup list.
func (c *backupCall) list() error {
	list, damaged, err := c.repo.List(c.ctx)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "BACKUP\tKIND\tFROM\tUNTIL\tBYTES")
		for _, b := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", b.ID, b.Kind, timeText(b.From), timeText(b.Taken), b.Bytes())
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return errors.Join(damaged...)
}

// timeText is a time as --until takes it.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// restore implements larder backup restore.
func (c *backupCall) restore() (err error) {
	if err := checkDir(c.cfg.Dir); err != nil {
		return err
	}
	var until time.Time
	if c.opt.until != "" {
		if until, err = time.Parse(time.RFC3339, c.opt.until); err != nil {
			return fmt.Errorf("--until: %q is not a time like 2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00", c.opt.until)
		}
	}
	var b *backup.Backup
	if c.opt.id == "" && !until.IsZero() {
		b, err = c.repo.FindAt(c.ctx, until)
	} else {
		b, err = c.repo.Find(c.ctx, c.opt.id)
	}
	if err != nil {
		return err
	}
	if err := c.repo.Restore(c.ctx, b, placeOf(c.cfg), until); err != nil {
		return err
	}
	if until.IsZero() {
		until = b.Taken
	}
	how := "larder --dir " + c.cfg.Dir
	if b.Kind == backup.KindLog {
		how += " --appendonly yes"
	}
	fmt.Fprintf(c.out, "restored %s to %s as it was at %s; to use it: %s\n", b.ID, c.cfg.Dir, timeText(until), how)
	return nil
}

// prune implements larder backup prune.
func (c *backupCall) prune() error {
	keep, err := backup.ParseRetention(c.cfg.BackupRetention)
	if err != nil {
		return fmt.Errorf("backup-retention: %w", err)
	}
	age := backup.InterruptedAge
	if c.opt.interruptedAfter != "" {
		if age, err = backup.ParseInterval(c.opt.interruptedAfter); err != nil {
			return fmt.Errorf("--interrupted-after: %w", err)
		}
	}
	p, err := c.repo.Prune(c.ctx, keep, age)
	if p != nil {
		for _, b := range p.Backups {
			fmt.Fprintln(c.out, "removed", b.ID)
		}
		fmt.Fprintf(c.out, "removed %d backups, %d objects of %d bytes, and %d unfinished ones\n", len(p.Backups), p.Objects, p.Bytes, p.Partial)
	}
	return err
}

// logDirOf is the directory of the log.
func logDirOf(cfg *config.Config) string { return filepath.Join(cfg.Dir, cfg.AppendDirName) }
