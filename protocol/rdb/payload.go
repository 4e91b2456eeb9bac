package rdb

import (
	"encoding/binary"
	"errors"
)

// footerBytes is the version and the checksum behind a value.
const footerBytes = 2 + 8

// ErrFooter says that a payload was damaged on its way, or comes from a
// version that is not known.
var ErrFooter = errors.New("payload version or checksum are wrong")

// Seal ends the value in w.Buf, which begins at start, so that it can be kept
// and given to RESTORE. version is the oldest that can read the value.
func (w *Writer) Seal(start, version int) {
	w.Buf = binary.LittleEndian.AppendUint16(w.Buf, uint16(version))
	w.Buf = binary.LittleEndian.AppendUint64(w.Buf, Checksum(0, w.Buf[start:]))
}

// Open checks the footer of a payload and returns the value in it. A checksum
// of 0 is checked as any other.
func Open(payload []byte) ([]byte, error) {
	n := len(payload) - footerBytes
	if n < 0 || binary.LittleEndian.Uint16(payload[n:]) > VersionMost ||
		Checksum(0, payload[:n+2]) != binary.LittleEndian.Uint64(payload[n+2:]) {
		return nil, ErrFooter
	}
	return payload[:n], nil
}
