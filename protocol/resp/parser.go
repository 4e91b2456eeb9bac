package resp

import (
	"bytes"
	"fmt"
	"unsafe"
)

// Limits of a request, as in Redis.
const (
	// MaxInlineBytes bounds an inline request and each length line.
	MaxInlineBytes = 64 << 10
	// MaxArgs bounds the number of arguments of one request.
	MaxArgs = 1<<31 - 1
	// MaxArgsUnauthenticated bounds the arguments of a request from a client
	// that has not authenticated yet while a password is required.
	MaxArgsUnauthenticated = 10
	// MaxBulkUnauthenticated bounds one argument of such a request, in bytes.
	MaxBulkUnauthenticated = 16384
	// DefaultMaxBulkBytes is the default of proto-max-bulk-len.
	DefaultMaxBulkBytes = 512 << 20
)

// ProtocolError is a malformed request. Its text is the one that Redis sends
// after "ERR Protocol error: "; the connection is closed after it was sent.
type ProtocolError string

func (e ProtocolError) Error() string { return "Protocol error: " + string(e) }

// Protocol errors with Redis's texts.
const (
	errInvalidMultibulk = ProtocolError("invalid multibulk length")
	errInvalidBulk      = ProtocolError("invalid bulk length")
	errTooBigInline     = ProtocolError("too big inline request")
	errTooBigCount      = ProtocolError("too big mbulk count string")
	errTooBigBulkCount  = ProtocolError("too big bulk count string")
	errUnbalanced       = ProtocolError("unbalanced quotes in request")
	errUnauthMultibulk  = ProtocolError("unauthenticated multibulk length")
	errUnauthBulk       = ProtocolError("unauthenticated bulk length")
)

// span is one argument as offsets from the first byte of its request.
type span struct{ from, to int }

// Parser finds the requests in a stream of bytes. The zero value is ready;
// it is not safe for concurrent use.
type Parser struct {
	// MaxBulkBytes bounds one argument; 0 means DefaultMaxBulkBytes.
	MaxBulkBytes int
	// Unauthenticated applies the stricter limits for strangers.
	Unauthenticated bool

	spans   []span // arguments found so far of an unfinished request
	missing int    // arguments still to come, 0 = between requests
	bulk    int    // length of the argument being awaited, -1 = its length line
	pos     int    // offset from the request's start at which to go on
	need    int    // bytes of the request before going on makes sense
	inline  []byte // unquoted words of an inline request

	wasInline bool // the last request was one
}

// Need returns how many bytes, counted from the start of the unfinished
// request, must be there before Next can get further; 0 when unknown.
// A reader that sizes its buffer by it copies a large argument only once.
func (p *Parser) Need() int { return p.need }

// Reset forgets an unfinished request: the next one starts at the first byte
// of the next buffer.
func (p *Parser) Reset() { p.reset() }

// SharesScratch tells that the last request's arguments do not lie in the
// buffer but in memory that the next inline request overwrites.
func (p *Parser) SharesScratch() bool { return p.wasInline }

// Next parses one request at the start of buf and appends its arguments to
// args. It returns the extended args and the bytes that the request took; n
// is 0 while the request is incomplete, and the next call must then pass the
// same bytes again, followed by more. An empty request (a blank line, `*0`)
// takes n > 0 bytes and adds no argument. The arguments are slices of buf,
// except those of an inline request with quotes, which are valid until the
// next call of Next that meets such a request.
//
// Errors are ProtocolErrors; the stream cannot be parsed any further.
func (p *Parser) Next(buf []byte, args [][]byte) (_ [][]byte, n int, err error) {
	if len(buf) < p.need {
		return args, 0, nil
	}
	if p.missing == 0 {
		if len(buf) == 0 {
			return args, 0, nil
		}
		if p.wasInline = buf[0] != '*'; p.wasInline {
			return p.nextInline(buf, args)
		}
		done, n, err := p.header(buf)
		if err != nil || done || n == 0 {
			return args, n, err
		}
	}
	if err := p.bulks(buf); err != nil {
		return args, 0, err
	}
	if p.missing > 0 {
		return args, 0, nil
	}
	for _, s := range p.spans {
		args = append(args, buf[s.from:s.to:s.to])
	}
	n = p.pos
	p.reset()
	return args, n, nil
}

