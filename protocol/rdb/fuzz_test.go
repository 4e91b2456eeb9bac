package rdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// FuzzRead feeds any bytes as a value.
func FuzzRead(f *testing.F) {
	_, list := goldenPayloads(f)
	for _, p := range list {
		f.Add(p.bytes[:len(p.bytes)-footerBytes])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		size, err := Read(b, new(transcript))
		if size > len(b) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes are read with %v", size, len(b), err)
		}
	})
}

// FuzzLZF compresses any bytes and expects them back, and decompresses them as
// if they were compressed.
func FuzzLZF(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabcabcabc"), 27)
	f.Add(bytes.Repeat([]byte{0}, 1000), 2000)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		var table lzfTable
		for range 2 { // the second time the table is not fresh
			packed, ok := table.compress(nil, b, len(b)-1)
			if !ok {
				break
			}
			back, err := decompress(nil, packed, len(b))
			if err != nil || !bytes.Equal(back, b) || len(packed) >= len(b) {
				t.Fatalf("%q is compressed to %q and comes back as %q, %v", b, packed, back, err)
			}
		}
		if out, err := decompress(nil, b, size); err == nil && len(out) != size {
			t.Errorf("%q of %d bytes is decompressed to %d", b, size, len(out))
		}
	})
}

// drain reads all items and says how many there were.
func drain(its items) (n int, err error) {
	for {
		it, ok := its.read()
		if !ok {
			return n, its.err
		}
		it.bytes()
		n++
	}
}

// fitted gives b the lengths that a header must have, so that what follows is
// looked at.
func fitted(b []byte, header, count int) []byte {
	b = append(make([]byte, header), b...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)+1))
	binary.LittleEndian.PutUint16(b[header-2:], uint16(count))
	return append(b, packEnd)
}

// FuzzListpack, FuzzZiplist and FuzzZipmap walk through any bytes behind a
// fitting header. There are never more items than the header says.
func FuzzListpack(f *testing.F) {
	var p Listpack
	for _, s := range []string{"a", "12", "-4097", "100000", "3000000000", "9223372036854775807", "long long long long long long long long long long long long long long long"} {
		p.String([]byte(s))
	}
	b := p.Bytes()
	f.Add(b[packHeader:len(b)-1], 7)
	f.Fuzz(func(t *testing.T, b []byte, count int) {
		n, err := drain(readListpack(fitted(b, packHeader, count)))
		if want := int(uint16(count)); err == nil && n != want && want != packUncounted {
			t.Errorf("%d items are read, the header says %d", n, want)
		}
		_, _ = drain(readListpack(b))
	})
}

func FuzzZiplist(f *testing.F) {
	f.Add([]byte("\x00\x01a\x03\xf2\x02\xc0\x00\x01"), 3)
	f.Fuzz(func(t *testing.T, b []byte, count int) {
		n, err := drain(readZiplist(fitted(b, zipHeader, count)))
		if want := int(uint16(count)); err == nil && n != want && want != packUncounted {
			t.Errorf("%d items are read, the header says %d", n, want)
		}
		_, _ = drain(readZiplist(b))
	})
}

func FuzzZipmap(f *testing.F) {
	f.Add([]byte("\x01\x01f\x01\x00v\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := drain(readZipmap(b))
		if err == nil && b[0] < zipWide && n != 2*int(b[0]) {
			t.Errorf("%d items are read of %d fields", n, b[0])
		}
	})
}

func FuzzIntset(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		last, first := int64(0), true
		_ = readIntset(b, func(n int64) error {
			if !first && n <= last {
				t.Errorf("%d follows %d", n, last)
			}
			last, first = n, false
			return nil
		})
	})
}
