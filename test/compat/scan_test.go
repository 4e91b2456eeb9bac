package compat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// scanStays is the number of keys that are present during a whole iteration.
const scanStays = 3000

// TestScanReturnsWhatStays iterates while other keys come and go, so that the
// key space grows and shrinks by a multiple in the middle of the iteration.
// Each key that is there from start to end must be returned.
func TestScanReturnsWhatStays(t *testing.T) {
	for _, churn := range []int{0, 200, 2000} {
		for _, options := range []string{"", "COUNT 1", "COUNT 100", "MATCH stay:*", "TYPE string", "COUNT 50 MATCH *:* TYPE string"} {
			t.Run(fmt.Sprintf("churn %d %s", churn, options), func(t *testing.T) {
				scanUnderChurn(t, churn, strings.Fields(options))
			})
		}
	}
}

func scanUnderChurn(t *testing.T, churn int, options []string) {
	c := dial(t, servers.subject)
	r := rand.New(rand.NewPCG(*flagSeed, uint64(churn)))
	must(t, c, "FLUSHALL")
	args := []string{"MSET"}
	for i := range scanStays {
		args = append(args, fmt.Sprintf("stay:%d", i), "v")
	}
	must(t, c, args...)
	returned := map[string]bool{}
	cursor, rounds, next := "0", 0, 0
	for {
		v := must(t, c, append([]string{"SCAN", cursor}, options...)...)
		if len(v.Elems) != 2 {
			t.Fatalf("SCAN answers %s", shown(v.Raw))
		}
		for _, key := range v.Elems[1].Strings() {
			returned[key] = true
		}
		cursor = string(v.Elems[0].Str)
		if cursor == "0" {
			break
		}
		if rounds++; rounds > 20*scanStays {
			t.Fatalf("no end after %d rounds", rounds)
		}
		if churn == 0 || rounds > 40 {
			continue
		}
		// Grow for some rounds, then shrink again, at varying speed.
		add, del := []string{"MSET"}, []string{"DEL", "nosuch"}
		for range 1 + r.IntN(churn) {
			if rounds%8 < 4 {
				add = append(add, fmt.Sprintf("churn:%d", next), "v")
				next++
			} else {
				del = append(del, fmt.Sprintf("churn:%d", r.IntN(next+1)))
			}
		}
		if len(add) > 1 {
			must(t, c, add...)
		}
		must(t, c, del...)
	}
	for i := range scanStays {
		if key := fmt.Sprintf("stay:%d", i); !returned[key] {
			t.Errorf("%s was there all the time and was not returned", key)
		}
	}
	for key := range returned {
		if !strings.HasPrefix(key, "stay:") && !strings.HasPrefix(key, "churn:") {
			t.Errorf("%q was returned and never existed", key)
		}
	}
}

// TestRandomKeyIsMember asks RANDOMKEY often: each answer is a key of the
// database, and over a few keys all of them come up.
func TestRandomKeyIsMember(t *testing.T) {
	c := dial(t, servers.subject)
	must(t, c, "FLUSHALL")
	if v := must(t, c, "RANDOMKEY"); !v.Null {
		t.Errorf("RANDOMKEY of an empty database answers %s", shown(v.Raw))
	}
	must(t, c, "MSET", "a", "1", "b", "2", "c", "3", "d", "4")
	must(t, c, "SELECT", "1")
	must(t, c, "SET", "elsewhere", "1")
	must(t, c, "SELECT", "0")
	seen := map[string]int{}
	// The chance that one of four keys never comes up in 400 draws is 1e-49.
	for range 400 {
		seen[string(must(t, c, "RANDOMKEY").Str)]++
	}
	if len(seen) != 4 || seen["a"]*seen["b"]*seen["c"]*seen["d"] == 0 {
		t.Errorf("400 draws of 4 keys gave %v", seen)
	}
}

// dial connects to a server for the time of a test.
func dial(t *testing.T, s *harness.Server) *harness.RESPConn {
	t.Helper()
	c, err := harness.DialRESP(s.Addr, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// must sends a command whose answer may not be an error.
func must(t *testing.T, c *harness.RESPConn, words ...string) harness.Value {
	t.Helper()
	v, err := c.Do(words...)
	if err != nil {
		t.Fatalf("%s: %v", words[0], err)
	}
	if v.IsError() {
		t.Fatalf("%s answers %s", strings.Join(words[:min(3, len(words))], " "), v.Str)
	}
	return v
}