// maxIdleSpans bounds what a parser holds between requests: 1.5 KB, so that
// thousands of idle connections stay cheap.
const maxIdleSpans = 96

// reset forgets the finished request; spans of an unusually wide one are
// given back.
func (p *Parser) reset() {
	p.pos, p.need, p.missing = 0, 0, 0
	if cap(p.spans) > maxIdleSpans {
		p.spans = nil
	} else {
		p.spans = p.spans[:0]
	}
}

// header parses the `*count` line. done reports a request without arguments,
// which took n bytes; n is 0 while the line is incomplete.
func (p *Parser) header(buf []byte) (done bool, n int, err error) {
	count, end, err := line(buf, 1, errTooBigCount, errInvalidMultibulk)
	if err != nil || end == 0 {
		return false, 0, err
	}
	switch {
	case count > MaxArgs:
		return false, 0, errInvalidMultibulk
	case count > MaxArgsUnauthenticated && p.Unauthenticated:
		return false, 0, errUnauthMultibulk
	case count <= 0:
		return true, end, nil
	}
	p.missing, p.pos, p.bulk = int(count), end, -1
	// As many arguments as what has come can hold at least ("$0\r\n\r\n"): the
	// announcement of a thousand million must not allocate.
	if room := min(p.missing, (len(buf)-end)/6); room > cap(p.spans) {
		p.spans = make([]span, 0, room)
	}
	p.spans = p.spans[:0]
	return false, end, nil
}

// bulks takes as many of the missing arguments as buf holds.
func (p *Parser) bulks(buf []byte) error {
	for p.missing > 0 {
		if p.bulk < 0 {
			if p.pos >= len(buf) {
				p.need = p.pos + 1
				return nil
			}
			if c := buf[p.pos]; c != '$' {
				return ProtocolError(fmt.Sprintf("expected '$', got '%s'", printable(c)))
			}
			size, end, err := line(buf, p.pos+1, errTooBigBulkCount, errInvalidBulk)
			if err != nil {
				return err
			}
			if end == 0 {
				p.need = len(buf) + 1
				return nil
			}
			if size < 0 || size > int64(p.maxBulk()) {
				return errInvalidBulk
			}
			if size > MaxBulkUnauthenticated && p.Unauthenticated {
				return errUnauthBulk
			}
			p.bulk, p.pos = int(size), end
		}
		if len(buf)-p.pos < p.bulk+2 {
			p.need = p.pos + p.bulk + 2
			return nil
		}
		p.spans = append(p.spans, span{p.pos, p.pos + p.bulk})
		p.pos += p.bulk + 2
		p.bulk = -1
		p.missing--
	}
	return nil
}

func (p *Parser) maxBulk() int {
	if p.MaxBulkBytes > 0 {
		return p.MaxBulkBytes
	}
	return DefaultMaxBulkBytes
}

// printable is how Redis prints the offending byte: itself, NUL as nothing.
func printable(c byte) string {
	if c == 0 {
		return ""
	}
	return string([]byte{c})
}

// line parses the decimal number in buf[from:] up to "\r\n" and returns it
// with the offset behind the line end, 0 while the line is incomplete. As in
// Redis the two bytes of the line end are skipped once '\r' was seen.
func line(buf []byte, from int, tooLong, invalid ProtocolError) (value int64, end int, err error) {
	// The common case: a short non-negative number, complete.
	i := from
	for i < len(buf) && i-from < 18 {
		d := buf[i] - '0'
		if d > 9 {
			break
		}
		value = value*10 + int64(d)
		i++
	}
	if i > from && i+1 < len(buf) && buf[i] == '\r' && (buf[from] != '0' || i == from+1) {
		return value, i + 2, nil
	}
	cr := bytes.IndexByte(buf[from:], '\r')
	switch {
	case cr > MaxInlineBytes, cr < 0 && len(buf)-from > MaxInlineBytes:
		return 0, 0, tooLong
	case cr < 0:
		return 0, 0, nil
	}
	if from+cr+1 >= len(buf) {
		return 0, 0, nil
	}
	value, ok := ParseInt(buf[from : from+cr])
	if !ok {
		return 0, 0, invalid
	}
	return value, from + cr + 2, nil
}

// HeldBytes is the memory that the parser holds besides its own fields.
func (p *Parser) HeldBytes() int { return cap(p.spans)*int(unsafe.Sizeof(span{})) + cap(p.inline) }
