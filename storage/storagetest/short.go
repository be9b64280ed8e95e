package storagetest

import "testing"

// The race detector makes everything ten times slower, and finds nothing in a
// test of a single goroutine. It runs with -short, in which such tests do a
// part of what they do otherwise or, where a part shows nothing, nothing, and
// random histories try fewer seeds. Tests of many goroutines do everything.

// Fewer is n, with -short a tenth of it, at least one.
func Fewer[T int | int64 | uint64](n T) T {
	if testing.Short() {
		return max(n/10, 1)
	}
	return n
}

// Long leaves a test of a single goroutine to the run without -short.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("one goroutine, for long: not with -short")
	}
}
