package compat

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// TestNewerCommands holds larder to what the documentation says of commands
// that the distribution's servers do not have.
func TestNewerCommands(t *testing.T) { runRecorded(t, "testdata/newer/*.txt", "# source:") }

// TestCrossProtocol shows that both protocols see one key space: no other
// server speaks both, so the replies are recorded.
func TestCrossProtocol(t *testing.T) { runRecorded(t, "testdata/cross/*.txt", "# ") }

// runRecorded runs transcripts on larder alone. Each must contain mark, and
// each of its steps a reply. TTLs agree within the comparator's tolerance.
func runRecorded(t *testing.T, pattern, mark string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts at %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(mark)) {
				t.Errorf("%s lacks a line %q", file, mark)
			}
			h, err := harness.ParseTranscript(file, string(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range h.Steps {
				if s.Want == nil && s.Op != harness.OpGone {
					t.Fatalf("%s:%d has no reply below it", file, s.Line)
				}
			}
			needLarder(t)
			playRecorded(t, file, h)
		})
	}
}

func playRecorded(t *testing.T, file string, h harness.History) {
	must(t, dial(t, servers.subject), "FLUSHALL")
	session := harness.NewSession(servers.subject, h.Proto)
	defer session.Close()
	for _, step := range h.Steps {
		got, err := session.Do(step)
		if err != nil {
			t.Fatalf("%s:%d: %v", file, step.Line, err)
		}
		if step.Op == harness.OpGone {
			continue
		}
		want := harness.Reply{Raw: step.Want}
		if step.Op == harness.OpCommand {
			if want.Value, err = harness.NewRESPReader(bytes.NewReader(step.Want)).Read(); err != nil {
				t.Fatalf("%s:%d: the recorded reply is no RESP: %v", file, step.Line, err)
			}
		}
		if why := harness.Compare(step, want, got); why != "" {
			t.Errorf("%s:%d: %s\nlarder answers %s\nrecorded is    %s", file, step.Line, step, got, want)
		}
	}
}
