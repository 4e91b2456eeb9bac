//go:build !unix

package server

// cpuTimes is not known on this system.
func cpuTimes() (user, system string) { return "0.000000", "0.000000" }
