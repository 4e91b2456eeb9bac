package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"larder/persistence"
	"larder/protocol/record"
)

// Staging is an engine in which a history is run, and which holds what comes of
// it. Nothing expires in it before it is written or saved.
type Staging interface {
	// Load loads a snapshot on top of what is there, whose keys take the place
	// of those, and returns its length. What is behind it in r is not for it,
	// but may be read.
	Load(ctx context.Context, r io.Reader, name string) (size int64, err error)
	// Apply runs commands as one step. An error says that one is unknown.
	Apply(commands []record.Command) error
	// Write writes a snapshot.
	Write(ctx context.Context, w io.Writer) error
}

// File is one of the files of a history, in order.
type File struct {
	Path string
	// Last tells that a crash may have torn its end off.
	Last bool
}

// Replayed says what was run.
type Replayed struct {
	Steps   int64  // commands, and transactions as one
	Warning string // about a torn end, "" if there is none
}

// HistoryOptions say how a history is run.
type HistoryOptions struct {
	// Strict refuses a torn end (aof-load-truncated no).
	Strict bool
	// Progress, if it is not nil, is told now and then how far it is.
	Progress func(file string, offset int64, steps int64)
}

// progressSteps is how many steps lie between two calls of Progress.
const progressSteps = 4096

// Replay runs the files in st.
func Replay(ctx context.Context, fsys persistence.FS, files []File, st Staging, o HistoryOptions) (Replayed, error) {
	var done Replayed
	for _, f := range files {
		err := replayFile(ctx, fsys, f.Path, st, &done, &o)
		var torn *tornError
		switch {
		case errors.As(err, &torn) && f.Last && !o.Strict:
			done.Warning = torn.Error()
		case errors.As(err, &torn) && f.Last:
			return done, fmt.Errorf("%w: allow it with --aof-load-truncated yes, or cut it with redis-check-aof --fix", err)
		case errors.As(err, &torn):
			return done, &persistence.CorruptError{File: torn.file, Offset: torn.keep, Reason: "the file ends in the middle of a step, and others follow it: it was cut off"}
		case err != nil:
			return done, err
		}
	}
	return done, nil
}

func replayFile(ctx context.Context, fsys persistence.FS, path string, st Staging, done *Replayed, o *HistoryOptions) (err error) {
	f, err := fsys.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var magic [5]byte
	n, err := io.ReadFull(f, magic[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	offset := int64(0)
	if string(magic[:n]) == "REDIS" {
		if offset, err = st.Load(ctx, f, path); err != nil {
			return err
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return err
		}
	}
	a := newAOF(f, path, offset)
	for {
		s, err := a.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if len(s.commands) == 0 {
			continue
		}
		if err := st.Apply(s.commands); err != nil {
			return fmt.Errorf("%s, offset %d: %w", path, s.offset, err)
		}
		if done.Steps++; o.Progress != nil && done.Steps%progressSteps == 0 {
			o.Progress(path, a.at, done.Steps)
		}
	}
}

const manifestSuffix = ".manifest"

// FilesOf finds the files of the history at path: a file, a manifest, the
// directory in which one is, or a data directory with such a directory in it.
func FilesOf(fsys persistence.FS, path string) ([]File, error) {
	info, err := fsys.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, manifestSuffix) {
			return readManifest(fsys, path)
		}
		return []File{{path, true}}, nil
	}
	for _, dir := range []string{path, filepath.Join(path, "appendonlydir")} {
		entries, err := fsys.ReadDir(dir)
		if err != nil {
			continue // most directories have no such directory in them
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), manifestSuffix) {
				return readManifest(fsys, filepath.Join(dir, e.Name()))
			}
		}
	}
	for _, name := range []string{"appendonly.aof", "dump.rdb"} {
		file := filepath.Join(path, name)
		if _, err := fsys.Stat(file); err == nil {
			return []File{{file, true}}, nil
		}
	}
	return nil, fmt.Errorf("%s holds neither a manifest nor appendonly.aof nor dump.rdb: name the file to import", path)
}

// part is a line of a manifest.
type part struct {
	file string
	seq  int64
	typ  string // b base, i increment, h history
}

// ownManifest begins the manifest of a log that larder writes.
const ownManifest = "larder log "

// readManifest lists a manifest's base and increments in their order. Files of
// type h are such that a rewrite has replaced.
func readManifest(fsys persistence.FS, path string) ([]File, error) {
	text, err := readAll(fsys, path)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(string(text), ownManifest) {
		return nil, fmt.Errorf("%s is of a log of larder's own: start a larder on its directory, which loads it, or import from that by redis://HOST:PORT", path)
	}
	var base, increments []part
	offset := int64(0)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0][0] != '#' {
			p, err := parsePart(line)
			if err != nil {
				return nil, &persistence.CorruptError{File: path, Offset: offset, Reason: err.Error()}
			}
			switch {
			case p.typ == "b" && len(base) > 0:
				return nil, &persistence.CorruptError{File: path, Offset: offset, Reason: "it names a second base"}
			case p.typ == "b":
				base = append(base, p)
			case p.typ == "i":
				if n := len(increments); n > 0 && increments[n-1].seq >= p.seq {
					return nil, &persistence.CorruptError{File: path, Offset: offset, Reason: "the increments are not in order"}
				}
				increments = append(increments, p)
			}
		}
		offset += int64(len(line))
	}
	var files []File
	for _, p := range slices.Concat(base, increments) {
		files = append(files, File{Path: filepath.Join(filepath.Dir(path), p.file)})
	}
	if len(files) == 0 {
		return nil, &persistence.CorruptError{File: path, Offset: 0, Reason: "it names no file"}
	}
	files[len(files)-1].Last = true
	return files, nil
}

// maxManifest bounds a manifest's length, in bytes.
const maxManifest = 1 << 20

func readAll(fsys persistence.FS, path string) (text []byte, err error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxManifest))
}

// parsePart reads "file NAME seq N type T"; a name with spaces stands in quotes.
func parsePart(line string) (p part, err error) {
	rest := strings.TrimSpace(line)
	for rest != "" {
		var key, value string
		key, rest, _ = strings.Cut(rest, " ")
		if rest = strings.TrimLeft(rest, " "); strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return p, fmt.Errorf("the quotes in %.80q do not end", line)
			}
			rest = strings.TrimLeft(rest[len(quoted):], " ")
			if value, err = strconv.Unquote(quoted); err != nil {
				return p, fmt.Errorf("%.80q cannot be read", quoted)
			}
		} else {
			value, rest, _ = strings.Cut(rest, " ")
		}
		switch key {
		case "file":
			p.file = value
		case "seq":
			if p.seq, err = strconv.ParseInt(value, 10, 64); err != nil {
				return p, fmt.Errorf("%.40q is no number of a file", value)
			}
		case "type":
			p.typ = value
		}
	}
	if p.file == "" || p.seq <= 0 || !slices.Contains([]string{"b", "i", "h"}, p.typ) || strings.ContainsAny(p.file, `/\`) {
		return p, fmt.Errorf("a line says file NAME seq NUMBER type b, i or h; this says %.80q", strings.TrimSpace(line))
	}
	return p, nil
}
