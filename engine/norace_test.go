//go:build !race

package engine

// slowdown divides the work of tests that go through many keys.
const slowdown = 1
