package compat

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"larder/test/compat/harness"
)

var (
	flagSeed      = flag.Uint64("seed", 1, "seed of the first history of each family")
	flagHistories = flag.Int("histories", 0, "histories a family (0: the default of the short or long run)")
	flagLength    = flag.Int("length", 0, "steps a history (0: the default of the short or long run)")
	flagReplay    = flag.String("replay", "", "transcript file for TestReplay")
	flagUpdate    = flag.Bool("update", false, "rewrite generated files")
)

// Sizes of the short run, which fits in two minutes on two cores, and of the
// long one (COMPAT_LONG=1).
const (
	shortHistories, shortLength = 24, 150
	longHistories, longLength   = 2000, 400
)

func histories() int {
	switch {
	case *flagHistories > 0:
		return *flagHistories
	case os.Getenv("COMPAT_LONG") != "":
		return longHistories
	}
	return shortHistories
}

func length() int {
	switch {
	case *flagLength > 0:
		return *flagLength
	case os.Getenv("COMPAT_LONG") != "":
		return longLength
	}
	return shortLength
}

// oracleSubject as LARDER_BIN compares the oracles with themselves.
const oracleSubject = "oracle"

// servers are what all tests share. Tests that need a server of their own
// start it.
var servers struct {
	redis, memcached *harness.Server
	// subject answers RESP and, when it is larder, memcached too.
	subject *harness.Server
	// memSubject is subject, or the second memcached of a self-comparison.
	memSubject *harness.Server
	// binary is the path of larder; "" in a self-comparison.
	binary string
}

// subjectArgs make larder comparable to the oracles' defaults.
var subjectArgs = []string{"--maxmemory-policy", "noeviction"}

// quietMemcached stops memcached's background threads. They hold references
// to items for moments, and incr on an item that is referenced makes a new one
// of another length than the padded one it makes in place.
var quietMemcached = []string{"-o", "no_lru_crawler,no_lru_maintainer"}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	tmp, err := os.MkdirTemp("", "compat-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	started, err := startAll(tmp)
	code := 1
	if err == nil {
		code = m.Run()
	}
	for _, s := range started {
		err = errors.Join(err, s.Stop())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		return 1
	}
	return code
}

func startAll(tmp string) (started []*harness.Server, err error) {
	keep := func(s *harness.Server, e error) *harness.Server {
		if e != nil {
			err = errors.Join(err, e)
		} else {
			started = append(started, s)
		}
		return s
	}
	servers.redis = keep(harness.StartRedis("redis-server"))
	servers.memcached = keep(harness.StartMemcached("memcached", quietMemcached...))
	binary := os.Getenv("LARDER_BIN")
	if binary == "" {
		var e error
		if binary, e = buildLarder(tmp, "larder"); e != nil {
			return started, errors.Join(err, e)
		}
	}
	if binary == oracleSubject {
		fmt.Fprintln(os.Stderr, "compat: comparing the oracles with themselves, larder is not tested")
		servers.subject = keep(harness.StartRedis("second redis-server"))
		servers.memSubject = keep(harness.StartMemcached("second memcached", quietMemcached...))
		return started, err
	}
	servers.binary = binary
	servers.subject = keep(harness.StartLarder("larder", binary, subjectArgs...))
	servers.memSubject = servers.subject
	return started, err
}

// buildLarder builds cmd/larder with the given go build flags.
func buildLarder(dir, name string, flags ...string) (string, error) {
	const source = "../../cmd/larder"
	if _, err := os.Stat(source); errors.Is(err, os.ErrNotExist) {
		return oracleSubject, nil
	}
	path := filepath.Join(dir, name)
	args := append([]string{"build", "-o", path}, flags...)
	out, err := exec.Command("go", append(args, source)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
	return path, nil
}

// selfComparison says whether larder is absent from this run.
func selfComparison() bool { return servers.binary == "" }

// needLarder skips a test that only larder can pass.
func needLarder(t *testing.T) {
	t.Helper()
	if selfComparison() {
		t.Skip("comparing the oracles with themselves (LARDER_BIN=oracle)")
	}
}
