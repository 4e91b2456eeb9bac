package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// maxReplyBytes bounds one string in a reply. The generators never build
// values above 1 MiB; anything near this bound is a broken length.
const maxReplyBytes = 64 << 20

// maxReplyDepth bounds how deep aggregates nest in a reply.
const maxReplyDepth = 32

// Value is one RESP2 or RESP3 reply: the parsed tree and the bytes it came as.
type Value struct {
	// Kind is the type byte of the wire: + - : $ * _ # , ( ! = % ~ > |.
	Kind byte
	// Str is the payload of a scalar (without CRLF and length line).
	Str []byte
	// Null is set for $-1, *-1 and _.
	Null bool
	// Elems are the members of an aggregate; a map lists key, value, key, …
	Elems []Value
	// Raw is the reply as it arrived.
	Raw []byte
}

// IsError says whether the reply is a RESP2 or RESP3 error.
func (v Value) IsError() bool { return v.Kind == '-' || v.Kind == '!' }

// Int returns the reply as an integer; ok is false for any other type.
func (v Value) Int() (n int64, ok bool) {
	if v.Kind != ':' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v.Str), 10, 64)
	return n, err == nil
}

// Strings returns the elements' payloads; aggregates inside are their raw bytes.
func (v Value) Strings() []string {
	out := make([]string, len(v.Elems))
	for i, e := range v.Elems {
		if e.Elems != nil {
			out[i] = string(e.Raw)
			continue
		}
		out[i] = string(e.Str)
	}
	return out
}

// Pairs returns a map reply, or a flat array of pairs as RESP2 sends it, as a
// map from the key's payload to the value. ok is false when it is neither.
func (v Value) Pairs() (map[string]Value, bool) {
	if (v.Kind != '%' && v.Kind != '*') || len(v.Elems)%2 != 0 {
		return nil, false
	}
	m := make(map[string]Value, len(v.Elems)/2)
	for i := 0; i < len(v.Elems); i += 2 {
		m[string(v.Elems[i].Str)] = v.Elems[i+1]
	}
	return m, true
}

// RESPReader reads replies from a stream and keeps their bytes.
type RESPReader struct {
	br  *bufio.Reader
	raw bytes.Buffer
}

// NewRESPReader reads replies from r.
func NewRESPReader(r io.Reader) *RESPReader {
	return &RESPReader{br: bufio.NewReaderSize(r, 64<<10)}
}

// Read returns the next reply. An error that is not io.EOF means either that
// the stream broke inside a reply or that the bytes are no RESP.
func (r *RESPReader) Read() (Value, error) {
	r.raw.Reset()
	v, err := r.read(0)
	if err != nil {
		if err == io.EOF && r.raw.Len() > 0 {
			err = io.ErrUnexpectedEOF
		}
		return Value{Raw: bytes.Clone(r.raw.Bytes())}, err
	}
	return v, nil
}

func (r *RESPReader) line() ([]byte, error) {
	line, err := r.br.ReadBytes('\n')
	r.raw.Write(line)
	if err != nil {
		return nil, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, fmt.Errorf("reply line %q does not end in CRLF or is empty", line)
	}
	return line[:len(line)-2], nil
}

func (r *RESPReader) read(depth int) (Value, error) {
	if depth > maxReplyDepth {
		return Value{}, fmt.Errorf("reply nests deeper than %d", maxReplyDepth)
	}
	start := r.raw.Len()
	line, err := r.line()
	if err != nil {
		return Value{}, err
	}
	v := Value{Kind: line[0]}
	switch v.Kind {
	case '+', '-', ':', '_', '#', ',', '(':
		v.Str = line[1:]
		v.Null = v.Kind == '_'
	case '$', '!', '=':
		err = r.readBulk(&v, line)
	case '*', '%', '~', '>', '|':
		err = r.readAggregate(&v, line, depth)
	default:
		err = fmt.Errorf("unknown reply type in line %q", line)
	}
	if err != nil {
		return Value{}, err
	}
	v.Raw = bytes.Clone(r.raw.Bytes()[start:])
	return v, nil
}

func (r *RESPReader) readBulk(v *Value, line []byte) error {
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n < -1 || n > maxReplyBytes {
		return fmt.Errorf("bad length in reply line %q", line)
	}
	if n == -1 {
		v.Null = true
		return nil
	}
	body := make([]byte, n+2)
	got, err := io.ReadFull(r.br, body)
	r.raw.Write(body[:got])
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(body, []byte("\r\n")) {
		return fmt.Errorf("bulk reply of %d bytes does not end in CRLF", n)
	}
	v.Str = body[:n]
	return nil
}

func (r *RESPReader) readAggregate(v *Value, line []byte, depth int) error {
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n < -1 || n > maxReplyBytes {
		return fmt.Errorf("bad count in reply line %q", line)
	}
	if n == -1 {
		v.Null = true
		return nil
	}
	if v.Kind == '%' || v.Kind == '|' {
		n *= 2
	}
	v.Elems = make([]Value, 0, min(n, 1024))
	for range n {
		e, err := r.read(depth + 1)
		if err != nil {
			return err
		}
		v.Elems = append(v.Elems, e)
	}
	return nil
}

// AppendCommand appends argv as a multibulk request.
func AppendCommand(dst []byte, argv [][]byte) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(argv)), 10)
	dst = append(dst, '\r', '\n')
	for _, a := range argv {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, '\r', '\n')
		dst = append(dst, a...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}
