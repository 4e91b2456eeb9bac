// Package load generates load: closed loops that send as fast as the server
// answers, open loops that send by the clock, and redis-benchmark.
//
// Every generator of this package drives all its connections from one thread
// with epoll, so that it takes one core at most and leaves the other to the
// server. It counts replies, checks the shape of each of them, and compares
// the content of a sample with what it knows the server to hold.
package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Request is what a connection remembers about a request in flight.
type Request struct {
	Key uint64
	Set bool
}

// A Protocol writes requests for numbered keys and recognizes their replies.
type Protocol interface {
	// Append appends a request to dst. last says that nothing follows it until
	// its reply has come, which matters to quiet requests.
	Append(dst []byte, r Request, last bool) []byte
	// Reply returns the length of the reply to r at the start of buf, 0 when
	// it is not there as a whole yet, and whether a get found its key. With
	// verify it compares the value too. A reply that does not belong to r is
	// an error that quotes it.
	Reply(buf []byte, r Request, verify bool) (n int, hit bool, err error)
}

// keyDigits is how many digits a key number has on the wire. With the prefix
// "key:" keys are 16 bytes and the same as those of redis-benchmark -r.
const keyDigits = 12

const keyPrefix = "key:"

// KeyBytes is the length of every key that the generators send.
const KeyBytes = len(keyPrefix) + keyDigits

// putDigits writes the last keyDigits decimal digits of n to dst.
func putDigits(dst []byte, n uint64) {
	for i := keyDigits - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// makeValue returns the value that the generators store, except for its first
// digits, which are those of its key: a value that came to the wrong key is
// noticed.
func makeValue(size int) []byte {
	v := make([]byte, size)
	for i := range v {
		v[i] = byte('a' + i%26)
	}
	return v
}

// A pattern is a request with holes for the key's digits.
type pattern struct {
	text  []byte
	holes []int // offsets of the digits; those that do not fit are cut short
	ends  []int
}

func makePattern(parts ...any) pattern {
	var p pattern
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			p.text = append(p.text, part...)
		case []byte:
			p.text = append(p.text, part...)
		case hole:
			p.holes = append(p.holes, len(p.text))
			p.ends = append(p.ends, len(p.text)+int(part))
			p.text = append(p.text, make([]byte, part)...)
		}
	}
	return p
}

// A hole is that many of the first digits of a key.
type hole int

func (p *pattern) append(dst []byte, key uint64) []byte {
	var digits [keyDigits]byte
	putDigits(digits[:], key)
	at := len(dst)
	dst = append(dst, p.text...)
	for i, h := range p.holes {
		copy(dst[at+h:at+p.ends[i]], digits[:])
	}
	return dst
}

// valueParts returns a value as parts of a pattern.
func valueParts(size int) (hole, []byte) {
	h := min(size, keyDigits)
	return hole(h), makeValue(size)[h:]
}

// checkValue compares a value with what was stored under the key.
func checkValue(got []byte, key uint64, want []byte) error {
	var digits [keyDigits]byte
	putDigits(digits[:], key)
	h := min(len(want), keyDigits)
	if len(got) != len(want) || !bytes.Equal(got[:h], digits[:h]) || !bytes.Equal(got[h:], want[h:]) {
		return fmt.Errorf("key %s%s holds the wrong value %.80q", keyPrefix, digits[:], got)
	}
	return nil
}

// maxReplyBytes bounds one reply and with it the read buffer.
const maxReplyBytes = 64 << 20

// ErrUnexpected is a reply that does not fit its request.
var ErrUnexpected = errors.New("unexpected reply")

func unexpected(reply []byte, r Request) error {
	line, _, _ := bytes.Cut(reply, []byte("\r\n"))
	what := "get"
	if r.Set {
		what = "set"
	}
	return fmt.Errorf("%w to a %s of key %d: %.120q", ErrUnexpected, what, r.Key, line)
}

// takeLine returns the length of the first line of buf with its CR LF, 0 when
// it is not complete.
func takeLine(buf []byte) int { return bytes.IndexByte(buf, '\n') + 1 }

// RESP is the Redis protocol: SET and GET.
type RESP struct {
	set, get pattern
	value    []byte
	bulk     []byte // header of a reply that holds a value
}

