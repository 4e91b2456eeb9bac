package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"larder/persistence"
	"larder/protocol/rdb"
)

// Frames reads a snapshot frame by frame, in order. What it holds in memory is
// one frame and as much again; a frame is believed to be as long as it says only
// as far as bytes come.
type Frames struct {
	Name    string // of the file, for errors
	Version int    // of the format
	// Cut tells, after damage, that the file ended too early.
	Cut bool

	r    io.Reader
	buf  []byte
	at   int   // read of buf
	n    int   // bytes in buf
	base int64 // offset of buf in the file
	sum  uint64
	over bool
	db   int
}

const framesBytes = 256 << 10

// NewFrames reads the header of a snapshot.
func NewFrames(r io.Reader, name string) (*Frames, error) {
	x := &Frames{Name: name, r: r, buf: make([]byte, framesBytes)}
	for x.n < rdb.HeaderBytes && !x.over {
		if err := x.read(); err != nil {
			return nil, err
		}
	}
	version, err := rdb.ReadHeader(x.buf[:x.n])
	if err != nil {
		return nil, x.damage(0, err)
	}
	x.Version = version
	x.take(rdb.HeaderBytes)
	return x, nil
}

// resumeFrames goes on at a place that another Frames has come to. Its checksum
// is not checked.
func resumeFrames(r io.Reader, name string, at Position) *Frames {
	return &Frames{Name: name, r: r, buf: make([]byte, framesBytes), base: at.Offset, db: at.DB}
}

// Offset is the place behind the last frame.
func (x *Frames) Offset() int64 { return x.base + int64(x.at) }

// DB is the database of the last frame.
func (x *Frames) DB() int { return x.db }

// Next reads the next frame; what it points to is valid until the next call.
// The error is io.EOF behind the end and its checksum.
func (x *Frames) Next(f *rdb.Frame) error {
	for {
		size, err := f.Next(x.buf[x.at:x.n], false)
		switch {
		case err != nil:
			return x.damage(x.Offset(), err)
		case size == 0 && x.over:
			x.Cut = true
			return x.damage(x.Offset(), errors.New("the file ends in the middle of a record: it was cut off"))
		case size == 0:
			if err := x.read(); err != nil {
				return err
			}
			continue
		}
		x.take(size)
		switch f.Op {
		case rdb.OpSelect:
			x.db = int(f.DB)
		case rdb.OpEnd:
			return x.end()
		}
		return nil
	}
}

// take moves behind n bytes that were understood.
func (x *Frames) take(n int) {
	x.sum = rdb.Checksum(x.sum, x.buf[x.at:x.at+n])
	x.at += n
}

// end checks the checksum. A resumed reader has none of its own: it has no
// version.
func (x *Frames) end() error {
	if !rdb.HasChecksum(x.Version) {
		return io.EOF
	}
	for x.n-x.at < rdb.FooterBytes {
		if x.over {
			x.Cut = true
			return x.damage(x.Offset(), errors.New("the file ends in the middle of its checksum: it was cut off"))
		}
		if err := x.read(); err != nil {
			return err
		}
	}
	footer := x.buf[x.at : x.at+rdb.FooterBytes]
	x.at += rdb.FooterBytes
	if !bytes.Equal(footer, make([]byte, rdb.FooterBytes)) && !bytes.Equal(footer, rdb.Footer(x.sum)) {
		return x.damage(x.Offset()-int64(rdb.FooterBytes), errors.New("the checksum is wrong: the file has changed since it was written"))
	}
	return io.EOF
}

// read appends to the buffer. A frame that is longer than it is looked at again
// each time the buffer has doubled.
func (x *Frames) read() error {
	if x.at > 0 {
		x.base += int64(x.at)
		x.n = copy(x.buf, x.buf[x.at:x.n])
		x.at = 0
	}
	if x.n == len(x.buf) {
		x.buf = append(x.buf, make([]byte, len(x.buf))...)
	}
	n, err := io.ReadFull(x.r, x.buf[x.n:])
	x.n += n
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		x.over = true
	case err != nil:
		return fmt.Errorf("%s, offset %d: cannot read: %w", x.Name, x.base+int64(x.n), err)
	}
	return nil
}

func (x *Frames) damage(offset int64, err error) error {
	return &persistence.CorruptError{File: x.Name, Offset: offset, Reason: strings.TrimPrefix(err.Error(), rdb.ErrCorrupt.Error()+": ")}
}
