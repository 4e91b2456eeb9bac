package engine

import (
	"testing"

	"github.com/cespare/xxhash/v2"
)

// digestHash is Seed.Hash by the package for all lengths.
func digestHash(s Seed, key []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(s))
	_, _ = d.Write(key)
	return d.Sum64()
}

// TestHash compares with the package, for keys of all short lengths.
func TestHash(t *testing.T) {
	key := make([]byte, 100)
	for i := range key {
		key[i] = byte(i*37 + 200)
	}
	for _, seed := range []Seed{0, 1, 1 << 63, 0x9e3779b97f4a7c15} {
		for n := range len(key) {
			if got, want := seed.Hash(key[:n]), digestHash(seed, key[:n]); got != want {
				t.Fatalf("seed %#x, %d bytes: %#x, want %#x", uint64(seed), n, got, want)
			}
		}
	}
	if got := Seed(0).Hash(nil); got != 0xef46db3751d8e999 { // of the specification
		t.Errorf("the empty key hashes to %#x", got)
	}
}

func BenchmarkHash(b *testing.B) {
	key := []byte("element:000000012345")
	for name, hash := range map[string]func() uint64{
		"package": func() uint64 { return digestHash(42, key) },
		"own":     func() uint64 { return Seed(42).Hash(key) },
	} {
		b.Run(name, func(b *testing.B) {
			sum := uint64(0)
			for b.Loop() {
				sum += hash()
			}
			if sum == 0 {
				b.Fatal("all hashes are 0")
			}
		})
	}
}
