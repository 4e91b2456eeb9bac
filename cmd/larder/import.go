package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"larder/persistence"
	"larder/persistence/importer"
)

const importUsage = `Usage: larder import SOURCE [--into HOST:PORT | --dir DIR] [option ...]

Takes over the data of another server. SOURCE is one of

  dump.rdb                     a snapshot of Redis 2.8 to 7.4, or of larder
  appendonly.aof               an append-only file, with a snapshot in front or not
  appendonlydir, X.manifest    an append-only log of several files
  DIR                          a data directory of Redis
  redis://[USER:PASSWORD@]HOST:PORT       a running Redis 5.0 to 7.4
  memcached://[USER:PASSWORD@]HOST:PORT   a running memcached 1.6

Started again after an interruption, the same import goes on where it stopped.
The end is a comparison; the exit status is 0 only if nothing is missing.

Options:
`

// importJob is an import as the command line asks for it.
type importJob struct {
	source    string
	into      string
	dir       string
	dbFile    string // name of the snapshot in dir
	state     string
	truncated string
	rate      int
	databases int
	keepGoing bool
	out       *progressLine
}

// importCommand implements larder import.
func importCommand(ctx context.Context, args []string, out io.Writer) error {
	job := importJob{dbFile: "dump.rdb", out: newProgressLine(out)}
	flags := flag.NewFlagSet("larder import", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		_, _ = fmt.Fprint(out, importUsage) // there is nobody else to tell
		flags.PrintDefaults()
	}
	flags.StringVar(&job.into, "into", "", "running larder that the keys go into, `[redis://USER:PASSWORD@]HOST:PORT` (default 127.0.0.1:6379)")
	flags.StringVar(&job.dir, "dir", "", "data `directory` of a larder that does not run; it gets a dump.rdb")
	flags.StringVar(&job.state, "state", "", "`file` that keeps how far the import is (default SOURCE.import-state, or a file in the working directory)")
	flags.IntVar(&job.rate, "rate", 0, "most keys a `second` (default unbounded)")
	flags.IntVar(&job.databases, "databases", 16, "databases, where an append-only file is run and for --dir")
	flags.StringVar(&job.truncated, "aof-load-truncated", "yes", "yes: what a crash has torn off at an append-only file's end is left out; no: it is an error")
	flags.BoolVar(&job.keepGoing, "keep-going", false, "count keys that the target refuses, instead of ending there")
	rest, err := parseArgs(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case len(rest) != 1:
		return fmt.Errorf("larder import: name one source, not %d: see larder import --help", len(rest))
	case job.into != "" && job.dir != "":
		return errors.New("larder import: --into and --dir exclude each other")
	case job.truncated != "yes" && job.truncated != "no":
		return errors.New("larder import: --aof-load-truncated is yes or no")
	case job.rate < 0 || job.databases < 1:
		return errors.New("larder import: --rate is 0 or more, --databases 1 or more")
	}
	job.source = rest[0]
	if job.dir != "" {
		return job.offline(ctx)
	}
	return job.online(ctx)
}

// liveSource opens a source that is a running server; ok is false if it is none.
func (job *importJob) liveSource(ctx context.Context) (src importer.Source, closer func(), ok bool, err error) {
	scheme, _, _ := strings.Cut(job.source, "://")
	switch {
	case scheme == job.source:
		return nil, nil, false, nil
	case scheme == "redis":
		a, err := importer.ParseAddress(job.source, "6379")
		if err != nil {
			return nil, nil, true, err
		}
		s, err := importer.OpenRedis(ctx, a)
		if err != nil {
			return nil, nil, true, err
		}
		return s, s.Close, true, nil
	case scheme == "memcached":
		a, err := importer.ParseAddress(job.source, "11211")
		if err != nil {
			return nil, nil, true, err
		}
		s, err := importer.OpenMemcached(ctx, a)
		if err != nil {
			return nil, nil, true, err
		}
		return s, s.Close, true, nil
	}
	return nil, nil, true, fmt.Errorf("%s:// is not known: a source is redis://HOST:PORT, memcached://HOST:PORT or a file", scheme)
}

