//go:build linux && !heapmem && !race && !invariants

package mem

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

// residentKiB is the memory of this process that is in RAM and backed by no file, which leaves out the binary's pages.
func residentKiB(t *testing.T) int {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			var kib int
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	t.Fatal("/proc/self/status does not say RssAnon")
	return 0
}

// TestResidentBytes: what an object really costs, header, side table and page rounding included, and that the process
// never holds more than the accounting says.
func TestResidentBytes(t *testing.T) {
	count := 4_000_000
	if testing.Short() {
		count = 500_000
	}
	for _, tc := range []struct {
		n    int
		most float64 // bytes over n, an object
	}{{32, 0.5}, {88, 1.0}} {
		t.Run(fmt.Sprint(tc.n), func(t *testing.T) {
			before := residentKiB(t)
			w := newWorld(t, 32, Options{})
			defer w.close()
			for i := range count {
				ref, ok := w.heaps[i%32].Alloc(tc.n, Movable)
				if !ok {
					t.Fatal("no memory")
				}
				clear(w.r.Bytes(ref, tc.n))
			}
			grown := float64(residentKiB(t)-before) * 1024
			s := w.r.Stats()
			over := grown/float64(count) - float64(tc.n)
			t.Logf("%d objects of %d bytes: %.2f bytes over each in the process, %.2f by Stats", count, tc.n, over,
				float64(s.Resident+s.Metadata)/float64(count)-float64(tc.n))
			// The Go runtime may have grown by a little meanwhile.
			if most := tc.most + (1<<20)/float64(count); over > most {
				t.Errorf("%.2f bytes over an object of %d bytes, at most %.2f wanted", over, tc.n, most)
			}
			if accounted := float64(s.Resident+s.Metadata) + 1<<20; grown > accounted {
				t.Errorf("the process grew by %.0f bytes, Stats account for %.0f", grown, accounted)
			}
		})
	}
}

// TestTrimReturnsPages: what was trimmed is no longer resident, and what is used again is.
func TestTrimReturnsPages(t *testing.T) {
	for _, huge := range []bool{false, true} {
		w := newWorld(t, 1, Options{HugePages: huge})
		refs := make([]Ref, 100_000)
		for i := range refs {
			refs[i] = 1 // so that its own pages are resident before the measurement
		}
		before := residentKiB(t)
		for i := range refs {
			refs[i], _ = w.heaps[0].Alloc(1000, Movable)
			clear(w.r.Bytes(refs[i], 1000))
		}
		full := residentKiB(t) - before
		for _, ref := range refs {
			w.heaps[0].Free(ref, 1000, Movable)
		}
		freed := w.r.Trim(0, 0)
		empty := residentKiB(t) - before
		if full < 95<<10 || freed < 95<<20 || empty > 4<<10 {
			t.Errorf("huge=%v: %d KiB resident, %d bytes trimmed, %d KiB resident then", huge, full, freed, empty)
		}
		t.Logf("huge=%v: %d KiB resident, %d bytes trimmed, %d KiB resident then", huge, full, freed, empty)
		w.close()
	}
}
