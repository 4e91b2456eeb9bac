package importer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Address is a server to talk to.
type Address struct {
	Host           string // HOST:PORT
	User, Password string
}

// ParseAddress reads HOST:PORT or SCHEME://[USER:PASSWORD@]HOST[:PORT].
func ParseAddress(text, port string) (Address, error) {
	if !strings.Contains(text, "://") {
		text = "tcp://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return Address{}, fmt.Errorf("%q is no address: write HOST:PORT, or SCHEME://USER:PASSWORD@HOST:PORT with what is special in them as %%XX", text)
	}
	a := Address{User: u.User.Username()}
	a.Password, _ = u.User.Password()
	if u.Port() != "" {
		port = u.Port()
	}
	a.Host = net.JoinHostPort(u.Hostname(), port)
	return a, nil
}

// timeout bounds how long a server may take for one exchange.
const timeout = 60 * time.Second

// maxReply bounds a reply's length, in bytes, as Redis bounds arguments.
const maxReply = 1 << 30

// conn is a connection to a server, with requests that are sent together.
type conn struct {
	addr string
	c    net.Conn
	r    *bufio.Reader
	out  []byte
}

func dial(ctx context.Context, addr string) (*conn, error) {
	d := net.Dialer{Timeout: timeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot reach %s: %w", addr, err)
	}
	return &conn{addr: addr, c: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

func (c *conn) close() { _ = c.c.Close() } // nothing is under way

// send adds a command to what flush sends.
func (c *conn) send(words ...string) {
	c.begin(len(words))
	for _, w := range words {
		c.word([]byte(w))
	}
}

func (c *conn) begin(words int) {
	c.out = append(strconv.AppendInt(append(c.out, '*'), int64(words), 10), "\r\n"...)
}

func (c *conn) word(b []byte) {
	c.out = append(strconv.AppendInt(append(c.out, '$'), int64(len(b)), 10), "\r\n"...)
	c.out = append(append(c.out, b...), "\r\n"...)
}

// flush sends. What was sent is forgotten, whatever became of it.
func (c *conn) flush() error {
	err := c.c.SetDeadline(time.Now().Add(timeout))
	if err == nil {
		_, err = c.c.Write(c.out)
	}
	c.out = c.out[:0]
	return c.broken(err)
}

func (c *conn) broken(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the server has closed the connection")
	}
	return fmt.Errorf("%s: %w", c.addr, err)
}

// reply is what a server answers: a text, a number as text, or a list.
type reply struct {
	kind byte // as in RESP2
	text []byte
	list []reply
	null bool
}

func (r *reply) failed() bool { return r.kind == '-' }

// read reads a reply.
func (c *conn) read() (reply, error) {
	r, err := c.readReply(0)
	return r, c.broken(err)
}

// maxDepth bounds how deep replies are nested.
const maxDepth = 8

func (c *conn) readReply(depth int) (reply, error) {
	line, err := c.line()
	if err != nil {
		return reply{}, err
	}
	if len(line) == 0 || depth > maxDepth {
		return reply{}, errors.New("this is no server of Redis's protocol")
	}
	r := reply{kind: line[0], text: append([]byte(nil), line[1:]...)}
	switch r.kind {
	case '+', '-', ':':
		return r, nil
	case '$', '*':
	default:
		return reply{}, fmt.Errorf("this is no server of Redis's protocol: it answers %.40q", line)
	}
	n, err := strconv.Atoi(string(r.text))
	if err != nil || n > maxReply {
		return reply{}, fmt.Errorf("it answers %.40q", line)
	}
	if n < 0 {
		r.null = true
		return r, nil
	}
	if r.kind == '$' {
		r.text, err = c.bytes(n)
		return r, err
	}
	for range n {
		x, err := c.readReply(depth + 1)
		if err != nil {
			return reply{}, err
		}
		r.list = append(r.list, x)
	}
	return r, nil
}

// line reads a line without its end. It is valid until the next read.
func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// bytes reads n bytes and the line end behind them.
func (c *conn) bytes(n int) ([]byte, error) {
	b := make([]byte, n+2)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return nil, err
	}
	return b[:n], nil
}

// do sends a command and reads its reply; an error reply is an error.
func (c *conn) do(words ...string) (reply, error) {
	c.send(words...)
	if err := c.flush(); err != nil {
		return reply{}, err
	}
	r, err := c.read()
	if err == nil && r.failed() {
		return r, fmt.Errorf("%s answers to %s: %s", c.addr, words[0], r.text)
	}
	return r, err
}

// dialRedis connects and authenticates.
func dialRedis(ctx context.Context, a Address) (*conn, error) {
	c, err := dial(ctx, a.Host)
	if err != nil {
		return nil, err
	}
	if a.Password != "" {
		auth := []string{"AUTH", a.Password}
		if a.User != "" {
			auth = []string{"AUTH", a.User, a.Password}
		}
		_, err = c.do(auth...)
	}
	if err == nil {
		_, err = c.do("PING")
	}
	if err != nil {
		c.close()
		if text := err.Error(); strings.Contains(text, "NOAUTH") || strings.Contains(text, "WRONGPASS") || strings.Contains(text, "invalid password") {
			return nil, fmt.Errorf("%w: give the right password, as in redis://USER:PASSWORD@%s", err, a.Host)
		}
		return nil, err
	}
	return c, nil
}
