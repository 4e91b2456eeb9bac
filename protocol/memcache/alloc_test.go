package memcache

import (
	"strings"
	"testing"
)

// hotPaths are the requests that must cost no allocation, each with the writing
// of a usual reply.
func hotPaths(t testing.TB) map[string]hotPath {
	value := []byte(strings.Repeat("v", 64))
	item := MetaItem{Flags: 5, CAS: 77, TTL: 60, ValueBytes: len(value)}
	const key = "key:000000000001"
	set := key + " 0 0 64\r\n" + string(value) + "\r\n"
	text := func() parser { return NewTextParser(Limits{}) }
	binary := func() parser { return NewBinaryParser(Limits{}) }
	return map[string]hotPath{
		"TextGet": {"get " + key + "\r\n", text, func(dst []byte, r *Request) []byte {
			return AppendLine(AppendValue(dst, r.Key, 0, value), LineEnd)
		}},
		"TextGets10": {"gets" + strings.Repeat(" "+key, 10) + "\r\n", text, func(dst []byte, r *Request) []byte {
			args := r.Args
			for k, ok := args.Next(); ok; k, ok = args.Next() {
				dst = AppendValueCAS(dst, k, 0, value, 99)
			}
			return AppendLine(dst, LineEnd)
		}},
		"TextSet": {"set " + set, text, func(dst []byte, _ *Request) []byte { return AppendLine(dst, LineStored) }},
		"TextIncr": {"incr " + key + " 5\r\n", text, func(dst []byte, r *Request) []byte {
			return AppendNumber(dst, r.Delta)
		}},
		"TextFault": {"set k x 0 1\r\n", text, AppendFault},
		"MetaGet": {"mg " + key + " v f t k O123\r\n", text, func(dst []byte, r *Request) []byte {
			return AppendMetaValue(dst, r, &item, value)
		}},
		"MetaGetBase64": {"mg a2V5OjAwMDAwMDAwMDAwMQ== b v k\r\n", text, func(dst []byte, r *Request) []byte {
			return AppendMetaMiss(dst, r, MetaEN)
		}},
		"MetaSet": {"ms " + key + " 64 T60 F5 c\r\n" + string(value) + "\r\n", text, func(dst []byte, r *Request) []byte {
			return AppendMetaHD(dst, r, &item)
		}},
		"MetaArith": {"ma " + key + " N60 J13 v\r\n", text, func(dst []byte, r *Request) []byte {
			it := item
			return AppendMetaNumber(dst, r, &it, r.Initial)
		}},
		"BinaryGet": {string(mustBinary(t, "op=0c key="+key)), binary, func(dst []byte, r *Request) []byte {
			return AppendBinaryValue(dst, r, 5, 77, value)
		}},
		"BinarySet": {string(mustBinary(t, "op=01 ext=0000000000000000 key="+key+" val="+string(value))), binary, func(dst []byte, r *Request) []byte {
			return AppendBinaryOK(dst, r, 77)
		}},
		"BinaryMiss": {string(mustBinary(t, "op=00 key="+key)), binary, AppendBinaryMiss},
	}
}

type hotPath struct {
	input     string
	newParser func() parser
	reply     func(dst []byte, r *Request) []byte
}

func TestHotPathsAllocateNothing(t *testing.T) {
	for name, h := range hotPaths(t) {
		t.Run(name, func(t *testing.T) {
			p, buf := h.newParser(), []byte(h.input)
			var r Request
			out := make([]byte, 0, 4096)
			if n := testing.AllocsPerRun(200, func() {
				if used, ok := p.Next(buf, &r); !ok || used != len(buf) {
					t.Fatalf("used %d of %d, ok %v", used, len(buf), ok)
				}
				out = h.reply(out[:0], &r)
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
			if len(out) == 0 {
				t.Error("no reply")
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for name, h := range hotPaths(b) {
		b.Run(name, func(b *testing.B) {
			p, buf := h.newParser(), []byte(h.input)
			var r Request
			b.ReportAllocs()
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				if _, ok := p.Next(buf, &r); !ok {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkReply(b *testing.B) {
	for name, h := range hotPaths(b) {
		b.Run(name, func(b *testing.B) {
			p, buf := h.newParser(), []byte(h.input)
			var r Request
			if _, ok := p.Next(buf, &r); !ok {
				b.Fatal("not parsed")
			}
			out := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				out = h.reply(out[:0], &r)
			}
		})
	}
}
