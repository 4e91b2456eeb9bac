package compat

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// family is a set of commands whose histories are made together.
type family struct {
	name string
	// rows are grammars; each is drawn equally often, so that a row which
	// matters more stands twice.
	rows []string
	// classes are added to the base classes and override them.
	classes harness.Classes
	// conns is the number of connections that the history uses; 0 means 1.
	conns int
	// hears makes the steps show what all connections are sent (OpHear).
	hears bool
	// spoil is the percentage of commands that are made wrong.
	spoil int
	// special makes steps that no grammar can express; nil for none. It is
	// drawn for specialPercent of the steps.
	special        func(r *rand.Rand) []harness.Step
	specialPercent int
	// prologue starts each history.
	prologue []harness.Step
	// epilogue ends each history; it reads back what the history wrote.
	epilogue []harness.Step
	// restore undoes what a history may change outside of the key space.
	restore [][]string
}

// byChance are commands that change something chosen by chance unless they are
// told to take all, as the grammars do: they are not made wrong.
var byChance = map[string]bool{"SPOP": true}

// maxReported bounds the different mismatches that one family reports.
const maxReported = 12

// generate makes the history of a seed; odd seeds speak RESP3.
func (f *family) generate(seed uint64, steps int) harness.History {
	r := rand.New(rand.NewPCG(seed, 0x1a4de4))
	classes := harness.BaseClasses()
	for name, arg := range f.classes {
		classes[name] = arg
	}
	grammars := make([]*harness.Grammar, len(f.rows))
	for i, row := range f.rows {
		grammars[i] = harness.ParseGrammar(row, classes)
	}
	h := harness.History{Family: f.name, Seed: seed, Proto: 2 + int(seed%2)}
	h.Steps = append(h.Steps, f.prologue...)
	for len(h.Steps) < steps {
		if f.special != nil && r.IntN(100) < f.specialPercent {
			h.Steps = append(h.Steps, f.special(r)...)
			continue
		}
		args := grammars[r.IntN(len(grammars))].Make(r, classes)
		if r.IntN(100) < f.spoil && !byChance[string(args[0])] {
			args = harness.Spoil(r, args, 1)
		}
		conn := 0
		if f.conns > 1 {
			conn = r.IntN(f.conns)
		}
		op := harness.OpCommand
		if f.hears {
			op = harness.OpHear
		}
		h.Steps = append(h.Steps, harness.Step{Op: op, Conn: conn, Args: args})
	}
	h.Steps = append(h.Steps, f.epilogue...)
	return h
}

// check runs the family's histories on a pair of servers and reports each
// kind of mismatch once, shrunk.
func (f *family) check(t *testing.T, r *harness.Runner) {
	t.Helper()
	r.Restore = f.restore
	runHistories(t, r, func(seed uint64) harness.History { return f.generate(seed, length()) }, histories())
}

// runHistories runs count generated histories.
func runHistories(t *testing.T, r *harness.Runner, generate func(seed uint64) harness.History, count int) {
	t.Helper()
	seen := map[string]int{}
	for i := range count {
		m, err := r.Run(generate(*flagSeed + uint64(i)))
		if m != nil {
			signature := m.Signature()
			seen[signature]++
			if seen[signature] == 1 && len(seen) <= maxReported {
				if err == nil {
					m = r.Shrink(m)
				}
				t.Errorf("%s\n%s", signature, report(m))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) > 0 {
		t.Logf("mismatches by kind in %d histories (%d more kinds not shown): %v", count, max(0, len(seen)-maxReported), seen)
	}
}

func report(m *harness.Mismatch) string {
	return m.String() + "# replay: save these lines as FILE, then go test ./test/compat -run TestReplay -replay FILE"
}

// respPair compares the shared redis-server with the subject.
func respPair(t *testing.T) *harness.Runner {
	t.Helper()
	return &harness.Runner{Oracle: servers.redis, Subject: servers.subject, Intended: intended(t)}
}

// memPair compares the shared memcached with the subject.
func memPair(t *testing.T) *harness.Runner {
	t.Helper()
	needMemcached(t)
	return &harness.Runner{Oracle: servers.memcached, Subject: servers.memSubject, Intended: intended(t)}
}

// intended returns the table of intended differences; it holds for larder
// only.
func intended(t *testing.T) *harness.Differences {
	t.Helper()
	if selfComparison() {
		return nil
	}
	d, err := harness.NewDifferences(differences)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// commands makes steps on connection 0 from lines of a transcript.
func commands(lines ...string) []harness.Step {
	h, err := harness.ParseTranscript("steps", strings.Join(lines, "\n"))
	if err != nil {
		panic(err)
	}
	return h.Steps
}

// readBack reads the base classes' keys in the databases that histories use.
func readBack(perKey ...string) []harness.Step {
	var lines []string
	for _, db := range []string{"0", "1", "2", "15"} {
		lines = append(lines, "0> SELECT "+db, "scan0>", "0> KEYS *", "0> DBSIZE", "0> RANDOMKEY")
		if db != "0" && db != "1" {
			continue
		}
		for _, key := range []string{"a", "b", "c", "d", "e", "key:1", "key:2", "ключ", `"k\x00\xff"`, `""`} {
			for _, command := range perKey {
				lines = append(lines, "0> "+command+" "+key)
			}
		}
	}
	return commands(lines...)
}

// TestReplay runs the transcript that -replay names.
func TestReplay(t *testing.T) {
	if *flagReplay == "" {
		t.Skip("-replay FILE is not given")
	}
	runTranscript(t, *flagReplay)
}

// TestRegressions runs every transcript of a mismatch that was once found.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob("testdata/regress/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in testdata/regress (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runTranscript(t, file) })
	}
}

// runTranscript runs a file on both servers. Lines with recorded replies are
// compared with the record too.
func runTranscript(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := harness.ParseTranscript(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := pairFor(t, h)
	if err != nil {
		t.Fatal(err)
	}
	m, err := pair.Run(h)
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		t.Errorf("%s:%d\n%s", file, m.History.Steps[m.At].Line, m)
	}
}

// pairFor picks the oracle that has all of a transcript's protocols.
func pairFor(t *testing.T, h harness.History) (*harness.Runner, error) {
	resp, mem := false, false
	for _, s := range h.Steps {
		if s.Op == harness.OpText || s.Op == harness.OpBinary {
			mem = true
		} else {
			resp = true
		}
	}
	switch {
	case resp && mem:
		return nil, errors.New("no oracle speaks both RESP and memcached; such transcripts belong in testdata/cross with their replies")
	case mem:
		return memPair(t), nil
	case resp:
		return respPair(t), nil
	}
	return nil, fmt.Errorf("%s has no steps", h.Family)
}
