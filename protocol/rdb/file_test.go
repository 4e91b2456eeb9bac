package rdb

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A value ends for skip where it ends for Read, and what is cut off is missed
// by both.
func TestSkip(t *testing.T) {
	_, list := goldenPayloads(t)
	for _, p := range list {
		value, err := Open(p.bytes)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(value) + 1 {
			r := reader{b: value[:n:n]}
			kind := Kind(r.byte("the kind"))
			if r.err == nil {
				r.skip(kind)
			}
			switch {
			case n < len(value) && !r.short:
				t.Errorf("%s: %d of %d bytes end at %d: %v", p.title, n, len(value), r.at, r.err)
			case n == len(value) && (r.err != nil || r.at != n):
				t.Errorf("%s: ends at %d of %d bytes: %v", p.title, r.at, n, r.err)
			}
		}
	}
}

// frames writes down the frames of a file.
func frames(b []byte, skip bool) (lines []string, err error) {
	for at := HeaderBytes; at < len(b); {
		var f Frame
		n, err := f.Next(b[at:], skip)
		if n == 0 || err != nil {
			return lines, fmt.Errorf("frame at %d, %d bytes: %w", at, n, err)
		}
		at += n
		switch f.Op {
		case OpAux:
			lines = append(lines, fmt.Sprintf("aux %q %q", f.Name, f.Text))
		case OpSelect:
			lines = append(lines, fmt.Sprintf("select %d", f.DB))
		case OpResize:
			lines = append(lines, fmt.Sprintf("resize %d %d", f.Keys, f.Deadlines))
		case OpFunction:
			lines = append(lines, fmt.Sprintf("function %q", f.Text))
		case OpKey:
			lines = append(lines, fmt.Sprintf("key %q kind %d body %q deadline %d %t freq %d item %+v %t", f.Text, f.Kind, f.Value, f.DeadlineMs, f.Expires, f.Freq, f.Item, f.Noted))
		case OpEnd:
			return append(lines, "end"), nil
		default:
			lines = append(lines, fmt.Sprintf("opcode %d", f.Op))
		}
	}
	return lines, errors.New("no end")
}

// What the writer writes the frames tell, what others write between is skipped.
func TestFrames(t *testing.T) {
	var w Writer
	w.Header(Version)
	w.Aux("redis-bits", "64")
	w.Library([]byte("#!lua name=a\n"))
	w.Buf = append(w.Buf, OpModuleAux)
	w.Length(1 << 60)
	w.Length(2)
	w.Length(1)
	for _, tag := range []uint64{moduleInt, 5, moduleUint, 70000} {
		w.Length(tag)
	}
	w.Buf = append(w.Buf, moduleFloat, 1, 2, 3, 4, moduleDouble, 1, 2, 3, 4, 5, 6, 7, 8, moduleString, 2, 'h', 'i', moduleEnd)
	w.Select(3)
	w.Resize(4, 1)
	w.Buf = append(w.Buf, OpSlotInfo, 1, 2, 3)
	w.Key([]byte("plain"))
	w.StringValue([]byte("v"))
	w.Item(Item{Stored: true, Flags: 7, CAS: 1 << 50, Marks: 2})
	w.Deadline(1234567890123)
	w.Freq(9)
	w.Buf = append(w.Buf, opIdle, 44)
	w.Aux("other", "thing")
	w.Key([]byte("12345"))
	w.IntegerValue(-7)
	w.Buf = append(w.Buf, opSeconds, 0, 0, 0, 1)
	w.Key([]byte("old"))
	w.Set(1, func(yield func([]byte) bool) { yield([]byte("m")) })
	w.End()
	want := []string{
		`aux "redis-bits" "64"`, `function "#!lua name=a\n"`, `opcode 247`, `select 3`, `resize 4 1`, `opcode 244`,
		`key "plain" kind 0 body "\x01v" deadline 0 false freq -1 item {Stored:false Flags:0 CAS:0 Marks:0} false`,
		`key "12345" kind 0 body "\xc0\xf9" deadline 1234567890123 true freq 9 item {Stored:true Flags:7 CAS:1125899906842624 Marks:2} true`,
		`key "old" kind 2 body "\x01\x01m" deadline 16777216000 true freq -1 item {Stored:false Flags:0 CAS:0 Marks:0} false`,
		`end`,
	}
	got, err := frames(w.Buf, false)
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the frames are\n%s\n%v, want\n%s", strings.Join(got, "\n"), err, strings.Join(want, "\n"))
	}
	if got, err = frames(w.Buf, true); err != nil || len(got) != len(want) {
		t.Errorf("skipping there are %d frames, %v, want %d", len(got), err, len(want))
	}
}

func TestFaultyFrames(t *testing.T) {
	tests := []struct{ name, frame, fault string }{
		{"module value", "\x07\x01k\x00", "belongs to a module"},
		{"old module value", "\x06\x01k\x00", "belongs to a module"},
		{"functions of a candidate", "\xf6\x00", "candidate"},
		{"unknown opcode", "\xe0", "opcode 224"},
		{"unused kind", "\x08\x01k\x00", "kind 8"},
		{"tag of a module", "\xf7\x01\x02\x02\x09", "tag 9"},
		{"item", "\xfa\x0blarder-item\x01x", "larder-item"},
		{"string", "\x00\x01k\xc4", "begins with 0xc4"},
		{"length", "\xfe\x90", "begins with 0x90"},
	}
	for _, tt := range tests {
		var f Frame
		if _, err := f.Next([]byte(tt.frame), false); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestReadHeader(t *testing.T) {
	for _, tt := range []struct {
		header  string
		version int
		ok      bool
	}{
		{"REDIS0010", 10, true}, {"REDIS0001", 1, true}, {"REDIS0012rest", 12, true}, {"REDIS0013", 13, false},
		{"REDIS0000", 0, false}, {"REDIS001", 0, false}, {"REDIS00x1", 0, false}, {"VALKEY080", 0, false}, {"", 0, false},
	} {
		version, err := ReadHeader([]byte(tt.header))
		if (err == nil) != tt.ok || tt.ok && version != tt.version || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: version %d, %v", tt.header, version, err)
		}
	}
}

// FuzzFrame feeds any bytes as a frame: it ends inside of them or is short, and
// skipping it ends where decoding it does.
func FuzzFrame(f *testing.F) {
	_, list := goldenPayloads(f)
	for _, p := range list {
		value := p.bytes[:len(p.bytes)-footerBytes]
		f.Add(append([]byte{opFreq, 3, value[0], 1, 'k'}, value[1:]...))
	}
	f.Add([]byte("\xf7\x01\x02\x02\x01\x05\x02\x06\x03abcd\x04abcdefgh\x05\x01s\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		var read, skipped Frame
		n, err := read.Next(b, false)
		m, skipErr := skipped.Next(b, true)
		if n > len(b) || err != nil && !errors.Is(err, ErrCorrupt) || skipErr == nil && err == nil && n != m {
			t.Errorf("%d of %d bytes are read, %v; skipped %d, %v", n, len(b), err, m, skipErr)
		}
	})
}
