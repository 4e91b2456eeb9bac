package rdb

import (
	"bytes"
	"strconv"
)

// What memcached clients know of a string and Redis does not travels in an AUX
// in front of the key. Its name is itemAux, its value numbers in digits:
//
//	marks                    of a string that Redis commands have stored
//	marks " " flags " " CAS  of one that memcached commands have stored

const itemAux = "larder-item"

// Item is what memcached clients know of a string.
type Item struct {
	Stored bool // by a memcached command: it has Flags and CAS
	Flags  uint32
	CAS    uint64
	Marks  uint8 // what the meta protocol notes about the value
}

// Item writes what memcached clients know of the string that follows.
func (w *Writer) Item(it Item) {
	var text [48]byte
	b := strconv.AppendUint(text[:0], uint64(it.Marks), 10)
	if it.Stored {
		b = strconv.AppendUint(append(b, ' '), uint64(it.Flags), 10)
		b = strconv.AppendUint(append(b, ' '), it.CAS, 10)
	}
	w.Buf = append(w.Buf, OpAux)
	w.String([]byte(itemAux))
	w.String(b)
}

// parseItem is the way back.
func parseItem(text []byte) (it Item, ok bool) {
	numbers := bytes.Split(text, []byte{' '})
	marks, err := strconv.ParseUint(string(numbers[0]), 10, 8)
	if it.Marks = uint8(marks); err != nil || len(numbers) == 1 {
		return it, err == nil
	}
	if len(numbers) != 3 {
		return it, false
	}
	flags, err1 := strconv.ParseUint(string(numbers[1]), 10, 32)
	cas, err2 := strconv.ParseUint(string(numbers[2]), 10, 64)
	it.Stored, it.Flags, it.CAS = true, uint32(flags), cas
	return it, err1 == nil && err2 == nil
}
