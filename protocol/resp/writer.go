package resp

import (
	"strconv"

	"github.com/tidwall/redcon"
)

// Writer appends replies to Buf. With Proto 3 it writes RESP3 types; with
// Proto 2 (or 0) each of them degrades as Redis's does. It never fails and
// writes to no socket.
type Writer struct {
	Buf   []byte
	Proto int // 2 or 3
	// Pieces are what stands before Buf, see Cut. Only a worker's reply has any.
	Pieces [][]byte
}

func (w *Writer) resp3() bool { return w.Proto == 3 }

// OK writes +OK.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Simple writes a simple string; s must not contain CR or LF.
func (w *Writer) Simple(s string) {
	w.Buf = append(w.Buf, '+')
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Error writes an error reply; msg starts with its code, as in "ERR …".
// Line ends in it become spaces, because an error is one line.
func (w *Writer) Error(msg string) {
	w.Buf = append(w.Buf, '-')
	for i := 0; i < len(msg); i++ {
		c := msg[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		w.Buf = append(w.Buf, c)
	}
	w.Buf = append(w.Buf, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.Buf = redcon.AppendInt(w.Buf, n) }

// Flag writes 1 or 0, the integer that stands for a truth value in RESP2 and
// in those RESP3 commands that kept it.
func (w *Writer) Flag(b bool) {
	if b {
		w.Buf = append(w.Buf, ":1\r\n"...)
	} else {
		w.Buf = append(w.Buf, ":0\r\n"...)
	}
}

// BulkString writes a bulk string.
func (w *Writer) BulkString(s string) { w.Buf = redcon.AppendBulkString(w.Buf, s) }

// Null writes the null of a missing value.
func (w *Writer) Null() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "$-1\r\n"...)
	}
}

// NullArray writes the null of a missing array.
func (w *Writer) NullArray() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "*-1\r\n"...)
	}
}

// Array starts an array of n elements, which the caller writes next.
func (w *Writer) Array(n int) { w.Buf = redcon.AppendArray(w.Buf, n) }

// Map starts a map of n pairs; in RESP2 an array of 2n elements.
func (w *Writer) Map(n int) {
	if w.resp3() {
		w.aggregate('%', n)
	} else {
		w.Array(2 * n)
	}
}

// Set starts a set of n elements; in RESP2 an array.
func (w *Writer) Set(n int) {
	if w.resp3() {
		w.aggregate('~', n)
	} else {
		w.Array(n)
	}
}

// Push starts an out-of-band message of n elements; in RESP2 an array.
func (w *Writer) Push(n int) {
	if w.resp3() {
		w.aggregate('>', n)
	} else {
		w.Array(n)
	}
}

func (w *Writer) aggregate(kind byte, n int) {
	w.Buf = append(w.Buf, kind)
	w.Buf = strconv.AppendInt(w.Buf, int64(n), 10)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Bool writes a truth value; in RESP2 1 or 0.
func (w *Writer) Bool(b bool) {
	switch {
	case !w.resp3():
		w.Flag(b)
	case b:
		w.Buf = append(w.Buf, "#t\r\n"...)
	default:
		w.Buf = append(w.Buf, "#f\r\n"...)
	}
}

// Double writes a floating-point number in its shortest exact form; in RESP2
// a bulk string of it.
func (w *Writer) Double(f float64) {
	var text [32]byte
	w.DoubleText(AppendDouble(text[:0], f))
}

// DoubleText is Double for a number that is printed in another form.
func (w *Writer) DoubleText(s []byte) {
	if !w.resp3() {
		w.Bulk(s)
		return
	}
	w.Buf = append(w.Buf, ',')
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Verbatim writes text meant for people, with a three-letter format such as
// "txt"; in RESP2 a bulk string.
func (w *Writer) Verbatim(format, text string) {
	if !w.resp3() {
		w.BulkString(text)
		return
	}
	w.aggregate('=', len(text)+4)
	w.Buf = append(w.Buf, format...)
	w.Buf = append(w.Buf, ':')
	w.Buf = append(w.Buf, text...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BigNumber writes the digits of an integer of any size; in RESP2 a bulk string
// of them.
func (w *Writer) BigNumber(digits string) {
	if !w.resp3() {
		w.BulkString(digits)
		return
	}
	w.Buf = append(w.Buf, '(')
	w.Buf = append(w.Buf, digits...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Raw appends a reply that is already encoded.
func (w *Writer) Raw(b []byte) { w.Buf = append(w.Buf, b...) }
