//go:build !linux

package server

import "runtime"

func osName() string { return runtime.GOOS + " " + runtime.GOARCH }

// residentBytes is the memory of the process; 0 means unknown.
func residentBytes() uint64 { return 0 }

// systemBytes is the memory of the machine; 0 means unknown.
func systemBytes() uint64 { return 0 }
