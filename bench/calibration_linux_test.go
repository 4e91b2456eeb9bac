package main

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"

	"larder/bench/trace"

	"github.com/tidwall/redcon"
)

// A fakeCache speaks just enough of the Redis protocol to be calibrated. It
// counts overheadBytes and itemBytes for each item as used memory, and evicts
// at random above maxmemory.
type fakeCache struct {
	items         map[string]string
	order         []string
	maxMemory     int
	itemBytes     int
	overheadBytes func(items int) int
}

func (f *fakeCache) over() bool {
	return f.overheadBytes(len(f.items))+f.itemBytes*len(f.items) > f.maxMemory
}

func (f *fakeCache) serve(conn redcon.Conn, cmd redcon.Command) {
	switch strings.ToUpper(string(cmd.Args[0])) {
	case "GET":
		if v, ok := f.items[string(cmd.Args[1])]; ok {
			conn.WriteBulkString(v)
		} else {
			conn.WriteNull()
		}
	case "SET":
		for f.over() {
			if len(f.order) == 0 {
				conn.WriteError("OOM")
				return
			}
			i := rand.IntN(len(f.order))
			delete(f.items, f.order[i])
			f.order[i] = f.order[len(f.order)-1]
			f.order = f.order[:len(f.order)-1]
		}
		f.items[string(cmd.Args[1])] = string(cmd.Args[2])
		f.order = append(f.order, string(cmd.Args[1]))
		conn.WriteString("OK")
	case "DBSIZE":
		conn.WriteInt(len(f.items))
	case "FLUSHALL":
		f.items, f.order = make(map[string]string), nil
		conn.WriteString("OK")
	case "CONFIG":
		f.maxMemory, _ = strconv.Atoi(string(cmd.Args[3]))
		conn.WriteString("OK")
	}
}

// start serves until the test ends and returns the address. Its commands come
// from one connection after the other, so it needs no lock.
func (f *fakeCache) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := redcon.NewServer(l.Addr().String(), f.serve, nil, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// randomTrace returns requests for uniformly random keys: the share of the
// keys that a server holds is its hit ratio then, whatever the policy.
func randomTrace(requests, keys int) *trace.Trace {
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for range requests {
		text.WriteString(strconv.Itoa(100000+rng.IntN(keys)) + "\n")
	}
	tr, err := trace.Read(strings.NewReader(text.String()), 0)
	if err != nil {
		panic(err)
	}
	return tr
}

func TestCalibrationHoldsTheCapacity(t *testing.T) {
	for _, c := range []struct {
		name     string
		overhead func(int) int
	}{
		{"nothing but items", func(int) int { return 0 }},
		{"overhead above all items", func(int) int { return 1 << 20 }},
		{"an index that doubles", func(items int) int {
			slots := 64
			for slots < items {
				slots *= 2
			}
			return 16 * slots
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeCache{items: make(map[string]string), itemBytes: 130, overheadBytes: c.overhead}
			r, err := newCalibration(context.Background(), f.start(t), randomTrace(5000, 800), 400).replay()
			if err != nil {
				t.Fatal(err)
			}
			if got := r.HitRatio(); r.MeanKeys < 392 || r.MeanKeys > 408 || got < 43 || got > 53 {
				t.Errorf("%.0f items, hit ratio %.1f %%; want 400 items and 48 %% (half, but for the cold start)", r.MeanKeys, got)
			}
		})
	}
}

func TestCalibrationSaysThatAServerCannotBeHeld(t *testing.T) {
	f := &fakeCache{items: make(map[string]string), itemBytes: 1, overheadBytes: func(items int) int {
		return items / 300 << 20 // memory comes in pages of 300 items
	}}
	_, err := newCalibration(context.Background(), f.start(t), randomTrace(5000, 800), 400).replay()
	if err == nil || !strings.Contains(err.Error(), "no maxmemory gives it") {
		t.Errorf("got %v", err)
	}
}

func TestFullAt(t *testing.T) {
	var tr trace.Trace
	for i := range 100 {
		tr.Keys = append(tr.Keys, []byte{byte(i % 80)})
	}
	for _, c := range []struct{ capacity, want int }{{20, 50}, {60, 62}, {90, 99}} {
		if got := fullAt(&tr, c.capacity); got != c.want {
			t.Errorf("capacity %d: full at %d, want %d", c.capacity, got, c.want)
		}
	}
}
