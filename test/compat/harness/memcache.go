package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"regexp"
	"strconv"
	"time"
)

// casOrder numbers the CAS values of one server in the order in which they
// were first seen. Two servers count differently; what must agree is which
// values are the same and which are new.
type casOrder struct {
	order  map[uint64]int
	recent []uint64
}

// unknownCAS stands for "{cas:N}" when fewer values have been seen. It is above
// all that servers give out, because a set with I compares by size.
const unknownCAS = math.MaxUint64 - 1

func (o *casOrder) number(cas uint64) int {
	if cas == 0 {
		return 0
	}
	n, ok := o.order[cas]
	if !ok {
		n = len(o.order) + 1
		o.order[cas] = n
		o.recent = append(o.recent, cas)
	}
	return n
}

// back returns the n-th most recent value, 0 being the newest.
func (o *casOrder) back(n int) uint64 {
	if n < 0 || n >= len(o.recent) {
		return unknownCAS
	}
	return o.recent[len(o.recent)-1-n]
}

type textConn struct {
	c net.Conn
}

type binaryConn struct {
	c net.Conn
}

// The sentinel request of the text protocol and its answer. Values in
// generated histories never hold the answer as a line of their own.
const (
	textSentinel = "mn\r\n"
	textDone     = "MN\r\n"
)

var casSymbol = regexp.MustCompile(`\{cas:(\d+)\}`)

func (s *Session) doText(step Step) (Reply, error) {
	c := s.text[step.Conn]
	if c == nil {
		nc, err := net.DialTimeout("tcp", s.server.MemAddr, replyDeadline)
		if err != nil {
			return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
		}
		c = &textConn{c: nc}
		s.text[step.Conn] = c
	}
	req := casSymbol.ReplaceAllFunc(step.Args[0], func(m []byte) []byte {
		n, _ := strconv.Atoi(string(m[len("{cas:") : len(m)-1]))
		return strconv.AppendUint(nil, s.cas.back(n), 10)
	})
	raw, closed, err := exchange(c.c, append(req, textSentinel...), func(got []byte) int {
		if bytes.Equal(got, []byte(textDone)) || bytes.HasSuffix(got, []byte("\n"+textDone)) {
			return len(got) - len(textDone)
		}
		return -1
	})
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
	}
	if closed {
		_ = c.c.Close()
		s.text[step.Conn] = nil
	}
	return Reply{Raw: s.normalizeText(raw), Closed: closed}, nil
}

// exchange writes req and reads until done gives the length of the answer
// (negative: not complete yet) or the server closes.
func exchange(c net.Conn, req []byte, done func([]byte) int) (raw []byte, closed bool, err error) {
	if err := c.SetDeadline(time.Now().Add(replyDeadline)); err != nil {
		return nil, false, err
	}
	if _, err := c.Write(req); err != nil {
		return nil, isClosed(err), closedIsFine(err)
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		raw = append(raw, buf[:n]...)
		if end := done(raw); end >= 0 {
			return raw[:end], false, nil
		}
		if err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				return nil, false, fmt.Errorf("no complete answer within %v to %.200q; got %.200q", replyDeadline, req, raw)
			}
			return raw, true, closedIsFine(err)
		}
	}
}

func closedIsFine(err error) error {
	if isClosed(err) {
		return nil
	}
	return err
}

// normalizeText replaces the CAS values in the lines of a text answer, and
// steps over the data blocks.
func (s *Session) normalizeText(raw []byte) []byte {
	var out []byte
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 0 {
			return append(out, raw...)
		}
		line := raw[:end+1]
		raw = raw[end+1:]
		words := bytes.Split(bytes.TrimSuffix(line, []byte("\r\n")), []byte(" "))
		skip := 0
		switch string(words[0]) {
		case "VALUE":
			if len(words) >= 4 {
				skip = dataLength(words[3])
			}
			if len(words) == 5 {
				words[4] = s.casNumber(words[4])
			}
		case "VA", "HD", "EN", "NS", "EX", "NF":
			if string(words[0]) == "VA" && len(words) > 1 {
				skip = dataLength(words[1])
			}
			for i, w := range words {
				if len(w) > 1 && w[0] == 'c' {
					words[i] = append([]byte{'c'}, s.casNumber(w[1:])...)
				}
			}
		case "ME":
			for i, w := range words {
				if v, ok := bytes.CutPrefix(w, []byte("cas=")); ok {
					words[i] = append([]byte("cas="), s.casNumber(v)...)
				}
			}
		default:
			out = append(out, line...)
			continue
		}
		out = append(out, bytes.Join(words, []byte(" "))...)
		out = append(out, '\r', '\n')
		skip = min(skip, len(raw))
		out = append(out, raw[:skip]...)
		raw = raw[skip:]
	}
	return out
}

func dataLength(word []byte) int {
	n, err := strconv.Atoi(string(word))
	if err != nil || n < 0 {
		return 0
	}
	return n + 2
}

func (s *Session) casNumber(word []byte) []byte {
	cas, err := strconv.ParseUint(string(word), 10, 64)
	if err != nil {
		return word
	}
	return strconv.AppendInt([]byte{'#'}, int64(s.cas.number(cas)), 10)
}

// BinaryHeader is the length of a binary protocol header in bytes.
const BinaryHeader = 24

// SymbolicCAS in a request's CAS field asks for the N-th most recent CAS
// value, N being the low bits.
const SymbolicCAS = uint64(1) << 63

// binarySentinel is a NOOP whose opaque no generated frame uses.
var binarySentinel = []byte{0x80, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5e, 0x47, 0x1e, 0x1d, 0, 0, 0, 0, 0, 0, 0, 0}

func (s *Session) doBinary(step Step) (Reply, error) {
	c := s.binary[step.Conn]
	if c == nil {
		nc, err := net.DialTimeout("tcp", s.server.MemAddr, replyDeadline)
		if err != nil {
			return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
		}
		c = &binaryConn{c: nc}
		s.binary[step.Conn] = c
	}
	req := s.resolveBinary(step.Args[0])
	raw, closed, err := exchange(c.c, append(req, binarySentinel...), func(got []byte) int {
		at := len(got) - BinaryHeader
		if at >= 0 && got[at] == 0x81 && got[at+1] == 0x0a && bytes.Equal(got[at+12:at+16], binarySentinel[12:16]) {
			return at
		}
		return -1
	})
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", s.server.Name, err)
	}
	if closed {
		_ = c.c.Close()
		s.binary[step.Conn] = nil
	}
	return Reply{Raw: s.normalizeBinary(raw), Closed: closed}, nil
}

// resolveBinary fills in symbolic CAS values frame by frame.
func (s *Session) resolveBinary(req []byte) []byte {
	out := bytes.Clone(req)
	for at := 0; at+BinaryHeader <= len(out); {
		field := out[at+16 : at+24]
		if v := binary.BigEndian.Uint64(field); v&SymbolicCAS != 0 && v != ^uint64(0) {
			binary.BigEndian.PutUint64(field, s.cas.back(int(v&0xff)))
		}
		at += BinaryHeader + int(binary.BigEndian.Uint32(out[at+8:at+12]))
	}
	return out
}

func (s *Session) normalizeBinary(raw []byte) []byte {
	for at := 0; at+BinaryHeader <= len(raw); {
		field := raw[at+16 : at+24]
		binary.BigEndian.PutUint64(field, uint64(s.cas.number(binary.BigEndian.Uint64(field))))
		at += BinaryHeader + int(binary.BigEndian.Uint32(raw[at+8:at+12]))
	}
	return raw
}
