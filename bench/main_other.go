//go:build !linux

// Command bench compares larder with other servers; it needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: measuring needs Linux (epoll, /proc and taskset); run it there")
	os.Exit(1)
}
