//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
)

// profileDir is the environment variable that names the folder of the profiles.
const profileDir = "LARDER_PROFILES"

// startProfile begins a CPU profile of the process, which stop writes to a file
// of its own in the folder that LARDER_PROFILES names. `make profile` builds with
// it to find out what cmd/larder/default.pgo has to say.
func startProfile() (stop func(), err error) {
	dir := os.Getenv(profileDir)
	if dir == "" {
		return nil, fmt.Errorf("larder: this build writes a CPU profile: set %s to a folder for it", profileDir)
	}
	f, err := os.Create(filepath.Join(dir, strconv.Itoa(os.Getpid())+".pprof"))
	if err != nil {
		return nil, fmt.Errorf("larder: cannot write a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("larder: cannot start a profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "larder: the profile is not complete:", err)
		}
	}, nil
}
