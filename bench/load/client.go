package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// A Client talks RESP2 over one blocking connection: for setting the scene
// (CONFIG, FLUSHALL, filling containers), not for measuring.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
}

// An ErrorReply is an error that the server sent.
type ErrorReply string

func (e ErrorReply) Error() string { return string(e) }

// commandTimeout bounds one command, FLUSHALL of 10 million keys included.
const commandTimeout = 60 * time.Second

// DialClient connects to a server.
func DialClient(addr string) (*Client, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Client{conn: c, in: bufio.NewReaderSize(c, 64<<10), out: bufio.NewWriterSize(c, 64<<10)}, nil
}

// Close closes the connection.
func (c *Client) Close() { c.conn.Close() }

// Send buffers a command.
func (c *Client) Send(args ...string) error {
	fmt.Fprintf(c.out, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(c.out, "$%d\r\n", len(a))
		c.out.WriteString(a)
		c.out.WriteString("\r\n")
	}
	return nil
}

// Flush sends the buffered commands.
func (c *Client) Flush() error {
	if err := c.conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return err
	}
	return c.out.Flush()
}

// Do sends a command and returns its reply: a string, an int64, nil or a
// []any of these; an error reply is returned as an ErrorReply.
func (c *Client) Do(args ...string) (any, error) {
	if err := c.Send(args...); err != nil {
		return nil, err
	}
	if err := c.Flush(); err != nil {
		return nil, err
	}
	return c.Receive()
}

// Int is Do for a command that answers with a number.
func (c *Client) Int(args ...string) (int64, error) {
	v, err := c.Do(args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("%s: a number was expected, not %v", strings.Join(args, " "), v)
	}
	return n, nil
}

// Receive reads the next reply; see Do.
func (c *Client) Receive() (any, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return nil, errors.New("an empty line is no reply")
	}
	switch rest := line[1:]; line[0] {
	case '+':
		return rest, nil
	case '-':
		return nil, ErrorReply(rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n > maxReplyBytes {
			return nil, fmt.Errorf("length of a string: %q", line)
		}
		if n < 0 {
			return nil, nil
		}
		text := make([]byte, n+2)
		if _, err := io.ReadFull(c.in, text); err != nil {
			return nil, err
		}
		return string(text[:n]), nil
	case '*':
		n, err := strconv.Atoi(rest)
		if err != nil || n > 1<<20 {
			return nil, fmt.Errorf("length of an array: %q", line)
		}
		if n < 0 {
			return nil, nil
		}
		list := make([]any, n)
		for i := range list {
			if list[i], err = c.Receive(); err != nil {
				if _, ok := err.(ErrorReply); !ok {
					return nil, err
				}
				list[i] = err
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("not a reply: %.80q", line)
}

// pipelineDepth is how many commands Pipeline sends before it reads.
const pipelineDepth = 200

// Pipeline runs n commands, the i-th of which command returns. It stops after
// the batch in which an error was replied and returns the first one; all
// replies to what was sent have been read then.
func (c *Client) Pipeline(ctx context.Context, n int, command func(i int) []string) error {
	for begin := 0; begin < n; begin += pipelineDepth {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := min(n, begin+pipelineDepth)
		for i := begin; i < end; i++ {
			if err := c.Send(command(i)...); err != nil {
				return err
			}
		}
		if err := c.Flush(); err != nil {
			return err
		}
		var refused error
		for i := begin; i < end; i++ {
			_, err := c.Receive()
			if _, isReply := err.(ErrorReply); err != nil && !isReply {
				return err
			}
			if err != nil && refused == nil {
				refused = fmt.Errorf("%s: %w", command(i)[0], err)
			}
		}
		if refused != nil {
			return refused
		}
	}
	return nil
}
