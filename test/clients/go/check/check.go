// Package check is what the programs of the Go clients have in common: sections
// chosen by the command line, and checks that end the program at the first
// difference with a line that says where it is.
package check

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"
)

// patience bounds every wait for a condition.
const patience = 10 * time.Second

// Sections are the named parts of a program.
type Sections map[string]func()

// A difference is what a check panics with.
type difference string

// Addr is the address of the server under test, host:port.
func Addr() string {
	addr := os.Getenv("LARDER_ADDR")
	if addr == "" {
		fmt.Fprintln(os.Stderr, "LARDER_ADDR is empty: set it to the server's host:port")
		os.Exit(2)
	}
	return addr
}

// Main runs the sections that the command line names, all of them when it names
// none. prepare runs before each.
func Main(prepare func(), sections Sections) {
	names := os.Args[1:]
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(sections))
	}
	for _, name := range names {
		if sections[name] == nil {
			fmt.Fprintf(os.Stderr, "there is no section %q\n", name)
			os.Exit(2)
		}
	}
	for _, name := range names {
		if fault := run(prepare, sections[name]); fault != "" {
			fmt.Fprintf(os.Stderr, "%s: %s\n", name, fault)
			os.Exit(1)
		}
		fmt.Println("ok", name)
	}
}

func run(prepare, section func()) (fault difference) {
	defer func() {
		if r := recover(); r != nil {
			d, ok := r.(difference)
			if !ok {
				panic(r)
			}
			fault = d
		}
	}()
	prepare()
	section()
	return ""
}

// Fail ends the section.
func Fail(format string, args ...any) {
	panic(difference(fmt.Sprintf("%s: %s", caller(), fmt.Sprintf(format, args...))))
}

// caller is the line of the program that asked.
func caller() string {
	for depth := 1; ; depth++ {
		_, file, line, ok := runtime.Caller(depth)
		if !ok {
			return "?"
		}
		if !strings.HasSuffix(file, "/check/check.go") {
			return fmt.Sprintf("%s:%d", filepath.Base(file), line)
		}
	}
}

// Same requires got to be want, of the same type.
func Same[T any](what string, got, want T) {
	if !reflect.DeepEqual(got, want) {
		Fail("%s: got %#v, want %#v", what, got, want)
	}
}

// SameSet requires two lists to be the same but for their order.
func SameSet(what string, got []string, want ...string) {
	got = slices.Sorted(slices.Values(got))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		Fail("%s: got %q, want %q in any order", what, got, want)
	}
}

// Near requires two numbers to differ by less than 1e-4.
func Near(what string, got, want float64) {
	if d := got - want; d > 1e-4 || d < -1e-4 {
		Fail("%s: got %v, want %v", what, got, want)
	}
}

// True requires a condition.
func True(what string, ok bool) {
	if !ok {
		Fail("%s: it is not so", what)
	}
}

// OK requires that there was no error.
func OK(what string, err error) {
	if err != nil {
		Fail("%s: %v", what, err)
	}
}

// Must returns a value that came without an error.
func Must[T any](value T, err error) T {
	if err != nil {
		Fail("%v", err)
	}
	return value
}

// Error requires an error whose text begins so.
func Error(what string, err error, prefix string) {
	if err == nil || !strings.HasPrefix(err.Error(), prefix) {
		Fail("%s: got error %v, want %q...", what, err, prefix)
	}
}

// Eventually waits for a condition.
func Eventually(what string, ok func() bool) {
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			Fail("after %v still not: %s", patience, what)
		}
	}
}

// Receive returns the next value of a channel.
func Receive[T any](what string, from <-chan T) T {
	select {
	case v, ok := <-from:
		if !ok {
			Fail("%s: the channel was closed", what)
		}
		return v
	case <-time.After(patience):
		Fail("%s: nothing came for %v", what, patience)
	}
	panic("unreachable")
}
