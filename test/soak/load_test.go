package soak

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// keySpace is the number of keys: with 10-byte values a third more than
	// 200 MB hold.
	keySpace = 6_000_000
	// zipfS is the exponent of their popularity: the k-th most popular key is
	// asked for in proportion to 1/k^zipfS.
	zipfS = 1.01
	// batch is how many requests are on their way at a time.
	batch = 32
	// updateShare is one in how many requests that writes without reading.
	updateShare = 10
	// updates is the number of those in a batch.
	updates = (batch + updateShare - 1) / updateShare
	// replyWithin bounds how long a batch may take.
	replyWithin = 20 * time.Second
)

// tally counts what the clients of a phase have done.
type tally struct {
	gets, hits, sets atomic.Int64
	valueBytes       atomic.Int64 // size of the values that are written
}

// client is one connection. Its requests are those of an application with a
// cache: read, and on a miss write; some writes come without a read.
type client struct {
	conn  net.Conn
	in    *bufio.Reader
	out   []byte
	zipf  *rand.Zipf
	rand  *rand.Rand
	tally *tally
	keys  [batch]uint64
	value []byte
}

func dial(addr string, seed uint64, t *tally) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), rand: r, tally: t,
		zipf: rand.NewZipf(r, zipfS, 1, keySpace-1), value: make([]byte, 0, 4096)}, nil
}

// appendKey appends the name of a key.
func appendKey(dst []byte, key uint64) []byte {
	return strconv.AppendUint(append(dst, "key:"...), 1e8+key, 10)
}

// appendValue appends what key holds when values have n bytes: its number and
// then a filler, so that a value of another key is told from it.
func appendValue(dst []byte, key uint64, n int) []byte {
	end := len(dst) + n
	dst = append(strconv.AppendUint(dst, 1e8+key, 10), '.')
	for len(dst) < end {
		dst = append(dst, byte('a'+key%26))
	}
	return dst[:end]
}

func (c *client) appendBulk(b []byte) {
	c.out = append(strconv.AppendInt(append(c.out, '$'), int64(len(b)), 10), "\r\n"...)
	c.out = append(append(c.out, b...), "\r\n"...)
}

func (c *client) appendGet(key uint64) {
	var name [32]byte
	c.out = append(c.out, "*2\r\n$3\r\nGET\r\n"...)
	c.appendBulk(appendKey(name[:0], key))
}

func (c *client) appendSet(key uint64) {
	var name [32]byte
	c.out = append(c.out, "*3\r\n$3\r\nSET\r\n"...)
	c.appendBulk(appendKey(name[:0], key))
	c.value = appendValue(c.value[:0], key, int(c.tally.valueBytes.Load()))
	c.appendBulk(c.value)
}

// fill stores keys from to to-1.
func (c *client) fill(from, to uint64) error {
	for from < to {
		n := min(to-from, batch)
		for i := range n {
			c.appendSet(from + i)
		}
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.expectOK(int(n)); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// round sends a batch of reads and updates and then the writes that its misses
// ask for.
func (c *client) round() error {
	for i := range c.keys {
		c.keys[i] = c.zipf.Uint64()
		if i%updateShare == 0 {
			c.appendSet(c.keys[i])
		} else {
			c.appendGet(c.keys[i])
		}
	}
	if err := c.flush(); err != nil {
		return err
	}
	misses := 0
	for i, key := range c.keys {
		if i%updateShare == 0 {
			if err := c.expectOK(1); err != nil {
				return err
			}
			continue
		}
		hit, err := c.expectValue(key)
		if err != nil {
			return err
		}
		if !hit {
			c.appendSet(key)
			misses++
		}
	}
	const gets = batch - updates
	c.tally.gets.Add(int64(gets))
	c.tally.hits.Add(int64(gets - misses))
	c.tally.sets.Add(int64(updates + misses))
	if err := c.flush(); err != nil {
		return err
	}
	return c.expectOK(misses)
}

func (c *client) flush() error {
	if err := c.conn.SetDeadline(time.Now().Add(replyWithin)); err != nil {
		return err
	}
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// expectOK reads n replies, all of which must be +OK.
func (c *client) expectOK(n int) error {
	for range n {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if string(line) != "+OK\r\n" {
			return fmt.Errorf("SET was answered with %q", line)
		}
	}
	return nil
}

// expectValue reads the reply to GET and checks that it is key's.
func (c *client) expectValue(key uint64) (hit bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	if string(line) == "$-1\r\n" {
		return false, nil
	}
	n, err := strconv.Atoi(string(bytes.TrimSuffix(line[1:], []byte("\r\n"))))
	if line[0] != '$' || err != nil {
		return false, fmt.Errorf("GET was answered with %q", line)
	}
	got, err := c.in.Peek(n + 2)
	if err != nil {
		return false, err
	}
	c.value = appendValue(c.value[:0], key, n)
	if !bytes.Equal(got[:n], c.value) {
		return false, fmt.Errorf("key %d holds %.40q", key, got)
	}
	_, err = c.in.Discard(n + 2)
	return true, err
}

// command sends a request and returns its reply, a bulk string or a line.
func (c *client) command(args ...string) (string, error) {
	c.out = fmt.Appendf(c.out, "*%d\r\n", len(args))
	for _, a := range args {
		c.appendBulk([]byte(a))
	}
	if err := c.flush(); err != nil {
		return "", err
	}
	line, err := c.in.ReadString('\n')
	if err != nil || line[0] != '$' {
		return line, err
	}
	n, err := strconv.Atoi(line[1 : len(line)-2])
	if err != nil {
		return line, err
	}
	reply := make([]byte, n+2)
	_, err = io.ReadFull(c.in, reply)
	return string(reply[:n]), err
}
