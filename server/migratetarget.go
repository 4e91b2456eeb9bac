package server

import (
	"bufio"
	"net"
	"strconv"
	"time"
)

// target is the server that MIGRATE sends keys to.
type target struct {
	conn    net.Conn
	r       *bufio.Reader
	out     []byte // to be sent
	timeout time.Duration
	fault   string // the first error, as MIGRATE replies it
	broken  bool   // nothing more is to be sent or read
}

const (
	errTargetWrite = "IOERR error or timeout writing to target instance"
	errTargetRead  = "IOERR error or timeout reading to target instance"
)

// targetLine is the longest reply that is read, in bytes.
const targetLine = 4096

func newTarget(conn net.Conn, timeout time.Duration) *target {
	return &target{conn: conn, r: bufio.NewReaderSize(conn, targetLine), timeout: timeout}
}

// greet authenticates and chooses the database. Keys are sent only if the
// target agrees with both.
func (t *target) greet(m *migration) {
	greetings := 1
	if m.auth != nil {
		t.send(m.auth...)
		greetings++
	}
	t.send([]byte("SELECT"), strconv.AppendInt(nil, m.db, 10))
	t.flush()
	for range greetings {
		if !t.read() {
			t.broken = true
		}
	}
}

// send adds a command to what flush sends.
func (t *target) send(words ...[]byte) {
	t.out = append(strconv.AppendInt(append(t.out, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		t.out = append(strconv.AppendInt(append(t.out, '$'), int64(len(w)), 10), "\r\n"...)
		t.out = append(append(t.out, w...), "\r\n"...)
	}
}

// waiting is how many bytes flush will send.
func (t *target) waiting() int { return len(t.out) }

func (t *target) flush() {
	if len(t.out) == 0 || t.broken {
		return
	}
	err := t.conn.SetDeadline(time.Now().Add(t.timeout))
	if err == nil {
		_, err = t.conn.Write(t.out)
	}
	if err != nil {
		t.fail(errTargetWrite)
		t.broken = true
	}
	t.out = t.out[:0]
}

// read reads a reply and tells whether it is none that says of an error.
func (t *target) read() bool {
	if t.broken {
		return false
	}
	err := t.conn.SetDeadline(time.Now().Add(t.timeout))
	var line []byte
	if err == nil {
		line, err = t.r.ReadSlice('\n')
	}
	switch {
	case err != nil || len(line) < 3:
		t.fail(errTargetRead)
		t.broken = true
		return false
	case line[0] == '-':
		t.fail("ERR Target instance replied with error: " + string(line[1:len(line)-2]))
		return false
	}
	return true
}

// fail keeps the first error.
func (t *target) fail(fault string) {
	if t.fault == "" {
		t.fault = fault
	}
}
