package memcache

import (
	"math/rand/v2"
	"testing"
)

// The seeds are the transcripts' requests; what fuzzing found is kept below
// testdata/fuzz.

func fuzzSeeds(f *testing.F, binary bool) {
	for i, request := range transcriptRequests(f) {
		if IsBinary(request[0]) == binary && len(request) < 16<<10 {
			f.Add(request, uint64(i))
		}
	}
}

// fuzzLimits are small, so that the fuzzer reaches them.
var fuzzLimits = Limits{MaxItemBytes: 1 << 10, MaxMultigetBytes: 3000}

func FuzzText(f *testing.F) {
	fuzzSeeds(f, false)
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		fuzzPieces(t, input, seed, func() parser { return NewTextParser(fuzzLimits) })
	})
}

func FuzzBinary(f *testing.F) {
	fuzzSeeds(f, true)
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		fuzzPieces(t, input, seed, func() parser { return NewBinaryParser(fuzzLimits) })
	})
}

func fuzzPieces(t *testing.T, input []byte, seed uint64, newParser func() parser) {
	rng := rand.New(rand.NewPCG(seed, 0))
	largest := 1 + rng.IntN(64)
	samePieces(t, input, newParser, func() int { return 1 + rng.IntN(largest) })
	checkRequests(t, newParser(), input)
}

// checkRequests checks what must hold of every request.
func checkRequests(t *testing.T, p parser, input []byte) {
	var r Request
	for {
		n, ok := p.Next(input, &r)
		if p.Need() > fuzzLimits.MaxItemBytes+maxLineBytes {
			t.Fatalf("asks for %d bytes", p.Need())
		}
		if !ok {
			return
		}
		input = input[n:]
		if r.Fault != FaultNone {
			if r.Proto != Binary && r.Fault != FaultHangUp && r.Fault.Line() == "" {
				t.Fatalf("fault %d has no line", r.Fault)
			}
			continue
		}
		keys, args := 0, r.Args
		for k, ok := args.Next(); ok; k, ok = args.Next() {
			if keys++; len(k) == 0 {
				t.Fatal("an empty word")
			}
		}
		if r.Proto == Text && (r.Op == OpGet || r.Op == OpGat) && keys != r.Keys {
			t.Fatalf("%d keys announced and %d given", r.Keys, keys)
		}
		if r.Op != OpStats && len(r.Key) > MaxKeyBytes || len(r.Value) > fuzzLimits.MaxItemBytes {
			t.Fatalf("key of %d, value of %d bytes", len(r.Key), len(r.Value))
		}
		if r.Proto == Meta && r.Op != OpMetaNoop {
			out := AppendMetaHD(nil, &r, &MetaItem{TTL: -1})
			if out[len(out)-1] != '\n' || len(out) > 4096 {
				t.Fatalf("reply %q", out)
			}
		}
	}
}