// replay runs the files of a source in st.
func (job *importJob) replay(ctx context.Context, files []importer.File, st *staging) error {
	done, err := importer.Replay(ctx, persistence.OS{}, files, st, importer.HistoryOptions{
		Strict: job.truncated == "no",
		Progress: func(file string, offset, steps int64) {
			job.out.update("%s: %d bytes, %d commands", file, offset, steps)
		},
	})
	if err != nil {
		return err
	}
	if done.Warning != "" {
		job.out.say("warning: %s", done.Warning)
	}
	if done.Steps > 0 {
		job.out.say("ran %d commands and transactions", done.Steps)
	}
	return nil
}

// online imports into a running server.
func (job *importJob) online(ctx context.Context) error {
	if job.into == "" {
		job.into = "127.0.0.1:6379"
	}
	addr, err := importer.ParseAddress(job.into, "6379")
	if err != nil {
		return err
	}
	target, err := importer.DialServer(ctx, addr) // in vain is what was read for a target that is not there
	if err != nil {
		return err
	}
	defer target.Close()
	target.KeepGoing = job.keepGoing
	src, closer, live, err := job.liveSource(ctx)
	if !live {
		src, closer, err = job.fileSource(ctx)
	}
	if err != nil {
		return err
	}
	defer closer()
	state, err := job.openState(src, addr.Host, live)
	if err != nil {
		return err
	}
	res, err := importer.Run(ctx, src, target, importer.Options{KeysPerSec: job.rate, State: state, Progress: job.out.progress})
	if err != nil {
		return fmt.Errorf("the import of %s has stopped: %w (how far it is stands in %s)", src.Name(), err, state.Path())
	}
	err = job.report(ctx, src, res, target.Missing)
	if n, first := target.Refused(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d keys were refused, the first: %w", n, first))
	}
	return errors.Join(err, state.Remove())
}

// fileSource opens a snapshot, or runs a history and opens what is left of it.
func (job *importJob) fileSource(ctx context.Context) (src importer.Source, closer func(), err error) {
	files, err := importer.FilesOf(persistence.OS{}, job.source)
	if err != nil {
		return nil, nil, err
	}
	if s, ok, err := snapshotAlone(ctx, files); ok || err != nil {
		return s, func() {}, err
	}
	st, err := openStaging(job.databases)
	if err != nil {
		return nil, nil, err
	}
	err = job.replay(ctx, files, st)
	if err == nil {
		var s *importer.SnapshotSource
		if s, err = importer.StagedSource(ctx, job.source, st); err == nil {
			return s, st.close, nil
		}
	}
	st.close()
	return nil, nil, err
}

