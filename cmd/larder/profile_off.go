//go:build !profile

package main

// startProfile does nothing in builds for use.
func startProfile() (stop func(), err error) { return func() {}, nil }
