package memcache

import "bytes"

const (
	// patienceBytes is how much of a line without an end is waited for, unless it
	// is a get: more than any command needs, and what memcached grants.
	patienceBytes = 2048
	// maxLineBytes bounds a line that came whole, as memcached's read buffer
	// does, unless it is a get.
	maxLineBytes = 16 << 10
	// maxIndentBytes is how many spaces may precede a get longer than that.
	maxIndentBytes = 100
)

// TextParser reads the classic and the meta protocol from one connection.
type TextParser struct {
	limits Limits
	// scanned is how far from the front of the buffer no line end was found.
	scanned int
	// need is how long the request in front is known to be at least, in bytes, or 0.
	need int
	// skip is how much of a refused data block is still to come, in bytes.
	skip int64
	// dead is set by a fault that closes; what follows is thrown away.
	dead bool
}

// NewTextParser makes the parser of one connection.
func NewTextParser(l Limits) *TextParser {
	return &TextParser{limits: l.withDefaults()}
}

// Need is how long the buffer must become, in bytes, before the request at its
// front can be complete; 0 if that is not known. It is never more than
// Limits.MaxItemBytes and a line.
func (p *TextParser) Need() int { return p.need }

// Reset makes the parser forget what it has seen: the caller goes back to the
// start of a request that was delivered already.
func (p *TextParser) Reset() { p.scanned, p.need, p.skip, p.dead = 0, 0, 0, false }

// Skipping returns how many bytes of a refused data block are still to be thrown
// away, 0 if none are. Meanwhile the caller cannot go back to before the request
// that the block belongs to, and Reset would take the rest of it for requests.
func (p *TextParser) Skipping() int64 { return p.skip }

// Next reads the request at the front of buf into r. It returns the number of
// bytes that it is done with, at most len(buf), and whether r was filled; if
// not, it needs more bytes behind those that it left. It may be done with bytes
// and not fill r when they belong to a refused data block.
func (p *TextParser) Next(buf []byte, r *Request) (n int, ok bool) {
	if p.dead {
		return len(buf), false
	}
	if p.skip > 0 {
		n = int(min(p.skip, int64(len(buf))))
		p.skip -= int64(n)
		if p.skip > 0 {
			return n, false
		}
		buf = buf[n:]
	}
	if len(buf) < p.need {
		return n, false
	}
	end := bytes.IndexByte(buf[p.scanned:], '\n')
	if end < 0 {
		if lineTooLong(buf, patienceBytes, p.limits.MaxMultigetBytes) {
			return n + len(buf), p.hangUp(r)
		}
		p.scanned = len(buf)
		return n, false
	}
	end += p.scanned
	p.scanned, p.need = 0, 0
	if end > maxLineBytes && lineTooLong(buf[:end], maxLineBytes, p.limits.MaxMultigetBytes) {
		return n + len(buf), p.hangUp(r)
	}
	used := p.request(buf, end, r)
	if used == 0 {
		// The line is complete and its data block is not: the line is read again
		// once the block is there, since the buffer may have moved by then. The line
		// end is found at once because it is known where to look.
		p.scanned = end
		return n, false
	}
	if r.Fault == FaultHangUp {
		return n + len(buf), p.hangUp(r)
	}
	return n + used, true
}

// hangUp gives up the connection. It returns true: the request is a fault.
func (p *TextParser) hangUp(r *Request) bool {
	p.dead = true
	r.reset(Text, OpNone)
	r.fail(FaultHangUp)
	return true
}

// lineTooLong reports whether a line, or what has come of it, exceeds limit
// without being a get, or exceeds getLimit.
func lineTooLong(line []byte, limit, getLimit int) bool {
	if len(line) <= limit {
		return false
	}
	i := 0
	for i < len(line) && i <= maxIndentBytes && line[i] == ' ' {
		i++
	}
	if i > maxIndentBytes {
		return true
	}
	line = line[i:]
	if bytes.HasPrefix(line, getPrefix) || bytes.HasPrefix(line, getsPrefix) {
		return len(line) > getLimit
	}
	return true
}

var (
	getPrefix  = []byte("get ")
	getsPrefix = []byte("gets ")
)

// request reads the request whose line is buf[:end] and returns how many bytes
// it takes with its line end and data block, or 0 if p.need bytes are needed.
func (p *TextParser) request(buf []byte, end int, r *Request) int {
	line := buf[:end]
	if end > 1 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	// memcached's lines are C strings. Ending them at a NUL as well means that no
	// key with a NUL in it can be written in text.
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	head := end + 1
	// Most requests are for one key, and most of what reading one costs is
	// splitting it into words.
	if len(line) > 4 && len(line) <= 4+MaxKeyBytes && string(line[:4]) == "get " && bytes.IndexByte(line[4:], ' ') < 0 {
		r.reset(Text, OpGet)
		r.Key, r.Keys, r.Args = line[4:], 1, Tokens{rest: line[4:]}
		return head
	}
	args := Tokens{rest: line}
	cmd, _ := args.Next()
	if len(cmd) < 2 {
		r.reset(Text, OpNone)
		r.fail(FaultUnknown)
		return head
	}
	if len(cmd) == 2 && cmd[0] == 'm' {
		return p.meta(cmd[1], args, buf, head, r)
	}
	switch string(cmd) {
	case "get", "bget":
		r.reset(Text, OpGet)
		return textGet(args, head, r)
	case "gets":
		r.reset(Text, OpGet)
		r.WithCAS = true
		return textGet(args, head, r)
	case "set":
		r.reset(Text, OpSet)
		return p.textStore(args, buf, head, r)
	}
	return p.otherCommand(cmd, args, buf, head, r)
}

// block takes the data block of n bytes that follows a line of head bytes. It
// returns the length of the whole request, or 0 if it has not come yet.
func (p *TextParser) block(buf []byte, head, n int, r *Request) int {
	if ItemBytes(len(r.Key), r.Flags, int64(n)) > int64(p.limits.MaxItemBytes) {
		r.fail(FaultTooLarge)
		return p.swallow(head, n)
	}
	total := head + n + 2
	if len(buf) < total {
		p.need = total
		return 0
	}
	r.Value = buf[head : head+n : head+n]
	if buf[total-2] != '\r' || buf[total-1] != '\n' {
		r.Value = nil
		r.fail(FaultBadChunk)
	}
	return total
}

// swallow arranges for the data block of n bytes and its line end to be thrown
// away as it comes, and returns the length of the line alone.
func (p *TextParser) swallow(head, n int) int {
	p.skip = int64(n) + 2
	return head
}
