package server

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the replies into the transcripts")

// TestTranscripts runs testdata/sessions/*.txt, each on a server of its own:
//
//	# a comment; the first one says what the file proves
//	! --requirepass secret     arguments of the server
//	1> GET a                   connection 1 sends a line
//	< $-1\r\n                  the reply, with its line ends escaped
//	1>                         connection 1 takes what it has been sent unasked
//
// Commands are inline requests, so quotes and escapes work as in redis-cli.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runTranscript(t, file) })
	}
}

func runTranscript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if !strings.HasPrefix(lines[0], "# ") {
		t.Errorf("%s does not start with what it proves", file)
	}
	var srv *Server
	var args, out []string
	clients := map[string]*testClient{}
	for i, line := range lines {
		number, command, isRequest := strings.Cut(line, "> ")
		if listener, takes := strings.CutSuffix(line, ">"); takes {
			number, command, isRequest = listener, "", true
		}
		switch {
		case strings.HasPrefix(line, "< "):
			continue
		case strings.HasPrefix(line, "! "):
			args = strings.Fields(line[2:])
		case isRequest && !strings.HasPrefix(line, "#"):
			if srv == nil {
				srv = newTestServer(t, args...)
			}
			if clients[number] == nil {
				clients[number] = newTestClient(t, srv, &respFront{})
			}
			if command != "" {
				command += "\r\n"
			}
			got := showReply(clients[number].do(command))
			if want := replyLine(lines, i+1); got != want && !*update {
				t.Errorf("%s:%d: %s\n  got  %s\n  want %s", file, i+1, line, got, want)
			}
			out = append(out, line, got)
			continue
		}
		out = append(out, line)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func replyLine(lines []string, i int) string {
	if i < len(lines) && strings.HasPrefix(lines[i], "< ") {
		return lines[i]
	}
	return "no reply is written down: run with -update"
}

// showReply writes a reply in one line.
func showReply(reply string) string {
	quoted := fmt.Sprintf("%q", reply)
	return "< " + strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
