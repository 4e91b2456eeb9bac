package load

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// RedisBenchmark describes one run of the program redis-benchmark with one
// test: either one of its own (Test) or any command (Command).
type RedisBenchmark struct {
	Path     string // of the program; default redis-benchmark
	Addr     string
	Test     string
	Command  []string
	Pipeline int
	Conns    int
	Ops      uint64
	Keys     uint64 // -r
	Value    int    // -d, bytes
}

// args returns the command line after the program's name.
func (b RedisBenchmark) args() ([]string, error) {
	host, port, err := net.SplitHostPort(b.Addr)
	if err != nil {
		return nil, err
	}
	args := []string{"-h", host, "-p", port, "-P", strconv.Itoa(b.Pipeline), "-c", strconv.Itoa(b.Conns),
		"-n", strconv.FormatUint(b.Ops, 10), "-d", strconv.Itoa(b.Value), "-r", strconv.FormatUint(b.Keys, 10), "--csv"}
	if b.Test != "" {
		return append(args, "-t", b.Test), nil
	}
	return append(args, b.Command...), nil
}

// ErrNotAvailable says that the server answers the command with an error.
var ErrNotAvailable = errors.New("not available")

// Run runs it and returns the requests a second that it reports. A server
// that answers with an error gives ErrNotAvailable with that error's text.
func (b RedisBenchmark) Run(ctx context.Context) (float64, error) {
	if b.Path == "" {
		b.Path = "redis-benchmark"
	}
	args, err := b.args()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, b.Path, args...)
	// As for servers: Ctrl-C reaches this process alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if _, text, ok := strings.Cut(stderr.String()+stdout.String(), "Error from server: "); ok {
		line, _, _ := strings.Cut(text, "\n")
		return 0, fmt.Errorf("%w: %s", ErrNotAvailable, strings.TrimSpace(line))
	}
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w: %s", b.Path, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	rows, err := ParseRedisBenchmark(stdout.String())
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 {
		return 0, fmt.Errorf("%s %s: %d tests were run instead of one", b.Path, strings.Join(args, " "), len(rows))
	}
	return rows[0].PerSecond, nil
}

// A BenchmarkRow is one line of redis-benchmark --csv.
type BenchmarkRow struct {
	Test      string
	PerSecond float64
}

// ParseRedisBenchmark reads what redis-benchmark --csv prints: a line of
// column names, then one line a test.
func ParseRedisBenchmark(text string) ([]BenchmarkRow, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("output of redis-benchmark: %w", err)
	}
	if len(lines) == 0 || len(lines[0]) < 2 || lines[0][0] != "test" || lines[0][1] != "rps" {
		return nil, fmt.Errorf("output of redis-benchmark does not start with the columns test and rps: %.200q", text)
	}
	var rows []BenchmarkRow
	for _, line := range lines[1:] {
		if len(line) < 2 {
			return nil, fmt.Errorf("output of redis-benchmark: line %q", line)
		}
		rps, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			return nil, fmt.Errorf("output of redis-benchmark: %w", err)
		}
		rows = append(rows, BenchmarkRow{Test: line[0], PerSecond: rps})
	}
	return rows, nil
}
