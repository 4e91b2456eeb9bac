package rdb

import (
	"encoding/binary"
	"fmt"
)

// Writing a snapshot's frames; see file.go for the layout.

// Header writes the start of a file.
func (w *Writer) Header(version int) { w.Buf = fmt.Appendf(w.Buf, "%s%04d", magic, version) }

// Aux writes a name and a value, which readers that do not know the name
// ignore.
func (w *Writer) Aux(name, value string) {
	w.Buf = append(w.Buf, OpAux)
	w.String([]byte(name))
	w.String([]byte(value))
}

// Select says which database the keys that follow belong to.
func (w *Writer) Select(db int) {
	w.Buf = append(w.Buf, OpSelect)
	w.Length(uint64(db))
}

// Resize says how many keys the selected database has, all and with a
// deadline, for readers that make room in advance.
func (w *Writer) Resize(keys, deadlines int) {
	w.Buf = append(w.Buf, OpResize)
	w.Length(uint64(keys))
	w.Length(uint64(deadlines))
}

// Deadline writes the deadline of the key that follows in ms since 1970.
func (w *Writer) Deadline(ms int64) {
	w.Buf = append(w.Buf, opDeadline)
	w.Millis(ms)
}

// Freq writes how often the key that follows was used, by Redis's measure.
func (w *Writer) Freq(n uint8) { w.Buf = append(w.Buf, opFreq, n) }

// Key makes key that of the value that is written next. It must stay as it is
// until then.
func (w *Writer) Key(key []byte) { w.key, w.hasKey = key, true }

// kind writes the kind of a value, and its key if it has one.
func (w *Writer) kind(k Kind) {
	w.Buf = append(w.Buf, byte(k))
	if w.hasKey {
		w.String(w.key)
		w.key, w.hasKey = nil, false
	}
}

// End writes the end of a file; Sum follows.
func (w *Writer) End() { w.Buf = append(w.Buf, OpEnd) }

// Sum writes the checksum of all before it, 0 if none was computed.
func (w *Writer) Sum(crc uint64) { w.Buf = append(w.Buf, Footer(crc)...) }

// Footer is the checksum as it stands at the end of a file.
func Footer(crc uint64) []byte { return binary.LittleEndian.AppendUint64(nil, crc) }
