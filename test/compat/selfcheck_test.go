package compat

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"larder/test/compat/harness"
)

// corruptingProxy forwards to a RESP server and rewrites its answers with
// corrupt. It stands for a server with one fault.
func corruptingProxy(t *testing.T, target string, corrupt func([]byte) []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			running.Go(func() {
				_, _ = io.Copy(server, client)
				_ = server.Close()
			})
			running.Go(func() {
				buf := make([]byte, 64<<10)
				for {
					n, err := server.Read(buf)
					if _, werr := client.Write(corrupt(buf[:n])); err != nil || werr != nil {
						_ = client.Close()
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// TestFaultIsFoundAndShrunk shows that a server with one wrong reply does not
// pass, and that what is reported is short.
func TestFaultIsFoundAndShrunk(t *testing.T) {
	addr := corruptingProxy(t, servers.redis.Addr, func(p []byte) []byte {
		return bytes.ReplaceAll(p, []byte(":7\r\n"), []byte(":8\r\n"))
	})
	r := &harness.Runner{Oracle: servers.redis, Subject: &harness.Server{Name: "faulty", Addr: addr}}
	if r.Oracle.Addr == r.Subject.Addr {
		t.Fatal("the proxy is not in between")
	}
	// Both sides are one key space here: only replies that do not depend on
	// it are of use.
	f := family{name: "faulty", rows: []string{"STRLEN key", "PING", "ECHO value", "GETBIT key bit"}}
	h := f.generate(1, 400)
	h.Steps = append(h.Steps, commands("0> DEL z", "0> SETRANGE z 0 1234567", "0> STRLEN z")...)
	m, err := r.Run(h)
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		t.Fatal("a server that says 8 for 7 passes")
	}
	small := r.Shrink(m)
	if len(small.History.Steps) > 2 {
		t.Errorf("shrunk to %d steps, want at most 2:\n%s", len(small.History.Steps), small)
	}
	if !strings.Contains(small.String(), "# subject: :8") {
		t.Errorf("the report does not show the wrong reply:\n%s", small)
	}
}

// TestTranscriptRoundTrip shows that a failure can be replayed from its print.
func TestTranscriptRoundTrip(t *testing.T) {
	for _, f := range []*family{&stringsFamily, &bitmapsFamily, &genericFamily, &expiryFamily, &connectionFamily, &serverFamily} {
		h := f.generate(3, 300)
		again, err := harness.ParseTranscript(h.Family, h.Transcript())
		if err != nil {
			t.Fatal(err)
		}
		if again.Transcript() != strings.Replace(h.Transcript(), "seed 3", "seed 0", 1) {
			t.Errorf("%s: the transcript of the parsed transcript differs", f.name)
		}
	}
}
