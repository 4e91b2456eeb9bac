package load

import (
	"bytes"
	"fmt"
	"net"
	"time"
)

// A Drain sends commands one after the other and throws the replies away
// unread, however large they are: it costs next to no CPU time beside a server
// that works hard. Where a reply ends it knows from the marker that an ECHO
// behind each command returns.
type Drain struct {
	conn net.Conn
	buf  []byte
}

// drainMarker is what no reply contains by itself.
const drainMarker = "\x01end of reply\x02"

// DialDrain connects to a server.
func DialDrain(addr string) (*Drain, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Drain{conn: c, buf: make([]byte, 256<<10)}, nil
}

// Close closes the connection; Do ends with an error then.
func (d *Drain) Close() { d.conn.Close() }

// Do sends a command and returns when its reply has come. An error reply is
// returned as an ErrorReply.
func (d *Drain) Do(args ...string) error {
	request := appendCommand(appendCommand(nil, args...), "ECHO", drainMarker)
	if err := d.conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return err
	}
	if _, err := d.conn.Write(request); err != nil {
		return err
	}
	tail := []byte(drainMarker + "\r\n")
	var head []byte // the beginning of the reply
	kept := 0       // bytes of the last reads that the marker may begin in
	for {
		n, err := d.conn.Read(d.buf[kept:])
		if err != nil {
			return err
		}
		got := d.buf[:kept+n]
		if len(head) < drainHead {
			head = append(head, got[kept:]...)
		}
		if bytes.HasSuffix(got, tail) {
			if line, _, _ := bytes.Cut(head, []byte("\r\n")); line[0] == '-' {
				return ErrorReply(line[1:])
			}
			return nil
		}
		kept = copy(d.buf, got[max(0, len(got)-len(tail)):])
	}
}

// drainHead is as much of a reply as is looked at for an error, in bytes.
const drainHead = 512

func appendCommand(dst []byte, args ...string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(args))
	for _, a := range args {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(a), a)
	}
	return dst
}
