//go:build !race

package jaeger

// largeSpans is the size of a large trace.
const largeSpans = 100_000
