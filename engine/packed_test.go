package engine

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestPackedBytes holds the encoding to bytes that redis-server 7.0 made: the
// items of the listpack in DUMP's payload of a list.
func TestPackedBytes(t *testing.T) {
	for _, tc := range []struct{ item, want string }{
		{"0", "0001"}, {"127", "7f01"}, {"128", "c08002"}, {"-1", "dfff02"}, {"4095", "cfff02"}, {"-4096", "d00002"},
		{"4096", "f1001003"}, {"-32768", "f1008003"}, {"32768", "f200800004"}, {"-8388608", "f200008004"},
		{"8388608", "f30000800005"}, {"2147483648", "f4000000800000000009"}, {"-9223372036854775808", "f4000000000000008009"},
		{"", "8001"}, {"a", "816102"}, {"01", "82303103"}, {"+1", "822b3103"}, {"-0", "822d3003"},
	} {
		b := newPacked(nil).append(contentOf([]byte(tc.item)))
		if got := hex.EncodeToString(b[packedHeader:]); got != tc.want {
			t.Errorf("%q is packed as %s, want %s", tc.item, got, tc.want)
		}
	}
	long := newPacked(nil).append(contentOf(bytes.Repeat([]byte("x"), 200)))
	if got := hex.EncodeToString(long[len(long)-2:]); got != "01ca" {
		t.Errorf("a string of 200 bytes ends with %s, want 01ca", got)
	}
}

// anyItem generates what a user may store: integers of all widths, short and
// long strings.
func anyItem() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return strconv.AppendInt(nil, rapid.Int64().Draw(t, "int")>>rapid.IntRange(0, 63).Draw(t, "shift"), 10)
		case 1:
			return bytes.Repeat([]byte{byte(rapid.IntRange(0, 255).Draw(t, "byte"))}, rapid.SampledFrom([]int{60, 63, 64, 124, 125, 126, 127, 128, 4095, 4096, 20000}).Draw(t, "len"))
		}
		return rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes")
	})
}

// TestPackedHistory edits a run and a slice alike.
func TestPackedHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, model := newPacked(nil), [][]byte{}
		item := anyItem()
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				i, s := rapid.IntRange(0, len(model)).Draw(t, "at"), item.Draw(t, "item")
				off := len(b)
				if i < len(model) {
					off = b.seek(i)
				}
				b, model = b.insert(off, contentOf(s)), slices.Insert(model, i, s)
			},
			"replace": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("nothing to replace")
				}
				i, s := rapid.IntRange(0, len(model)-1).Draw(t, "at"), item.Draw(t, "item")
				b, model[i] = b.replace(b.seek(i-len(model)), contentOf(s)), s
			},
			"remove": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("nothing to remove")
				}
				i := rapid.IntRange(0, len(model)-1).Draw(t, "at")
				n := rapid.IntRange(1, len(model)-i).Draw(t, "n")
				b, model = b.remove(b.seek(i), n), slices.Delete(model, i, i+n)
			},
			"find": func(t *rapid.T) {
				s, skip := item.Draw(t, "item"), rapid.IntRange(0, 2).Draw(t, "skip")
				if len(model) > 0 && rapid.Bool().Draw(t, "present") {
					s = rapid.SampledFrom(model).Draw(t, "which")
				}
				want := -1
				for i := 0; i < len(model) && want < 0; i += skip + 1 {
					if bytes.Equal(model[i], s) {
						want = b.seek(i)
					}
				}
				if got := b.find(packedHeader, contentOf(s), skip); got != want {
					t.Fatalf("find %q, skip %d: offset %d, want %d", s, skip, got, want)
				}
			},
			"": func(t *rapid.T) { checkPacked(t, b, model) },
		})
	})
}

// checkPacked walks the run in both directions.
func checkPacked(t *rapid.T, b packed, model [][]byte) {
	if b.count() != len(model) {
		t.Fatalf("count is %d, want %d", b.count(), len(model))
	}
	var digits [20]byte
	off := packedHeader
	for i, want := range model {
		it := b.item(off)
		if got := it.bytes(digits[:0]); !bytes.Equal(got, want) || it.len() != len(want) {
			t.Fatalf("item %d is %q of %d bytes, want %q", i, got, it.len(), want)
		}
		if c := it.content(); it.next != b.next(off) || it.next-off != c.bytes() {
			t.Fatalf("item %d at %d: next is %d and %d, %d bytes", i, off, it.next, b.next(off), c.bytes())
		}
		off = it.next
	}
	if off != len(b) {
		t.Fatalf("the items end at %d of %d", off, len(b))
	}
	for i := len(model) - 1; i >= 0; i-- {
		off = b.prev(off)
		if it := b.item(off); !bytes.Equal(it.append(nil), model[i]) {
			t.Fatalf("item %d backwards is %q, want %q", i, it.append(nil), model[i])
		}
	}
	if off = b.prev(off); off >= 0 {
		t.Fatalf("an item at %d before the first", off)
	}
}
