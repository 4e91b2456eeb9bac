package command

import (
	"slices"
	"strconv"
	"testing"
)

// The registers of both forms agree after any additions, and the runs of a
// sparse sketch always cover exactly all registers.
func TestHLLFormsAgree(t *testing.T) {
	if fault := hllSelfTest(50_000); fault != "" {
		t.Error(fault)
	}
	h := appendEmptyHLL(nil)
	for i := range 3000 {
		changed, err := h.add(strconv.AppendInt(nil, int64(i), 10), 3000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.ranks(); err != nil {
			t.Fatalf("after %d elements: %v", i+1, err)
		}
		if again, _ := h.add(strconv.AppendInt(nil, int64(i), 10), 3000); again {
			t.Fatalf("element %d (changed: %v) changes the sketch when it is added again", i, changed)
		}
	}
	if !h.dense() {
		t.Errorf("after 3000 elements the sketch is still sparse, %d bytes", len(h))
	}
}

// Any bytes that pass for a sketch are read without harm, and what a failed
// addition leaves is what was there.
func FuzzHLL(f *testing.F) {
	f.Add([]byte(appendEmptyHLL(nil)), []byte("a"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x40"), []byte("b"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x83\x84\xff\x7f\xff"), []byte("7"))
	f.Fuzz(func(t *testing.T, value, element []byte) {
		if !isHLL(value) {
			return
		}
		h := hll(slices.Clone(value))
		var values hllValues
		_ = h.raiseAll(&values)
		_ = h.describeRuns()
		if ranks, err := h.ranks(); err == nil {
			ranks.estimate()
		}
		if _, err := h.add(element, 3000); err != nil && string(h) != string(value) {
			t.Errorf("adding %q fails with %v and leaves %q of %q", element, err, h, value)
		}
		if again, err := h.add(element, 3000); err == nil && again {
			t.Errorf("adding %q to %q changes it twice", element, value)
		}
	})
}

// Adding to and counting a sketch allocates nothing on the Go heap.
func TestHLLDoesNotAllocate(t *testing.T) {
	h := newTester(t, 0)
	for _, elements := range []int{100, 10_000} {
		args := []string{"PFADD", "k"}
		for i := range elements {
			args = append(args, strconv.Itoa(i))
		}
		h.do(args...)
		add, count := h.prepare("PFADD", "k", "x", "y"), h.prepare("PFCOUNT", "k")
		for _, r := range []*call{add, count} {
			if n := testing.AllocsPerRun(100, func() { h.run(r) }); n != 0 {
				t.Errorf("%s with %d elements allocates %v times", r.args[0], elements, n)
			}
		}
	}
}