// NewRESP returns the Redis protocol with values of that many bytes. A
// deadlineMs other than 0 makes every SET carry it (PXAT, Unix time in ms).
func NewRESP(valueBytes int, deadlineMs int64) *RESP {
	h, rest := valueParts(valueBytes)
	bulk := fmt.Sprintf("$%d\r\n", valueBytes)
	argc, option := 3, ""
	if deadlineMs != 0 {
		at := fmt.Sprint(deadlineMs)
		argc, option = 5, fmt.Sprintf("$4\r\nPXAT\r\n$%d\r\n%s\r\n", len(at), at)
	}
	return &RESP{
		set: makePattern(fmt.Sprintf("*%d\r\n$3\r\nSET\r\n$%d\r\n%s", argc, KeyBytes, keyPrefix), hole(keyDigits),
			"\r\n"+bulk, h, rest, "\r\n"+option),
		get:   makePattern(fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s", KeyBytes, keyPrefix), hole(keyDigits), "\r\n"),
		value: makeValue(valueBytes),
		bulk:  []byte(bulk),
	}
}

// Append implements Protocol.
func (p *RESP) Append(dst []byte, r Request, _ bool) []byte {
	if r.Set {
		return p.set.append(dst, r.Key)
	}
	return p.get.append(dst, r.Key)
}

// Reply implements Protocol.
func (p *RESP) Reply(buf []byte, r Request, verify bool) (int, bool, error) {
	line := takeLine(buf)
	if line == 0 {
		return 0, false, nil
	}
	if r.Set {
		if string(buf[:line]) != "+OK\r\n" {
			return 0, false, unexpected(buf, r)
		}
		return line, false, nil
	}
	if !bytes.Equal(buf[:line], p.bulk) {
		if string(buf[:line]) == "$-1\r\n" || string(buf[:line]) == "_\r\n" {
			return line, false, nil
		}
		return 0, false, unexpected(buf, r)
	}
	n := line + len(p.value) + 2
	if len(buf) < n {
		return 0, false, nil
	}
	if verify {
		if err := checkValue(buf[line:n-2], r.Key, p.value); err != nil {
			return 0, false, err
		}
	}
	return n, true, nil
}

// existsKeys is how many keys one request of Exists names.
const existsKeys = 16

// Exists is the Redis protocol with EXISTS of 16 keys as its only request: it
// costs the server many times what it costs the generator, so that one thread
// can keep several loops busy.
type Exists struct{ request pattern }

// NewExists returns that protocol.
//
// REQUIRES: the keys r.Key exist in the server.
func NewExists() *Exists {
	parts := []any{fmt.Sprintf("*%d\r\n$6\r\nEXISTS\r\n", existsKeys+1)}
	for range existsKeys {
		parts = append(parts, fmt.Sprintf("$%d\r\n%s", KeyBytes, keyPrefix), hole(keyDigits), "\r\n")
	}
	return &Exists{makePattern(parts...)}
}

// Append implements Protocol; what r asks for besides its key is ignored.
func (p *Exists) Append(dst []byte, r Request, _ bool) []byte { return p.request.append(dst, r.Key) }

// Reply implements Protocol.
func (p *Exists) Reply(buf []byte, r Request, _ bool) (int, bool, error) {
	n := takeLine(buf)
	if n > 0 && string(buf[:n]) != ":16\r\n" {
		return 0, false, unexpected(buf, r)
	}
	return n, n > 0, nil
}

// Text is memcached's classic text protocol: set and get.
type Text struct {
	set, get, item pattern
	value          []byte
	header         int // length of the VALUE line
}

// NewText returns memcached's text protocol with values of that many bytes.
func NewText(valueBytes int) *Text {
	h, rest := valueParts(valueBytes)
	size := fmt.Sprint(valueBytes)
	return &Text{
		set:    makePattern("set "+keyPrefix, hole(keyDigits), " 0 0 "+size+"\r\n", h, rest, "\r\n"),
		get:    makePattern("get "+keyPrefix, hole(keyDigits), "\r\n"),
		item:   makePattern("VALUE "+keyPrefix, hole(keyDigits), " 0 "+size+"\r\n"),
		value:  makeValue(valueBytes),
		header: len("VALUE ") + KeyBytes + len(" 0 "+size+"\r\n"),
	}
}

// Append implements Protocol.
func (p *Text) Append(dst []byte, r Request, _ bool) []byte {
	if r.Set {
		return p.set.append(dst, r.Key)
	}
	return p.get.append(dst, r.Key)
}

// Reply implements Protocol.
func (p *Text) Reply(buf []byte, r Request, verify bool) (int, bool, error) {
	line := takeLine(buf)
	if line == 0 {
		return 0, false, nil
	}
	if r.Set {
		if string(buf[:line]) != "STORED\r\n" {
			return 0, false, unexpected(buf, r)
		}
		return line, false, nil
	}
	const end = "END\r\n"
	if string(buf[:line]) == end {
		return line, false, nil
	}
	if line != p.header || string(buf[:6]) != "VALUE " {
		return 0, false, unexpected(buf, r)
	}
	n := line + len(p.value) + 2 + len(end)
	if len(buf) < n {
		return 0, false, nil
	}
	if string(buf[n-len(end):n]) != end {
		return 0, false, unexpected(buf[n-len(end):], r)
	}
	if verify {
		var header [128]byte
		if !bytes.Equal(p.item.append(header[:0], r.Key), buf[:line]) {
			return 0, false, unexpected(buf, r)
		}
		if err := checkValue(buf[line:line+len(p.value)], r.Key, p.value); err != nil {
			return 0, false, err
		}
	}
	return n, true, nil
}

// Binary is memcached's binary protocol.
//
//	request   80 op keylen:2 extlen:1 type:1 vbucket:2 bodylen:4 opaque:4 cas:8 · extras · key · value
//	reply     81 op keylen:2 extlen:1 type:1 status:2  bodylen:4 opaque:4 cas:8 · extras · key · value
//
// All numbers are big-endian. The opaque of every request is the low half of
// its key number, so that each reply shows which request it answers.
type Binary struct {
	set, get, getq pattern
	value          []byte
	quiet          bool
}

const (
	binHeaderBytes = 24
	binGet         = 0x00
	binSet         = 0x01
	binGetQ        = 0x09
	binFlagBytes   = 4 // extras of the reply to a get
	binSetExtras   = 8 // flags, expiration
)

// NewBinary returns memcached's binary protocol with values of that many
// bytes. With quiet every get but the last of a batch is a getq, which is not
// answered when it misses.
//
// REQUIRES: with quiet, every key that is asked for is in the server; a miss
// shows as an unexpected reply.
func NewBinary(valueBytes int, quiet bool) *Binary {
	h, rest := valueParts(valueBytes)
	header := func(op byte, extras, body int) []byte {
		b := make([]byte, binHeaderBytes, binHeaderBytes+extras)
		b[0], b[1], b[4] = 0x80, op, byte(extras)
		binary.BigEndian.PutUint16(b[2:], uint16(KeyBytes))
		binary.BigEndian.PutUint32(b[8:], uint32(body))
		return b[:binHeaderBytes+extras]
	}
	return &Binary{
		set:   makePattern(header(binSet, binSetExtras, binSetExtras+KeyBytes+valueBytes), keyPrefix, hole(keyDigits), h, rest),
		get:   makePattern(header(binGet, 0, KeyBytes), keyPrefix, hole(keyDigits)),
		getq:  makePattern(header(binGetQ, 0, KeyBytes), keyPrefix, hole(keyDigits)),
		value: makeValue(valueBytes),
		quiet: quiet,
	}
}

// Append implements Protocol.
func (p *Binary) Append(dst []byte, r Request, last bool) []byte {
	at := len(dst)
	switch {
	case r.Set:
		dst = p.set.append(dst, r.Key)
	case p.quiet && !last:
		dst = p.getq.append(dst, r.Key)
	default:
		dst = p.get.append(dst, r.Key)
	}
	binary.BigEndian.PutUint32(dst[at+12:], uint32(r.Key))
	return dst
}

// Reply implements Protocol.
func (p *Binary) Reply(buf []byte, r Request, verify bool) (int, bool, error) {
	if len(buf) < binHeaderBytes {
		return 0, false, nil
	}
	status := binary.BigEndian.Uint16(buf[6:])
	body := int(binary.BigEndian.Uint32(buf[8:]))
	opFits := buf[1] == binSet == r.Set
	if buf[0] != 0x81 || !opFits || binary.BigEndian.Uint32(buf[12:]) != uint32(r.Key) || status > 1 || (r.Set && status != 0) {
		return 0, false, unexpected(buf[:binHeaderBytes], r)
	}
	hit := !r.Set && status == 0
	if hit && body != binFlagBytes+len(p.value) {
		return 0, false, unexpected(buf[:binHeaderBytes], r)
	}
	n := binHeaderBytes + body
	if len(buf) < n {
		return 0, false, nil
	}
	if hit && verify {
		if err := checkValue(buf[n-len(p.value):n], r.Key, p.value); err != nil {
			return 0, false, err
		}
	}
	return n, hit, nil
}
