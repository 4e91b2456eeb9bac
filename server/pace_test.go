package server

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"larder/protocol/resp"
)

// TestLongReplyKeepsItsOrder hands a session a reply in pieces between two short
// ones: they leave in that order, however little is written at a time.
func TestLongReplyKeepsItsOrder(t *testing.T) {
	srv := newTestServer(t)
	for _, step := range []int{1, 7, 1000, 1 << 20} {
		ex := srv.executors.get()
		s := &session{srv: srv}
		s.out.Buf = append(ex.buffers.get(), "first"...)
		reply := resp.Writer{}
		want := []byte("first")
		for _, c := range "abcdef" {
			part := strings.Repeat(string(c), 500)
			reply.Buf = append(reply.Buf, part...)
			reply.Cut(600, 64)
			want = append(want, part...)
		}
		if len(reply.Pieces) != 3 {
			t.Fatalf("%d pieces, want 3", len(reply.Pieces))
		}
		s.takeReply(&reply)
		s.out.Buf = append(s.out.Buf, "last"...)
		want = append(want, "last"...)
		var got []byte
		for s.waiting() > 0 {
			if s.waiting() != len(want)-len(got) {
				t.Fatalf("%d bytes are said to wait, %d do", s.waiting(), len(want)-len(got))
			}
			out := s.output()
			n := min(step, len(out))
			got = append(got, out[:n]...)
			s.written(ex, n)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("by %d bytes: %d bytes have left, want %d", step, len(got), len(want))
		}
		srv.executors.put(ex)
	}
}

// TestLongReplyArrives reads a reply of many pieces over a session that runs
// commands on workers, between two others of the same pipeline.
func TestLongReplyArrives(t *testing.T) {
	client := newTestClient(t, newTestServer(t), &respFront{})
	var fill strings.Builder
	const n = 30_000
	member := strings.Repeat("m", 50)
	for i := range n {
		fill.WriteString("SADD s " + member + string(rune('a'+i%26)) + strconv.Itoa(i) + "\r\n")
	}
	client.do(fill.String())
	got := client.do("ECHO before\r\nSMEMBERS s\r\nECHO behind\r\n")
	if !strings.HasPrefix(got, "$6\r\nbefore\r\n*30000\r\n$") || !strings.HasSuffix(got, "\r\n$6\r\nbehind\r\n") {
		t.Fatalf("it begins with %.40q and ends with %q", got, got[max(0, len(got)-40):])
	}
	if lines := strings.Count(got, "\r\n"); lines != 2+1+2*n+2 {
		t.Errorf("%d lines, want %d", lines, 2+1+2*n+2)
	}
	if len(got) < 4*pieceBytes {
		t.Errorf("%d bytes are not many pieces", len(got))
	}
}
