//go:build race

package columnar

// raced says that the race detector is on, with which memory is measured in
// vain: it keeps its own.
const raced = true
