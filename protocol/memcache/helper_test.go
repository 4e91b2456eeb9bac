package memcache

import (
	"fmt"
	"strings"
	"testing"
)

// parser is what the tests ask of both parsers.
type parser interface {
	Next(buf []byte, r *Request) (int, bool)
	Need() int
}

// abbreviate quotes b, and shortens what is too long for a transcript.
func abbreviate(b []byte) string {
	if len(b) <= 48 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q…(%d)", b[:8], len(b))
}

// describe writes down everything that a request says, on one line.
func describe(r *Request) string {
	var s strings.Builder
	if r.Fault != FaultNone {
		fmt.Fprintf(&s, "fault reply=%q", AppendFault(nil, r))
		if r.Fault == FaultTooLarge || r.Fault == FaultBadChunk {
			fmt.Fprintf(&s, " op=%v key=%s", r.Op, abbreviate(r.Key))
		}
		if r.Fault.Closes() {
			s.WriteString(" closes")
		}
		return s.String()
	}
	s.WriteString(r.Op.String())
	if r.Proto == Binary {
		fmt.Fprintf(&s, " opcode=%#02x opaque=%#x", r.Opcode, r.Opaque)
	}
	if r.Key != nil {
		fmt.Fprintf(&s, " key=%s", abbreviate(r.Key))
	}
	if r.Keys > 8 {
		fmt.Fprintf(&s, " keys=%d", r.Keys)
	} else if r.Keys > 1 {
		args := r.Args
		fmt.Fprintf(&s, " keys=%d:", r.Keys)
		for k, ok := args.Next(); ok; k, ok = args.Next() {
			fmt.Fprintf(&s, "%s,", abbreviate(k))
		}
	} else if r.Key == nil && len(r.Args.Rest()) > 0 {
		fmt.Fprintf(&s, " args=%s", abbreviate(r.Args.Rest()))
	}
	for _, f := range []struct {
		name string
		v    any
		show bool
	}{
		{"flags", r.Flags, r.Flags != 0}, {"exptime", r.Exptime, r.Exptime != 0},
		{"cas", r.CAS, r.CAS != 0}, {"delta", r.Delta, r.Delta != 0},
		{"initial", r.Initial, r.Initial != 0}, {"value", abbreviate(r.Value), r.Value != nil},
		{"noreply", r.NoReply, r.NoReply}, {"withcas", r.WithCAS, r.WithCAS},
		{"withkey", r.WithKey, r.WithKey},
	} {
		if f.show {
			fmt.Fprintf(&s, " %s=%v", f.name, f.v)
		}
	}
	if r.Proto == Meta && r.Op != OpMetaNoop {
		describeMeta(&s, r)
	}
	return s.String()
}

func describeMeta(s *strings.Builder, r *Request) {
	m := &r.Meta
	if string(m.SentKey) != string(r.Key) {
		fmt.Fprintf(s, " sent=%s", abbreviate(m.SentKey))
	}
	set := ""
	for c := byte('A'); c <= 'z'; c++ {
		if m.Has(c) {
			set += string(c)
		}
	}
	fmt.Fprintf(s, " set=%s tokens=%s", set, abbreviate(m.Tokens.Rest()))
	if m.Mode != 0 {
		fmt.Fprintf(s, " mode=%c", m.Mode)
	}
	if m.Vivify != 0 || m.Recache != 0 || m.NewCAS != 0 {
		fmt.Fprintf(s, " vivify=%d recache=%d newcas=%d", m.Vivify, m.Recache, m.NewCAS)
	}
}

// feed gives input to p in pieces whose lengths piece returns, each time in a
// buffer of its own, and returns the requests that came out. What is left
// incomplete at the end is told by its length.
func feed(t testing.TB, p parser, input []byte, piece func() int) []string {
	t.Helper()
	var out []string
	var r Request
	var held []byte
	for len(input) > 0 {
		n := min(max(piece(), 1), len(input))
		held = append(append(make([]byte, 0, len(held)+n), held...), input[:n]...)
		input = input[n:]
		for {
			used, ok := p.Next(held, &r)
			if used < 0 || used > len(held) {
				t.Fatalf("Next consumed %d of %d bytes", used, len(held))
			}
			if ok {
				out = append(out, describe(&r))
			}
			held = held[used:]
			if !ok {
				break
			}
			if used == 0 {
				t.Fatal("Next delivered a request of no bytes")
			}
		}
	}
	if len(held) > 0 {
		out = append(out, fmt.Sprintf("incomplete %d need %d", len(held), p.Need()))
	}
	return out
}

func whole() int { return 1 << 30 }
