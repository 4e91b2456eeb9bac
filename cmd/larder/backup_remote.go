package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// remote is a connection to a server that is being backed up.
type remote struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	stop func() bool
}

const (
	remoteDialTimeout = 10 * time.Second
	// remoteSilence is how long a server may say nothing, while it takes a
	// snapshot for instance.
	remoteSilence = 2 * time.Minute
	// maxRemoteReply bounds a reply other than a snapshot.
	maxRemoteReply = 1 << 20
	// syncMarkBytes is the length of the mark behind a snapshot.
	syncMarkBytes = 40
)

// dialServer connects to HOST:PORT, or to the path of a unix socket.
func dialServer(ctx context.Context, addr, password string) (*remote, error) {
	network := "tcp"
	if strings.Contains(addr, "/") {
		network = "unix"
	}
	d := net.Dialer{Timeout: remoteDialTimeout}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("--from: cannot reach the server: %w", err)
	}
	r := &remote{addr: addr, conn: conn, stop: context.AfterFunc(ctx, func() { _ = conn.Close() })}
	r.in = bufio.NewReader(readsInTime{conn})
	if password != "" {
		if _, err := r.do("AUTH", password); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

func (r *remote) close() error {
	r.stop()
	if err := r.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// readsInTime fails a read for which nothing comes.
type readsInTime struct{ net.Conn }

func (c readsInTime) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(remoteSilence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// send sends a command.
func (r *remote) send(args ...string) error {
	request := fmt.Sprintf("*%d\r\n", len(args))
	for _, arg := range args {
		request += fmt.Sprintf("$%d\r\n%s\r\n", len(arg), arg)
	}
	_, err := io.WriteString(r.conn, request)
	return err
}

// do sends a command and reads its reply: a text, or an array of texts.
func (r *remote) do(args ...string) ([]string, error) {
	err := r.send(args...)
	var texts []string
	if err == nil {
		texts, err = r.reply()
	}
	if err != nil {
		return nil, fmt.Errorf("%s answers %s: %w", r.addr, args[0], err)
	}
	return texts, nil
}

func (r *remote) reply() ([]string, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(line[1:]) // where it has to be a number, 0 is checked
	switch {
	case line[0] == '-':
		return nil, errors.New(line[1:])
	case line[0] == '+':
		return []string{line[1:]}, nil
	case line[0] == '$' && n >= 0 && n <= maxRemoteReply:
		b := make([]byte, n+2)
		_, err := io.ReadFull(r.in, b)
		return []string{string(b[:n])}, err
	case line[0] == '*' && n >= 0 && n <= maxRemoteReply:
		var all []string
		for range n {
			texts, err := r.reply()
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	}
	return nil, fmt.Errorf("the unexpected reply %q", line)
}

// line reads a line that is not empty.
func (r *remote) line() (string, error) {
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if text := strings.TrimRight(string(line), "\r\n"); text != "" {
			return text, nil
		}
	}
}

// settings asks for the values of directives.
func (r *remote) settings(names ...string) (map[string]string, error) {
	texts, err := r.do(append([]string{"CONFIG", "GET"}, names...)...)
	if err != nil {
		return nil, err
	}
	said := map[string]string{}
	for i := 0; i+1 < len(texts); i += 2 {
		said[texts[i]] = texts[i+1]
	}
	return said, nil
}

// snapshot makes the server send a snapshot, and writes it to a file.
func (r *remote) snapshot(f *os.File) error {
	if _, err := r.do("REPLCONF", "capa", "eof"); err != nil {
		return err
	}
	err := r.send("SYNC")
	var line string
	if err == nil {
		line, err = r.line()
	}
	if err != nil {
		return fmt.Errorf("%s answers SYNC: %w", r.addr, err)
	}
	mark, ok := strings.CutPrefix(line, "$EOF:")
	if !ok || len(mark) != syncMarkBytes {
		return fmt.Errorf("%s answers SYNC: %s", r.addr, line)
	}
	if _, err := io.Copy(f, r.in); err != nil {
		return fmt.Errorf("the snapshot that %s sends has broken off: %w", r.addr, err)
	}
	size, err := f.Seek(-syncMarkBytes, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("the snapshot that %s sends is too short", r.addr)
	}
	end := make([]byte, syncMarkBytes)
	if _, err := f.ReadAt(end, size); err != nil || string(end) != mark {
		return errors.Join(err, fmt.Errorf("the snapshot that %s sends has broken off after %d bytes", r.addr, size+syncMarkBytes))
	}
	return f.Truncate(size)
}
