package engine

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOnewayBytes shows that an item is head and content, and nothing else.
func TestOnewayBytes(t *testing.T) {
	for _, tc := range []struct{ item, want string }{
		{"0", "00"}, {"-1", "dfff"}, {"4096", "f10010"}, {"2147483648", "f40000008000000000"}, {"", "80"}, {"a", "8161"}, {"01", "823031"},
	} {
		b := newOneway(nil).append(contentOf([]byte(tc.item)))
		if got := hex.EncodeToString(b[packedHeader:]); got != tc.want {
			t.Errorf("%q is packed as %s, want %s", tc.item, got, tc.want)
		}
	}
}

// TestOnewayHistory edits a run and a slice alike.
func TestOnewayHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, model := newOneway(nil), [][]byte{}
		item := anyItem()
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				i, s := rapid.IntRange(0, len(model)).Draw(t, "at"), item.Draw(t, "item")
				b, model = b.insert(b.seek(i), contentOf(s)), slices.Insert(model, i, s)
			},
			"replace": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("nothing to replace")
				}
				i, s := rapid.IntRange(0, len(model)-1).Draw(t, "at"), item.Draw(t, "item")
				b, model[i] = b.replace(b.seek(i), contentOf(s)), s
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
			"": func(t *rapid.T) { checkOneway(t, b, model) },
		})
	})
}

// checkOneway walks the run.
func checkOneway(t *rapid.T, b oneway, model [][]byte) {
	if b.count() != len(model) {
		t.Fatalf("count is %d, want %d", b.count(), len(model))
	}
	var digits [20]byte
	off := packedHeader
	for i, want := range model {
		it := b.item(off)
		if got := it.bytes(digits[:0]); !bytes.Equal(got, want) {
			t.Fatalf("item %d is %q, want %q", i, got, want)
		}
		if c := it.content(); it.next != b.next(off) || it.next-off != c.size() || b.indexOf(off) != i {
			t.Fatalf("item %d at %d: next is %d and %d, %d bytes, index %d", i, off, it.next, b.next(off), c.size(), b.indexOf(off))
		}
		off = it.next
	}
	if off != len(b) {
		t.Fatalf("the items end at %d of %d", off, len(b))
	}
}