// snapshotAlone opens files that are one snapshot and nothing else; ok is false
// if they are something else.
func snapshotAlone(ctx context.Context, files []importer.File) (src importer.Source, ok bool, err error) {
	if len(files) != 1 {
		return nil, false, nil
	}
	path := files[0].Path
	if yes, err := beginsAsSnapshot(path); !yes {
		return nil, false, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	s, size, err := importer.OpenSnapshot(ctx, persistence.OS{}, path)
	if err != nil {
		return nil, false, err
	}
	return s, info.Size() == size, nil
}

// beginsAsSnapshot tells whether a file begins as a snapshot does.
func beginsAsSnapshot(path string) (yes bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var b [5]byte
	n, err := io.ReadFull(f, b[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(b[:n]) == "REDIS", err
}

// openState finds out how far an earlier run has come.
func (job *importJob) openState(src importer.Source, target string, live bool) (*importer.State, error) {
	path := job.state
	if path == "" {
		path = filepath.Clean(job.source) + ".import-state"
		if live {
			scheme, rest, _ := strings.Cut(src.Name(), "://")
			host, _, _ := strings.Cut(rest, " ")
			path = scheme + "-" + strings.ReplaceAll(host, ":", "-") + ".import-state"
		}
	}
	state, resumed, err := importer.OpenState(persistence.OS{}, path, src.Identity(), target)
	if err == nil && resumed {
		job.out.say("going on where an import was interrupted, as %s says", path)
	}
	if err == nil {
		err = state.Keep() // who cannot keep it should know before and not after
	}
	return state, err
}

// report prints what was done and the comparison. Keys that are missing for no
// reason are an error.
func (job *importJob) report(ctx context.Context, src importer.Source, res importer.Result, missing func([]importer.Entry) ([]importer.Entry, error)) error {
	sent, expired := int64(0), int64(0)
	for _, n := range res.Sent {
		sent += n
	}
	for _, n := range res.Expired {
		expired += n
	}
	job.out.say("put %d keys; %d had expired, %d vanished while they were read", sent, expired, src.Vanished())
	counts, err := importer.Compare(ctx, src, missing)
	if err != nil {
		return fmt.Errorf("the keys are imported, but cannot be compared: %w", err)
	}
	lost, example := int64(0), ""
	for _, c := range counts {
		job.out.say("database %d: %d keys there, %d of them here, %d expired, %d gone there too, %d missing", c.DB, c.There, c.Here, c.Expired, c.Gone, c.Missing)
		if lost += c.Missing; example == "" {
			example = c.Example
		}
	}
	if lost > 0 {
		return fmt.Errorf("%d keys of %s are missing, for example %.80q: has the target evicted or deleted them? Import once more when it has room", lost, src.Name(), example)
	}
	return nil
}

// offline imports into a data directory that no server uses.
func (job *importJob) offline(ctx context.Context) error {
	if err := checkDir(job.dir); err != nil {
		return err
	}
	file := filepath.Join(job.dir, job.dbFile)
	for _, name := range []string{file, filepath.Join(job.dir, "appendonlydir")} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already: an import would replace its data; remove it, name another --dir, or import into the running server with --into", name), err)
		}
	}
	return job.save(ctx, file)
}

// save imports into a new snapshot file.
func (job *importJob) save(ctx context.Context, file string) error {
	st, err := openStaging(job.databases)
	if err != nil {
		return err
	}
	defer st.close()
	src, closer, live, err := job.liveSource(ctx)
	if err != nil {
		return err
	}
	var res importer.Result
	var files []importer.File
	if live {
		defer closer()
		res, err = importer.Run(ctx, src, importer.NewBatches(ctx, st), importer.Options{KeysPerSec: job.rate, Progress: job.out.progress})
	} else if files, err = importer.FilesOf(persistence.OS{}, job.source); err == nil {
		err = job.replay(ctx, files, st)
	}
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	if err := st.save(ctx, file); err != nil {
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	saved, _, err := importer.OpenSnapshot(ctx, persistence.OS{}, file)
	if err != nil {
		return err
	}
	if !live {
		src, res = saved, importer.Result{Sent: map[int]int64{0: saved.Total()}}
		if original, ok, err := snapshotAlone(ctx, files); ok || err != nil { // the best to compare with
			src = original
			if err != nil {
				return err
			}
		}
	}
	job.out.say("%s holds %d keys", file, saved.Total())
	return job.report(ctx, src, res, st.missing)
}

// progressLine prints lines, and on a terminal one that changes.
type progressLine struct {
	w        io.Writer
	terminal bool
	open     bool // a line that changes is there
	last     time.Time
}

// quietFor is how long nothing is said of the progress where each time takes a
// line.
const quietFor = 5 * time.Second

func newProgressLine(w io.Writer) *progressLine {
	p := &progressLine{w: w, last: time.Now()}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// say prints a line.
func (p *progressLine) say(format string, args ...any) {
	if p.open {
		_, _ = fmt.Fprintln(p.w) // what cannot be printed is not missed
	}
	p.open = false
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

// update replaces the line that changes.
func (p *progressLine) update(format string, args ...any) {
	switch {
	case p.terminal:
		p.open = true
		_, _ = fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
	case time.Since(p.last) >= quietFor:
		p.last = time.Now()
		p.say(format, args...)
	}
}

// barWidth is the width of the bar in characters.
const barWidth = 30

// progress shows how far an import is.
func (p *progressLine) progress(x importer.Progress) {
	rate := float64(x.Keys) / max(x.Elapsed.Seconds(), 1e-3)
	if x.Total <= 0 {
		p.update("%d keys, %.0f/s", x.Keys, rate)
		return
	}
	share := min(float64(x.Keys)/float64(x.Total), 1)
	full := int(share * barWidth)
	left := time.Duration(float64(x.Total-min(x.Keys, x.Total)) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	p.update("[%s%s] %3.0f %% %d of %d keys, %.0f/s, %s left", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), share*100, x.Keys, x.Total, rate, left)
}
