//go:build race

package jaeger

// largeSpans is less under the race detector, which makes each ten times dearer.
const largeSpans = 10_000
