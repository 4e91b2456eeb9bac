//go:build linux && !heapmem && !race

package mem

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// underLimits runs the named test again in a process of its own, after the given ulimit command. It returns false in
// the parent, when the child is done, and true in the child.
func underLimits(t *testing.T, ulimit string) bool {
	const mark = "LARDER_MEM_TEST_UNDER_LIMITS"
	if os.Getenv(mark) != "" {
		return true
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", fmt.Sprintf("%s && exec %q -test.run='^%s$' -test.v", ulimit, exe, t.Name()))
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("after %s: %v\n%s", ulimit, err, out)
	}
	return false
}

// TestReservationHalves: where address space is limited, less is reserved, and it works.
func TestReservationHalves(t *testing.T) {
	if !underLimits(t, "ulimit -v 16000000") {
		return
	}
	w := newWorld(t, 1, Options{})
	defer w.close()
	if got := w.r.Stats().Reserved; got < 4<<30 || got > 16<<30 {
		t.Errorf("%d bytes are reserved with a limit of 16 GB", got)
	}
	w.alloc(0, 3*ChunkBytes+5000, Movable)
	w.empty()
}

// TestReservationRefused: where not even the least can be reserved, the error says what to do.
func TestReservationRefused(t *testing.T) {
	if !underLimits(t, "ulimit -v 1500000") {
		return
	}
	_, err := NewRegion(Options{})
	if err == nil || !strings.Contains(err.Error(), "ulimit -v") {
		t.Errorf("the error is %v", err)
	}
	if _, err := NewRegion(Options{ReserveBytes: 64 << 20}); err != nil {
		t.Errorf("64 MiB were refused too: %v", err)
	}
}

// TestSystemRefuses: when the system has no more memory to give, Alloc says so and everything goes on.
func TestSystemRefuses(t *testing.T) {
	if !underLimits(t, "ulimit -d 500000") {
		return
	}
	w := newWorld(t, 1, Options{})
	defer w.close()
	for _, n := range []int{100, 20 << 10, 5 << 20} {
		var refs []Ref
		var bytes uint64
		for bytes < 1<<30 {
			ref, ok := w.heaps[0].Alloc(n, Movable)
			if !ok {
				break
			}
			bytes += uint64(n)
			// Freed one by one, without a list of all of them: the Go heap is under the same limit.
			if len(refs) < 1000 {
				refs = append(refs, ref)
			}
		}
		if bytes < 100<<20 || bytes >= 1<<30 {
			t.Errorf("%d bytes were handed out under a limit of 500 MB", bytes)
		}
		for _, ref := range refs {
			w.heaps[0].Free(ref, n, Movable)
		}
		for range refs {
			if _, ok := w.heaps[0].Alloc(n, Movable); !ok {
				t.Fatal("what was freed could not be used again")
			}
		}
		if err := w.r.Close(); err != nil {
			t.Fatal(err)
		}
		*w = *newWorld(t, 1, Options{})
	}
}
