package rdb

import (
	"bytes"
	"strconv"
)

// What memcached clients know of a string and Redis does not travels in an AUX
// in front of the key. Its name is itemAux, its value three numbers in digits:
//
//	flags " " CAS " " marks

const itemAux = "larder-item"

// Item is what memcached clients know of a string.
type Item struct {
	Flags uint32
	CAS   uint64
	Marks uint8 // what the meta protocol notes about the value
}

// Item writes what memcached clients know of the string that follows.
func (w *Writer) Item(it Item) {
	var text [48]byte
	b := strconv.AppendUint(text[:0], uint64(it.Flags), 10)
	b = strconv.AppendUint(append(b, ' '), it.CAS, 10)
	b = strconv.AppendUint(append(b, ' '), uint64(it.Marks), 10)
	w.Buf = append(w.Buf, OpAux)
	w.String([]byte(itemAux))
	w.String(b)
}

// parseItem is the way back.
func parseItem(text []byte) (it Item, ok bool) {
	flags, rest, ok1 := bytes.Cut(text, []byte{' '})
	cas, marks, ok2 := bytes.Cut(rest, []byte{' '})
	a, err1 := strconv.ParseUint(string(flags), 10, 32)
	b, err2 := strconv.ParseUint(string(cas), 10, 64)
	c, err3 := strconv.ParseUint(string(marks), 10, 8)
	ok = ok1 && ok2 && err1 == nil && err2 == nil && err3 == nil
	return Item{uint32(a), b, uint8(c)}, ok
}
