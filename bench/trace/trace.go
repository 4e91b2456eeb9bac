// Package trace reads recorded request streams: gzip-compressed text files
// with one key a line, in the order in which the keys were asked for.
package trace

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// A Trace is a request stream. Keys repeat; equal keys share no memory.
type Trace struct {
	Keys     [][]byte // in request order
	Distinct [][]byte // each key once, in order of first request
}

// maxKeyBytes bounds a line; both Redis and memcached take keys of this size.
const maxKeyBytes = 250

// ReadFile reads a gzip-compressed trace, at most limit requests of it when
// limit > 0. An empty line, a key longer than 250 bytes or damaged compression
// is an error that names the file and the line.
func ReadFile(path string, limit int) (*Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("trace %s: not a gzip file: %w", path, err)
	}
	t, err := Read(z, limit)
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", path, err)
	}
	return t, nil
}

// Read reads a trace that is not compressed; see ReadFile.
func Read(r io.Reader, limit int) (*Trace, error) {
	t := new(Trace)
	seen := make(map[string]struct{})
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if limit > 0 && len(t.Keys) == limit {
			break
		}
		line := lines.Bytes()
		if len(line) == 0 || len(line) > maxKeyBytes {
			return nil, fmt.Errorf("line %d: a key has 1 to %d bytes, this one has %d", len(t.Keys)+1, maxKeyBytes, len(line))
		}
		key := append([]byte(nil), line...)
		t.Keys = append(t.Keys, key)
		if _, ok := seen[string(key)]; !ok {
			seen[string(key)] = struct{}{}
			t.Distinct = append(t.Distinct, key)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after line %d: %w", len(t.Keys), err)
	}
	if len(t.Keys) == 0 {
		return nil, fmt.Errorf("no keys in it")
	}
	return t, nil
}
