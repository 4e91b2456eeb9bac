package memcache

import (
	"encoding/hex"
	"testing"
)

// parsed returns the request that input is.
func parsed(t *testing.T, input []byte) *Request {
	t.Helper()
	var r Request
	if n, ok := parserFor(input).Next(input, &r); !ok || n != len(input) || r.Fault != FaultNone {
		t.Fatalf("%q: used %d, ok %v, fault %d", input, n, ok, r.Fault)
	}
	return &r
}

// TestMetaReplies expects what memcached 1.6.18 answered to these lines when the
// item was as given.
func TestMetaReplies(t *testing.T) {
	abc := &MetaItem{Flags: 5, CAS: 34, TTL: -1, ValueBytes: 3, LastAccess: 1, Fetched: true}
	value := func(it *MetaItem, v string) func(r *Request) []byte {
		return func(r *Request) []byte { return AppendMetaValue(nil, r, it, []byte(v)) }
	}
	head := func(it *MetaItem) func(r *Request) []byte {
		return func(r *Request) []byte { return AppendMetaHD(nil, r, it) }
	}
	miss := func(code MetaCode) func(r *Request) []byte {
		return func(r *Request) []byte { return AppendMetaMiss(nil, r, code) }
	}
	for _, tc := range []struct {
		line  string
		reply func(r *Request) []byte
		want  string
	}{
		{"mg a\r\n", head(abc), "HD\r\n"},
		{"mg a t h l f s c Oq k v\r\n", value(abc, "abc"), "VA 3 t-1 h1 l1 f5 s3 c34 Oq ka\r\nabc\r\n"},
		{"mg a P L v\r\n", value(abc, "abc"), "VA 3\r\nabc\r\n"},
		{"mg zz k Oabc\r\n", miss(MetaEN), "EN kzz Oabc\r\n"},
		{"mg YWI= b v k\r\n", miss(MetaEN), "EN kYWI= b\r\n"},
		{"mg YWIx O1 b v\r\n", miss(MetaEN), "EN O1\r\n"},
		{"mg zz N30 v c\r\n", value(&MetaItem{CAS: 36, Won: true}, ""), "VA 0 c36 W\r\n\r\n"},
		{"mg zz O k\r\n", head(&MetaItem{Sent: true}), "HD O kzz Z\r\n"},
		{"mg st v c\r\n", value(&MetaItem{CAS: 133, ValueBytes: 2, Stale: true, Won: true}, "hi"), "VA 2 c133 X W\r\nhi\r\n"},
		{"mg st v\r\n", value(&MetaItem{ValueBytes: 2, Stale: true, Sent: true}, "hi"), "VA 2 Z X\r\nhi\r\n"},
		{"ms YQ== 2 k O9 c b\r\nhi\r\n", head(&MetaItem{CAS: 41}), "HD kYQ== b O9 c41\r\n"},
		{"ms a 2 t v h\r\nhi\r\n", head(abc), "HD\r\n"},
		{"md a C1 k O1\r\n", miss(MetaEX), "EX ka O1\r\n"},
		{"md a I T30 k\r\n", miss(MetaHD), "HD ka\r\n"},
		{"ma zz k O1\r\n", miss(MetaNF), "NF kzz O1\r\n"},
		{"ma zq N0 J13 v t c k O3\r\n", func(r *Request) []byte {
			return AppendMetaNumber(nil, r, &MetaItem{TTL: -1, CAS: 58}, 13)
		}, "VA 2 t-1 c58 kzq O3\r\n13\r\n"},
		{"ma n N0 t v k f s\r\n", func(r *Request) []byte {
			return AppendMetaNumber(nil, r, &MetaItem{TTL: 29}, 16)
		}, "VA 2 t29 kn\r\n16\r\n"},
		{"me a\r\n", func(r *Request) []byte {
			return AppendMetaDebug(nil, r, &MetaDebug{TTL: -1, CAS: 61, Class: 1, Size: 63})
		}, "ME a exp=-1 la=0 cas=61 fetch=no cls=1 size=63\r\n"},
	} {
		if got := string(tc.reply(parsed(t, []byte(tc.line)))); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.line, got, tc.want)
		}
	}
}

func TestTextReplies(t *testing.T) {
	key, value := []byte("a"), []byte("abc")
	for _, tc := range []struct {
		got  []byte
		want string
	}{
		{AppendValue(nil, key, 5, value), "VALUE a 5 3\r\nabc\r\n"},
		{AppendValueCAS(nil, key, 5, value, 1), "VALUE a 5 3 1\r\nabc\r\n"},
		{AppendLine(nil, LineEnd), "END\r\n"},
		{AppendNumber(nil, 18446744073709551615), "18446744073709551615\r\n"},
		{AppendVersion(nil, "1.6.18"), "VERSION 1.6.18\r\n"},
		{AppendStat(nil, "pid", "1"), "STAT pid 1\r\n"},
		{AppendClientError(nil, "Illegal slab id"), "CLIENT_ERROR Illegal slab id\r\n"},
		{AppendServerError(nil, "x"), "SERVER_ERROR x\r\n"},
	} {
		if string(tc.got) != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestBinaryReplies(t *testing.T) {
	const opaque = "deadbeef"
	for _, tc := range []struct {
		request string
		reply   func(r *Request) []byte
		want    string
	}{
		{"op=00 key=a", func(r *Request) []byte { return AppendBinaryValue(nil, r, 7, 63, []byte("abc")) },
			"8100000004000000" + "00000007" + opaque + "000000000000003f" + "00000007616263"},
		{"op=0c key=a", func(r *Request) []byte { return AppendBinaryValue(nil, r, 7, 63, []byte("abc")) },
			"810c000104000000" + "00000008" + opaque + "000000000000003f" + "0000000761616263"},
		{"op=00 key=zz", func(r *Request) []byte { return AppendBinaryMiss(nil, r) },
			"8100000000000001" + "00000009" + opaque + "0000000000000000" + hex.EncodeToString([]byte("Not found"))},
		{"op=0c key=zz", func(r *Request) []byte { return AppendBinaryMiss(nil, r) },
			"810c000200000001" + "00000002" + opaque + "0000000000000000" + "7a7a"},
		{"op=04 key=a", func(r *Request) []byte { return AppendBinaryOK(nil, r, 9) },
			"8104000000000000" + "00000000" + opaque + "0000000000000009"},
		{"op=0b", func(r *Request) []byte { return AppendBinaryText(nil, r, "1.6") },
			"810b000000000000" + "00000003" + opaque + "0000000000000000" + "312e36"},
		{"op=10", func(r *Request) []byte { return AppendBinaryStat(nil, r, "pid", "1") },
			"8110000300000000" + "00000004" + opaque + "0000000000000000" + "70696431"},
		{"op=05 ext=0000000000000001000000000000000a00000000 key=n", func(r *Request) []byte { return AppendBinaryNumber(nil, r, 10, 66) },
			"8105000000000000" + "00000008" + opaque + "0000000000000042" + "000000000000000a"},
	} {
		r := parsed(t, mustBinary(t, tc.request+" opaque=0xdeadbeef"))
		if got := hex.EncodeToString(tc.reply(r)); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.request, got, tc.want)
		}
	}
}
