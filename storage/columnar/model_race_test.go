//go:build race

package columnar

// raced says that the race detector is on, which makes everything ten times
// slower. Then long tests, and those of a single goroutine, do less: `make test`
// runs all of it without the detector as well.
const raced = true

// fewerRaced is a fifth of n under the race detector, at least one.
func fewerRaced[T int | uint64](n T) T { return max(n/5, 1) }
